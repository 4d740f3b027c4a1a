# The schedule that starts the function, and the queue for starts that failed.

data "aws_caller_identity" "current" {}

resource "aws_sqs_queue" "start_failed" {
  name                      = "${var.name}-start-failed"
  message_retention_seconds = 14 * 24 * 60 * 60
  sqs_managed_sse_enabled   = true
}

resource "aws_iam_role" "schedule" {
  name        = "${var.name}-schedule"
  description = "The schedule of the backlog alerts."

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "schedule" {
  name = "inline"
  role = aws_iam_role.schedule.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "StartCheck"
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = aws_lambda_function.check.arn
      },
      {
        Sid      = "KeepFailedEvents"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = aws_sqs_queue.start_failed.arn
      },
    ]
  })
}

resource "aws_scheduler_schedule" "check" {
  name                         = "${var.name}-check"
  description                  = "Starts the check of the backlog."
  schedule_expression          = var.expression
  schedule_expression_timezone = "UTC"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.check.arn
    role_arn = aws_iam_role.schedule.arn
    input    = "{}"

    retry_policy {
      maximum_retry_attempts       = 10
      maximum_event_age_in_seconds = 60 * 60
    }
    dead_letter_config {
      arn = aws_sqs_queue.start_failed.arn
    }
  }

  depends_on = [aws_iam_role_policy.schedule]
}
