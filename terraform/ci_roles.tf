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
  ]

  _ci_statements = {
    plan = concat(flatten(local._ci_reads), local._contacts_reads, local._report_reads, local._plan_reads)
    apply = concat(flatten(local._ci_reads), local._contacts_reads, local._report_reads, local._plan_reads, [
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
        Sid       = "LetTheCheckRun"
        Effect    = "Allow"
        Action    = ["iam:AttachRolePolicy", "iam:DetachRolePolicy"]
        Resource  = "arn:${data.aws_partition.current.partition}:iam::*:role/${local._ci_prefix}check"
        Condition = { ArnLike = { "iam:PolicyARN" = local._runner_policies_arn } }
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

# The applier writes the runner's policies; whatever it writes there, the check can do no more than this.
resource "aws_iam_policy" "check_boundary" {
  for_each = local._github

  name        = "${local._ci_prefix}check-boundary"
  description = "The most that a check of the backlog may do."

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      flatten(local._ci_reads),
      local._report_reads,
      [{
        Sid      = "Publish"
        Effect   = "Allow"
        Action   = "sns:Publish"
        Resource = local._topics_arn
      }],
      [for key in data.aws_kms_key.topics : {
        Sid      = "UseTopicKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource = key.arn
      }],
    )
  })
}

# The check publishes with the same policies as anybody who runs it.
resource "aws_iam_role_policy_attachment" "check" {
  for_each = length(local._github) == 0 ? {} : aws_iam_policy.runner

  role       = aws_iam_role.ci["check"].name
  policy_arn = each.value.arn
}
