# What each role may do: statements by Sid, each one an Allow.

data "aws_partition" "current" {}

locals {
  _prefix = "${var.name_prefix}backlog-alerts-ci-"
  _aws    = "arn:${data.aws_partition.current.partition}"

  _state_arn           = "${local._aws}:s3:::${var.repository.state_bucket}/${var.repository.state_key}"
  _runner_policies_arn = "${local._aws}:iam::*:policy/${var.name_prefix}backlog-alerts-runner-*"

  # An alarm and the logs of texts may be there without a schedule, too. Each topic has an underscore.
  _alarms_arn = "${local._aws}:cloudwatch:*:*:alarm:${var.name_prefix}backlog-*"
  _text_logs_arns = [
    for name in ["DirectPublishToPhoneNumber*", "${var.name_prefix}*_*"] : "${local._aws}:logs:*:*:log-group:sns/*/*/${name}"
  ]

  # What a schedule has, if there is one. An administrator makes it once. Plans read it from then on.
  _schedules         = var.schedule_name[*]
  _configuration_arn = "${var.ledger_bucket_arn}/config/runner_config.json"
  _schedule_arns = { for name in local._schedules : "this" => {
    dashboard     = "${local._aws}:cloudwatch::*:dashboard/${name}"
    function      = "${local._aws}:lambda:*:*:function:${name}-check"
    function_role = "${local._aws}:iam::*:role/${name}-check"
    logs          = "${local._aws}:logs:*:*:log-group:/aws/lambda/${name}-check"
    queues        = "${local._aws}:sqs:*:*:${name}-*-failed"
    schedule      = "${local._aws}:scheduler:*:*:schedule/default/${name}-check"
    schedule_role = "${local._aws}:iam::*:role/${name}-schedule"
  } }

  _state_reads = merge(var.key_statements.read, {
    FindState = { Action = ["s3:ListBucket"], Resource = ["${local._aws}:s3:::${var.repository.state_bucket}"] }
    ReadState = { Action = ["s3:GetObject"], Resource = [local._state_arn] }
  })
  _contacts_reads = merge([for contacts in var.contacts[*] : {
    # Without it, S3 denies access to a file that is not there.
    FindContacts = {
      Action    = ["s3:ListBucket"]
      Resource  = ["${local._aws}:s3:::${contacts.bucket}"]
      Condition = { StringEquals = { "s3:prefix" = [contacts.key] } }
    }
    ReadContacts = {
      Action   = ["s3:GetObject", "s3:GetObjectTagging"]
      Resource = ["${local._aws}:s3:::${contacts.bucket}/${contacts.key}"]
    }
  }]...)
  _schedule_reads = merge([for arns in values(local._schedule_arns) : {
    ReadConfiguration = { Action = ["s3:GetObject", "s3:GetObjectTagging"], Resource = [local._configuration_arn] }
    ReadFunction = {
      Action = [
        "lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig", "lambda:GetFunctionEventInvokeConfig", "lambda:ListTags",
        "lambda:ListVersionsByFunction",
      ]
      Resource = [arns.function]
    }
    ReadSchedule = {
      Action = [
        "cloudwatch:GetDashboard", "logs:ListTagsForResource", "scheduler:GetSchedule", "sqs:GetQueueAttributes", "sqs:ListQueueTags",
      ]
      Resource = [arns.dashboard, arns.logs, arns.queues, arns.schedule]
    }
  }]...)
  _reads = merge(local._state_reads, local._contacts_reads, var.read_statements, local._schedule_reads, {
    ListAlarmsAndLogs = {
      # A plan asks for them by name. IAM allows such lists only as a whole.
      Action   = ["cloudwatch:DescribeAlarms", "logs:DescribeLogGroups"]
      Resource = ["*"]
    }
    ReadAlarmsAndTextLogs = {
      Action   = ["cloudwatch:ListTagsForResource", "logs:ListTagsForResource"]
      Resource = concat([local._alarms_arn], local._text_logs_arns)
    }
    ReadLedgerBucket = {
      # A plan reads each part of a bucket's settings, with each version of the provider a few more.
      Action   = ["s3:Get*Configuration", "s3:GetBucket*", "s3:ListBucket", "s3:ListTagsForResource"]
      Resource = [var.ledger_bucket_arn]
    }
    ReadPermissions = {
      Action = [
        "iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicyVersions", "iam:GetRole", "iam:ListRolePolicies",
        "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:GetOpenIDConnectProvider", "kms:DescribeKey",
      ]
      Resource = ["*"]
    }
    # What the review asks about texts. It holds nobody's number, and no resource can be named for it.
    ReadTextFacts = {
      Action = [
        "cloudwatch:GetMetricStatistics", "sms-voice:DescribePhoneNumbers", "sms-voice:GetResourcePolicy",
        "sns:GetSMSAttributes", "sns:GetSMSSandboxAccountStatus", "sns:ListOriginationNumbers",
      ]
      Resource = ["*"]
    }
    ReadTopics = {
      Action   = ["sns:GetTopicAttributes", "sns:GetSubscriptionAttributes", "sns:ListTagsForResource", "sns:ListSubscriptionsByTopic"]
      Resource = [var.topics_arn]
    }
  })

  # Roles, boundaries, queues, the function's log, tags and the account's settings for texts stay an
  # administrator's.
  _schedule_writes = merge([for arns in values(local._schedule_arns) : {
    # An update names the schedule's role again. That can start the function, and no more.
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/security_iam_id-based-policy-examples.html
    PassScheduleRole = {
      Action    = ["iam:PassRole"]
      Resource  = [arns.schedule_role]
      Condition = { StringEquals = { "iam:PassedToService" = "scheduler.amazonaws.com" } }
    }
    PutDashboard       = { Action = ["cloudwatch:PutDashboard"], Resource = [arns.dashboard] }
    UpdateCode         = { Action = ["lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"], Resource = [arns.function] }
    UpdateSchedule     = { Action = ["scheduler:UpdateSchedule"], Resource = [arns.schedule] }
    WriteConfiguration = { Action = ["s3:PutObject"], Resource = [local._configuration_arn] }
  }]...)
  _writes = merge(local._schedule_writes, var.key_statements.write, {
    AttachRunnerPolicies = {
      Action = ["iam:AttachRolePolicy", "iam:DetachRolePolicy"]
      # Each of these roles has a boundary.
      Resource  = concat(["${local._aws}:iam::*:role/${local._prefix}check"], values(local._schedule_arns)[*].function_role)
      Condition = { ArnLike = { "iam:PolicyARN" = local._runner_policies_arn } }
    }
    EmptyLedgerBucket = { Action = ["s3:DeleteObject", "s3:DeleteObjectVersion"], Resource = ["${var.ledger_bucket_arn}/*"] }
    # An alarm is made with its tags, and so is a log group, and a bucket from version 6.23 of the provider on.
    ManageAlarms = {
      Action   = ["cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource"]
      Resource = [local._alarms_arn]
    }
    ManageLedgerBucket = {
      Action = [
        "s3:CreateBucket", "s3:DeleteBucket", "s3:ListBucketVersions", "s3:PutBucketOwnershipControls", "s3:PutBucketPolicy",
        "s3:DeleteBucketPolicy", "s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging", "s3:PutBucketVersioning",
        "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration", "s3:TagResource",
      ]
      Resource = [var.ledger_bucket_arn]
    }
    ManageRunnerPolicies = {
      Action = [
        "iam:CreatePolicy", "iam:DeletePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicyVersion",
        "iam:TagPolicy", "iam:UntagPolicy",
      ]
      Resource = [local._runner_policies_arn]
    }
    # A topic that sends texts has its own.
    ManageTextLogs = {
      Action   = ["logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:PutRetentionPolicy", "logs:TagResource"]
      Resource = local._text_logs_arns
    }
    ManageTopics = {
      Action = [
        "sns:CreateTopic", "sns:DeleteTopic", "sns:SetTopicAttributes", "sns:TagResource", "sns:UntagResource",
        "sns:Subscribe", "sns:Unsubscribe", "sns:SetSubscriptionAttributes",
      ]
      Resource = [var.topics_arn]
    }
    WriteState = { Action = ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"], Resource = ["${local._state_arn}*"] }
  })

  policies = {
    for name, statements in {
      apply          = merge(local._reads, local._writes)
      check          = local._state_reads
      check_boundary = merge(local._state_reads, var.boundary_statements)
      plan           = local._reads
    } :
    name => jsonencode({
      Version = "2012-10-17"
      Statement = [
        for sid, statement in statements : {
          # A statement of a variable has null where it has no condition.
          for field, value in merge({ Sid = sid, Effect = "Allow" }, statement) : field => value if value != null
        }
      ]
    })
  }
}
