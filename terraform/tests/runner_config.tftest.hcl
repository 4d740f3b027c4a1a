# What the root module hands to the runner: its configuration, and the rights that it needs for that.

mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  contacts_csv = "s3://city-lists/contacts.csv"
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
        extreme  = { threshold = "300", protocols = ["sms"], subject = "", message = "{count} water issues", sms = "{count} violations! RUN!" }
      }
    }
  }
}

override_resource {
  target = aws_sns_topic.operators
  values = { arn = "arn:aws:sns:us-east-1:123456789012:backlog-operators" }
}

run "with_the_defaults_it_holds_the_alerts_and_a_ledger" {
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
    condition = jsonencode(output.runner_config) == jsonencode({
      alerts = {
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
      }
      ledger_bucket       = "backlog-ledger-1"
      max_report_age_days = null
      notify_recovery     = false
      operators_topic_arn = null
      remind              = "month"
      report_url          = null
    })
    error_message = jsonencode(output.runner_config)
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
    condition     = output.ci_role_arns == {} && length(module.github_roles) + length(module.schedule) + length(aws_sns_topic.operators) + length(data.aws_kms_key.topics) == 0
    error_message = "Roles, a schedule, operators or a key are there, and nobody asked for them."
  }
  assert {
    condition = !can(regex(
      "(?i)fiona|otto|rosa|miller|kern|lind|@|\\+1|5555",
      jsonencode([output.runner_config, output.coverage, output.ci_role_arns, output.runner_policy_arns]),
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
          Action = ["sns:Publish"]
          Resource = [
            "arn:aws:sns:us-east-1:123456789012:trash_notifications",
            "arn:aws:sns:us-east-1:123456789012:water_critical",
            "arn:aws:sns:us-east-1:123456789012:water_extreme",
          ]
        }]
      })
      backlog-alerts-runner-shared = jsonencode({
        Version = "2012-10-17"
        Statement = [
          { Sid = "FindLedger", Effect = "Allow", Action = ["s3:ListBucket"], Resource = ["arn:aws:s3:::backlog-ledger-1"] },
          { Sid = "ReadOldLedger", Effect = "Allow", Action = ["s3:GetObject"], Resource = ["arn:aws:s3:::backlog-ledger-1/ledger/*"] },
          { Sid = "UseLedger", Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject"], Resource = ["arn:aws:s3:::backlog-ledger-1/ledger.json"] },
          { Sid = "UseTopicKey", Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey*"], Resource = ["*"], Condition = { StringLike = { "kms:ViaService" = ["sns.*.amazonaws.com"] } } },
        ]
      })
    }
    error_message = join("\n", [for policy in aws_iam_policy.runner : policy.policy])
  }
  assert {
    condition     = output.runner_policy_arns == ["arn:aws:iam::123456789012:policy/p", "arn:aws:iam::123456789012:policy/p"]
    error_message = jsonencode(output.runner_policy_arns)
  }
  assert {
    condition     = local._bucket_prefix == "backlog-ledger-"
    error_message = local._bucket_prefix
  }
}

# The bucket's other objects are nobody's business. The month of the report is not known beforehand.
run "what_is_set_is_in_it_and_a_prefix_keeps_two_installations_apart" {
  command = apply
  variables {
    github_actions      = { repository = "example-city/alerts", state_bucket = "example-state", owner_id = 1001, repository_id = 2002 }
    kms_key_arns        = ["arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/a", "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/b"]
    kms_key_id          = "alias/backlog-alerts"
    max_report_age_days = 1
    name_prefix         = "-City_of_Springfield-Public-Works_"
    not_run_alarm_days  = 7
    notify_recovery     = true
    operator_emails     = ["ana@example.com"]
    remind              = "never"
    report_url          = "s3://city-reports/{yyyy}/open-{mm}-{mon}.csv"
  }
  override_data {
    target = data.aws_partition.current
    values = { partition = "aws-us-gov" }
  }

  assert {
    condition = jsonencode({ for name, value in output.runner_config : name => value if name != "alerts" }) == jsonencode({
      ledger_bucket       = "backlog-ledger-1"
      max_report_age_days = 1
      notify_recovery     = true
      operators_topic_arn = "arn:aws:sns:us-east-1:123456789012:backlog-operators"
      remind              = "never"
      report_url          = "s3://city-reports/{yyyy}/open-{mm}-{mon}.csv"
    })
    error_message = jsonencode(output.runner_config)
  }
  assert {
    condition = alltrue([
      for topics in [keys(output.runner_config.alerts), keys(output.coverage)] :
      topics == [for topic in ["trash_notifications", "water_critical", "water_extreme"] : "-City_of_Springfield-Public-Works_${topic}"]
    ])
    error_message = join(", ", keys(output.runner_config.alerts))
  }
  assert {
    condition = {
      for name, policy in aws_iam_policy.runner :
      trimprefix(policy.name, "-City_of_Springfield-Public-Works_backlog-alerts-runner-") => [for statement in jsondecode(policy.policy).Statement : "${statement.Sid} ${join(" ", statement.Action)}"]
      } == {
      1 = ["PublishAlerts sns:Publish"]
      shared = [
        "FindLedger s3:ListBucket", "FindReport s3:ListBucket", "NotifyOperators sns:Publish", "ReadOldLedger s3:GetObject",
        "ReadReport s3:GetObject", "UseLedger s3:GetObject s3:PutObject", "UseObjectKeys kms:Decrypt",
        "UseTopicKey kms:Decrypt kms:GenerateDataKey*",
      ]
    }
    error_message = join("\n", [for policy in aws_iam_policy.runner : policy.policy])
  }
  assert {
    condition = {
      for statement in flatten([for policy in aws_iam_policy.runner : jsondecode(policy.policy).Statement]) : statement.Sid => statement.Resource
      if contains(["FindReport", "NotifyOperators", "ReadReport", "UseObjectKeys", "UseTopicKey"], statement.Sid)
      } == {
      FindReport      = ["arn:aws-us-gov:s3:::city-reports"]
      NotifyOperators = ["arn:aws:sns:us-east-1:123456789012:backlog-operators"]
      ReadReport      = ["arn:aws-us-gov:s3:::city-reports/????/open-??-???.csv"]
      UseObjectKeys   = ["arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/a", "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/b"]
      UseTopicKey     = ["arn:aws:kms:us-east-1:123456789012:key/k"]
    }
    error_message = join("\n", [for policy in aws_iam_policy.runner : policy.policy])
  }
  # Of the bucket, only the report's name may be listed. The keys are for S3 alone.
  assert {
    condition = {
      for statement in flatten([for policy in aws_iam_policy.runner : jsondecode(policy.policy).Statement]) : statement.Sid => jsonencode(statement.Condition)
      if can(statement.Condition)
      } == {
      FindReport    = "{\"StringLike\":{\"s3:prefix\":[\"????/open-??-???.csv\"]}}"
      UseObjectKeys = "{\"StringLike\":{\"kms:ViaService\":[\"s3.*.amazonaws.com\"]}}"
    }
    error_message = join("\n", [for policy in aws_iam_policy.runner : policy.policy])
  }
  # The boundary has the same rights, on all topics and on any bucket that may become the ledger's.
  assert {
    condition = local.boundary_statements == {
      FindLedger    = { Action = ["s3:ListBucket"], Resource = ["arn:aws-us-gov:s3:::city-of-springfield-p-backlog-ledger-*"] }
      FindReport    = { Action = ["s3:ListBucket"], Resource = ["arn:aws-us-gov:s3:::city-reports"], Condition = { StringLike = { "s3:prefix" = ["????/open-??-???.csv"] } } }
      PublishAlerts = { Action = ["sns:Publish"], Resource = ["arn:aws-us-gov:sns:*:*:-City_of_Springfield-Public-Works_*"] }
      ReadOldLedger = { Action = ["s3:GetObject"], Resource = ["arn:aws-us-gov:s3:::city-of-springfield-p-backlog-ledger-*/ledger/*"] }
      ReadReport    = { Action = ["s3:GetObject"], Resource = ["arn:aws-us-gov:s3:::city-reports/????/open-??-???.csv"] }
      UseLedger     = { Action = ["s3:GetObject", "s3:PutObject"], Resource = ["arn:aws-us-gov:s3:::city-of-springfield-p-backlog-ledger-*/ledger.json"] }
      UseObjectKeys = { Action = ["kms:Decrypt"], Resource = var.kms_key_arns, Condition = { StringLike = { "kms:ViaService" = ["s3.*.amazonaws.com"] } } }
      UseTopicKey   = { Action = ["kms:Decrypt", "kms:GenerateDataKey*"], Resource = ["arn:aws:kms:us-east-1:123456789012:key/k"] }
    }
    error_message = jsonencode(local.boundary_statements)
  }
  assert {
    condition     = data.aws_kms_key.topics[0].key_id == "alias/backlog-alerts" && aws_sns_topic.operators["this"].kms_master_key_id == "alias/backlog-alerts"
    error_message = "The topics have another key than the one that was set."
  }
  # S3: lower case, no underscore, a letter or digit first, and 37 characters before the provider's own.
  assert {
    condition     = local._bucket_prefix == "city-of-springfield-p-backlog-ledger-" && length(local._bucket_prefix) == 37
    error_message = "${local._bucket_prefix}: ${length(local._bucket_prefix)} characters"
  }
  assert {
    condition     = keys(output.ci_role_arns) == ["apply", "check", "plan"]
    error_message = jsonencode(output.ci_role_arns)
  }
}

run "without_a_ledger_there_is_no_bucket_and_operators_have_a_topic_that_alarms_may_use" {
  command = apply
  variables {
    ledger          = false
    operator_emails = [" Ana@example.com ", "bo@example.com"]
    report_url      = "../reports/{yyyy}-{mon}.csv"
  }

  assert {
    condition     = length(module.ledger) == 0 && output.runner_config.ledger_bucket == null && output.runner_config.report_url == "../reports/{yyyy}-{mon}.csv"
    error_message = "There is a bucket, or another address of the report."
  }
  assert {
    condition = jsonencode(jsondecode(aws_iam_policy.runner["backlog-alerts-runner-shared"].policy).Statement) == jsonencode([
      { Sid = "NotifyOperators", Effect = "Allow", Action = ["sns:Publish"], Resource = ["arn:aws:sns:us-east-1:123456789012:backlog-operators"] },
      { Sid = "UseTopicKey", Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey*"], Resource = ["*"], Condition = { StringLike = { "kms:ViaService" = ["sns.*.amazonaws.com"] } } },
    ])
    error_message = aws_iam_policy.runner["backlog-alerts-runner-shared"].policy
  }
  # Under the key of AWS, CloudWatch could not publish.
  assert {
    condition     = aws_sns_topic.operators["this"].name == "backlog-operators" && aws_sns_topic.operators["this"].kms_master_key_id == null
    error_message = "The topic has another name, or a key that lets no alarm in."
  }
  assert {
    condition = jsonencode(jsondecode(aws_sns_topic_policy.operators["this"].policy).Statement) == jsonencode([
      {
        Sid       = "AllowAlarms"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = "arn:aws:sns:us-east-1:123456789012:backlog-operators"
        Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
      },
      {
        Sid       = "DenyPlainHttp"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = "arn:aws:sns:us-east-1:123456789012:backlog-operators"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ])
    error_message = aws_sns_topic_policy.operators["this"].policy
  }
  # The keys are digests of the addresses as they are used: order and spelling change nothing.
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
}

# Texts need no invitation.
run "five_thousand_invitations_fit_the_quota" {
  command = plan
  variables {
    departments = {
      trash = { services = ["Illegal Dumping"], alerts = { high = { threshold = 30, protocols = ["sms"] } } }
      water = {
        services = ["Water"]
        alerts   = { for level in range(50) : format("level%02d", level) => { threshold = level, protocols = ["email"] } }
      }
    }
    ledger      = false
    name_prefix = "city-of-springfields-public-works-"
  }
  override_module {
    target  = module.alert_topic
    outputs = { arn = "arn:aws:sns:us-east-1:123456789012:t" }
  }
  override_data {
    target = data.aws_s3_object.contacts
    values = {
      body = <<-EOT
        Name,Email,Phone,Department
        Otto Kern,otto@example.com,+15555550102,trash
        %{~for ten in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]~}
        %{~for one in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}
        Person ${ten}${one},p${ten}${one}@example.com,,water
        %{~endfor~}
        %{~endfor~}
      EOT
    }
  }

  assert {
    condition     = local._email_invitations == 5000
    error_message = "${local._email_invitations} counted"
  }
  # A prefix that is cut at a dash keeps one dash.
  assert {
    condition     = local._bucket_prefix == "city-of-springfields-backlog-ledger-"
    error_message = local._bucket_prefix
  }
}

# A warning fails a run that does not expect it, so every other run of the root module proves that
# there is none without a cause.
run "one_invitation_more_and_alerts_that_reach_nobody_are_warnings" {
  command = plan
  variables {
    departments = {
      streets = { services = ["Pothole"], alerts = { high = { threshold = 100, protocols = ["email", "sms"] } } }
      trash = {
        services = ["Illegal Dumping"]
        # Otto has an email and no phone.
        alerts = {
          a_mail = { threshold = 30, protocols = ["sms", "email"] }
          b_text = { threshold = 30, protocols = ["sms"] }
          c_none = { threshold = 30, protocols = [] }
        }
      }
      water = {
        services = ["Water"]
        alerts   = { for level in range(50) : "level${level}" => { threshold = level, protocols = ["email"] } }
      }
    }
  }
  override_module {
    target  = module.alert_topic
    outputs = { arn = "arn:aws:sns:us-east-1:123456789012:t" }
  }
  override_data {
    target = data.aws_s3_object.contacts
    values = {
      body = <<-EOT
        Name,Email,Phone,Department
        Otto Kern,otto@example.com,,trash
        %{~for ten in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]~}
        %{~for one in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}
        Person ${ten}${one},p${ten}${one}@example.com,,water
        %{~endfor~}
        %{~endfor~}
      EOT
    }
  }

  expect_failures = [check.every_alert_reaches_somebody, check.invitations_fit_the_quota]
  assert {
    condition     = join(", ", local._without_people) == "streets_high, trash_b_text, trash_c_none"
    error_message = join(", ", local._without_people)
  }
  assert {
    condition     = local._email_invitations == 5001
    error_message = "${local._email_invitations} counted"
  }
}
