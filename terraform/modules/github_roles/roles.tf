# Roles for GitHub Actions, through OIDC, so that no key is stored anywhere. An administrator makes
# them. The apply role can't change them.

locals {
  # What may take a role: a kind of run, as GitHub names it at the end of a token's claim "sub".
  # https://docs.github.com/en/actions/reference/security/oidc
  _runs = {
    apply = ["environment:${var.repository.environment}"]
    check = ["ref:refs/heads/${var.repository.branch}"]
    plan  = ["pull_request", "ref:refs/heads/${var.repository.branch}"]
  }

  # How "sub" begins: with the repository. One made, renamed or transferred since July 15, 2026 is
  # named with ids, which GitHub never gives twice. An older one is named without. Whoever registers
  # that name, once it is free, can send it as well. So where the ids are known, a name alone counts
  # only beside the claim with the repository's id. AWS reads that claim in its commercial regions.
  # Elsewhere a name alone is rejected.
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
  _parts = split("/", var.repository.repository)
  _with_ids = [for owner_id in var.repository.owner_id[*] : {
    name   = "${local._parts[0]}@${owner_id}/${local._parts[1]}@${var.repository.repository_id}"
    claims = {}
  }]
  _by_name = {
    name   = var.repository.repository
    claims = { for id in var.repository.repository_id[*] : "token.actions.githubusercontent.com:repository_id" => id }
  }
  _repositories = concat(local._with_ids, [local._by_name])
}

resource "aws_iam_openid_connect_provider" "github" {
  for_each = toset(var.repository.oidc_provider_arn == null ? ["this"] : [])

  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "ci" {
  for_each = local._runs

  name        = "${local._prefix}${each.key}"
  description = "GitHub Actions: ${each.key} of the backlog alerts."

  permissions_boundary = each.key == "check" ? aws_iam_policy.check_boundary.arn : null

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for repository in local._repositories : {
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = try(aws_iam_openid_connect_provider.github["this"].arn, var.repository.oidc_provider_arn) }
      Condition = {
        StringEquals = merge(repository.claims, {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:sub" = [for run in each.value : "repo:${repository.name}:${run}"]
        })
      }
    }]
  })
}

resource "aws_iam_role_policy" "ci" {
  for_each = local._runs

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
