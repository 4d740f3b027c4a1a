# The check on a schedule, if schedule_expression is set. An administrator creates it once, with its
# roles. Later changes of contacts, thresholds and code can come from CI.

locals {
  _schedule_name = "${var.name_prefix}backlog-alerts"
  _schedules     = var.schedule_expression == null ? {} : { this = var.schedule_expression }

  # https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
  _cron_values = {
    minute  = "[0-5]?[0-9]"
    hour    = "(?:[01]?[0-9]|2[0-3])"
    day     = "(?:0?[1-9]|[12][0-9]|3[01])"
    month   = "(?:0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"
    weekday = "(?:[1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)"
    year    = "(?:19[7-9][0-9]|2[01][0-9][0-9])"
  }
  # Lists of values and ranges, each with an optional step.
  _cron_items = { for field, value in local._cron_values : field => "(?:\\*|${value}(?:-${value})?)(?:/[0-9]+)?" }
  _cron_lists = { for field, item in local._cron_items : field => "${item}(?:,${item})*" }
  _cron_form = format("(?i)^cron\\(%s +%s +(?:%s +%s +\\?|\\? +%s +%s) +%s\\)$",
    local._cron_lists.minute, local._cron_lists.hour,
    "(?:${local._cron_lists.day}|LW?|L-${local._cron_values.day}|${local._cron_values.day}W)", local._cron_lists.month,
    local._cron_lists.month, "(?:${local._cron_lists.weekday}|${local._cron_values.weekday}?L|${local._cron_values.weekday}#[1-5])",
    local._cron_lists.year,
  )
  _cron_days = { "0" = "SUN", "1" = "MON", "2" = "TUE", "3" = "WED", "4" = "THU", "5" = "FRI", "6" = "SAT", "7" = "SUN" }

  # It pauses at least as long as its alarm waits: a fixed day of the month, or a rate of days.
  _schedule_is_slow = var.schedule_expression != null && (
    can(regex("^cron\\(\\S+ +\\S+ +[0-9LW]", var.schedule_expression))
    || try(tonumber(regex("^rate\\(([0-9]+) +days?\\)$", var.schedule_expression)[0]) >= var.not_run_alarm_days, false)
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
