# The contacts file as a whole: how its text becomes rows, and what stops it before any row is checked.
#
# These runs call the pure module. A run that shall pass its header ends with a row without a Name:
# that one problem, with its number, proves that the rows were read and counted as in the file.

variables {
  departments = {
    water = { services = ["Water"], alerts = { critical = { threshold = 100, protocols = ["email", "sms"] } } }
  }
  file_name   = "contacts.csv"
  name_prefix = ""
}

run "header_may_be_in_any_case_and_order_with_spaces_and_quotes" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = <<-EOT
       "PHONE",email , " Department " ,nAmE
      +15555550101,fiona@example.com,water,Fiona Miller
      +15555550102,otto@example.com,water,
    EOT
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == "contacts.csv row 3: Name is empty"
    error_message = join("\n", output.problems)
  }
}

run "byte_order_mark_windows_line_ends_and_hidden_marks_are_accepted" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = "\ufeffName,Em\u200bail,Phone,Department\r\nFiona Miller,fiona@example.com,,water\r\n,otto@example.com,,water\r\n"
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == "contacts.csv row 3: Name is empty"
    error_message = join("\n", output.problems)
  }
}

run "line_ends_of_old_macs_are_accepted" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = "Name,Email,Phone,Department\rFiona Miller,fiona@example.com,,water\r,otto@example.com,,water"
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == "contacts.csv row 3: Name is empty"
    error_message = join("\n", output.problems)
  }
}

run "blank_lines_are_passed_over_and_row_numbers_stay_those_of_the_file" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    # Rows 1, 3, 5, 6 and 8 hold nothing: no text, commas, spaces, quotes, spaces that do not break.
    text = join("\n", [
      "",
      "Name,Email,Phone,Department",
      ",,,",
      "Fiona Miller,fiona@example.com,,water",
      "   ",
      " , \"\" , \u00a0,\t",
      ",otto@example.com,,water",
      ",,,",
      ",rosa@example.com,,water",
      "",
    ])
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      contacts.csv row 7: Name is empty
      contacts.csv row 9: Name is empty
      EOT
    )
    error_message = join("\n", output.problems)
  }
}

run "missing_columns_are_named" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = "Name,Phone,Channels\nFiona Miller,+15555550101,sms"
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == "contacts.csv: missing columns: Email, Department; the header is Name,Email,Phone,Department and, optionally, Channels"
    error_message = join("\n", output.problems)
  }
}

run "unknown_columns_are_named" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = "Name,Email,Phone,Department,Role,Büro,,x@y\nFiona Miller,fiona@example.com,,water,Director,12,,"
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == "contacts.csv: unknown columns: \"role\", \"büro\", number 7, number 8; the columns are Name, Email, Phone, Department and, optionally, Channels"
    error_message = join("\n", output.problems)
  }
}

run "a_column_that_appears_twice_is_rejected" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = "Name,Email,email,Phone,Department\nFiona Miller,fiona@example.com,otto@example.com,,water"
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == "contacts.csv: a column appears twice in the header; keep one of them"
    error_message = join("\n", output.problems)
  }
}

# The header was deleted, so that the first person became it: the address must not reach a log.
run "a_header_that_holds_an_address_is_not_printed" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = "Fiona Miller,fiona@example.com,+15555550101,water,fiona at example dot org\nOtto Kern,otto@example.com,,water,"
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      contacts.csv: missing columns: Name, Email, Phone, Department; the header is Name,Email,Phone,Department and, optionally, Channels
      contacts.csv: unknown columns: "fiona miller", number 2, number 3, "water", number 5; the columns are Name, Email, Phone, Department and, optionally, Channels
      EOT
    )
    error_message = join("\n", output.problems)
  }
}

run "all_problems_of_the_header_come_at_once_and_no_row_is_checked" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = "Name,Email,Email,Role\n,fiona,,"
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      contacts.csv: missing columns: Phone, Department; the header is Name,Email,Phone,Department and, optionally, Channels
      contacts.csv: unknown columns: "role"; the columns are Name, Email, Phone, Department and, optionally, Channels
      contacts.csv: a column appears twice in the header; keep one of them
      EOT
    )
    error_message = join("\n", output.problems)
  }
}

run "semicolons_between_cells_are_named_as_the_cause" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = "Name;Email;Phone;Department\nFiona Miller;fiona@example.com;;water"
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == "contacts.csv: cells are separated by semicolons; save it as comma-separated CSV"
    error_message = join("\n", output.problems)
  }
}

run "tabs_between_cells_are_named_as_the_cause" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = "Name\tEmail\tPhone\tDepartment\nFiona Miller\tfiona@example.com\t\twater"
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == "contacts.csv: cells are separated by tabs; save it as comma-separated CSV"
    error_message = join("\n", output.problems)
  }
}

run "an_empty_file_is_rejected" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = ""
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == "contacts.csv: is empty; it needs the header Name,Email,Phone,Department and one row per person and department"
    error_message = join("\n", output.problems)
  }
}

run "a_file_of_blank_lines_is_an_empty_file" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = "\ufeff\r\n,,,\r\n  \r\n"
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == "contacts.csv: is empty; it needs the header Name,Email,Phone,Department and one row per person and department"
    error_message = join("\n", output.problems)
  }
}

# Planned, it would destroy every subscription.
run "a_header_alone_is_rejected" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = "Name,Email,Phone,Department\n,,,\n\n"
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == "contacts.csv: has a header and no rows, which would unsubscribe everybody; add the people or restore the file"
    error_message = join("\n", output.problems)
  }
}

# What was read, if anything, is not checked: "is empty" would send the clerk to the wrong place.
run "an_unreadable_file_is_one_problem_with_its_reason" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    file_name  = "lists/people.csv"
    text       = ""
    unreadable = "there is no such file; give a path relative to the terraform folder, or s3://bucket/key"
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == "lists/people.csv: there is no such file; give a path relative to the terraform folder, or s3://bucket/key"
    error_message = join("\n", output.problems)
  }
}

run "a_row_with_too_few_or_too_many_cells_hides_no_other" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    # Rows 3 to 6: too few, too many, a quote that stays open, a quote inside a cell. Rows 8 and 9 are
    # one row with a line break in a cell.
    text = <<-EOT
      Name,Email,Phone,Department
      Fiona Miller,fiona@example.com,,water
      Otto Kern,otto@example.com,water
      Lind, Rosa,rosa@example.com,,water
      "Hugo Sand,hugo@example.com,,water
      Ida "Dee" Berg,ida@example.com,,water
      ,karl@example.com,,water
      "Lena
      Wolf",lena@example.com,,water
    EOT
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      contacts.csv row 3: must have 4 cells, as the header does; put double quotes around a cell with a comma in it, and use no other quotes or line breaks
      contacts.csv row 4: must have 4 cells, as the header does; put double quotes around a cell with a comma in it, and use no other quotes or line breaks
      contacts.csv row 5: must have 4 cells, as the header does; put double quotes around a cell with a comma in it, and use no other quotes or line breaks
      contacts.csv row 6: must have 4 cells, as the header does; put double quotes around a cell with a comma in it, and use no other quotes or line breaks
      contacts.csv row 7: Name is empty
      contacts.csv row 8: must have 4 cells, as the header does; put double quotes around a cell with a comma in it, and use no other quotes or line breaks
      contacts.csv row 9: must have 4 cells, as the header does; put double quotes around a cell with a comma in it, and use no other quotes or line breaks
      EOT
    )
    error_message = join("\n", output.problems)
  }
  # Until a line is decoded, an error about it would print it.
  assert {
    condition     = issensitive(var.text) && issensitive(local._lines)
    error_message = "The text of the file is not sensitive."
  }
}

# Spreadsheets write a comma for every column that was ever touched, in the first rows or in all.
run "empty_columns_at_the_end_are_accepted_in_the_header_and_in_rows" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = join("\n", [
      "Name,Email,Phone,\"Department\",, \"\",",
      "Fiona Miller,fiona@example.com,,water,,,",
      "\"Kern, Otto\",otto@example.com,,water",
      "\"Rosa \"\"R\"\" Lind\",rosa@example.com,,\"water\",\"\", \u00a0,,,,",
      "Hugo Sand,hugo@example.com,,water,,note",
      "Ida Berg,ida@example.com,,,",
      "Karl Voss,karl@example.com,,",
      "Lena Wolf,lena@example.com,",
    ])
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      contacts.csv row 5: must have 4 cells, as the header does; put double quotes around a cell with a comma in it, and use no other quotes or line breaks
      contacts.csv row 6 (Ida Berg): Department is not one of water
      contacts.csv row 7 (Karl Voss): Department is not one of water
      contacts.csv row 8: must have 4 cells, as the header does; put double quotes around a cell with a comma in it, and use no other quotes or line breaks
      EOT
    )
    error_message = join("\n", output.problems)
  }
}

run "fifty_problems_are_shown_whole" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = join("\n", concat(["Name,Email,Phone,Department"], [for row in range(50) : ",p${row}@example.com,,water"]))
  }

  expect_failures = [output.topics]
  assert {
    condition     = local.problems_text == join("\n", [for row in range(50) : "  contacts.csv row ${row + 2}: Name is empty"])
    error_message = local.problems_text
  }
}

run "of_more_than_fifty_problems_the_rest_is_counted" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = join("\n", concat(["Name,Email,Phone,Department"], [for row in range(51) : ",p${row}@example.com,,water"]))
  }

  expect_failures = [output.topics]
  assert {
    condition     = local.problems_text == join("\n", concat([for row in range(50) : "  contacts.csv row ${row + 2}: Name is empty"], ["  and 1 more problem"]))
    error_message = local.problems_text
  }
}

run "with_channels_a_row_must_have_five_cells" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = <<-EOT
      Name,Email,Phone,Department,Channels
      Fiona Miller,fiona@example.com,,water
      Otto Kern,otto@example.com,,water,
    EOT
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == "contacts.csv row 2: must have 5 cells, as the header does; put double quotes around a cell with a comma in it, and use no other quotes or line breaks"
    error_message = join("\n", output.problems)
  }
}
