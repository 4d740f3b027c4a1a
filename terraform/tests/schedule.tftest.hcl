# The check on a schedule, from the root module: what is missing for a good one is a warning.

mock_provider "aws" {
  source = "./tests/aws"
}

# The code may be any file here.
variables {
  contacts_csv = "s3://city-lists/contacts.csv"
  departments = {
    trash = { services = ["Illegal Dumping"], alerts = { notifications = { threshold = 30, protocols = ["sms"] } } }
    water = {
      services = ["Water"]
      alerts = {
        critical = { threshold = 100, protocols = ["email"] }
        extreme  = { threshold = 300, protocols = ["sms"] }
      }
    }
  }
  package    = "tests/contacts_latin1.csv"
  report_url = "https://reports.example.com/{yyyy}/{mm}.csv"
}

override_module {
  target  = module.alert_topic
  outputs = { arn = "arn:aws:sns:us-east-1:123456789012:t" }
}

# Operators would be notified between two runs of a monthly schedule.
run "a_monthly_schedule_without_ledger_and_operators_has_three_warnings_and_a_bucket_for_its_configuration" {
  command = apply
  variables {
    ledger              = false
    schedule_expression = "cron(0 7 3 * ? *)"
  }

  expect_failures = [
    check.a_schedule_has_a_ledger,
    check.a_schedule_has_operators,
    check.a_schedule_runs_as_often_as_its_alarm_expects,
  ]
  assert {
    condition     = length(module.schedule) == 1 && length(module.ledger) == 1 && output.runner_config.ledger_bucket == null
    error_message = "The bucket is missing, or it is used as a ledger."
  }
  assert {
    condition     = keys(local._runner_statements["backlog-alerts-runner-shared"]) == ["UseTopicKey"]
    error_message = "There is a right to a ledger that does not exist."
  }
}

run "a_pause_as_long_as_the_alarm_waits_is_a_warning" {
  command = plan
  variables {
    operator_emails     = ["ops@example.com"]
    schedule_expression = "rate(2 days)"
  }

  expect_failures = [check.a_schedule_runs_as_often_as_its_alarm_expects]
}

# The names of roles and functions take 64 characters, 40 of them for the prefix.
run "a_shorter_pause_with_a_ledger_and_operators_has_no_warning" {
  command = plan
  variables {
    name_prefix         = "city-of-springfield-department-of-works-"
    not_run_alarm_days  = 3
    operator_emails     = ["ops@example.com"]
    schedule_expression = "rate(2 days)"
  }

  assert {
    condition     = length(var.name_prefix) == 40 && length(module.schedule) == 1
    error_message = "There is no schedule, or its prefix has room left."
  }
}
