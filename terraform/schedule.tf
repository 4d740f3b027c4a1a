# The check on a schedule, if schedule_expression is set. An administrator creates it once, with its
# roles. Later changes of contacts, thresholds and code can come from CI.

locals {
  _schedule_name = "${var.name_prefix}backlog-alerts"
  _schedules     = var.schedule_expression == null ? {} : { this = var.schedule_expression }

  # It pauses at least as long as its alarm waits: a fixed day of the month, or a rate of days.
  _schedule_is_slow = var.schedule_expression != null && (
    can(regex("^cron\\(\\S+ \\S+ [0-9LW]", var.schedule_expression))
    || try(tonumber(regex("^rate\\(([0-9]+) days?\\)$", var.schedule_expression)[0]) >= var.not_run_alarm_days, false)
  )
}

module "schedule" {
  source   = "./modules/schedule"
  for_each = local._schedules

  boundary_statements = local.boundary_statements
  bucket              = { name = module.ledger["this"].bucket, arn = module.ledger["this"].arn }
  configuration       = jsonencode(local.runner_config)
  departments         = { for name, department in var.departments : name => { for level, alert in department.alerts : level => alert.threshold } }
  expression          = each.value
  max_report_age_days = var.max_report_age_days
  name                = local._schedule_name
  not_run_days        = var.not_run_alarm_days
  operators_topic_arn = local.runner_config.operators_topic_arn
  package             = "${path.root}/${var.package}"
  policies            = { for name, policy in aws_iam_policy.runner : name => policy.arn }

  # So that a plan stopped by problems shows no change at all.
  depends_on = [module.contacts]
}

check "a_schedule_has_a_ledger" {
  assert {
    condition     = var.schedule_expression == null || var.ledger
    error_message = "The check is on a schedule without a ledger. As long as a department is over its threshold, every run sends its alerts again. Set ledger = true."
  }
}

check "a_schedule_has_operators" {
  assert {
    condition     = var.schedule_expression == null || length(local._operators) > 0
    error_message = "The check is on a schedule, and nobody is notified when it fails. Name somebody in operator_emails."
  }
}

check "a_schedule_runs_as_often_as_its_alarm_expects" {
  assert {
    condition     = !local._schedule_is_slow
    error_message = "The schedule pauses as long as its alarm waits (not_run_alarm_days = ${var.not_run_alarm_days}). Operators would be notified between runs. Let it run daily: what was sent is not sent again."
  }
}
