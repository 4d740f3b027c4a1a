# The function runs the same check as the command line, once for each time of the schedule.

resource "aws_cloudwatch_log_group" "check" {
  name              = "/aws/lambda/${var.name}-check"
  retention_in_days = 90
}

# Events of runs that failed with all their retries.
resource "aws_sqs_queue" "check_failed" {
  name                      = "${var.name}-check-failed"
  message_retention_seconds = 14 * 24 * 60 * 60
  sqs_managed_sse_enabled   = true
}

locals {
  # What any function with this configuration needs. The runner's policies have what the check needs.
  _own_statements = {
    KeepFailedEvents  = { Action = ["sqs:SendMessage"], Resource = [aws_sqs_queue.check_failed.arn] }
    ReadConfiguration = { Action = ["s3:GetObject"], Resource = ["${var.bucket.arn}/config/runner_config.json"] }
    WriteLog          = { Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = ["${aws_cloudwatch_log_group.check.arn}:*"] }
  }
  _policies = {
    for name, statements in { boundary = merge(local._own_statements, var.boundary_statements), own = local._own_statements } :
    name => jsonencode({
      Version = "2012-10-17"
      Statement = [
        for sid, statement in statements : {
          # One without a condition has null there.
          for name, value in merge({ Sid = sid, Effect = "Allow" }, statement) : name => value if value != null
        }
      ]
    })
  }
}

# Whoever may write the runner's policies, such as CI, can't give the function more than this.
resource "aws_iam_policy" "boundary" {
  name        = "${var.name}-check-boundary"
  description = "The most that the function for backlog alerts may do."
  policy      = local._policies.boundary
}

resource "aws_iam_role" "check" {
  name                 = "${var.name}-check"
  description          = "The function for backlog alerts."
  permissions_boundary = aws_iam_policy.boundary.arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "check" {
  name   = "inline"
  role   = aws_iam_role.check.id
  policy = local._policies.own
}

resource "aws_iam_role_policy_attachment" "check" {
  for_each = var.policies

  role       = aws_iam_role.check.name
  policy_arn = each.value
}

resource "aws_lambda_function" "check" {
  function_name = "${var.name}-check"
  description   = "Reads the report, and alerts about what is over its threshold."
  role          = aws_iam_role.check.arn

  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  runtime          = "python3.13"
  architectures    = ["x86_64"]
  handler          = "runner.handler.handler"
  memory_size      = 512
  timeout          = 300

  environment {
    variables = {
      BACKLOG_CONFIG = "s3://${var.bucket.name}/${aws_s3_object.configuration.key}"
    }
  }

  # The function may not create its log group.
  depends_on = [aws_cloudwatch_log_group.check, aws_iam_role_policy.check]
}

resource "aws_lambda_function_event_invoke_config" "check" {
  function_name                = aws_lambda_function.check.function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 60 * 60

  # Unlike the function's own dead_letter_config, this message says what the error was.
  destination_config {
    on_failure {
      destination = aws_sqs_queue.check_failed.arn
    }
  }

  # Lambda checks at once whether the role may write to the queue.
  depends_on = [aws_iam_role_policy.check]
}
