output "alerts" {
  description = "Topic name to all that the runner needs: department, level, services, threshold, protocols, topic_arn and texts. Holds no person."
  value = {
    for topic, alert in module.roster.topics : topic => {
      department = alert.department
      level      = alert.level
      services   = alert.services
      threshold  = alert.threshold
      protocols  = alert.protocols
      topic_arn  = module.alert_topic[topic].arn
      subject    = alert.subject
      message    = alert.message
      sms        = alert.sms
    }
  }
}

output "ci_role_arns" {
  description = "Roles for GitHub Actions: plan, apply and check; empty unless github_actions is set."
  value       = { for job, role in aws_iam_role.ci : job => role.arn }

  depends_on = [module.roster]
}

output "coverage" {
  description = "Topic name to the number of people per protocol."
  value       = local.coverage
}

output "report_url" {
  description = "Where the monthly report is, with its placeholders {yyyy}, {mm} and {mon}."
  value       = var.report_url

  # So that a plan stopped by problems shows no change at all.
  depends_on = [module.roster]
}

output "runner_policy_arns" {
  description = "IAM policies to attach to whoever runs the check."
  value       = [for policy in values(aws_iam_policy.runner) : policy.arn]
}
