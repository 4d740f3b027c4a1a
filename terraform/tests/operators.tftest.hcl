# Those who hear when the watching itself fails: a topic of their own, and their addresses nowhere.

mock_provider "aws" {
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/p" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:us-east-1:123456789012:backlog-operators" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-east-1:123456789012:key/k" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_s3_object" {
    defaults = { body = "Name,Email,Phone,Department\nFiona Miller,fiona@example.com,+15555550101,water\n" }
  }
}

variables {
  contacts_csv = "s3://city-lists/contacts.csv"
  ledger       = false
  departments = {
    water = { services = ["Water"], alerts = { critical = { threshold = 100, protocols = ["email"] } } }
  }
}

override_module {
  target  = module.alert_topic
  outputs = { arn = "arn:aws:sns:us-east-1:123456789012:t" }
}

run "without_operators_there_is_no_topic_of_theirs" {
  command = apply

  assert {
    condition     = length(aws_sns_topic.operators) + length(aws_sns_topic_policy.operators) + length(aws_sns_topic_subscription.operators) == 0 && output.operators_topic_arn == null
    error_message = "There is a topic that nobody hears."
  }
}

run "operators_have_a_topic_to_which_alarms_of_this_account_may_publish" {
  command = apply
  variables {
    name_prefix     = "city_"
    operator_emails = [" Ana@example.com ", "bo@example.com"]
  }

  assert {
    condition     = aws_sns_topic.operators["this"].name == "city_backlog-operators" && output.operators_topic_arn == "arn:aws:sns:us-east-1:123456789012:backlog-operators"
    error_message = aws_sns_topic.operators["this"].name
  }
  # Under the key of AWS, CloudWatch could not publish.
  assert {
    condition     = aws_sns_topic.operators["this"].kms_master_key_id == null
    error_message = "The topic is encrypted under a key that lets no alarm in."
  }
  assert {
    condition = jsonencode(jsondecode(aws_sns_topic_policy.operators["this"].policy).Statement) == jsonencode([
      {
        Sid       = "LetAlarmsPublish"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = "arn:aws:sns:us-east-1:123456789012:backlog-operators"
        Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
      },
      {
        Sid       = "RefusePlainHttp"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = "arn:aws:sns:us-east-1:123456789012:backlog-operators"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ])
    error_message = aws_sns_topic_policy.operators["this"].policy
  }
  # Digests of the addresses as they are used: the order of the list and its spelling change nothing.
  assert {
    condition = {
      for key, one in aws_sns_topic_subscription.operators : key => "${one.protocol} ${nonsensitive(one.endpoint)}"
      } == {
      (substr(sha256("ana@example.com"), 0, 12)) = "email ana@example.com"
      (substr(sha256("bo@example.com"), 0, 12))  = "email bo@example.com"
    }
    error_message = join(", ", keys(aws_sns_topic_subscription.operators))
  }
  assert {
    condition     = alltrue([for one in aws_sns_topic_subscription.operators : issensitive(one.endpoint)])
    error_message = "An endpoint is not sensitive."
  }
  # Whoever runs the check tells them what it found.
  assert {
    condition = jsonencode(jsondecode(aws_iam_policy.runner["city_backlog-alerts-runner-shared"].policy).Statement) == jsonencode([
      { Sid = "TellOperators", Effect = "Allow", Action = "sns:Publish", Resource = "arn:aws:sns:us-east-1:123456789012:backlog-operators" },
    ])
    error_message = join(", ", keys(aws_iam_policy.runner))
  }
}

run "under_a_key_of_ones_own_the_topic_is_encrypted" {
  command = plan
  variables {
    kms_key_id      = "alias/backlog-alerts"
    operator_emails = ["ana@example.com"]
  }

  assert {
    condition     = aws_sns_topic.operators["this"].kms_master_key_id == "alias/backlog-alerts"
    error_message = "It is under another key, or none."
  }
}

run "an_address_that_can_not_work_is_refused" {
  command = plan
  variables {
    operator_emails = ["ana@example.com", "bo@example.com,cy@example.com"]
  }

  expect_failures = [var.operator_emails]
}

run "an_empty_address_is_refused" {
  command = plan
  variables {
    operator_emails = ["ana@example.com", null]
  }

  expect_failures = [var.operator_emails]
}

run "one_address_twice_is_refused_however_it_is_written" {
  command = plan
  variables {
    operator_emails = ["ana@example.com", "bo@example.com", " Ana@Example.com"]
  }

  expect_failures = [var.operator_emails]
}
