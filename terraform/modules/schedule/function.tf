# The function runs the same check as the command line, for each time of the schedule once.

resource "aws_cloudwatch_log_group" "check" {
  name              = "/aws/lambda/${var.name}-check"
  retention_in_days = 90
}

# Runs that failed with all their retries.
resource "aws_sqs_queue" "check_failed" {
  name                      = "${var.name}-check-failed"
  message_retention_seconds = 14 * 24 * 60 * 60
  sqs_managed_sse_enabled   = true
}

locals {
  # What the function needs as a function. What the check needs comes with the runner's policies.
  _own_statements = [
    {
      Sid      = "WriteLog"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.check.arn}:*"
    },
    {
      Sid      = "KeepWhatFailed"
      Effect   = "Allow"
      Action   = "sqs:SendMessage"
      Resource = aws_sqs_queue.check_failed.arn
    },
    {
      Sid      = "ReadConfiguration"
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = "${var.bucket.arn}/config/outputs.json"
    },
  ]
}

# Whoever may write the runner's policies (CI may) can't give the function more than this with them.
resource "aws_iam_policy" "boundary" {
  name        = "${var.name}-check-boundary"
  description = "The most that the function for backlog alerts may do."
  policy      = jsonencode({ Version = "2012-10-17", Statement = concat(local._own_statements, var.at_most) })
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
  name   = "work"
  role   = aws_iam_role.check.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local._own_statements })
}

resource "aws_iam_role_policy_attachment" "check" {
  for_each = var.policies

  role       = aws_iam_role.check.name
  policy_arn = each.value
}

resource "aws_lambda_function" "check" {
  function_name = "${var.name}-check"
  description   = "Reads the report, and alerts what is over its threshold."
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

  # It may not make its log group itself.
  depends_on = [aws_cloudwatch_log_group.check, aws_iam_role_policy.check]
}

resource "aws_lambda_function_event_invoke_config" "check" {
  function_name                = aws_lambda_function.check.function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 60 * 60

  # Not the function's own dead_letter_config: here, the message also says what the error was.
  destination_config {
    on_failure {
      destination = aws_sqs_queue.check_failed.arn
    }
  }

  # Lambda asks at once whether the role may write to the queue.
  depends_on = [aws_iam_role_policy.check]
}
