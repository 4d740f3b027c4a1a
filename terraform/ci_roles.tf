# Roles for GitHub Actions, through OIDC: no key is stored anywhere. Off unless github_actions is set.
# They are made by hand, with an administrator's credentials, and the applier can't change them.

locals {
  _github = var.github_actions == null ? {} : { this = var.github_actions }

  # Who may take a role: GitHub's name for the run (the claim "sub").
  # https://docs.github.com/actions/security-for-github-actions/security-hardening-your-deployments/about-security-hardening-with-openid-connect
  _ci_subjects = merge([
    for github in values(local._github) : {
      plan  = ["repo:${github.repository}:pull_request", "repo:${github.repository}:ref:refs/heads/${github.branch}"]
      apply = ["repo:${github.repository}:environment:${github.environment}"]
      check = ["repo:${github.repository}:ref:refs/heads/${github.branch}"]
    }
  ]...)

  _ci_prefix  = "${var.name_prefix}backlog-alerts-ci-"
  _topics_arn = "arn:${data.aws_partition.current.partition}:sns:*:*:${var.name_prefix}*"
  _runner_policies_arn = (
    "arn:${data.aws_partition.current.partition}:iam::*:policy/${var.name_prefix}backlog-alerts-runner-*"
  )

  _ledger_arn = "arn:${data.aws_partition.current.partition}:s3:::${local._bucket_prefix}*"

  # Reading: the state, the contacts where they are on S3, and what a plan compares with.
  _ci_reads = [
    for github in values(local._github) : [
      {
        Sid      = "ReadState"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = "arn:${data.aws_partition.current.partition}:s3:::${github.state_bucket}/${github.state_key}"
      },
      {
        Sid      = "FindState"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = "arn:${data.aws_partition.current.partition}:s3:::${github.state_bucket}"
      },
    ]
  ]
  _contacts_reads = local._contacts_s3 == null ? [] : [{
    Sid      = "ReadContacts"
    Effect   = "Allow"
    Action   = ["s3:GetObject", "s3:GetObjectTagging"]
    Resource = "arn:${data.aws_partition.current.partition}:s3:::${local._contacts_s3.bucket}/${local._contacts_s3.key}"
  }]
  _plan_reads = [
    {
      Sid      = "ReadTopics"
      Effect   = "Allow"
      Action   = ["sns:GetTopicAttributes", "sns:GetSubscriptionAttributes", "sns:ListTagsForResource", "sns:ListSubscriptionsByTopic"]
      Resource = local._topics_arn
    },
    {
      Sid    = "ReadPermissions"
      Effect = "Allow"
      Action = [
        "iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicyVersions", "iam:GetRole", "iam:ListRolePolicies",
        "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:GetOpenIDConnectProvider", "kms:DescribeKey",
      ]
      Resource = "*"
    },
    {
      Sid    = "ReadLedgerBucket"
      Effect = "Allow"
      Action = [
        "s3:ListBucket", "s3:GetAccelerateConfiguration", "s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketLogging",
        "s3:GetBucketObjectLockConfiguration", "s3:GetBucketOwnershipControls", "s3:GetBucketPolicy",
        "s3:GetBucketPublicAccessBlock", "s3:GetBucketRequestPayment", "s3:GetBucketTagging", "s3:GetBucketVersioning",
        "s3:GetBucketWebsite", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration",
        "s3:GetReplicationConfiguration",
      ]
      Resource = local._ledger_arn
    },
  ]

  # The schedule's own: made by hand, like the roles here, and from then on read with each plan.
  _check_arns = {
    for service, resource in { lambda = "function:", logs = "log-group:/aws/lambda/", scheduler = "schedule/default/" } :
    service => "arn:${data.aws_partition.current.partition}:${service}:*:*:${resource}${local._schedule_name}-check"
  }
  _dashboard_arn = "arn:${data.aws_partition.current.partition}:cloudwatch::*:dashboard/${local._schedule_name}"
  _alarms_arn    = "arn:${data.aws_partition.current.partition}:cloudwatch:*:*:alarm:${local._schedule_name}-*"
  _schedule_reads = flatten([
    for expression in values(local._schedules) : [
      {
        Sid      = "ReadConfiguration"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectTagging"]
        Resource = "${local._ledger_arn}/config/outputs.json"
      },
      {
        Sid    = "ReadFunction"
        Effect = "Allow"
        Action = [
          "lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig", "lambda:GetFunctionEventInvokeConfig", "lambda:ListTags",
          "lambda:ListVersionsByFunction",
        ]
        Resource = local._check_arns.lambda
      },
      {
        Sid    = "ReadSchedule"
        Effect = "Allow"
        Action = [
          "cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource", "logs:ListTagsForResource", "scheduler:GetSchedule",
          "sqs:GetQueueAttributes", "sqs:ListQueueTags",
        ]
        Resource = [
          local._dashboard_arn, local._alarms_arn, local._check_arns.logs, local._check_arns.scheduler,
          "arn:${data.aws_partition.current.partition}:sqs:*:*:${local._schedule_name}-*-failed",
        ]
      },
      {
        Sid    = "ListWhatWatches"
        Effect = "Allow"
        # Lists are asked for by name, and permitted as a whole.
        Action   = ["cloudwatch:DescribeAlarms", "logs:DescribeLogGroups"]
        Resource = "*"
      },
    ]
  ])
  # The roles, the queues, the log group and the schedule itself stay an administrator's.
  _schedule_writes = flatten([
    for expression in values(local._schedules) : [
      {
        Sid      = "KeepConfiguration"
        Effect   = "Allow"
        Action   = "s3:PutObject"
        Resource = "${local._ledger_arn}/config/outputs.json"
      },
      {
        Sid      = "KeepCode"
        Effect   = "Allow"
        Action   = ["lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"]
        Resource = local._check_arns.lambda
      },
      {
        Sid      = "KeepDashboardAndAlarms"
        Effect   = "Allow"
        Action   = ["cloudwatch:PutDashboard", "cloudwatch:PutMetricAlarm"]
        Resource = [local._dashboard_arn, local._alarms_arn]
      },
    ]
  ])

  # The most that a check may do, whatever policies it is given. The applier writes those.
  _check_at_most = concat(
    local._report_reads,
    [
      {
        Sid      = "Publish"
        Effect   = "Allow"
        Action   = "sns:Publish"
        Resource = local._topics_arn
      },
      {
        Sid      = "FindEntries"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = local._ledger_arn
      },
      {
        Sid      = "KeepEntries"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = "${local._ledger_arn}/ledger/*"
      },
    ],
    local._key_statements,
  )

  _all_reads = concat(
    flatten(local._ci_reads), local._contacts_reads, local._report_reads, local._plan_reads, local._schedule_reads,
  )
  _ci_statements = {
    plan = local._all_reads
    apply = concat(local._all_reads, local._schedule_writes, [
      {
        Sid    = "KeepTopics"
        Effect = "Allow"
        Action = [
          "sns:CreateTopic", "sns:DeleteTopic", "sns:SetTopicAttributes", "sns:TagResource", "sns:UntagResource",
          "sns:Subscribe", "sns:Unsubscribe", "sns:SetSubscriptionAttributes",
        ]
        Resource = local._topics_arn
      },
      {
        Sid    = "KeepRunnerPolicies"
        Effect = "Allow"
        Action = [
          "iam:CreatePolicy", "iam:DeletePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicyVersion",
          "iam:TagPolicy", "iam:UntagPolicy",
        ]
        Resource = local._runner_policies_arn
      },
      {
        Sid    = "LetTheCheckRun"
        Effect = "Allow"
        Action = ["iam:AttachRolePolicy", "iam:DetachRolePolicy"]
        # Both have a boundary.
        Resource = [
          for role in concat(["${local._ci_prefix}check"], [for schedule in keys(local._schedules) : "${local._schedule_name}-check"]) :
          "arn:${data.aws_partition.current.partition}:iam::*:role/${role}"
        ]
        Condition = { ArnLike = { "iam:PolicyARN" = local._runner_policies_arn } }
      },
      {
        Sid    = "KeepLedgerBucket"
        Effect = "Allow"
        Action = [
          "s3:CreateBucket", "s3:DeleteBucket", "s3:ListBucketVersions", "s3:PutBucketOwnershipControls", "s3:PutBucketPolicy",
          "s3:DeleteBucketPolicy", "s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging", "s3:PutBucketVersioning",
          "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration",
        ]
        Resource = local._ledger_arn
      },
      {
        Sid      = "EmptyLedgerBucket"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
        Resource = "${local._ledger_arn}/*"
      },
      ], [
      for github in values(local._github) : {
        Sid      = "WriteState"
        Effect   = "Allow"
        Action   = ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"]
        Resource = "arn:${data.aws_partition.current.partition}:s3:::${github.state_bucket}/${github.state_key}*"
      }
    ])
    check = flatten(local._ci_reads)
  }
}

resource "aws_iam_openid_connect_provider" "github" {
  for_each = { for key, github in local._github : key => github if github.oidc_provider_arn == null }

  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "ci" {
  for_each = local._ci_subjects

  name        = "${local._ci_prefix}${each.key}"
  description = "GitHub Actions: ${each.key} of the backlog alerts."

  permissions_boundary = each.key == "check" ? aws_iam_policy.check_boundary["this"].arn : null

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = try(aws_iam_openid_connect_provider.github["this"].arn, var.github_actions.oidc_provider_arn) }
      Condition = {
        StringEquals = {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:sub" = each.value
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "ci" {
  for_each = local._ci_subjects

  name = "work"
  role = aws_iam_role.ci[each.key].id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = local._ci_statements[each.key]
  })
}

# Whatever the applier writes into the runner's policies, the check can do no more than this.
resource "aws_iam_policy" "check_boundary" {
  for_each = local._github

  name        = "${local._ci_prefix}check-boundary"
  description = "The most that a check of the backlog may do."

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      flatten(local._ci_reads),
      local._check_at_most,
    )
  })
}

# The check publishes with the same policies as anybody who runs it.
resource "aws_iam_role_policy_attachment" "check" {
  for_each = length(local._github) == 0 ? {} : aws_iam_policy.runner

  role       = aws_iam_role.ci["check"].name
  policy_arn = each.value.arn
}
