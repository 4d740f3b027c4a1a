# Alarms for the check itself. Each one notifies the operators, if there are any.

locals {
  _operators = var.operators_topic_arn == null ? [] : [var.operators_topic_arn]

  _function = { FunctionName = aws_lambda_function.check.function_name }
  # A queue keeps its alarm on until somebody empties it.
  _in_a_queue = {
    for name, queue in { check-failed = aws_sqs_queue.check_failed, start-failed = aws_sqs_queue.start_failed } :
    name => join(" ", [
      "What failed is in the queue ${queue.name} for 14 days, and until it is empty, this alarm stays on.",
      "To look: aws sqs receive-message --queue-url ${queue.url}.",
      "After the cause is fixed, to empty it: aws sqs purge-queue --queue-url ${queue.url}.",
    ])
  }
  _alarms = {
    check-failed = {
      description = "A run of the backlog check failed with all its tries. ${local._in_a_queue.check-failed}"
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      statistic   = "Maximum"
      dimensions  = { QueueName = aws_sqs_queue.check_failed.name }
    }
    errors = {
      description = "A run of the backlog check failed. Its log says why. It is tried up to twice more."
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      statistic   = "Sum"
      dimensions  = local._function
    }
    start-failed = {
      description = "The schedule could not start the backlog check. ${local._in_a_queue.start-failed}"
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      statistic   = "Maximum"
      dimensions  = { QueueName = aws_sqs_queue.start_failed.name }
    }
    throttles = {
      description = "Lambda had no room for the backlog check, because too much else runs in this account. It is tried again."
      namespace   = "AWS/Lambda"
      metric      = "Throttles"
      statistic   = "Sum"
      dimensions  = local._function
    }
  }
}

# None of these says OK. A new alarm would say it at once, and after a failed run five minutes without
# another fix nothing.
resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local._alarms

  alarm_name        = "${var.name}-${each.key}"
  alarm_description = each.value.description

  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"

  alarm_actions = local._operators
}

# A function that isn't started has no data at all. CloudWatch looks for older data before it counts
# missing data as breaching, which would cost days. So the days without a run are filled with 0.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
resource "aws_cloudwatch_metric_alarm" "not_run" {
  alarm_name = "${var.name}-not-run"
  alarm_description = join(" ", [
    "The backlog check has not run for ${var.not_run_days} days, so nobody would be alerted.",
    "A new schedule says so, too, until its first run. Later, look at the schedule ${var.name}-check.",
  ])

  evaluation_periods  = var.not_run_days
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"

  metric_query {
    id          = "runs"
    expression  = "FILL(started, 0)"
    label       = "Runs in a day"
    return_data = true
  }
  metric_query {
    id = "started"

    metric {
      namespace   = "AWS/Lambda"
      metric_name = "Invocations"
      dimensions  = local._function
      stat        = "Sum"
      period      = 24 * 60 * 60
    }
  }

  # A new alarm begins with ALARM: nothing has run yet. So OK always means that the check runs now.
  alarm_actions = local._operators
  ok_actions    = local._operators
}
