# What modules/schedule makes, in one run: a function with its schedule, its few rights and its alarms.

mock_provider "aws" {
  source = "./tests/aws"
}

override_resource {
  target = aws_sqs_queue.check_failed
  values = {
    arn = "arn:aws:sqs:us-east-1:123456789012:city-backlog-alerts-check-failed"
    url = "https://sqs.us-east-1.amazonaws.com/123456789012/city-backlog-alerts-check-failed"
  }
}
override_resource {
  target = aws_sqs_queue.start_failed
  values = {
    arn = "arn:aws:sqs:us-east-1:123456789012:city-backlog-alerts-start-failed"
    url = "https://sqs.us-east-1.amazonaws.com/123456789012/city-backlog-alerts-start-failed"
  }
}

# The code may be any file here.
variables {
  boundary_statements = {
    FindReport = { Action = ["s3:ListBucket"], Resource = ["arn:aws:s3:::city-reports"], Condition = { StringLike = { "s3:prefix" = ["*.csv"] } } }
    Publish    = { Action = ["sns:Publish"], Resource = ["arn:aws:sns:*:*:city-*"] }
  }
  bucket              = { name = "backlog-ledger-1", arn = "arn:aws:s3:::backlog-ledger-1" }
  configuration       = "{\"remind\":\"month\"}"
  departments         = { trash = { notifications = 30 }, water = { critical = 100, extreme = 300 } }
  expression          = "cron(0 7 * * ? *)"
  max_report_age_days = 40
  name                = "city-backlog-alerts"
  not_run_days        = 3
  operators_topic_arn = "arn:aws:sns:us-east-1:123456789012:backlog-operators"
  package             = "tests/contacts_latin1.csv"
  policies            = { runner-1 = "arn:aws:iam::123456789012:policy/runner-1", runner-shared = "arn:aws:iam::123456789012:policy/runner-shared" }
}

run "a_scheduled_check_has_a_function_queues_few_rights_alarms_and_a_dashboard" {
  command = apply
  module {
    source = "./modules/schedule"
  }

  assert {
    condition = jsonencode({
      name    = aws_lambda_function.check.function_name
      runtime = aws_lambda_function.check.runtime
      on      = aws_lambda_function.check.architectures
      handler = aws_lambda_function.check.handler
      memory  = aws_lambda_function.check.memory_size
      seconds = aws_lambda_function.check.timeout
      env     = aws_lambda_function.check.environment[0].variables
      hash    = aws_lambda_function.check.source_code_hash
      }) == jsonencode({
      name    = "city-backlog-alerts-check"
      runtime = "python3.13"
      on      = ["x86_64"]
      handler = "runner.handler.handler"
      memory  = 512
      seconds = 300
      env     = { BACKLOG_CONFIG = "s3://backlog-ledger-1/config/runner_config.json" }
      hash    = filebase64sha256("tests/contacts_latin1.csv")
    })
    error_message = "Another function."
  }
  assert {
    condition = (
      aws_lambda_function_event_invoke_config.check.function_name == "city-backlog-alerts-check"
      && aws_lambda_function_event_invoke_config.check.maximum_retry_attempts == 2
      && aws_lambda_function_event_invoke_config.check.maximum_event_age_in_seconds == 3600
      && aws_lambda_function_event_invoke_config.check.destination_config[0].on_failure[0].destination == aws_sqs_queue.check_failed.arn
    )
    error_message = "A run that failed is lost, or is not tried twice more."
  }
  assert {
    condition = (
      aws_s3_object.configuration.bucket == "backlog-ledger-1" && aws_s3_object.configuration.key == "config/runner_config.json"
      && aws_s3_object.configuration.content == "{\"remind\":\"month\"}" && aws_s3_object.configuration.content_type == "application/json"
      && aws_s3_object.configuration.etag == md5("{\"remind\":\"month\"}")
    )
    error_message = "The configuration is somewhere else, or is not the one that was given."
  }
  assert {
    condition     = aws_cloudwatch_log_group.check.name == "/aws/lambda/city-backlog-alerts-check" && aws_cloudwatch_log_group.check.retention_in_days == 90
    error_message = "Logs are somewhere else, or are kept for another time."
  }

  assert {
    condition = { for queue in [aws_sqs_queue.check_failed, aws_sqs_queue.start_failed] : queue.name => "${queue.message_retention_seconds} ${queue.sqs_managed_sse_enabled}" } == {
      city-backlog-alerts-check-failed = "1209600 true"
      city-backlog-alerts-start-failed = "1209600 true"
    }
    error_message = "Another queue."
  }
  assert {
    condition = (
      aws_scheduler_schedule.check.schedule_expression == "cron(0 7 * * ? *)"
      && aws_scheduler_schedule.check.schedule_expression_timezone == "UTC"
      && aws_scheduler_schedule.check.flexible_time_window[0].mode == "OFF"
      && aws_scheduler_schedule.check.target[0].arn == aws_lambda_function.check.arn
      && aws_scheduler_schedule.check.target[0].input == "{}"
      && aws_scheduler_schedule.check.target[0].retry_policy[0].maximum_retry_attempts == 10
      && aws_scheduler_schedule.check.target[0].retry_policy[0].maximum_event_age_in_seconds == 3600
      && aws_scheduler_schedule.check.target[0].dead_letter_config[0].arn == aws_sqs_queue.start_failed.arn
    )
    error_message = "Another schedule."
  }

  # Action by action. Contacts, other buckets and other topics are in none of these.
  assert {
    condition = jsonencode(jsondecode(aws_iam_role_policy.check.policy).Statement) == jsonencode([
      { Sid = "KeepFailedEvents", Effect = "Allow", Action = ["sqs:SendMessage"], Resource = ["arn:aws:sqs:us-east-1:123456789012:city-backlog-alerts-check-failed"] },
      { Sid = "ReadConfiguration", Effect = "Allow", Action = ["s3:GetObject"], Resource = ["arn:aws:s3:::backlog-ledger-1/config/runner_config.json"] },
      {
        Sid      = "WriteLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/city-backlog-alerts-check:*"]
      },
    ])
    error_message = aws_iam_role_policy.check.policy
  }
  # Whatever is written into the runner's policies, it can do no more than this.
  assert {
    condition = (
      aws_iam_role.check.permissions_boundary == aws_iam_policy.boundary.arn
      && [for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : "${statement.Effect} ${statement.Sid}${try(jsonencode(statement.Condition), "")}"] == [
        "Allow FindReport{\"StringLike\":{\"s3:prefix\":[\"*.csv\"]}}", "Allow KeepFailedEvents", "Allow Publish", "Allow ReadConfiguration", "Allow WriteLog",
      ]
    )
    error_message = aws_iam_policy.boundary.policy
  }
  assert {
    condition = { for name, one in aws_iam_role_policy_attachment.check : name => one.policy_arn } == {
      runner-1      = "arn:aws:iam::123456789012:policy/runner-1"
      runner-shared = "arn:aws:iam::123456789012:policy/runner-shared"
    }
    error_message = "The function does not have the policies of whoever runs the check."
  }
  assert {
    condition = jsonencode(jsondecode(aws_iam_role_policy.schedule.policy).Statement) == jsonencode([
      { Sid = "StartCheck", Effect = "Allow", Action = "lambda:InvokeFunction", Resource = "arn:aws:lambda:eu-west-1:123456789012:function:city-backlog-alerts-check" },
      { Sid = "KeepFailedEvents", Effect = "Allow", Action = "sqs:SendMessage", Resource = "arn:aws:sqs:us-east-1:123456789012:city-backlog-alerts-start-failed" },
    ])
    error_message = aws_iam_role_policy.schedule.policy
  }
  assert {
    condition = [
      for role in [aws_iam_role.check, aws_iam_role.schedule] : [for statement in jsondecode(role.assume_role_policy).Statement : "${statement.Principal.Service} ${jsonencode(try(statement.Condition, null))}"]
      ] == [
      ["lambda.amazonaws.com null"],
      ["scheduler.amazonaws.com {\"StringEquals\":{\"aws:SourceAccount\":\"123456789012\"}}"],
    ]
    error_message = "A role can be taken by somebody else."
  }

  assert {
    condition = {
      for key, alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name => join(" ", concat(
        [alarm.namespace, alarm.statistic, alarm.metric_name], values(alarm.dimensions),
        [alarm.comparison_operator, alarm.threshold, "in", alarm.evaluation_periods, "x", alarm.period, alarm.treat_missing_data],
      ))
      } == {
      city-backlog-alerts-check-failed = "AWS/SQS Maximum ApproximateNumberOfMessagesVisible city-backlog-alerts-check-failed GreaterThanThreshold 0 in 1 x 300 notBreaching"
      city-backlog-alerts-errors       = "AWS/Lambda Sum Errors city-backlog-alerts-check GreaterThanThreshold 0 in 1 x 300 notBreaching"
      city-backlog-alerts-start-failed = "AWS/SQS Maximum ApproximateNumberOfMessagesVisible city-backlog-alerts-start-failed GreaterThanThreshold 0 in 1 x 300 notBreaching"
      city-backlog-alerts-throttles    = "AWS/Lambda Sum Throttles city-backlog-alerts-check GreaterThanThreshold 0 in 1 x 300 notBreaching"
    }
    error_message = "Another alarm."
  }
  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.this), [aws_cloudwatch_metric_alarm.not_run]) : alarm.alarm_actions == toset(["arn:aws:sns:us-east-1:123456789012:backlog-operators"])])
    error_message = "An alarm notifies nobody."
  }
  # A new alarm of another kind would say OK at once.
  assert {
    condition = {
      for key, alarm in merge(aws_cloudwatch_metric_alarm.this, { not-run = aws_cloudwatch_metric_alarm.not_run }) : key => try(length(alarm.ok_actions), 0)
    } == { check-failed = 0, errors = 0, not-run = 1, start-failed = 0, throttles = 0 }
    error_message = "\"OK\" is sent where it means nothing, or is not sent where it does."
  }
  assert {
    condition = jsonencode({
      for key, alarm in merge(aws_cloudwatch_metric_alarm.this, { not-run = aws_cloudwatch_metric_alarm.not_run }) : key => split(" aws ", alarm.alarm_description)
      }) == jsonencode({
      check-failed = [
        "A run of the backlog check failed with all its tries. What failed is in the queue city-backlog-alerts-check-failed for 14 days, and until it is empty, this alarm stays on. To look:",
        "sqs receive-message --queue-url https://sqs.us-east-1.amazonaws.com/123456789012/city-backlog-alerts-check-failed. After the cause is fixed, to empty it:",
        "sqs purge-queue --queue-url https://sqs.us-east-1.amazonaws.com/123456789012/city-backlog-alerts-check-failed.",
      ]
      errors  = ["A run of the backlog check failed. Its log says why. It is tried up to twice more."]
      not-run = ["The backlog check has not run for 3 days, so nobody would be alerted. A new schedule says so, too, until its first run. Later, look at the schedule city-backlog-alerts-check."]
      start-failed = [
        "The schedule could not start the backlog check. What failed is in the queue city-backlog-alerts-start-failed for 14 days, and until it is empty, this alarm stays on. To look:",
        "sqs receive-message --queue-url https://sqs.us-east-1.amazonaws.com/123456789012/city-backlog-alerts-start-failed. After the cause is fixed, to empty it:",
        "sqs purge-queue --queue-url https://sqs.us-east-1.amazonaws.com/123456789012/city-backlog-alerts-start-failed.",
      ]
      throttles = ["Lambda had no room for the backlog check, because too much else runs in this account. It is tried again."]
    })
    error_message = "An alarm says something else."
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.not_run.alarm_name == "city-backlog-alerts-not-run"
      && aws_cloudwatch_metric_alarm.not_run.evaluation_periods == 3
      && aws_cloudwatch_metric_alarm.not_run.comparison_operator == "LessThanThreshold"
      && aws_cloudwatch_metric_alarm.not_run.threshold == 1
      && aws_cloudwatch_metric_alarm.not_run.treat_missing_data == "breaching"
      && toset([for query in aws_cloudwatch_metric_alarm.not_run.metric_query : "${query.id} ${coalesce(query.expression, "-")} ${coalesce(query.return_data, false)}"]) == toset(["runs FILL(started, 0) true", "started - false"])
      && [for metric in flatten([for query in aws_cloudwatch_metric_alarm.not_run.metric_query : query.metric]) : "${metric.namespace} ${metric.stat} ${metric.metric_name} ${metric.dimensions.FunctionName} ${metric.period}"] == ["AWS/Lambda Sum Invocations city-backlog-alerts-check 86400"]
    )
    error_message = jsonencode(aws_cloudwatch_metric_alarm.not_run.metric_query)
  }

  assert {
    condition = jsonencode([for chart in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : [chart.properties.metrics, chart.properties.annotations.horizontal, chart.properties.stat]]) == jsonencode([
      [[["BacklogAlerts", "Cases trash", "Function", "city-backlog-alerts-check"]], [{ label = "notifications", value = 30 }], "Maximum"],
      [[["BacklogAlerts", "Cases water", "Function", "city-backlog-alerts-check"]], [{ label = "critical", value = 100 }, { label = "extreme", value = 300 }], "Maximum"],
      [
        [
          ["BacklogAlerts", "Sent", "Function", "city-backlog-alerts-check"],
          ["BacklogAlerts", "Failed", "Function", "city-backlog-alerts-check"],
          ["BacklogAlerts", "Unknown", "Function", "city-backlog-alerts-check"],
        ], [], "Sum",
      ],
      [[["BacklogAlerts", "ReportAgeDays", "Function", "city-backlog-alerts-check"]], [{ label = "stale", value = 40 }], "Maximum"],
    ])
    error_message = aws_cloudwatch_dashboard.this.dashboard_body
  }
  assert {
    condition = [for chart in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : "${chart.x},${chart.y} ${chart.properties.title} ${chart.properties.region}"] == [
      "0,0 trash eu-west-1", "12,0 water eu-west-1", "0,6 Alerts eu-west-1", "12,6 Age of the report in days eu-west-1",
    ]
    error_message = aws_cloudwatch_dashboard.this.dashboard_body
  }
}

run "without_operators_alarms_notify_nobody_and_without_an_age_the_dashboard_has_no_line_for_it" {
  command = apply
  module {
    source = "./modules/schedule"
  }
  variables {
    max_report_age_days = null
    operators_topic_arn = null
  }

  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.this), [aws_cloudwatch_metric_alarm.not_run]) : length(alarm.alarm_actions) + try(length(alarm.ok_actions), 0) == 0])
    error_message = "An alarm notifies somebody who is not there."
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets[3].properties.annotations.horizontal == []
    error_message = aws_cloudwatch_dashboard.this.dashboard_body
  }
}
