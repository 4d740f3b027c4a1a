# Text of the contacts file -> rows -> people. Each stage is a local. Read from top to bottom.
# Every line is decoded by itself, so that one bad row hides no other and row numbers are those
# of the file. No message made here holds a cell that could be an email or a phone number.

locals {
  _columns_required = ["name", "email", "phone", "department"]
  _columns_allowed  = concat(local._columns_required, ["channels"])

  # Characters that spreadsheets, phones and web pages put into a cell and nobody sees.
  _invisible = "/[\\x{ad}\\x{200b}-\\x{200f}\\x{202a}-\\x{202e}\\x{2060}-\\x{2069}\\x{feff}]/"
  # What could be somebody's email or phone number, also in disguise, is never repeated in a message
  # or a key. "Pat Atwood" and "Look at Me" are names: after " at " a dot must follow inside the word.
  _address_like = "(?:${join("|", [
    "[@\\x{fe6b}\\x{ff20}]|%40|&#|[(\\[{<] ?at ?[)\\]}>]",
    " at \\S*\\.\\pL{2}| at \\S+ [(\\[{]?dot\\b|\\.(?:com|edu|gov|net|org|us)\\b",
    # Five digits without a letter between them, in any script or circle, or seven with letters.
    "(?:\\pN[^\\pL\\n]*){5}|(?:\\pN[^\\n]*){7}",
    # 555-CALL-NOW, 1-800-FLOWERS, 1 800 FLOWERS.
    "\\pN{3}[)${local._hyphens}.-] ?(?:[a-z0-9][${local._hyphens}.-]?){7}|1[ ${local._hyphens}.-]\\(?\\pN{3}[ )${local._hyphens}.-]{1,2}(?:[a-z0-9][ ${local._hyphens}.-]?){7}",
  ])})"
  _hyphens = "\\x{2010}-\\x{2015}\\x{2212}"
  # What is left of é when a file was saved in one encoding and opened in another.
  _garbled = "\\x{fffd}|â€|Ã(?:[ªºµ]|[^\\pL\\pM\\pZ\\n.,'\"()/-])"

  # An address as mail systems accept it in practice; its lengths (RFC 5321) are checked below.
  _email_atom = "[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
  _email_form = "${local._email_atom}(?:\\.${local._email_atom})*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z][a-z0-9-]*[a-z0-9]"
  # E.164: a plus sign, a country code, 15 digits at most. In country 1 there are ten after it:
  # https://www.nationalnanpa.com/about_us/abt_nanp.html
  _phone_form = "\\+(?:1[2-9][0-9]{9}|[2-9][0-9]{6,14})"

  # 1. The header, in lower case, without the empty columns at its end.
  _text   = replace(replace(replace(var.text, local._invisible, ""), "\r\n", "\n"), "\r", "\n")
  _header = nonsensitive(try(regex("(?m)^.*[^\\s\\pZ,\"].*$", local._text), ""))
  _columns = [
    for cell in split(",", replace(local._header, "/[\\s\\pZ,\"]+$/", "")) : lower(trimspace(trim(trimspace(cell), "\"")))
  ]

  # 2. Lines that hold something, each with its number in the file. Empty cells beyond the header go.
  _cell      = "(?:\"(?:[^\"\n]|\"\")*\"|[^,\"\n]*)"
  _row_start = "(?:${local._cell},){${min(length(local._columns), length(local._columns_allowed)) - 1}}${local._cell}"
  _lines = [
    for index, text in split("\n", replace(local._text, "/(?m)^(${local._row_start})(?:,[\\t \\pZ\"]*)+$/", "$1")) :
    { row = index + 1, text = text }
    if replace(text, "/[\\s\\pZ,\"]/", "") != ""
  ]

  # 3. Problems with the file as a whole, which stop everything below.
  _columns_missing = [for column in local._columns_required : title(column) if !contains(local._columns, column)]
  _columns_unknown = [
    for index, column in local._columns :
    can(regex("^[\\pL _-]{1,30}$", column)) && !can(regex("(?i)${local._address_like}", column)) ? "\"${column}\"" : "number ${index + 1}"
    if !contains(local._columns_allowed, column)
  ]
  _separator = (
    length(local._columns) > 1 ? null :
    strcontains(local._header, ";") ? "semicolons" : strcontains(local._header, "\t") ? "tabs" : null
  )

  _file_problems = [
    for text in(
      var.unreadable != null ? [var.unreadable] :
      local._header == "" ? ["is empty; it needs the header Name,Email,Phone,Department and one row per person and department"] :
      local._separator != null ? ["cells are separated by ${local._separator}; save it as comma-separated CSV"] :
      concat(
        length(local._columns_missing) == 0 ? [] : ["missing columns: ${join(", ", local._columns_missing)}; the header is Name,Email,Phone,Department and, optionally, Channels"],
        length(local._columns_unknown) == 0 ? [] : ["unknown columns: ${join(", ", local._columns_unknown)}; the columns are Name, Email, Phone, Department and, optionally, Channels"],
        length(distinct(local._columns)) == length(local._columns) ? [] : ["a column appears twice in the header; keep one of them"],
        nonsensitive(length(local._lines)) > 1 ? [] : ["has a header and no rows, which would unsubscribe everybody; add the people or restore the file"],
      )
    ) : "${var.file_name}: ${text}"
  ]
  _header_is_sound = length(local._file_problems) == 0

  # 4. Rows: cells cleaned, nothing checked yet. A row without cells could not be decoded.
  _decoded = nonsensitive([
    for index, line in local._lines : {
      row   = line.row
      cells = try(csvdecode("${join(",", local._columns)}\n${line.text}")[0], null)
    } if index > 0 && local._header_is_sound
  ])
  _rows = [
    for line in local._decoded : {
      row             = line.row
      name            = trimspace(replace(line.cells.name, "/[\\s\\pZ]+/", " "))
      email           = lower(trimspace(line.cells.email))
      phone_cell      = trimspace(line.cells.phone)
      phone           = replace(trimspace(line.cells.phone), "/^'|[\\s\\pZ.()\\[\\]\\x{2010}-\\x{2015}\\x{2212}-]/", "")
      department_cell = lower(trimspace(replace(line.cells.department, "/[\\s\\pZ]+/", " ")))
      channels        = lower(replace(try(line.cells.channels, ""), "/[\\s\\pZ]/", ""))
    } if line.cells != null
  ]

  _knows_national = var.country_code == "1"

  # 5. Which cells have which form: one regular expression over all cells of a kind, because
  # compiling one for each cell would take most of the time of a plan. No cell holds a line break.
  _names       = "%{for cells in local._rows}${cells.name}\n%{endfor}"
  _departments = "%{for cells in local._rows}${cells.department_cell}\n%{endfor}"
  _emails      = "%{for cells in local._rows}${cells.email}\n%{endfor}"
  _phones      = "%{for cells in local._rows}${cells.phone}\n%{endfor}"
  _phone_cells = "%{for cells in local._rows}${cells.phone_cell}\n%{endfor}"
  _matches = {
    email        = regexall("(?m)^${local._email_form}$", local._emails)
    phone        = regexall("(?m)^${local._phone_form}$", local._phones)
    national     = regexall("(?m)^1?[2-9][0-9]{9}$", local._phones)
    digits       = regexall("(?m)^[0-9]+$", local._phones)
    rounded      = regexall("(?m)^[0-9.,+]+[eE]\\+?[0-9]+$", local._phone_cells)
    with_0       = regexall("(?m)^.*[(\\[][\\t ]*0[\\t ]*[)\\]].*$", local._phone_cells)
    address_like = regexall("(?im)^.*${local._address_like}.*$", "${local._names}${local._departments}")
    controlling  = regexall("(?m)^.*[^\\P{Cc}\\n].*$", local._names)
    garbled      = regexall("(?m)^.*(?:${local._garbled}).*$", local._names)
    long         = regexall("(?m)^.{101,}$", local._names)
    plain        = regexall("(?m)^[\\pL\\pN _&.-]+$", local._departments)
  }
  # A cell has a form when it is a key here. Grouped, then flattened: a group costs its size at each look-up.
  _is = {
    for form, cells in local._matches :
    form => { for cell, found in { for cell in cells : cell => true... } : cell => true }
  }

  # 6. Each row's own problems, the row named by its number and, where that is safe, its person.
  _checked = [
    for cells in local._rows : merge(cells, {
      department  = try(local._department_keys[cells.department_cell][0], null)
      is_nameable = cells.name != "" && !can(local._is.address_like[cells.name]) && !can(local._is.controlling[cells.name])
      # The protocols that may reach this person, and those that can.
      protocols = [
        for protocol in cells.channels == "" ? ["email", "sms"] : split("+", cells.channels) : protocol
        if protocol != "none" && (protocol == "email" ? cells.email : cells.phone) != ""
      ]
      # Without its +, a number of country 1 has ten digits that don't begin with 1, or eleven that do.
      phone = !local._knows_national || !can(local._is.national[cells.phone]) ? cells.phone : "${length(cells.phone) == 10 ? "+1" : "+"}${cells.phone}"
      is_sound = {
        email = can(local._is.email[cells.email]) && length(cells.email) <= 254 && length(split("@", cells.email)[0]) <= 64
        sms = !can(local._is.with_0[cells.phone_cell]) && (
          can(local._is.phone[cells.phone]) || local._knows_national && can(local._is.national[cells.phone])
        )
      }
    })
  ]
  _labeled = [
    for person in local._checked : merge(person, {
      label = "${var.file_name} row ${person.row}${person.is_nameable ? " (${substr(person.name, 0, 60)})" : ""}"
      problems = concat(
        person.name != "" ? [] : ["Name is empty"],
        can(local._is.address_like[person.name]) ? ["Name contains what looks like an email or a phone number; enter the person's name"] : [],
        can(local._is.controlling[person.name]) ? ["Name contains a control character; type the name again"] : [],
        can(local._is.garbled[person.name]) ? ["Name lost a letter when the file was saved, such as é, which became �; type the name again, and save the file as \"CSV UTF-8\""] : [],
        can(local._is.long[person.name]) ? ["Name has more than 100 characters; shorten it"] : [],
        person.department != null ? [] : [format(
          "Department%s is not one of %s",
          can(local._is.plain[person.department_cell]) && !can(local._is.address_like[person.department_cell]) && length(person.department_cell) <= 60 ? " \"${person.department_cell}\"" : "",
          local._department_choice,
        )],
        person.email == "" && person.phone_cell == "" ? ["Email and Phone are both empty; fill in one, or delete the row"] : [],
        person.email == "" || person.is_sound.email ? [] : ["Email must be one address, such as name@example.com"],
        person.phone_cell == "" || person.is_sound.sms ? [] : [
          can(local._is.rounded[person.phone_cell])
          ? "Phone was rounded by a spreadsheet to a number such as 1.55512E+10; format the column as text and type the phone number again, such as +15551234567"
          : can(local._is.national[person.phone]) && !local._knows_national
          ? "Phone has no +, perhaps because a spreadsheet removed it; set country_code = \"1\" for numbers of the United States and Canada, or write it in full, such as +15551234567"
          : can(local._is.digits[person.phone]) && local._knows_national
          ? "Phone without a + must have ten digits, such as (555) 123-4567; a number of another country begins with + and its code"
          : startswith(person.phone, "+1")
          ? "Phone must have exactly ten digits after +1, and the first is 2 to 9, such as +15551234567"
          : "Phone must be in international form, such as +15551234567"
        ],
        contains(["", "none", "email", "sms", "email+sms", "sms+email"], person.channels) ? [] : ["Channels must be email, sms, email+sms, none or empty"],
        contains(["email", "email+sms", "sms+email"], person.channels) && person.email == "" ? ["Channels says email, but Email is empty"] : [],
        contains(["sms", "email+sms", "sms+email"], person.channels) && person.phone_cell == "" ? ["Channels says sms, but Phone is empty"] : [],
      )
    })
  ]
  _row_problems = concat(
    [
      for line in local._decoded :
      { row = line.row, text = "${var.file_name} row ${line.row}: must have ${length(local._columns)} cells, as the header does; put double quotes around a cell with a comma in it, and use no other quotes or line breaks" }
      if line.cells == null
    ],
    flatten([for person in local._labeled : [for text in person.problems : { row = person.row, text = "${person.label}: ${text}" }]]),
  )

  # 7. People: the rows with nothing wrong in them, grouped by department once.
  _people            = [for person in local._labeled : person if length(person.problems) == 0]
  _people_department = { for person in local._people : person.department => person... }

  # 8. Problems between rows: one person twice, one address twice where one topic would get both.
  # Rows with a problem of their own are compared, too, so that all problems come at once.
  _named = [for person in local._labeled : person if person.department != null && person.is_nameable]
  _same_person = {
    for person in local._named : "${person.department}/${lower(person.name)}" => person...
  }
  _same_endpoint = merge([
    for protocol, column in { email = "Email", sms = "Phone" } : {
      for person in local._named :
      "${person.department}/${protocol}/${protocol == "email" ? person.email : person.phone}" =>
      { person = person, column = column }...
      if contains(person.protocols, protocol) && contains(local._department_protocols[person.department], protocol)
      && person.is_sound[protocol]
    }
  ]...)
  _pair_problems = flatten([
    [for people in values(local._same_person) : [
      for index, person in people : {
        row  = person.row
        text = "${person.label}: is already in department ${person.department}, in row ${people[0].row}; keep one of the two rows"
      } if index > 0
    ]],
    [for uses in values(local._same_endpoint) : [
      for index, use in uses : {
        row  = use.person.row
        text = "${use.person.label}: has the same ${use.column} as row ${uses[0].person.row} (${substr(uses[0].person.name, 0, 60)}) in department ${use.person.department}; give each person their own, or empty one of the two cells"
      } if index > 0 && lower(use.person.name) != lower(uses[0].person.name)
    ]],
  ])

  # All of them in the order of the rows.
  _problems_by_row  = { for problem in concat(local._row_problems, local._pair_problems) : format("%09d", problem.row) => problem.text... }
  _contact_problems = concat(local._file_problems, flatten(values(local._problems_by_row)))

  # 9. Subscriptions by department and protocol. The key is the person, not the address.
  subscriptions = {
    for department, people in local._people_department : department => {
      for protocol in ["email", "sms"] : protocol => {
        for key, people_of_key in {
          for person in people : "${protocol}/${person.name}" => person...
          if contains(person.protocols, protocol)
          } : key => {
          protocol = protocol
          endpoint = sensitive(protocol == "email" ? people_of_key[0].email : people_of_key[0].phone)
        }
      }
    }
  }

  # 10. Who receives nothing, although "none" does not ask for that: no alert of the department uses
  # a channel that reaches them.
  receive_nothing = [
    for person in local._people : { department = person.department, name = person.name }
    if person.channels != "none" && length(setintersection(person.protocols, local._department_protocols[person.department])) == 0
  ]

  # 11. One name with two emails or two phones that are both in use: a namesake, or a correction that
  # was made in one department alone.
  _same_name = { for person in local._people : lower(person.name) => person... }
  address_differences = flatten([
    for people in values(local._same_name) : [
      for column, used in {
        Email = [for person in people : { person = person, address = person.email } if contains(person.protocols, "email")]
        Phone = [for person in people : { person = person, address = person.phone } if contains(person.protocols, "sms")]
      } : [for use in used : "${use.person.label}: has another ${column} than row ${used[0].person.row}" if use.address != try(used[0].address, null)]
    ] if length(people) > 1
  ])
}
