# The check on a schedule: off by default, and what it takes to switch it on.

mock_provider "aws" {
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/city-backlog-alerts-check" }
  }
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/p" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/r", id = "r" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:city-backlog-alerts-check" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::backlog-ledger-1", id = "backlog-ledger-1" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:us-east-1:123456789012:backlog-operators" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_s3_object" {
    defaults = {
      body = <<-EOT
        Name,Email,Phone,Department
        Fiona Miller,fiona@example.com,+15555550101,water
        Rosa Lind,rosa@example.com,+15555550103,trash
      EOT
    }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:us-east-1:123456789012:q" }
  }
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
  operator_emails = ["ops@example.com"]
  package         = "tests/contacts_latin1.csv"
  report_url      = "https://reports.example.com/{yyyy}/{mm}.csv"
}

override_module {
  target  = module.alert_topic
  outputs = { arn = "arn:aws:sns:us-east-1:123456789012:t" }
}

run "without_the_variable_there_is_no_schedule_and_no_code_is_looked_for" {
  command = apply
  variables {
    ledger     = false
    package    = "not/there.zip"
    report_url = ""
  }

  assert {
    condition     = length(module.schedule) == 0 && length(module.ledger) == 0
    error_message = "A schedule or a bucket was made."
  }
}

run "a_schedule_without_a_ledger_has_the_bucket_for_its_configuration_and_a_warning" {
  command = apply
  variables {
    ledger              = false
    schedule_expression = "cron(0 7 * * ? *)"
  }

  expect_failures = [check.a_schedule_does_not_repeat_itself]
  assert {
    condition     = length(module.schedule) == 1 && length(module.ledger) == 1 && output.ledger_bucket == null
    error_message = "The bucket is missing, or named as a ledger."
  }
  assert {
    condition     = [for statement in local._shared_statements : statement.Sid] == ["TellOperators"]
    error_message = "There is a right to a ledger that there is not."
  }
}

# Compared as JSON, which is how the function gets it: the very form of terraform output -json.
run "the_configuration_holds_the_outputs" {
  command = apply
  variables {
    max_report_age_days = 40
    schedule_expression = "cron(0 7 * * ? *)"
  }

  assert {
    condition = jsonencode(jsondecode(local._configuration)) == jsonencode({
      alerts              = { value = output.alerts }
      ledger_bucket       = { value = output.ledger_bucket }
      max_report_age_days = { value = output.max_report_age_days }
      notify_recovery     = { value = output.notify_recovery }
      operators_topic_arn = { value = output.operators_topic_arn }
      remind              = { value = output.remind }
      report_url          = { value = output.report_url }
    })
    error_message = local._configuration
  }
  assert {
    condition     = !can(regex("(?i)fiona|rosa|@|555", local._configuration))
    error_message = "The configuration holds a person."
  }
  assert {
    condition     = jsonencode(local._thresholds) == jsonencode({ trash = { notifications = 30 }, water = { critical = 100, extreme = 300 } })
    error_message = jsonencode(local._thresholds)
  }
}

run "an_output_that_is_null_is_absent_from_the_configuration" {
  command = apply
  variables {
    ledger              = false
    operator_emails     = []
    schedule_expression = "cron(0 7 * * ? *)"
  }

  expect_failures = [check.a_schedule_does_not_repeat_itself, check.somebody_hears_when_the_watching_fails]
  assert {
    condition     = keys(jsondecode(local._configuration)) == ["alerts", "notify_recovery", "remind", "report_url"]
    error_message = local._configuration
  }
}

# What runs weekly or so would be reported between two runs as running no more.
run "a_monthly_schedule_is_a_warning" {
  command = plan
  variables {
    schedule_expression = "cron(0 7 3 * ? *)"
  }

  expect_failures = [check.the_schedule_is_as_frequent_as_its_alarm_expects]
}

run "a_pause_as_long_as_the_alarm_waits_is_a_warning" {
  command = plan
  variables {
    schedule_expression = "rate(2 days)"
  }

  expect_failures = [check.the_schedule_is_as_frequent_as_its_alarm_expects]
}

run "a_shorter_pause_is_none" {
  command = plan
  variables {
    schedule_expression = "rate(2 days)"
    not_run_alarm_days  = 3
  }
}

run "a_time_is_cron_or_rate" {
  command = plan
  variables {
    schedule_expression = "at(2026-03-01T07:00:00)"
  }

  expect_failures = [var.schedule_expression]
}

run "a_function_needs_to_know_where_the_report_is" {
  command = plan
  variables {
    report_url          = ""
    schedule_expression = "cron(0 7 * * ? *)"
  }

  expect_failures = [var.schedule_expression]
}

run "a_function_can_not_read_a_file_of_this_machine" {
  command = plan
  variables {
    report_url          = "file:///reports/{mm}.csv"
    schedule_expression = "cron(0 7 * * ? *)"
  }

  expect_failures = [var.schedule_expression]
}

run "the_code_must_have_been_packed" {
  command = plan
  variables {
    package             = "not/there.zip"
    schedule_expression = "cron(0 7 * * ? *)"
  }

  expect_failures = [var.schedule_expression]
}

run "a_folder_is_no_code" {
  command = plan
  variables {
    package             = "tests"
    schedule_expression = "cron(0 7 * * ? *)"
  }

  expect_failures = [var.schedule_expression]
}

run "a_prefix_leaves_room_for_the_names_of_roles" {
  command = plan
  variables {
    name_prefix         = "city-of-springfield-department-of-works-x"
    schedule_expression = "cron(0 7 * * ? *)"
  }

  expect_failures = [var.schedule_expression]
}

run "a_prefix_of_40_characters_has_room" {
  command = plan
  variables {
    name_prefix         = "city-of-springfield-department-of-works-"
    schedule_expression = "cron(0 7 * * ? *)"
  }
}

run "cloudwatch_looks_back_seven_days" {
  command = plan
  variables {
    not_run_alarm_days = 8
  }

  expect_failures = [var.not_run_alarm_days]
}

run "an_alarm_can_wait_seven_days" {
  command = plan
  variables {
    not_run_alarm_days = 7
  }
}

run "an_alarm_waits_whole_days" {
  command = plan
  variables {
    not_run_alarm_days = 1.5
  }

  expect_failures = [var.not_run_alarm_days]
}
