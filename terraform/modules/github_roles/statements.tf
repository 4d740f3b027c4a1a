# What each role may do: statements by Sid, each one an Allow.

data "aws_partition" "current" {}

locals {
  _prefix = "${var.name_prefix}backlog-alerts-ci-"
  _aws    = "arn:${data.aws_partition.current.partition}"

  _state_arn           = "${local._aws}:s3:::${var.repository.state_bucket}/${var.repository.state_key}"
  _runner_policies_arn = "${local._aws}:iam::*:policy/${var.name_prefix}backlog-alerts-runner-*"

  # What a schedule has, if there is one. An administrator makes it once. Plans read it from then on.
  _schedules         = var.schedule_name[*]
  _configuration_arn = "${var.ledger_bucket_arn}/config/runner_config.json"
  _schedule_arns = { for name in local._schedules : "this" => {
    alarms    = "${local._aws}:cloudwatch:*:*:alarm:${name}-*"
    dashboard = "${local._aws}:cloudwatch::*:dashboard/${name}"
    function  = "${local._aws}:lambda:*:*:function:${name}-check"
    logs      = "${local._aws}:logs:*:*:log-group:/aws/lambda/${name}-check"
    queues    = "${local._aws}:sqs:*:*:${name}-*-failed"
    role      = "${local._aws}:iam::*:role/${name}-check"
    schedule  = "${local._aws}:scheduler:*:*:schedule/default/${name}-check"
  } }

  _state_reads = {
    FindState = { Action = ["s3:ListBucket"], Resource = ["${local._aws}:s3:::${var.repository.state_bucket}"] }
    ReadState = { Action = ["s3:GetObject"], Resource = [local._state_arn] }
  }
  _contacts_reads = { for contacts in var.contacts[*] : "ReadContacts" => {
    Action   = ["s3:GetObject", "s3:GetObjectTagging"]
    Resource = ["${local._aws}:s3:::${contacts.bucket}/${contacts.key}"]
  } }
  _schedule_reads = merge([for arns in values(local._schedule_arns) : {
    ListAlarmsAndLogs = {
      # A plan asks for them by name. IAM allows such lists only as a whole.
      Action   = ["cloudwatch:DescribeAlarms", "logs:DescribeLogGroups"]
      Resource = ["*"]
    }
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
        "cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource", "logs:ListTagsForResource", "scheduler:GetSchedule",
        "sqs:GetQueueAttributes", "sqs:ListQueueTags",
      ]
      Resource = [arns.alarms, arns.dashboard, arns.logs, arns.queues, arns.schedule]
    }
  }]...)
  _reads = merge(local._state_reads, local._contacts_reads, var.read_statements, local._schedule_reads, {
    ReadLedgerBucket = {
      Action = [
        "s3:ListBucket", "s3:GetAccelerateConfiguration", "s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketLogging",
        "s3:GetBucketObjectLockConfiguration", "s3:GetBucketOwnershipControls", "s3:GetBucketPolicy",
        "s3:GetBucketPublicAccessBlock", "s3:GetBucketRequestPayment", "s3:GetBucketTagging", "s3:GetBucketVersioning",
        "s3:GetBucketWebsite", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration",
        "s3:GetReplicationConfiguration",
      ]
      Resource = [var.ledger_bucket_arn]
    }
    ReadPermissions = {
      Action = [
        "iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicyVersions", "iam:GetRole", "iam:ListRolePolicies",
        "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:GetOpenIDConnectProvider", "kms:DescribeKey",
      ]
      Resource = ["*"]
    }
    ReadTopics = {
      Action   = ["sns:GetTopicAttributes", "sns:GetSubscriptionAttributes", "sns:ListTagsForResource", "sns:ListSubscriptionsByTopic"]
      Resource = [var.topics_arn]
    }
  })

  # Roles, queues, log group and schedule stay an administrator's.
  _schedule_writes = merge([for arns in values(local._schedule_arns) : {
    ManageAlarmsAndDashboard = {
      Action   = ["cloudwatch:PutDashboard", "cloudwatch:PutMetricAlarm"]
      Resource = [arns.alarms, arns.dashboard]
    }
    UpdateCode         = { Action = ["lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"], Resource = [arns.function] }
    WriteConfiguration = { Action = ["s3:PutObject"], Resource = [local._configuration_arn] }
  }]...)
  _writes = merge(local._schedule_writes, {
    AttachRunnerPolicies = {
      Action = ["iam:AttachRolePolicy", "iam:DetachRolePolicy"]
      # Each of these roles has a boundary.
      Resource  = concat(["${local._aws}:iam::*:role/${local._prefix}check"], values(local._schedule_arns)[*].role)
      Condition = { ArnLike = { "iam:PolicyARN" = local._runner_policies_arn } }
    }
    EmptyLedgerBucket = { Action = ["s3:DeleteObject", "s3:DeleteObjectVersion"], Resource = ["${var.ledger_bucket_arn}/*"] }
    ManageLedgerBucket = {
      Action = [
        "s3:CreateBucket", "s3:DeleteBucket", "s3:ListBucketVersions", "s3:PutBucketOwnershipControls", "s3:PutBucketPolicy",
        "s3:DeleteBucketPolicy", "s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging", "s3:PutBucketVersioning",
        "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration",
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
    ManageTopics = {
      Action = [
        "sns:CreateTopic", "sns:DeleteTopic", "sns:SetTopicAttributes", "sns:TagResource", "sns:UntagResource",
        "sns:Subscribe", "sns:Unsubscribe", "sns:SetSubscriptionAttributes",
      ]
      Resource = [var.topics_arn]
    }
    WriteState = { Action = ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"], Resource = ["${local._state_arn}*"] }
  })

  statements = {
    apply = merge(local._reads, local._writes)
    check = local._state_reads
    plan  = local._reads
  }
}
