# One row of the contacts by itself: what each cell may hold, and the exact words when it may not.
#
# Each table is one text, a case a row. Where good cells are listed, the last row has no Name, so
# that the run has a problem to expect; any other problem would come before it.

variables {
  departments = {
    Streets = { services = ["Street Light Repair"], alerts = { critical = { threshold = 100, protocols = ["email", "sms"] } } }
    water   = { services = ["Water"], alerts = { critical = { threshold = 100, protocols = ["email", "sms"] } } }
  }
  file_name   = "contacts.csv"
  name_prefix = ""
}

# A Name becomes part of a resource's address, which every plan prints; a person's address in it would leak.
run "name_must_be_there_and_must_not_hold_an_address_or_control_characters" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = join("\n", [
      "Name,Email,Phone,Department",
      ",r2@example.com,,water",
      "\u00a0\u200b ,r3@example.com,,water",
      "fiona@example.com,r4@example.com,,water",
      "Fiona Miller <fiona@example.com>,r5@example.com,,water",
      "fiona\uff20example.com,r6@example.com,,water",
      "+15555550101,r7@example.com,,water",
      "+1 (555) 555-0101,r8@example.com,,water",
      "Fiona 555.555.0101,r9@example.com,,water",
      "+1\u2011555\u2011555\u20110101,r10@example.com,,water",
      "+1\u00a0555\u202f555\u20090101,r11@example.com,,water",
      "Fiona 5|5|5_0*1,r12@example.com,,water",
      "Fiona\u0007 Miller,r13@example.com,,water",
      "Fiona\u0085\u0092s,r14@example.com,,water",
      "Fiona\u0000,r15@example.com,,water",
      # The first and the last of each stretch of control characters, but for those that are spaces.
      "Fiona\u000bMiller,r16@example.com,,water",
      "Fiona\u001fMiller,r17@example.com,,water",
      "Fiona\u007fMiller,r18@example.com,,water",
      "Fiona\u0080Miller,r19@example.com,,water",
      "Fiona\u009fMiller,r20@example.com,,water",
      "Fiona \u0665\u0665\u0665\u0660\u0661,r21@example.com,,water",
      # In the last row, because all names are checked in one text with the departments behind them.
      "fiona\ufe6bexample.com,r22@example.com,,water",
    ])
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      contacts.csv row 2: Name is empty
      contacts.csv row 3: Name is empty
      contacts.csv row 4: Name contains what looks like an email or a phone number; enter the person's name
      contacts.csv row 5: Name contains what looks like an email or a phone number; enter the person's name
      contacts.csv row 6: Name contains what looks like an email or a phone number; enter the person's name
      contacts.csv row 7: Name contains what looks like an email or a phone number; enter the person's name
      contacts.csv row 8: Name contains what looks like an email or a phone number; enter the person's name
      contacts.csv row 9: Name contains what looks like an email or a phone number; enter the person's name
      contacts.csv row 10: Name contains what looks like an email or a phone number; enter the person's name
      contacts.csv row 11: Name contains what looks like an email or a phone number; enter the person's name
      contacts.csv row 12: Name contains what looks like an email or a phone number; enter the person's name
      contacts.csv row 13: Name contains a control character; type the name again
      contacts.csv row 14: Name contains a control character; type the name again
      contacts.csv row 15: Name contains a control character; type the name again
      contacts.csv row 16: Name contains a control character; type the name again
      contacts.csv row 17: Name contains a control character; type the name again
      contacts.csv row 18: Name contains a control character; type the name again
      contacts.csv row 19: Name contains a control character; type the name again
      contacts.csv row 20: Name contains a control character; type the name again
      contacts.csv row 21: Name contains what looks like an email or a phone number; enter the person's name
      contacts.csv row 22: Name contains what looks like an email or a phone number; enter the person's name
      EOT
    )
    error_message = join("\n", output.problems)
  }
}

run "an_address_in_disguise_is_found_in_a_name_and_not_repeated_from_a_department" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = join("\n", concat(["Name,Email,Phone,Department"], flatten([
      for index, text in [
        "fiona(at)example.com", "fiona ( AT ) example", "fiona[at]example.com", "fiona{at}example", "fiona<at>example",
        "fiona at example.com", "Fiona AT mail.example.io", "fiona at example dot io", "fiona at example (dot) io", "fiona_at_example.com",
        "fiona.example.org", "fiona%40example.io", "fiona&#64;example",
        "+1 ⑤⑤⑤ 555", "⁵⁵⁵⁵⁵⁵⁰¹⁰¹", "₅₅₅₅₅₅", "５５５-５５５-０１０１", "555a555b0101", "5 5 5 x 5 5 5 x 0 1 0 1",
        "1-800-FLOWERS", "1-800-flowers", "1 800 FLOWERS", "1.800.FLOWERS", "(800) FLOWERS", "555-CALL-NOW", "555-call-now", "800\u2011GO\u2011FEDEX",
        "1-800-CALL-ATT", "1 555 CALL NOW",
      ] : ["${text},p${index}@example.com,,water", "P${index},q${index}@example.com,,${text}"]
    ])))
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == join("\n", flatten([
      for index in range(29) : [
        "contacts.csv row ${2 * index + 2}: Name contains what looks like an email or a phone number; enter the person's name",
        "contacts.csv row ${2 * index + 3} (P${index}): Department is not one of Streets, water",
      ]
    ]))
    error_message = join("\n", output.problems)
  }
}

run "a_name_has_at_most_100_characters" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    # Each é of the last row is two characters, which look like one.
    text = join("\n", [
      "Name,Email,Phone,Department",
      "${join("", [for i in range(100) : "F"])},r2@example.com,,water",
      "${join("", [for i in range(101) : "G"])},r3@example.com,,water",
      "${join("", [for i in range(51) : "x\u0301"])},r4@example.com,,water",
    ])
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      contacts.csv row 3 (${join("", [for i in range(60) : "G"])}): Name has more than 100 characters; shorten it
      contacts.csv row 4 (${join("", [for i in range(51) : "x\u0301"])}): Name has more than 100 characters; shorten it
      EOT
    )
    error_message = join("\n", output.problems)
  }
}

# Opened in the wrong encoding and saved again, or read from S3 as what it is not.
run "a_letter_that_was_lost_in_saving_is_found_in_a_name" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = join("\n", concat(["Name,Email,Phone,Department"], [
      for index, name in ["Jos\ufffd", "JosÃ©", "MuÃ±oz", "RaÃºl", "Oâ€™Brien", "JOÃO", "MARIA DO Ã", "BelÃ-Sur"] : "${name},p${index}@example.com,,water"
    ]))
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == join("\n", [
      for index, name in ["Jos\ufffd", "JosÃ©", "MuÃ±oz", "RaÃºl", "Oâ€™Brien"] :
      "contacts.csv row ${index + 2} (${name}): Name lost a letter when the file was saved, such as é, which became �; type the name again, and save the file as \"CSV UTF-8\""
    ])
    error_message = join("\n", output.problems)
  }
}

run "names_of_all_the_world_are_accepted" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = join("\n", [
      "Name,Email,Phone,Department",
      "O'Brien,r2@example.com,,water",
      "\"Miller, Fiona\",r3@example.com,,water",
      "\"Fiona \"\"Fi\"\" Miller\",r4@example.com,,water",
      "José Ñandú-Çelik Jr. 3rd,r5@example.com,,water",
      "李小龍,r6@example.com,,water",
      "<b>Fiona</b> & Co,r7@example.com,,water",
      "District 1234,r8@example.com,,water",
      "On call 12 34 (night),r9@example.com,,water",
      "Ward 1a2b3c4d5e,r10@example.com,,water",
      "Fiona\tMiller,r11@example.com,,water",
      "Wache 1é2é3é4é5,r12@example.com,,water",
      "¡Fiona!,r13@example.com,,water",
      "Pat Atwood,r14@example.com,,water",
      "Look at Me,r15@example.com,,water",
      "Nurse at St. Mary,r16@example.com,,water",
      "Counsel at U.S. Steel,r17@example.com,,water",
      "Dr.Kim-O.Usher,r18@example.com,,water",
      "(Pat) Matt [Nat] <Kat>,r19@example.com,,water",
      "Ward 101 Manager,r20@example.com,,water",
      "Zone 1-234 East,r21@example.com,,water",
      "Team 5-Alpha 911,r22@example.com,,water",
      "Dot at Home,r23@example.com,,water",
      "100% & #1,r24@example.com,,water",
      ",r25@example.com,,water",
    ])
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == "contacts.csv row 25: Name is empty"
    error_message = join("\n", output.problems)
  }
}

run "an_unknown_department_is_named_with_those_there_are" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = join("\n", [
      "Name,Email,Phone,Department",
      "Fiona Miller,r2@example.com,,Wather",
      "Otto Kern,r3@example.com,,",
      "Rosa Lind,r4@example.com,,parks & trees",
      "Hugo Sand,r5@example.com,,Straße_2.a-b",
      "Ida Berg,r6@example.com,,Parks\u00a0 &\t trees",
      "Karl Voss,r7@example.com,,${join("", [for i in range(60) : "w"])}",
    ])
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      contacts.csv row 2 (Fiona Miller): Department "wather" is not one of Streets, water
      contacts.csv row 3 (Otto Kern): Department is not one of Streets, water
      contacts.csv row 4 (Rosa Lind): Department "parks & trees" is not one of Streets, water
      contacts.csv row 5 (Hugo Sand): Department "straße_2.a-b" is not one of Streets, water
      contacts.csv row 6 (Ida Berg): Department "parks & trees" is not one of Streets, water
      contacts.csv row 7 (Karl Voss): Department "${join("", [for i in range(60) : "w"])}" is not one of Streets, water
      EOT
    )
    error_message = join("\n", output.problems)
  }
}

# A row that lost a cell has its phone or email where the department belongs.
run "a_department_that_looks_like_an_address_is_not_printed" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = join("\n", [
      "Name,Email,Phone,Department",
      "Fiona Miller,r2@example.com,,fiona@example.com",
      "Otto Kern,r3@example.com,,+15555550101",
      "Rosa Lind,r4@example.com,,555 555 0101",
      "Hugo Sand,r5@example.com,,555\u2011555\u20110101",
      "Ida Berg,r6@example.com,,hugo(at)example.com",
      "Karl Voss,r7@example.com,,\u001b[31mwater",
      "Lena Wolf,r8@example.com,,${join("", [for i in range(61) : "w"])}",
    ])
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      contacts.csv row 2 (Fiona Miller): Department is not one of Streets, water
      contacts.csv row 3 (Otto Kern): Department is not one of Streets, water
      contacts.csv row 4 (Rosa Lind): Department is not one of Streets, water
      contacts.csv row 5 (Hugo Sand): Department is not one of Streets, water
      contacts.csv row 6 (Ida Berg): Department is not one of Streets, water
      contacts.csv row 7 (Karl Voss): Department is not one of Streets, water
      contacts.csv row 8 (Lena Wolf): Department is not one of Streets, water
      EOT
    )
    error_message = join("\n", output.problems)
  }
}

run "department_matches_without_regard_to_case_and_hidden_marks" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = join("\n", [
      "Name,Email,Phone,Department",
      "Fiona Miller,r2@example.com,, WATER ",
      "Otto Kern,r3@example.com,,streets",
      "Rosa Lind,r4@example.com,,\u00a0wa\u200bter",
      ",r5@example.com,,Streets",
    ])
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == "contacts.csv row 5: Name is empty"
    error_message = join("\n", output.problems)
  }
}

run "a_person_needs_an_email_or_a_phone" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = join("\n", [
      "Name,Email,Phone,Department",
      "Fiona Miller,,,water",
      "Otto Kern, ,\u00a0\u200b,water",
      "Rosa Lind,r4@example.com,,water",
      "Hugo Sand,,+15555550105,water",
    ])
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      contacts.csv row 2 (Fiona Miller): Email and Phone are both empty; fill in one, or delete the row
      contacts.csv row 3 (Otto Kern): Email and Phone are both empty; fill in one, or delete the row
      EOT
    )
    error_message = join("\n", output.problems)
  }
}

run "emails_that_work_are_accepted" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = join("\n", [
      "Name,Email,Phone,Department",
      "P2,fiona@example.com,,water",
      "P3,fiona.miller@example.com,,water",
      "P4,fiona+alerts@example.com,,water",
      "P5,FIONA_MILLER@Mail.Example.COM,,water",
      "P6,f@example.com,,water",
      "P7,o'brien@example.com,,water",
      "P8,1@example.com,,water",
      "P9,fiona-miller@an-example.example.com,,water",
      "P10,fiona@xn--bcher-kva.example.com,,water",
      "P11,fiona@1.example.com,,water",
      "P12,\u00a0 rosa@\u200bexample.com\ufeff,,water",
      # The longest there are: 64 characters before the @, 63 in a part of the domain, 254 in all.
      "P13,${join("", [for i in range(64) : "a"])}@example.com,,water",
      "P14,fiona@${join("", [for i in range(63) : "b"])}.example.com,,water",
      "P15,fiona@${join(".", [for i in range(60) : "bcd"])}.eeee.com,,water",
      ",r16@example.com,,water",
    ])
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == "contacts.csv row 16: Name is empty"
    error_message = join("\n", output.problems)
  }
}

run "emails_that_cannot_work_are_rejected_and_not_printed" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = join("\n", concat(["Name,Email,Phone,Department"], [
      for index, email in [
        "fiona", "fiona@", "@example.com", "fiona@example", "fiona@@example.com", "fiona@otto@example.com",
        "fiona miller@example.com", "fiona@exam ple.com", "fiona@exam\u00a0ple.com",
        "fiona@example..com", "fiona@.example.com", "fiona@example.com.",
        "fiona@-example.com", "fiona@example-.com", "fiona@exam_ple.com",
        "fiona@example.c", "fiona@example.123", "fiona@192.0.2.1", "fiona@[192.0.2.1]",
        ".fiona@example.com", "fiona.@example.com", "fiona..miller@example.com",
        "fiona@example.com;otto@example.com", "\"fiona@example.com,otto@example.com\"", "fiona@example.com otto@example.com",
        "Fiona <fiona@example.com>", "mailto:fiona@example.com", "fiona(at)example.com", "\"\"\"fiona\"\"@example.com\"",
        "fiona@exämple.com", "fiöna@example.com", "fiona\uff20example.com", "+15555550101", "n/a", "-",
        # One character more than fits: 65 before the @, 64 in a part of the domain, 255 in all.
        "${join("", [for i in range(65) : "a"])}@example.com",
        "fiona@${join("", [for i in range(64) : "b"])}.com",
        "fiona@${join(".", [for i in range(60) : "bcd"])}.eeeee.com",
      ] : "P${index},${email},,water"
    ]))
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == join("\n", [for index in range(38) : "contacts.csv row ${index + 2} (P${index}): Email must be one address, such as name@example.com"])
    error_message = join("\n", output.problems)
  }
}

run "phones_may_be_written_as_people_write_them" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = join("\n", concat(["Name,Email,Phone,Department"], [
      for index, phone in [
        "+15555550102", "+1 555 555 0103", "+1.555.555.0104", "+1-555-555-0105", "+1 (555) 555-0106", "(+1) [555] 555 0107",
        "\u00a0+1\u00a0555\u00a0555\u00a00108", "+1\u202f555\u2009555\u20070109", "+1\u2010555\u2011555\u20130110", "+1\u2014555\u22125550111",
        "\u202a+15555550112\u202c", "+1\u200b555\u2060555\u00ad0113\ufeff", "\t+15555550114 ",
        # A spreadsheet's mark of a text.
        "'+15555550119", " '+1 (555) 555-0120",
        # A 0 in brackets that is not alone there belongs to the number.
        "+1 (550) 555-0117", "+44 (055) 555-0118",
        # The shortest and the longest there are.
        "+5550115", "+555555501161234",
      ] : "P${index},,${phone},water"
    ], [",r21@example.com,,water"]))
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == "contacts.csv row 21: Name is empty"
    error_message = join("\n", output.problems)
  }
}

run "phones_that_cannot_work_are_rejected_and_not_printed" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = join("\n", concat(["Name,Email,Phone,Department"], [
      for index, phone in [
        "0015555550101", "555-0101", "1155555501012", "++15555550101", "\uff0b15555550101",
        "+05555550101", "+", "-", "()", "n/a", "none", "fiona@example.com", "1 555 CALL NOW", "+44555555010O",
        "tel:+15555550101", "tel 1.55512E+10", "1.55512E+10 (home)", "+１5555550101", "''+15555550101",
        # The 0 that is dialled inside the country alone.
        "+44 (0)20 5555 0101", "+44 [ 0 ] 20 5555 0101",
        # One digit too few, one too many.
        "+555010", "+5555555010123456",
      ] : "P${index},,${phone},water"
    ]))
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == join("\n", [for index in range(23) : "contacts.csv row ${index + 2} (P${index}): Phone must be in international form, such as +15551234567"])
    error_message = join("\n", output.problems)
  }
}

run "a_number_of_country_1_has_ten_digits_after_it" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = join("\n", concat(["Name,Email,Phone,Department"], [
      for index, phone in [
        "+1555555010", "+155555501011", "+15555550101.0", "+1 155 555 0101", "+1 055 555 0101", "+1 555 CALL NOW", "+15555550101 x5",
        "+1+5555550101", "+1/555/555/0101", "+1555555010O", "+15555550101;+15555550102", "\"+15555550101,+15555550102\"", "+1",
      ] : "P${index},,${phone},water"
    ]))
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == join("\n", [for index in range(13) : "contacts.csv row ${index + 2} (P${index}): Phone must have exactly ten digits after +1, and the first is 2 to 9, such as +15551234567"])
    error_message = join("\n", output.problems)
  }
}

# What a spreadsheet makes of +15555550101, and what people write who never call abroad.
run "a_phone_without_its_plus_says_what_may_have_happened_and_both_ways_out" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = join("\n", concat(["Name,Email,Phone,Department"], [
      for index, phone in ["15555550101", "1 (555) 555-0101", "5555550101", "(555) 555-0101", "555.555.0101"] : "P${index},,${phone},water"
    ]))
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == join("\n", [for index in range(5) : "contacts.csv row ${index + 2} (P${index}): Phone has no +, perhaps because a spreadsheet removed it; set country_code = \"1\" for numbers of the United States and Canada, or write it in full, such as +15551234567"])
    error_message = join("\n", output.problems)
  }
}

run "with_a_country_code_a_phone_without_plus_has_ten_digits" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    country_code = "1"
    # P0 to P3 are sound. The others: too short, too long, with a 0 or a 1 where an area begins, another
    # country's, not a number, and with a + what is wrong without a country code, too.
    text = join("\n", concat(["Name,Email,Phone,Department"], [
      for index, phone in [
        "15555550101", "(555) 555-0102", "555.555.0103", "+442055550104",
        "555-0101", "55555501011", "0555550101", "1555555010", "442055550104", "011442055550104",
        "555 CALL NOW", "+1555555010", "(0) 5555550105",
      ] : "P${index},,${phone},water"
    ]))
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == join("\n", concat(
      [for index in range(4, 10) : "contacts.csv row ${index + 2} (P${index}): Phone without a + must have ten digits, such as (555) 123-4567; a number of another country begins with + and its code"],
      [
        "contacts.csv row 12 (P10): Phone must be in international form, such as +15551234567",
        "contacts.csv row 13 (P11): Phone must have exactly ten digits after +1, and the first is 2 to 9, such as +15551234567",
        "contacts.csv row 14 (P12): Phone without a + must have ten digits, such as (555) 123-4567; a number of another country begins with + and its code",
      ],
    ))
    error_message = join("\n", output.problems)
  }
}

# The digits are gone; only the clerk can bring them back, and should learn how to keep them.
run "a_phone_that_a_spreadsheet_rounded_is_recognized" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = join("\n", concat(["Name,Email,Phone,Department"], [
      for index, phone in ["1.55512E+10", "1.55556E+10", "+1.55556E+10", "1.6e10", "2E+10", "\"1,55556E+10\""] : "P${index},,${phone},water"
    ]))
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == join("\n", [for index in range(6) : "contacts.csv row ${index + 2} (P${index}): Phone was rounded by a spreadsheet to a number such as 1.55512E+10; format the column as text and type the phone number again, such as +15551234567"])
    error_message = join("\n", output.problems)
  }
}

run "channels_may_narrow_a_person" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = <<-EOT
      Name,Email,Phone,Department,Channels
      P2,r2@example.com,+15555550102,water,
      P3,r3@example.com,+15555550103,water,email
      P4,r4@example.com,+15555550104,water,SMS
      P5,r5@example.com,+15555550105,water,Email + SMS
      P6,r6@example.com,+15555550106,water,sms+email
      P7,r7@example.com,+15555550107,water,None
      P8,r8@example.com,,water,email
      P9,,+15555550109,water,sms
      P10,r10@example.com,,water,none
      P11,r11@example.com,,water,
      ,r12@example.com,,water,
    EOT
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == "contacts.csv row 12: Name is empty"
    error_message = join("\n", output.problems)
  }
}

run "channels_outside_the_list_or_without_their_cell_are_rejected" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = <<-EOT
      Name,Email,Phone,Department,Channels
      P2,r2@example.com,+15555550102,water,phone
      P3,r3@example.com,+15555550103,water,email/sms
      P4,r4@example.com,+15555550104,water,"email,sms"
      P5,r5@example.com,+15555550105,water,email+email
      P6,r6@example.com,+15555550106,water,none+sms
      P7,r7@example.com,+15555550107,water,r7@example.com
      P8,,+15555550108,water,email
      P9,r9@example.com,,water,sms
      P10,r10@example.com,,water,email+sms
      P11,,+15555550111,water,email+sms
      P12,,,water,none
      P13,,+15555550113,water,sms+email
      P14,r14@example.com,,water,sms+email
    EOT
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      contacts.csv row 2 (P2): Channels must be email, sms, email+sms, none or empty
      contacts.csv row 3 (P3): Channels must be email, sms, email+sms, none or empty
      contacts.csv row 4 (P4): Channels must be email, sms, email+sms, none or empty
      contacts.csv row 5 (P5): Channels must be email, sms, email+sms, none or empty
      contacts.csv row 6 (P6): Channels must be email, sms, email+sms, none or empty
      contacts.csv row 7 (P7): Channels must be email, sms, email+sms, none or empty
      contacts.csv row 8 (P8): Channels says email, but Email is empty
      contacts.csv row 9 (P9): Channels says sms, but Phone is empty
      contacts.csv row 10 (P10): Channels says sms, but Phone is empty
      contacts.csv row 11 (P11): Channels says email, but Email is empty
      contacts.csv row 12 (P12): Email and Phone are both empty; fill in one, or delete the row
      contacts.csv row 13 (P13): Channels says email, but Email is empty
      contacts.csv row 14 (P14): Channels says sms, but Phone is empty
      EOT
    )
    error_message = join("\n", output.problems)
  }
}

# Whoever fixes the file should have to do it only once.
run "all_problems_come_at_once_in_the_order_of_the_rows" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = <<-EOT
      Name,Email,Phone,Department,Channels
      Fiona Miller,fiona@example.com,+15555550101,water,

      ,fiona,555,parks,fax
      Otto Kern,otto@example.com,water
      fiona miller,otto,+15555550101,WATER,
      Rosa Lind,fiona@example.com,+15555550101,water,
      Hugo Sand,,,water,
      Ida Berg,ida@example.com,,water,
      Karl Voss,karl@example.com,,water,
      Lena Wolf,lena@example.com,,water,sms
    EOT
    departments = {
      water = { services = [], alerts = { critical = { threshold = 100, protocols = ["email", "sms"] } } }
    }
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      contacts.csv row 4: Name is empty
      contacts.csv row 4: Department "parks" is not one of water
      contacts.csv row 4: Email must be one address, such as name@example.com
      contacts.csv row 4: Phone must be in international form, such as +15551234567
      contacts.csv row 4: Channels must be email, sms, email+sms, none or empty
      contacts.csv row 5: must have 5 cells, as the header does; put double quotes around a cell with a comma in it, and use no other quotes or line breaks
      contacts.csv row 6 (fiona miller): Email must be one address, such as name@example.com
      contacts.csv row 6 (fiona miller): is already in department water, in row 2; keep one of the two rows
      contacts.csv row 7 (Rosa Lind): has the same Email as row 2 (Fiona Miller) in department water; give each person their own, or empty one of the two cells
      contacts.csv row 7 (Rosa Lind): has the same Phone as row 2 (Fiona Miller) in department water; give each person their own, or empty one of the two cells
      contacts.csv row 8 (Hugo Sand): Email and Phone are both empty; fill in one, or delete the row
      contacts.csv row 11 (Lena Wolf): Channels says sms, but Phone is empty
      departments, water: has no services; name at least one, as the report spells it
      EOT
    )
    error_message = join("\n", output.problems)
  }
}

# A name has room for 100 characters; a line that people read does not.
run "a_long_name_is_cut_in_messages" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = "Name,Email,Phone,Department\n${join("", [for i in range(61) : "F"])},,,water"
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == "contacts.csv row 2 (${join("", [for i in range(60) : "F"])}): Email and Phone are both empty; fill in one, or delete the row"
    error_message = join("\n", output.problems)
  }
}
