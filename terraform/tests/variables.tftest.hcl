# What the variables do not accept. Each run has one mistake in each of several variables, and all of
# them must be found. A variable whose check reads another variable is not wrong together with it.

mock_provider "aws" {
  source = "./tests/aws"
}

# The code may be any file here.
variables {
  contacts_csv = "s3://city-lists/contacts.csv"
  departments = {
    trash = { services = ["Illegal Dumping"], alerts = { notifications = { threshold = 30, protocols = ["sms"] } } }
    water = { services = ["Water"], alerts = { critical = { threshold = 100, protocols = ["email"] } } }
  }
  package    = "tests/contacts_latin1.csv"
  report_url = "https://reports.example.com/{yyyy}/{mm}.csv"
}

# A null list would crash what reads it. A good one beside it must not make up for it.
run "another_country_null_protocols_wildcards_in_the_repository_a_time_that_is_not_cron_or_rate_and_numbers_out_of_range" {
  command = plan
  variables {
    country_code = "49"
    departments = {
      water = {
        services = ["Water"]
        alerts   = { critical = { threshold = 100, protocols = ["email"] }, extreme = { threshold = 300, protocols = null } }
      }
    }
    github_actions      = { repository = "example-city/*", state_bucket = "example-state" }
    max_report_age_days = 0
    not_run_alarm_days  = 8
    operator_emails     = ["ana@example.com", "bo@example.com,cy@example.com"]
    remind              = "weekly"
    schedule_expression = "at(2026-03-01T07:00:00)"
  }

  expect_failures = [
    var.country_code, var.departments, var.github_actions, var.max_report_age_days, var.not_run_alarm_days, var.operator_emails, var.remind,
    var.schedule_expression,
  ]
}

run "a_country_code_with_a_plus" {
  command = plan
  variables {
    country_code = "+1"
  }

  expect_failures = [var.country_code]
}

run "null_services_wildcards_in_the_branch_a_schedule_without_a_report_and_parts_of_days" {
  command = plan
  variables {
    departments         = { water = { services = null, alerts = { critical = { threshold = 100, protocols = ["email"] } } } }
    github_actions      = { repository = "example-city/alerts", state_bucket = "example-state", branch = "*" }
    max_report_age_days = 40.5
    not_run_alarm_days  = 1.5
    operator_emails     = ["ana@example.com", null]
    remind              = "0"
    report_url          = null
    schedule_expression = "cron(0 7 * * ? *)"
  }

  expect_failures = [
    var.departments, var.github_actions, var.max_report_age_days, var.not_run_alarm_days, var.operator_emails, var.remind,
    var.schedule_expression,
  ]
}

run "null_alerts_wildcards_in_the_environment_one_operator_twice_and_a_report_in_a_file_of_this_machine" {
  command = plan
  variables {
    departments         = { water = { services = ["Water"], alerts = null } }
    github_actions      = { repository = "example-city/alerts", state_bucket = "example-state", environment = "prod*" }
    operator_emails     = ["ana@example.com", "bo@example.com", " Ana@Example.com"]
    report_url          = "./reports/{mm}.csv"
    schedule_expression = "cron(0 7 * * ? *)"
  }

  expect_failures = [var.departments, var.github_actions, var.operator_emails, var.schedule_expression]
}

run "a_null_department_one_id_of_two_and_code_that_is_not_there" {
  command = plan
  variables {
    departments = {
      trash = { services = ["Illegal Dumping"], alerts = { notifications = { threshold = 30, protocols = ["sms"] } } }
      water = null
    }
    github_actions      = { repository = "example-city/alerts", state_bucket = "example-state", repository_id = "2002" }
    package             = "not/there.zip"
    schedule_expression = "cron(0 7 * * ? *)"
  }

  expect_failures = [var.departments, var.github_actions, var.schedule_expression]
}

run "a_null_alert_an_id_that_is_no_number_and_code_that_is_a_folder" {
  command = plan
  variables {
    departments = {
      water = { services = ["Water"], alerts = { critical = { threshold = 100, protocols = ["email"] }, extreme = null } }
    }
    github_actions      = { repository = "example-city/alerts", state_bucket = "example-state", owner_id = "1001", repository_id = "*" }
    package             = "tests"
    schedule_expression = "cron(0 7 * * ? *)"
  }

  expect_failures = [var.departments, var.github_actions, var.schedule_expression]
}

run "a_prefix_that_leaves_no_room_for_the_names_of_roles" {
  command = plan
  variables {
    name_prefix         = "city-of-springfield-department-of-works-x"
    schedule_expression = "cron(0 7 * * ? *)"
  }

  expect_failures = [var.schedule_expression]
}

run "an_unknown_placeholder_in_the_address_of_the_report" {
  command = plan
  variables {
    report_url = "https://reports.example.com/{yyyy}/{month}.csv"
  }

  expect_failures = [var.report_url]
}

run "an_address_of_the_report_without_its_kind" {
  command = plan
  variables {
    report_url = "reports.example.com/{yyyy}.csv"
  }

  expect_failures = [var.report_url]
}

# IAM would take an alias, and match no key with it.
run "an_alias_of_a_key" {
  command = plan
  variables {
    kms_key_arns = ["arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab", "arn:aws:kms:us-east-1:123456789012:alias/city"]
  }

  expect_failures = [var.kms_key_arns]
}

run "the_bare_id_of_a_key" {
  command = plan
  variables {
    kms_key_arns = ["1234abcd-12ab-34cd-56ef-1234567890ab"]
  }

  expect_failures = [var.kms_key_arns]
}

run "all_keys_of_an_account" {
  command = plan
  variables {
    kms_key_arns = ["arn:aws:kms:us-east-1:123456789012:key/*"]
  }

  expect_failures = [var.kms_key_arns]
}

run "no_key_at_its_place" {
  command = plan
  variables {
    kms_key_arns = [null]
  }

  expect_failures = [var.kms_key_arns]
}

run "eleven_keys" {
  command = plan
  variables {
    kms_key_arns = [for n in range(11) : "arn:aws:kms:us-east-1:123456789012:key/${n}"]
  }

  expect_failures = [var.kms_key_arns]
}

run "ten_keys_of_all_kinds_of_accounts" {
  command = plan
  variables {
    kms_key_arns = concat(
      ["arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab"],
      [for n in range(9) : "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-12345678900${n}"],
    )
  }

  assert {
    condition     = length(local._object_key_statements.read.UseObjectKeys.Resource) == 10
    error_message = jsonencode(local._object_key_statements)
  }
}

# Such a repository can't log in, or its roles are for whoever owns its name.
run "a_repository_that_is_known_by_its_name_alone" {
  command = plan
  variables {
    github_actions = { repository = "example-city/alerts", state_bucket = "example-state" }
  }

  expect_failures = [check.github_actions_has_ids]
}

run "a_report_of_one_month_for_ever" {
  command = plan
  variables {
    report_url = "https://reports.example.com/2026-02.csv"
  }
  expect_failures = [var.report_url]
}

run "a_report_in_a_folder_of_one_month" {
  command = plan
  variables {
    report_url = "s3://city-2026-02/reports/{yyyy}{mm}.csv"
  }
}

run "a_state_anywhere_would_open_every_bucket" {
  command = plan
  variables {
    github_actions = { repository = "example-city/alerts", state_bucket = "*", owner_id = "1001", repository_id = "2002" }
  }
  expect_failures = [var.github_actions]
}

run "a_state_under_any_key_would_open_its_bucket" {
  command = plan
  variables {
    github_actions = { repository = "example-city/alerts", state_bucket = "example-state", state_key = "*", owner_id = "1001", repository_id = "2002" }
  }
  expect_failures = [var.github_actions]
}
