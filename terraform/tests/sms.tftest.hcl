# What is set for texts: the sender's name, the alarm about their costs, and the log of which arrived.

mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  contacts_csv = "s3://city-lists/contacts.csv"
  departments = {
    trash = { services = ["Illegal Dumping"], alerts = { notifications = { threshold = 30, protocols = ["email", "sms"] } } }
    water = {
      services = ["Water"]
      alerts = {
        critical = { threshold = 100, protocols = ["email"] }
        extreme  = { threshold = 300, protocols = ["sms"] }
      }
    }
  }
  ledger = false
}

override_module {
  target  = module.alert_topic
  outputs = { arn = "arn:aws:sns:us-east-1:123456789012:t" }
}
override_resource {
  target = aws_sns_topic.operators
  values = { arn = "arn:aws:sns:us-east-1:123456789012:backlog-operators" }
}

run "by_default_nothing_of_it_is_there" {
  command = plan
  variables {
    operator_emails = ["ops@example.com"]
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.sms) + length(aws_cloudwatch_log_group.sms) + length(aws_iam_role.sms) + length(aws_iam_role_policy.sms) + length(aws_sns_sms_preferences.sms) == 0
    error_message = "Something is there that nobody asked for."
  }
  assert {
    condition     = aws_sns_topic.operators["this"].display_name == null
    error_message = "The operators' topic has a name that nobody gave."
  }
}

run "the_least_of_everything" {
  command = apply
  variables {
    operator_emails   = ["ops@example.com"]
    sender_name       = "S"
    sms_log_days      = 1
    sms_monthly_limit = 1
  }

  assert {
    condition     = aws_sns_topic.operators["this"].display_name == "S"
    error_message = "Operators see another sender."
  }
  # Its state stays as it is while no texts are sent, so a new one does not say OK.
  assert {
    condition = jsonencode({ for alarm in aws_cloudwatch_metric_alarm.sms : alarm.alarm_name => [
      alarm.namespace, alarm.statistic, alarm.metric_name, alarm.dimensions, alarm.comparison_operator, alarm.threshold,
      alarm.evaluation_periods, alarm.period, alarm.treat_missing_data, alarm.alarm_actions, alarm.ok_actions,
      ] }) == jsonencode({ backlog-alerts-sms-costs = [
      "AWS/SNS", "Maximum", "SMSMonthToDateSpentUSD", null, "GreaterThanOrEqualToThreshold", 0.8,
      1, 300, "ignore", ["arn:aws:sns:us-east-1:123456789012:backlog-operators"], null,
    ] })
    error_message = "Another alarm."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.sms["this"].alarm_description == "Texts of this account have cost 80 % or more of 1 US dollars (sms_monthly_limit) this month. At its spend limit, AWS sends no more texts until the next month. Ask AWS Support for a higher SMS spend limit, then raise sms_monthly_limit, too. Or let fewer alerts send texts."
    error_message = aws_cloudwatch_metric_alarm.sms["this"].alarm_description
  }

  # Those of water_critical are not there: it sends no texts.
  assert {
    condition = { for group in aws_cloudwatch_log_group.sms : group.name => group.retention_in_days } == {
      "sns/us-east-1/123456789012/DirectPublishToPhoneNumber"         = 1
      "sns/us-east-1/123456789012/DirectPublishToPhoneNumber/Failure" = 1
      "sns/us-east-1/123456789012/trash_notifications"                = 1
      "sns/us-east-1/123456789012/trash_notifications/Failure"        = 1
      "sns/us-east-1/123456789012/water_extreme"                      = 1
      "sns/us-east-1/123456789012/water_extreme/Failure"              = 1
    }
    error_message = join(", ", keys(aws_cloudwatch_log_group.sms))
  }
  assert {
    condition = jsonencode([for statement in jsondecode(aws_iam_role.sms["this"].assume_role_policy).Statement : statement]) == jsonencode([{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "sns.amazonaws.com" }
      Condition = { StringEqualsIfExists = { "aws:SourceAccount" = "123456789012" } }
    }])
    error_message = aws_iam_role.sms["this"].assume_role_policy
  }
  assert {
    condition = jsonencode(jsondecode(aws_iam_role_policy.sms["this"].policy).Statement) == jsonencode([{
      Sid    = "LogTexts"
      Effect = "Allow"
      Action = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = [
        "arn:aws:logs:us-east-1:123456789012:log-group:sns/us-east-1/123456789012/DirectPublishToPhoneNumber*",
        "arn:aws:logs:us-east-1:123456789012:log-group:sns/us-east-1/123456789012/*_*",
      ]
    }])
    error_message = aws_iam_role_policy.sms["this"].policy
  }
  # The account's limit, sender and type are not ours to set.
  assert {
    condition = jsonencode([for prefs in aws_sns_sms_preferences.sms : [
      prefs.delivery_status_iam_role_arn, prefs.delivery_status_success_sampling_rate, prefs.default_sender_id,
      prefs.default_sms_type, prefs.usage_report_s3_bucket,
    ]]) == jsonencode([["arn:aws:iam::123456789012:role/r", "100", null, null, null]])
    error_message = jsonencode(aws_sns_sms_preferences.sms)
  }
}

run "the_most_of_everything" {
  command = apply
  variables {
    name_prefix       = "city-of-springfield-department-of-works-"
    operator_emails   = ["ops@example.com"]
    sender_name       = "City of St. Paul_Public-Works and Department of Sanitation 311 for all of its residents and visitors"
    sms_log_days      = 365
    sms_monthly_limit = 250
  }

  assert {
    condition     = length(var.name_prefix) == 40 && length(var.sender_name) == 100
    error_message = "There is room left."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.sms["this"].threshold == 200 && aws_cloudwatch_metric_alarm.sms["this"].alarm_name == "city-of-springfield-department-of-works-backlog-alerts-sms-costs"
    error_message = "Another alarm."
  }
  assert {
    condition = { for key, group in aws_cloudwatch_log_group.sms : key => group.retention_in_days if !endswith(key, "/Failure") } == {
      "DirectPublishToPhoneNumber"                                  = 365
      "city-of-springfield-department-of-works-trash_notifications" = 365
      "city-of-springfield-department-of-works-water_extreme"       = 365
    }
    error_message = join(", ", keys(aws_cloudwatch_log_group.sms))
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.sms["this"].policy).Statement[0].Resource[1] == "arn:aws:logs:us-east-1:123456789012:log-group:sns/us-east-1/123456789012/city-of-springfield-department-of-works-*_*"
    error_message = aws_iam_role_policy.sms["this"].policy
  }
}

run "a_limit_without_operators_is_a_warning_and_no_alarm" {
  command = plan
  variables {
    sms_monthly_limit = 1
  }

  expect_failures = [check.a_limit_for_texts_has_operators]
}

run "a_name_of_101_characters_a_prefix_that_leaves_no_room_for_the_role_and_no_dollar" {
  command = plan
  variables {
    name_prefix       = "city-of-springfield-department-of-works-x"
    sender_name       = "City of St. Paul_Public-Works and Department of Sanitation 311 for all of its residents and visitors1"
    sms_log_days      = 1
    sms_monthly_limit = 0
  }

  expect_failures = [var.sender_name, var.sms_log_days, var.sms_monthly_limit]
}

run "no_name_no_days_and_half_a_dollar" {
  command = plan
  variables {
    sender_name       = ""
    sms_log_days      = 0
    sms_monthly_limit = 0.5
  }

  expect_failures = [var.sender_name, var.sms_log_days, var.sms_monthly_limit]
}

run "a_name_with_an_accent_days_that_cloudwatch_does_not_know_and_parts_of_dollars" {
  command = plan
  variables {
    sender_name       = "Québec"
    sms_log_days      = 31
    sms_monthly_limit = 1.5
  }

  expect_failures = [var.sender_name, var.sms_log_days, var.sms_monthly_limit]
}

run "a_name_that_ends_with_a_space_more_than_a_year_and_less_than_nothing" {
  command = plan
  variables {
    sender_name       = "Springfield "
    sms_log_days      = 400
    sms_monthly_limit = -1
  }

  expect_failures = [var.sender_name, var.sms_log_days, var.sms_monthly_limit]
}

run "a_name_on_two_lines" {
  command = plan
  variables {
    sender_name = "Spring\nfield"
  }

  expect_failures = [var.sender_name]
}
