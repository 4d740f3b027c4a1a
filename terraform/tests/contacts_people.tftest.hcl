# From rows to subscriptions: who is subscribed to what, under which key, and who is one too many.
#
# The root module is planned with its contacts read from a mocked S3 object, so that sound
# contacts can be looked at from outside the module that makes them.

mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  contacts_csv = "s3://city-lists/contacts.csv"
  departments = {
    streets = {
      services = ["Street Light Repair"]
      alerts   = { notifications = { threshold = 100, protocols = ["email"] } }
    }
    water = {
      services = ["Water"]
      alerts = {
        critical = { threshold = 100, protocols = ["email"] }
        extreme  = { threshold = 300, protocols = ["sms", "email"] }
      }
    }
  }
  file_name   = "contacts.csv"
  name_prefix = ""
}

run "each_person_is_subscribed_by_name_to_every_alert_of_the_department" {
  command = plan
  override_data {
    target = data.aws_s3_object.contacts
    values = {
      body = <<-EOT
        Name,Email,Phone,Department,Channels
         Fiona   Miller ,Fiona.Miller@Example.COM,+1 (555) 555-0101,Water,
        Otto Kern,otto@example.com,,water,
        Rosa Lind,,+1.555.555.0103,WATER,
        Hugo Sand,hugo@example.com,+15555550104,water,email
        Ida Berg,ida@example.com,+15555550105,water,sms
        Karl Voss,karl@example.com,+15555550106,water,none
        "Lena ""Wolf"", Dr.",lena@example.com,+15555550107,water,sms+email
        Fiona Miller,fiona.miller@example.com,+15555550101,streets,
      EOT
    }
  }

  assert {
    condition = {
      for topic, alert in module.contacts.topics : topic => { for key, one in alert.subscriptions : key => nonsensitive(one.endpoint) }
      } == {
      streets_notifications = {
        "email/Fiona Miller" = "fiona.miller@example.com"
      }
      water_critical = {
        "email/Fiona Miller"       = "fiona.miller@example.com"
        "email/Hugo Sand"          = "hugo@example.com"
        "email/Lena \"Wolf\", Dr." = "lena@example.com"
        "email/Otto Kern"          = "otto@example.com"
      }
      water_extreme = {
        "email/Fiona Miller"       = "fiona.miller@example.com"
        "email/Hugo Sand"          = "hugo@example.com"
        "email/Lena \"Wolf\", Dr." = "lena@example.com"
        "email/Otto Kern"          = "otto@example.com"
        "sms/Fiona Miller"         = "+15555550101"
        "sms/Ida Berg"             = "+15555550105"
        "sms/Lena \"Wolf\", Dr."   = "+15555550107"
        "sms/Rosa Lind"            = "+15555550103"
      }
    }
    error_message = "Subscriptions by topic and person are not those of the contacts."
  }
  assert {
    condition = alltrue(flatten([
      for alert in values(module.contacts.topics) : [for key, one in alert.subscriptions : one.protocol == split("/", key)[0]]
    ]))
    error_message = "A subscription's protocol is not the one its key begins with."
  }
  # What for_each uses as a key is printed in every plan, and must not be sensitive. The address must be.
  assert {
    condition = alltrue(flatten([
      for alert in values(module.contacts.topics) : [
        for key, one in alert.subscriptions : issensitive(one.endpoint) && !issensitive(key) && !issensitive(one.protocol)
      ]
    ]))
    error_message = "Endpoints must be sensitive; keys and protocols must not be."
  }
}

# A clerk who sorts the list must not re-invite everybody.
run "the_order_of_the_rows_changes_nothing" {
  command = plan
  override_data {
    target = data.aws_s3_object.contacts
    values = {
      body = <<-EOT
        Department,Channels,Phone,Name,Email
        streets,,+15555550101,Fiona Miller,fiona.miller@example.com
        water,,,Otto Kern,otto@example.com

        water,email+sms,+15555550107,"Lena ""Wolf"", Dr.",lena@example.com
        water,sms,+15555550105,Ida Berg,
        water,email,,Hugo Sand,hugo@example.com
        water,none,+15555550106,Karl Voss,karl@example.com
        water,,+15555550103,Rosa Lind,
        water,,+15555550101,Fiona Miller,fiona.miller@example.com
      EOT
    }
  }

  assert {
    condition = {
      for topic, alert in module.contacts.topics : topic => { for key, one in alert.subscriptions : key => nonsensitive(one.endpoint) }
      } == {
      streets_notifications = {
        "email/Fiona Miller" = "fiona.miller@example.com"
      }
      water_critical = {
        "email/Fiona Miller"       = "fiona.miller@example.com"
        "email/Hugo Sand"          = "hugo@example.com"
        "email/Lena \"Wolf\", Dr." = "lena@example.com"
        "email/Otto Kern"          = "otto@example.com"
      }
      water_extreme = {
        "email/Fiona Miller"       = "fiona.miller@example.com"
        "email/Hugo Sand"          = "hugo@example.com"
        "email/Lena \"Wolf\", Dr." = "lena@example.com"
        "email/Otto Kern"          = "otto@example.com"
        "sms/Fiona Miller"         = "+15555550101"
        "sms/Ida Berg"             = "+15555550105"
        "sms/Lena \"Wolf\", Dr."   = "+15555550107"
        "sms/Rosa Lind"            = "+15555550103"
      }
    }
    error_message = "Another order of the rows gives other subscriptions."
  }
}

run "the_same_person_twice_in_a_department_is_rejected" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = <<-EOT
      Name,Email,Phone,Department
      Fiona Miller,fiona@example.com,,water
      Otto Kern,otto@example.com,,water
      FIONA  miller,,+15555550101,Water
      Fiona Miller,fiona@example.com,,streets
      Fiona Miller,fiona@example.com,,water
    EOT
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      contacts.csv row 4 (FIONA miller): is already in department water, in row 2; keep one of the two rows
      contacts.csv row 6 (Fiona Miller): is already in department water, in row 2; keep one of the two rows
      EOT
    )
    error_message = join("\n", output.problems)
  }
}

# SNS holds one subscription for both of them: deleting either row would silence the other person.
run "one_address_twice_on_a_topic_is_rejected_and_not_printed" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = <<-EOT
      Name,Email,Phone,Department,Channels
      Fiona Miller,team@example.com,+1 555 555 0101,water,
      Otto Kern,TEAM@example.com,,water,
      Rosa Lind,,+1 (555) 555.0101,water,
      Hugo Sand,team@example.com,+15555550101,Water,email+sms
    EOT
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      contacts.csv row 3 (Otto Kern): has the same Email as row 2 (Fiona Miller) in department water; give each person their own, or empty one of the two cells
      contacts.csv row 4 (Rosa Lind): has the same Phone as row 2 (Fiona Miller) in department water; give each person their own, or empty one of the two cells
      contacts.csv row 5 (Hugo Sand): has the same Email as row 2 (Fiona Miller) in department water; give each person their own, or empty one of the two cells
      contacts.csv row 5 (Hugo Sand): has the same Phone as row 2 (Fiona Miller) in department water; give each person their own, or empty one of the two cells
      EOT
    )
    error_message = join("\n", output.problems)
  }
}

# The message about the second row names the first, whose Name must be fit to be printed, too.
run "beside_an_address_in_a_name_nothing_is_compared_and_a_long_name_is_cut" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = <<-EOT
      Name,Email,Phone,Department
      otto@example.com,team@example.com,,water
      Fiona Miller,team@example.com,,water
      otto@example.com,team@example.com,,water
      ${join("", [for i in range(61) : "F"])},all@example.com,,water
      Rosa Lind,all@example.com,,water
    EOT
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      contacts.csv row 2: Name contains what looks like an email or a phone number; enter the person's name
      contacts.csv row 4: Name contains what looks like an email or a phone number; enter the person's name
      contacts.csv row 6 (Rosa Lind): has the same Email as row 5 (${join("", [for i in range(60) : "F"])}) in department water; give each person their own, or empty one of the two cells
      EOT
    )
    error_message = join("\n", output.problems)
  }
}

run "one_address_twice_is_fine_where_no_topic_gets_it_twice" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    # Rows 2 and 3: two departments. Rows 3 and 4: streets sends no texts.
    # Rows 2 and 5 to 7: Channels keeps all but the first away.
    text = <<-EOT
      Name,Email,Phone,Department,Channels
      Fiona Miller,fiona@example.com,+15555550101,water,
      Otto Kern,fiona@example.com,+15555550101,streets,
      Rosa Lind,rosa@example.com,+15555550101,streets,
      Hugo Sand,fiona@example.com,+15555550101,water,none
      Ida Berg,fiona@example.com,+15555550106,water,sms
      Karl Voss,karl@example.com,+15555550101,water,email
      ,lena@example.com,,water,
    EOT
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == "contacts.csv row 8: Name is empty"
    error_message = join("\n", output.problems)
  }
}

# Two rows with "n/a" do not share an address; each has its own problem and no other.
run "cells_that_are_no_address_are_not_compared" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = <<-EOT
      Name,Email,Phone,Department
      Fiona Miller,n/a,-,water
      Otto Kern,n/a,-,water
    EOT
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      contacts.csv row 2 (Fiona Miller): Email must be one address, such as name@example.com
      contacts.csv row 2 (Fiona Miller): Phone must be in international form, such as +15551234567
      contacts.csv row 3 (Otto Kern): Email must be one address, such as name@example.com
      contacts.csv row 3 (Otto Kern): Phone must be in international form, such as +15551234567
      EOT
    )
    error_message = join("\n", output.problems)
  }
}

run "who_receives_nothing_is_named_and_none_asks_for_it" {
  command = plan
  override_data {
    target = data.aws_s3_object.contacts
    values = {
      body = <<-EOT
        Name,Email,Phone,Department,Channels
        Fiona Miller,,+15555550101,streets,
        Hugo Sand,hugo@example.com,+15555550104,streets,sms
        Karl Voss,karl@example.com,+15555550106,streets,none
        Ida Berg,ida@example.com,,streets,
        Rosa Lind,rosa@example.com,+15555550103,WATER,
      EOT
    }
  }

  expect_failures = [check.everybody_receives_something]
  assert {
    condition = terraform_data.receive_nothing.input == [
      { department = "streets", name = "Fiona Miller" },
      { department = "streets", name = "Hugo Sand" },
    ]
    error_message = "Expected those whom no channel of their department reaches, without those with Channels none."
  }
}

# A correction that was made in one department alone leaves the other one writing to the old address.
run "one_name_with_two_addresses_is_asked_about_and_neither_is_printed" {
  command = plan
  override_data {
    target = data.aws_s3_object.contacts
    values = {
      # Rosa, Karl and Ida use one address each, wherever they have a row. Hugo's second phone is not in use.
      body = <<-EOT
        Name,Email,Phone,Department,Channels
        Fiona Miller,fiona@example.com,+15555550101,water,
        Rosa Lind,rosa@example.com,,water,
        Karl Voss,KARL@example.com,+1 555 555 0103,water,
        Hugo Sand,hugo@example.com,+15555550104,water,
        Otto Kern,otto@example.com,+15555550106,water,
        otto kern,,+15555550107,streets,
        FIONA MILLER,fiona.miller@example.com,+15555550102,streets,
        Rosa Lind,rosa@example.com,+15555550108,streets,
        Karl Voss,karl@example.com,+1 (555) 555-0103,streets,
        Hugo Sand,hugo@example.com,+15555550105,streets,email
        Ida Berg,ida@example.com,,water,
        Ida Berg,ida@example.com,,streets,
      EOT
    }
  }

  expect_failures = [check.a_person_has_one_email_and_one_phone, check.everybody_receives_something]
  assert {
    condition = join("\n", module.contacts.address_differences) == trimspace(<<-EOT
      s3://city-lists/contacts.csv row 8 (FIONA MILLER): has another Email than row 2
      s3://city-lists/contacts.csv row 8 (FIONA MILLER): has another Phone than row 2
      s3://city-lists/contacts.csv row 7 (otto kern): has another Phone than row 6
      EOT
    )
    error_message = join("\n", module.contacts.address_differences)
  }
}

run "with_a_country_code_one_number_is_the_same_however_it_is_written" {
  command = plan
  variables {
    country_code = 1
  }
  override_data {
    target = data.aws_s3_object.contacts
    values = {
      body = <<-EOT
        Name,Email,Phone,Department
        Fiona Miller,fiona@example.com,(555) 555-0101,water
        Otto Kern,,555.555.0102,water
        Rosa Lind,,15555550103,water
        Hugo Sand,,+442055550104,water
        Fiona Miller,fiona@example.com,+15555550101,streets
      EOT
    }
  }

  assert {
    condition = {
      for key, one in module.contacts.topics.water_extreme.subscriptions : key => nonsensitive(one.endpoint)
      } == {
      "email/Fiona Miller" = "fiona@example.com"
      "sms/Fiona Miller"   = "+15555550101"
      "sms/Hugo Sand"      = "+442055550104"
      "sms/Otto Kern"      = "+15555550102"
      "sms/Rosa Lind"      = "+15555550103"
    }
    error_message = "A number without + is not the one of country 1 with it."
  }
}

run "with_a_country_code_one_number_written_in_two_ways_is_one_address" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    country_code = "1"
    text         = "Name,Email,Phone,Department\nFiona Miller,,(555) 555-0101,water\nOtto Kern,,15555550101,water"
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == "contacts.csv row 3 (Otto Kern): has the same Phone as row 2 (Fiona Miller) in department water; give each person their own, or empty one of the two cells"
    error_message = join("\n", output.problems)
  }
}
