# What is handed on to the runner, whether it reads these outputs or a schedule's configuration.
locals {
  handed_on = {
    alerts = {
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
    ledger_bucket       = var.ledger ? module.ledger["this"].bucket : null
    max_report_age_days = var.max_report_age_days
    notify_recovery     = var.notify_recovery
    operators_topic_arn = one(values(aws_sns_topic.operators)[*].arn)
    remind              = var.remind
    report_url          = var.report_url
  }
}

output "alerts" {
  description = "Topic name to all that the runner needs: department, level, services, threshold, protocols, topic_arn and texts. Holds no person."
  value       = local.handed_on.alerts
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

output "ledger_bucket" {
  description = "Bucket that remembers what was sent; null without a ledger."
  value       = local.handed_on.ledger_bucket
}

output "max_report_age_days" {
  description = "Days after which a report counts as stale; null: never."
  value       = local.handed_on.max_report_age_days

  # Here and below: so that a plan stopped by problems shows no change at all.
  depends_on = [module.roster]
}

output "notify_recovery" {
  description = "Whether \"back to normal\" is said."
  value       = local.handed_on.notify_recovery

  depends_on = [module.roster]
}

output "operators_topic_arn" {
  description = "Topic of those who hear when the watching itself fails; null without operators."
  value       = local.handed_on.operators_topic_arn
}

output "remind" {
  description = "When an alert that stays over is sent again: month, never, or a number of days."
  value       = local.handed_on.remind

  depends_on = [module.roster]
}

output "report_url" {
  description = "Where the monthly report is, with its placeholders {yyyy}, {mm} and {mon}."
  value       = local.handed_on.report_url

  depends_on = [module.roster]
}

output "runner_policy_arns" {
  description = "IAM policies to attach to whoever runs the check."
  value       = [for policy in values(aws_iam_policy.runner) : policy.arn]
}
