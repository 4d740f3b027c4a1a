# Roles for the workflows in .github, if github_actions is set.

module "github_roles" {
  source   = "./modules/github_roles"
  for_each = var.github_actions == null ? {} : { this = var.github_actions }

  boundary_statements = local.boundary_statements
  contacts            = local._contacts_s3
  key_statements      = local._object_key_statements
  ledger_bucket_arn   = local._ledger_bucket_arn
  name_prefix         = var.name_prefix
  read_statements     = local._report_statements
  repository          = each.value
  runner_policies     = { for name, policy in aws_iam_policy.runner : name => policy.arn }
  schedule_name       = var.schedule_expression == null ? null : local._schedule_name
  topics_arn          = local._topics_arn

  # So that a plan stopped by problems shows no change at all.
  depends_on = [module.contacts]
}

check "github_actions_has_ids" {
  assert {
    condition     = var.github_actions == null || try(var.github_actions.repository_id != null, false)
    error_message = "github_actions has no owner_id and no repository_id. A repository that was made, renamed or transferred on GitHub since July 15, 2026 can't log in without them. The name of any other is trusted whoever owns it. terraform/README.md says how to get the ids."
  }
}
