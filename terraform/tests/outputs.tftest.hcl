# What the root module hands to the runner: the contract of its outputs.

mock_provider "aws" {
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:us-east-1:123456789012:t" }
  }
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/p" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_s3_object" {
    defaults = {
      body = <<-EOT
        Name,Email,Phone,Department
        Fiona Miller,fiona@example.com,+15555550101,water
        Otto Kern,otto@example.com,,water
        Rosa Lind,,+15555550103,trash
      EOT
    }
  }
}

variables {
  contacts_csv = "s3://city-lists/contacts.csv"
  ledger       = false
  departments = {
    trash = {
      services = [" Illegal Dumping ", "Graffiti"]
      alerts = {
        notifications = { threshold = 30, protocols = ["sms", "email", "sms"] }
      }
    }
    water = {
      services = ["Water"]
      alerts = {
        critical = { threshold = 100, protocols = ["email"], subject = " Help fix water violations NOW! ", message = "{count} water issues\n" }
        extreme  = { threshold = 300, protocols = ["sms"], subject = "", message = "{count} water issues", sms = "{count} violations! RUN!" }
      }
    }
  }
  report_url = "https://reports.example.com/{yyyy}/{mm}/open.csv"
}

run "alerts_hold_all_that_the_runner_needs_by_topic_name" {
  command = apply
  override_resource {
    target = module.alert_topic["trash_notifications"].aws_sns_topic.this
    values = { arn = "arn:aws:sns:us-east-1:123456789012:trash_notifications" }
  }
  override_resource {
    target = module.alert_topic["water_critical"].aws_sns_topic.this
    values = { arn = "arn:aws:sns:us-east-1:123456789012:water_critical" }
  }
  override_resource {
    target = module.alert_topic["water_extreme"].aws_sns_topic.this
    values = { arn = "arn:aws:sns:us-east-1:123456789012:water_extreme" }
  }

  # Compared as JSON, which is how the runner gets it.
  assert {
    condition = jsonencode(output.alerts) == jsonencode({
      trash_notifications = {
        department = "trash"
        level      = "notifications"
        services   = ["Illegal Dumping", "Graffiti"]
        threshold  = 30
        protocols  = ["sms", "email"]
        topic_arn  = "arn:aws:sns:us-east-1:123456789012:trash_notifications"
        subject    = "{department} {level}: {count} open cases"
        message    = "{count} open cases for {services} in the report for {month}. The threshold of this alert is {threshold}."
        sms        = "{department} {level}: {count} open cases, threshold {threshold}"
      }
      water_critical = {
        department = "water"
        level      = "critical"
        services   = ["Water"]
        threshold  = 100
        protocols  = ["email"]
        topic_arn  = "arn:aws:sns:us-east-1:123456789012:water_critical"
        subject    = "Help fix water violations NOW!"
        message    = "{count} water issues"
        sms        = "{count} water issues"
      }
      water_extreme = {
        department = "water"
        level      = "extreme"
        services   = ["Water"]
        threshold  = 300
        protocols  = ["sms"]
        topic_arn  = "arn:aws:sns:us-east-1:123456789012:water_extreme"
        subject    = "{department} {level}: {count} open cases"
        message    = "{count} water issues"
        sms        = "{count} violations! RUN!"
      }
    })
    error_message = jsonencode(output.alerts)
  }
  assert {
    condition = jsonencode(output.coverage) == jsonencode({
      trash_notifications = { email = 0, sms = 1 }
      water_critical      = { email = 2 }
      water_extreme       = { sms = 1 }
    })
    error_message = jsonencode(output.coverage)
  }
  assert {
    condition     = output.report_url == "https://reports.example.com/{yyyy}/{mm}/open.csv"
    error_message = output.report_url
  }
  assert {
    condition     = output.runner_policy_arns == ["arn:aws:iam::123456789012:policy/p"]
    error_message = jsonencode(output.runner_policy_arns)
  }
  assert {
    condition = !can(regex(
      "(?i)fiona|otto|rosa|miller|kern|lind|@|\\+1|5555",
      jsonencode([output.alerts, output.coverage, output.report_url, output.runner_policy_arns]),
    ))
    error_message = "An output holds a name, an email or a phone number."
  }

  # https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html: no wildcard, no other topic.
  assert {
    condition = { for name, policy in aws_iam_policy.runner : name => jsonencode(jsondecode(policy.policy)) } == {
      backlog-alerts-runner-1 = jsonencode({
        Version = "2012-10-17"
        Statement = [{
          Sid    = "PublishAlerts"
          Effect = "Allow"
          Action = "sns:Publish"
          Resource = [
            "arn:aws:sns:us-east-1:123456789012:trash_notifications",
            "arn:aws:sns:us-east-1:123456789012:water_critical",
            "arn:aws:sns:us-east-1:123456789012:water_extreme",
          ]
        }]
      })
    }
    error_message = join("\n", [for policy in aws_iam_policy.runner : policy.policy])
  }
}

run "a_prefix_holds_two_installations_apart" {
  command = plan
  variables {
    name_prefix = "test-"
  }

  assert {
    condition     = keys(output.alerts) == ["test-trash_notifications", "test-water_critical", "test-water_extreme"]
    error_message = join(", ", keys(output.alerts))
  }
  assert {
    condition     = keys(output.coverage) == keys(output.alerts)
    error_message = join(", ", keys(output.coverage))
  }
  assert {
    condition     = [for policy in aws_iam_policy.runner : policy.name] == ["test-backlog-alerts-runner-1"]
    error_message = join(", ", keys(aws_iam_policy.runner))
  }
}

run "without_an_address_of_the_report_the_output_is_empty" {
  command = plan
  variables {
    report_url = ""
  }

  assert {
    condition     = output.report_url == ""
    error_message = output.report_url
  }
}
