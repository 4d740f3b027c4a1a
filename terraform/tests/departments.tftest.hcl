# Departments and their alerts: what stops a plan, in which words, and where the borders are.
#
# Each table is one map of departments, a case a department. Where good cases are tried, the contacts
# have a row without a Name, so that the run has a problem to expect; any other would come after it.

variables {
  file_name   = "contacts.csv"
  name_prefix = ""
  text        = "Name,Email,Phone,Department\nFiona Miller,fiona@example.com,,water"
}

run "a_department_needs_services_that_have_names_and_appear_once" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    departments = {
      a_none   = { services = [], alerts = { high = { threshold = 1, protocols = ["email"] } } }
      b_blank  = { services = ["Pothole", " \t"], alerts = { high = { threshold = 1, protocols = ["email"] } } }
      c_null   = { services = [null], alerts = { high = { threshold = 1, protocols = ["email"] } } }
      d_twice  = { services = ["Illegal Dumping", "Pothole", " illegal   DUMPING"], alerts = { high = { threshold = 1, protocols = ["email"] } } }
      d_hidden = { services = ["Water\u00a0Main", "wa\u200bter main"], alerts = { high = { threshold = 1, protocols = ["email"] } } }
      e_both   = { services = ["", " "], alerts = { high = { threshold = 1, protocols = ["email"] } } }
      f_silent = { services = ["Pothole"], alerts = {} }
      g_empty  = { services = [], alerts = {} }
      water    = { services = ["Water", "Water Main"], alerts = { high = { threshold = 1, protocols = ["email"] } } }
    }
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      departments, a_none: has no services; name at least one, as the report spells it
      departments, b_blank: a service has no name
      departments, c_null: a service has no name
      departments, d_hidden: a service is listed twice and would be counted twice
      departments, d_twice: a service is listed twice and would be counted twice
      departments, e_both: a service has no name
      departments, e_both: a service is listed twice and would be counted twice
      departments, f_silent: has no alerts; add one, or remove the department
      departments, g_empty: has no services; name at least one, as the report spells it
      departments, g_empty: has no alerts; add one, or remove the department
      EOT
    )
    error_message = join("\n", output.problems)
  }
}

# Contacts match departments without regard to case, so these two would be the same.
run "departments_that_differ_only_in_case_are_rejected" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    departments = {
      Water = { services = ["Water"], alerts = { high = { threshold = 1, protocols = ["email"] } } }
      water = { services = ["Water"], alerts = { high = { threshold = 1, protocols = ["email"] } } }
    }
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      departments, Water: differs from another department only in upper and lower case
      departments, water: differs from another department only in upper and lower case
      EOT
    )
    error_message = join("\n", output.problems)
  }
}

# They would be two topics, and one of the two a forgotten copy.
run "levels_that_differ_only_in_case_are_rejected" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    departments = {
      water = {
        services = ["Water"]
        alerts   = { Critical = { threshold = 1, protocols = ["email"] }, critical = { threshold = 2, protocols = ["email"] } }
      }
    }
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == "departments, water: two levels differ only in upper and lower case"
    error_message = join("\n", output.problems)
  }
}

# Nothing would be filled in: a director would read it as it stands there.
run "what_only_looks_like_a_placeholder_is_named_with_its_text" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    departments = {
      water = {
        services = ["Water"]
        alerts = {
          a_alone = { threshold = 1, protocols = ["email"], subject = "{count cases", message = "count} cases", sms = "{count} {cases" }
          b_other = { threshold = 1, protocols = ["email"], subject = "[count] cases", message = "<threshold> $count %month% $count [count", sms = "100% of $5 [county]" }
        }
      }
    }
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      departments, water a_alone: subject has a { or } alone; a placeholder has both, such as {count}
      departments, water a_alone: message has a { or } alone; a placeholder has both, such as {count}
      departments, water a_alone: sms has a { or } alone; a placeholder has both, such as {count}
      departments, water b_other: subject has [count], which would be sent as it is; a placeholder has the form {count}
      departments, water b_other: message has <threshold>, which would be sent as it is; a placeholder has the form {count}
      departments, water b_other: message has $count, which would be sent as it is; a placeholder has the form {count}
      departments, water b_other: message has %month%, which would be sent as it is; a placeholder has the form {count}
      departments, water b_other: message has [count, which would be sent as it is; a placeholder has the form {count}
      EOT
    )
    error_message = join("\n", output.problems)
  }
}

run "a_threshold_is_a_whole_number_of_at_least_0" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = "Name,Email,Phone,Department\n,fiona@example.com,,water"
    departments = {
      water = {
        services = ["Water"]
        alerts = {
          a_below    = { threshold = -1, protocols = ["email"] }
          b_at       = { threshold = 0, protocols = ["email"] }
          c_above    = { threshold = 1, protocols = ["email"] }
          d_fraction = { threshold = 99.5, protocols = ["email"] }
          e_null     = { threshold = null, protocols = ["email"] }
          g_large    = { threshold = 1e9, protocols = ["email"] }
          h_little   = { threshold = -0.5, protocols = ["email"] }
        }
      }
    }
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      contacts.csv row 2: Name is empty
      departments, water a_below: threshold must be a whole number, 0 or more
      departments, water d_fraction: threshold must be a whole number, 0 or more
      departments, water e_null: threshold must be a whole number, 0 or more
      departments, water h_little: threshold must be a whole number, 0 or more
      EOT
    )
    error_message = join("\n", output.problems)
  }
}

# An alert without protocols reaches nobody, which is a warning (runner_config.tftest.hcl), not a problem.
run "protocols_are_only_email_and_sms" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = "Name,Email,Phone,Department\n,fiona@example.com,,water"
    departments = {
      water = {
        services = ["Water"]
        alerts = {
          a_both    = { threshold = 1, protocols = ["email", "sms"] }
          b_twice   = { threshold = 1, protocols = ["email", "email"] }
          c_none    = { threshold = 1, protocols = [] }
          d_unknown = { threshold = 1, protocols = ["email", "https"] }
          e_case    = { threshold = 1, protocols = ["SMS"] }
          f_null    = { threshold = 1, protocols = [null] }
          g_blank   = { threshold = 1, protocols = [""] }
        }
      }
    }
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      contacts.csv row 2: Name is empty
      departments, water d_unknown: protocols may only be "email" and "sms"
      departments, water e_case: protocols may only be "email" and "sms"
      departments, water f_null: protocols may only be "email" and "sms"
      departments, water g_blank: protocols may only be "email" and "sms"
      EOT
    )
    error_message = join("\n", output.problems)
  }
}

run "every_text_may_contain_every_placeholder" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = "Name,Email,Phone,Department\n,fiona@example.com,,water"
    departments = {
      water = {
        services = ["Water"]
        alerts = {
          high = {
            threshold = 1, protocols = ["email"]
            subject   = "{count} {threshold} {department} {level} {services} {month} {count}"
            message   = "{count} {threshold} {department} {level} {services} {month} {count}"
            sms       = "{count} {threshold} {department} {level} {services} {month} {count}!"
          }
        }
      }
    }
  }

  expect_failures = [output.topics]
  assert {
    condition     = join("\n", output.problems) == "contacts.csv row 2: Name is empty"
    error_message = join("\n", output.problems)
  }
}

# It would reach a director as it stands there.
run "an_unknown_placeholder_is_named_with_its_text" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    departments = {
      water = {
        services = ["Water"]
        alerts = {
          a_all     = { threshold = 1, protocols = ["email"], subject = "{cuont} cases", message = "{Count} cases", sms = "{ count } cases" }
          b_many    = { threshold = 1, protocols = ["email"], message = "{} {count} {name} {name} {{email}}", sms = "{count}" }
          c_message = { threshold = 1, protocols = ["sms"], message = "{cuont} cases" }
          d_sms     = { threshold = 1, protocols = ["sms"], sms = "{cuont} cases" }
        }
      }
    }
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      departments, water a_all: subject has the unknown placeholder {cuont}; the known ones are {count}, {threshold}, {department}, {level}, {services}, {month}
      departments, water a_all: message has the unknown placeholder {Count}; the known ones are {count}, {threshold}, {department}, {level}, {services}, {month}
      departments, water a_all: sms has the unknown placeholder { count }; the known ones are {count}, {threshold}, {department}, {level}, {services}, {month}
      departments, water b_many: message has the unknown placeholder {}; the known ones are {count}, {threshold}, {department}, {level}, {services}, {month}
      departments, water b_many: message has the unknown placeholder {name}; the known ones are {count}, {threshold}, {department}, {level}, {services}, {month}
      departments, water b_many: message has the unknown placeholder {email}; the known ones are {count}, {threshold}, {department}, {level}, {services}, {month}
      departments, water b_many: message has a { or } alone; a placeholder has both, such as {count}
      departments, water c_message: message has the unknown placeholder {cuont}; the known ones are {count}, {threshold}, {department}, {level}, {services}, {month}
      departments, water d_sms: sms has the unknown placeholder {cuont}; the known ones are {count}, {threshold}, {department}, {level}, {services}, {month}
      EOT
    )
    error_message = join("\n", output.problems)
  }
}

run "a_topic_name_holds_letters_digits_dashes_and_underscores_only" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    departments = {
      "Parks-2"      = { services = ["Trees"], alerts = { "very_high-1" = { threshold = 1, protocols = ["email"] } } }
      "public works" = { services = ["Pothole"], alerts = { high = { threshold = 1, protocols = ["email"] } } }
      # In messages, the two "public works high" read the same.
      "public"  = { services = ["Pothole"], alerts = { "works high" = { threshold = 1, protocols = ["email"] } } }
      "straßen" = { services = ["Pothole"], alerts = { high = { threshold = 1, protocols = ["email"], subject = "Roads" } } }
      water     = { services = ["Water"], alerts = { "high.fifo" = { threshold = 1, protocols = ["email"] } } }
    }
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      departments, public works high: the topic name "public_works high" may only contain letters, digits, - and _, at most 256 of them
      departments, public works high: the topic name "public works_high" may only contain letters, digits, - and _, at most 256 of them
      departments, straßen high: the topic name "straßen_high" may only contain letters, digits, - and _, at most 256 of them
      departments, water high.fifo: the topic name "water_high.fifo" may only contain letters, digits, - and _, at most 256 of them
      EOT
    )
    error_message = join("\n", output.problems)
  }
}

run "a_topic_name_of_256_characters_is_accepted_and_of_257_is_rejected_prefix_and_all" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    name_prefix = "city-"
    departments = {
      water = {
        services = ["Water"]
        alerts = {
          # city-water_ takes 11.
          (join("", [for i in range(245) : "a"])) = { threshold = 1, protocols = ["email"], subject = "Water" }
          (join("", [for i in range(246) : "b"])) = { threshold = 1, protocols = ["email"], subject = "Water" }
        }
      }
    }
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == format(
      "departments, water %s: the topic name \"city-water_%s\" may only contain letters, digits, - and _, at most 256 of them",
      join("", [for i in range(246) : "b"]), join("", [for i in range(246) : "b"]),
    )
    error_message = join("\n", output.problems)
  }
}

run "two_alerts_with_one_topic_name_are_both_named" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    departments = {
      water      = { services = ["Water"], alerts = { main_high = { threshold = 1, protocols = ["email"] } } }
      water_main = { services = ["Water Main"], alerts = { high = { threshold = 1, protocols = ["email"] } } }
    }
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      departments, water main_high: another department and level give the same topic name "water_main_high"
      departments, water_main high: another department and level give the same topic name "water_main_high"
      EOT
    )
    error_message = join("\n", output.problems)
  }
}

run "a_subject_is_plain_ascii_on_one_line" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = "Name,Email,Phone,Department\n,fiona@example.com,,water"
    departments = {
      water = {
        services = ["Water"]
        alerts = {
          a_plain   = { threshold = 1, protocols = ["email"], subject = " Help fix water violations NOW! ~{count} " }
          b_accent  = { threshold = 1, protocols = ["email"], subject = "Wasser läuft" }
          c_emoji   = { threshold = 1, protocols = ["email"], subject = "Water 🚰" }
          d_line    = { threshold = 1, protocols = ["email"], subject = "Water\nBcc: all" }
          e_return  = { threshold = 1, protocols = ["email"], subject = "Water\rhigh" }
          f_tab     = { threshold = 1, protocols = ["email"], subject = "Water\thigh" }
          g_delete  = { threshold = 1, protocols = ["email"], subject = "Water\u007f" }
          h_heredoc = { threshold = 1, protocols = ["email"], subject = "Water\n" }
          i_blank   = { threshold = 1, protocols = ["email"], subject = "  " }
        }
      }
    }
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      contacts.csv row 2: Name is empty
      departments, water b_accent: subject must be plain ASCII on one line
      departments, water c_emoji: subject must be plain ASCII on one line
      departments, water d_line: subject must be plain ASCII on one line
      departments, water e_return: subject must be plain ASCII on one line
      departments, water f_tab: subject must be plain ASCII on one line
      departments, water g_delete: subject must be plain ASCII on one line
      EOT
    )
    error_message = join("\n", output.problems)
  }
}

# SNS takes fewer than 100 characters, and the subject grows when its placeholders are filled in:
# {count} to 9 digits, {month} to 7 characters, the others to what is configured.
run "a_subject_of_99_characters_is_accepted_and_of_100_is_rejected_placeholders_filled_in" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    text = "Name,Email,Phone,Department\n,fiona@example.com,,water"
    departments = {
      water = {
        services = ["Water", "Sewer"]
        alerts = {
          a99  = { threshold = 1, protocols = ["email"], subject = join("", [for i in range(99) : "x"]) }
          a100 = { threshold = 1, protocols = ["email"], subject = join("", [for i in range(100) : "x"]) }
          b99  = { threshold = 1, protocols = ["email"], subject = "{count}${join("", [for i in range(90) : "x"])}" }
          b100 = { threshold = 1, protocols = ["email"], subject = "{count}${join("", [for i in range(91) : "x"])}" }
          c99  = { threshold = 1000, protocols = ["email"], subject = "{threshold}${join("", [for i in range(95) : "x"])}" }
          c100 = { threshold = 1000, protocols = ["email"], subject = "{threshold}${join("", [for i in range(96) : "x"])}" }
          d99  = { threshold = 1, protocols = ["email"], subject = "{department}${join("", [for i in range(94) : "x"])}" }
          d100 = { threshold = 1, protocols = ["email"], subject = "{department}${join("", [for i in range(95) : "x"])}" }
          e99  = { threshold = 1, protocols = ["email"], subject = "{level}${join("", [for i in range(96) : "x"])}" }
          e100 = { threshold = 1, protocols = ["email"], subject = "{level}${join("", [for i in range(96) : "x"])}" }
          # "Water, Sewer" takes 12.
          f99  = { threshold = 1, protocols = ["email"], subject = "{services}${join("", [for i in range(87) : "x"])}" }
          f100 = { threshold = 1, protocols = ["email"], subject = "{services}${join("", [for i in range(88) : "x"])}" }
          g99  = { threshold = 1, protocols = ["email"], subject = "{month}${join("", [for i in range(92) : "x"])}" }
          g100 = { threshold = 1, protocols = ["email"], subject = "{month}${join("", [for i in range(93) : "x"])}" }
          h106 = { threshold = 1, protocols = ["email"], subject = "{month}{month}${join("", [for i in range(92) : "x"])}" }
        }
      }
    }
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      contacts.csv row 2: Name is empty
      departments, water a100: subject would be 100 characters long with its placeholders filled in; SNS allows 99
      departments, water b100: subject would be 100 characters long with its placeholders filled in; SNS allows 99
      departments, water c100: subject would be 100 characters long with its placeholders filled in; SNS allows 99
      departments, water d100: subject would be 100 characters long with its placeholders filled in; SNS allows 99
      departments, water e100: subject would be 100 characters long with its placeholders filled in; SNS allows 99
      departments, water f100: subject would be 100 characters long with its placeholders filled in; SNS allows 99
      departments, water g100: subject would be 100 characters long with its placeholders filled in; SNS allows 99
      departments, water h106: subject would be 106 characters long with its placeholders filled in; SNS allows 99
      EOT
    )
    error_message = join("\n", output.problems)
  }
}

run "all_problems_of_a_department_and_its_alert_come_at_once" {
  command = plan
  module {
    source = "./modules/contacts"
  }
  variables {
    departments = {
      "public works" = {
        services = []
        alerts = {
          high = { threshold = -1, protocols = ["fax"], subject = "Löcher {wo}" }
        }
      }
      water = { services = ["Water"], alerts = { high = { threshold = 1, protocols = ["email"] } } }
    }
  }

  expect_failures = [output.topics]
  assert {
    condition = join("\n", output.problems) == trimspace(<<-EOT
      departments, public works: has no services; name at least one, as the report spells it
      departments, public works high: the topic name "public works_high" may only contain letters, digits, - and _, at most 256 of them
      departments, public works high: threshold must be a whole number, 0 or more
      departments, public works high: protocols may only be "email" and "sms"
      departments, public works high: subject has the unknown placeholder {wo}; the known ones are {count}, {threshold}, {department}, {level}, {services}, {month}
      departments, public works high: subject must be plain ASCII on one line
      EOT
    )
    error_message = join("\n", output.problems)
  }
}
