# What whoever runs the check may do, and nothing else.
#
# The topics are replaced, so that a plan knows their ARNs.

mock_provider "aws" {
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/p" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-east-1:123456789012:key/k" }
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
    trash = { services = ["Illegal Dumping"], alerts = { notifications = { threshold = 30, protocols = ["sms"] } } }
    water = { services = ["Water"], alerts = { critical = { threshold = 100, protocols = ["email"] } } }
  }
}

override_module {
  target  = module.alert_topic
  outputs = { arn = "arn:aws:sns:us-east-1:123456789012:t" }
}

# The bucket's other objects are nobody's business; the month is not known beforehand.
run "a_report_on_s3_may_be_read_whatever_its_month" {
  command = plan
  variables {
    report_url = "s3://city-reports/{yyyy}/open-{mm}-{mon}.csv"
  }
  override_module {
    target  = module.alert_topic
    outputs = { arn = "arn:aws-us-gov:sns:us-gov-west-1:123456789012:t" }
  }
  override_data {
    target = data.aws_partition.current
    values = { partition = "aws-us-gov" }
  }

  assert {
    condition = jsonencode(jsondecode(aws_iam_policy.runner["backlog-alerts-runner-1"].policy).Statement[1]) == jsonencode({
      Sid      = "ReadReport"
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = "arn:aws-us-gov:s3:::city-reports/*/open-*-*.csv"
    })
    error_message = aws_iam_policy.runner["backlog-alerts-runner-1"].policy
  }
  assert {
    condition     = length(jsondecode(aws_iam_policy.runner["backlog-alerts-runner-1"].policy).Statement) == 2
    error_message = aws_iam_policy.runner["backlog-alerts-runner-1"].policy
  }
}

run "under_a_key_of_ones_own_the_runner_may_use_that_key" {
  command = plan
  variables {
    kms_key_id = "alias/backlog-alerts"
  }

  assert {
    condition     = data.aws_kms_key.topics[0].key_id == "alias/backlog-alerts"
    error_message = "The key looked up is not the one of the topics."
  }
  assert {
    condition = jsonencode([for statement in jsondecode(aws_iam_policy.runner["backlog-alerts-runner-1"].policy).Statement : statement if statement.Sid != "PublishAlerts"]) == jsonencode([{
      Sid      = "UseTopicKey"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey*"]
      Resource = "arn:aws:kms:us-east-1:123456789012:key/k"
    }])
    error_message = aws_iam_policy.runner["backlog-alerts-runner-1"].policy
  }
}

# The key AWS manages for SNS lets every publisher in; looking it up would cost a permission.
run "under_the_key_of_aws_nothing_is_looked_up" {
  command = plan

  assert {
    condition     = length(data.aws_kms_key.topics) == 0 && var.kms_key_id == "alias/aws/sns"
    error_message = "The default key needs no lookup."
  }
}

# A policy takes 6,144 characters.
run "fifty_topics_fit_one_policy" {
  command = plan
  variables {
    departments = {
      trash = {
        services = ["Illegal Dumping"]
        alerts   = { for level in range(50) : format("level%02d", level) => { threshold = level, protocols = ["sms"] } }
      }
      water = { services = ["Water"], alerts = { critical = { threshold = 100, protocols = ["email"] } } }
    }
  }

  assert {
    condition     = { for name, policy in aws_iam_policy.runner : name => length(jsondecode(policy.policy).Statement[0].Resource) } == { backlog-alerts-runner-1 = 50, backlog-alerts-runner-2 = 1 }
    error_message = jsonencode([for policy in aws_iam_policy.runner : policy.policy])
  }
  assert {
    condition     = flatten(values(local._policy_topics)) == keys(output.alerts) && length(output.alerts) == 51
    error_message = "The policies together do not name every topic once."
  }
}
