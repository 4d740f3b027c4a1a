output "ci_role_arns" {
  description = "Roles for GitHub Actions by job: plan, apply and check. Empty unless github_actions is set."
  value       = try(module.github_roles["this"].arns, {})

  # So that a plan stopped by problems shows no change at all.
  depends_on = [module.contacts]
}

output "coverage" {
  description = "Topic name to the number of people per protocol."
  value       = local.coverage
}

output "runner_config" {
  description = "The runner's configuration: the alerts by topic name, and the settings of the check. It holds no person."
  value       = local.runner_config
}

output "runner_policy_arns" {
  description = "IAM policies to attach to whoever runs the check."
  value       = [for policy in values(aws_iam_policy.runner) : policy.arn]
}
