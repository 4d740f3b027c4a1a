# The check on a schedule: off unless schedule_expression is set. An administrator makes it once, with
# its roles; later changes of contacts, thresholds and code can come from CI.

locals {
  _schedule_name = "${var.name_prefix}backlog-alerts"
  _schedules     = var.schedule_expression == null ? {} : { this = var.schedule_expression }

  # More than a few runs apart: a fixed day of the month, or a rate of days.
  _schedule_is_slow = var.schedule_expression != null && (
    can(regex("^cron\\(\\S+ \\S+ [0-9LW]", var.schedule_expression))
    || try(tonumber(regex("^rate\\(([0-9]+) days?\\)$", var.schedule_expression)[0]) >= var.not_run_alarm_days, false)
  )
}

locals {
  # In the form of terraform output -json, where an output that is null is absent.
  _configuration = jsonencode({
    for name, value in local.handed_on : name => { value = value } if value != null
  })
  _thresholds = {
    for department in distinct(values(module.roster.topics)[*].department) : department => {
      for alert in values(module.roster.topics) : alert.level => alert.threshold if alert.department == department
    }
  }
}

module "schedule" {
  source   = "./modules/schedule"
  for_each = local._schedules

  at_most             = local._check_at_most
  bucket              = { name = module.ledger["this"].bucket, arn = module.ledger["this"].arn }
  configuration       = local._configuration
  departments         = local._thresholds
  expression          = each.value
  max_report_age_days = var.max_report_age_days
  name                = local._schedule_name
  not_run_days        = var.not_run_alarm_days
  operators_topic_arn = local.handed_on.operators_topic_arn
  package             = "${path.root}/${var.package}"
  policies            = { for name, policy in aws_iam_policy.runner : name => policy.arn }

  # So that a plan stopped by problems shows no change at all.
  depends_on = [module.roster]
}

check "a_schedule_does_not_repeat_itself" {
  assert {
    condition     = var.schedule_expression == null || var.ledger
    error_message = "The check is on a schedule without a ledger: as long as a department is over its threshold, every run alerts everybody again. Set ledger = true."
  }
}

check "somebody_hears_when_the_watching_fails" {
  assert {
    condition     = var.schedule_expression == null || length(local._operators) > 0
    error_message = "The check is on a schedule and nobody hears when it fails: name somebody in operator_emails."
  }
}

check "the_schedule_is_as_frequent_as_its_alarm_expects" {
  assert {
    condition     = !local._schedule_is_slow
    error_message = "The schedule pauses for as long as its alarm waits (not_run_alarm_days = ${var.not_run_alarm_days}), so the operators would be told between runs that nothing runs. Let it run daily: what was sent is not sent again."
  }
}
