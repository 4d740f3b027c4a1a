# Roles for GitHub Actions, through OIDC, so that no key is stored anywhere. An administrator makes
# them. The apply role can't change them.

locals {
  _runs = "repo:${var.repository.repository}"

  # Who may take a role: GitHub's name for the run (the claim "sub").
  # https://docs.github.com/actions/security-for-github-actions/security-hardening-your-deployments/about-security-hardening-with-openid-connect
  _subjects = {
    apply = ["${local._runs}:environment:${var.repository.environment}"]
    check = ["${local._runs}:ref:refs/heads/${var.repository.branch}"]
    plan  = ["${local._runs}:pull_request", "${local._runs}:ref:refs/heads/${var.repository.branch}"]
  }
}

resource "aws_iam_openid_connect_provider" "github" {
  for_each = toset(var.repository.oidc_provider_arn == null ? ["this"] : [])

  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "ci" {
  for_each = local._subjects

  name        = "${local._prefix}${each.key}"
  description = "GitHub Actions: ${each.key} of the backlog alerts."

  permissions_boundary = each.key == "check" ? aws_iam_policy.check_boundary.arn : null

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = try(aws_iam_openid_connect_provider.github["this"].arn, var.repository.oidc_provider_arn) }
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
  for_each = local._subjects

  name   = "inline"
  role   = aws_iam_role.ci[each.key].id
  policy = local.policies[each.key]

  lifecycle {
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    precondition {
      condition     = length(local.policies[each.key]) <= 10240
      error_message = "The policy of the role ${each.key} has ${length(local.policies[each.key])} characters, and IAM takes 10240. Shorten name_prefix, or the names of buckets and their objects."
    }
  }
}

# Whatever the apply role writes into the runner's policies, the check can do no more than this.
resource "aws_iam_policy" "check_boundary" {
  name        = "${local._prefix}check-boundary"
  description = "The most that a check of the backlog may do."
  policy      = local.policies.check_boundary
}

# The check publishes with the same policies as anybody who runs it.
resource "aws_iam_role_policy_attachment" "check" {
  for_each = var.runner_policies

  role       = aws_iam_role.ci["check"].name
  policy_arn = each.value
}
