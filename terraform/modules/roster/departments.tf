# Departments -> alerts, one per topic, with their texts complete, and what is wrong with them.

locals {
  _department_keys   = { for key in keys(var.departments) : lower(key) => key... }
  _department_choice = join(", ", keys(var.departments))

  _placeholders = ["{count}", "{threshold}", "{department}", "{level}", "{services}", "{month}"]

  department_protocols = {
    for department, settings in var.departments :
    department => distinct(flatten([for alert in values(settings.alerts) : alert.protocols]))
  }

  _alerts = flatten([
    for department, settings in var.departments : [
      for level, alert in settings.alerts : {
        topic      = "${var.name_prefix}${department}_${level}"
        label      = "departments, ${department} ${level}"
        department = department
        level      = level
        services   = [for service in settings.services : try(trimspace(service), "")]
        threshold  = alert.threshold
        protocols  = distinct(alert.protocols)
        subject    = try(coalesce(trimspace(alert.subject)), "{department} {level}: {count} open cases")
        message = try(
          coalesce(trimspace(alert.message)),
          "{count} open cases for {services} in the report for {month}. The threshold of this alert is {threshold}.",
        )
        # A text of its own, else the message that was set, else a short default.
        sms = try(
          coalesce(trimspace(alert.sms)),
          coalesce(trimspace(alert.message)),
          "{department} {level}: {count} open cases, threshold {threshold}",
        )
      }
    ]
  ])
  alerts = { for alert in local._alerts : alert.topic => alert... }

  _department_problems = flatten([
    for department, settings in var.departments : [
      for text in concat(
        length(settings.services) == 0 ? ["has no services; name at least one, as the report spells it"] : [],
        anytrue([for service in settings.services : try(trimspace(service), "") == ""]) ? ["a service has no name"] : [],
        length(distinct([for service in settings.services : lower(replace(try(trimspace(service), ""), "/\\s+/", " "))])) < length(settings.services)
        ? ["a service is listed twice and would be counted twice"] : [],
        length(settings.alerts) == 0 ? ["has no alerts; add one, or remove the department"] : [],
        length(local._department_keys[lower(department)]) > 1 ? ["differs from another department in case alone"] : [],
      ) : "departments, ${department}: ${text}"
    ]
  ])

  _alert_problems = flatten([
    for index, alert in local._alerts : [
      for text in concat(
        # https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
        can(regex("^[A-Za-z0-9_-]{1,256}$", alert.topic)) ? [] : ["the topic name \"${alert.topic}\" may hold letters, digits, - and _ alone, 256 at most"],
        try(length(local.alerts[alert.topic]) > 1, false) ? ["another department and level give the same topic name \"${alert.topic}\""] : [],
        try(alert.threshold >= 0 && floor(alert.threshold) == alert.threshold, false) ? [] : ["threshold must be a whole number of at least 0"],
        alltrue([for protocol in alert.protocols : try(contains(["email", "sms"], protocol), false)]) ? [] : ["protocols may be \"email\" and \"sms\" alone"],
        flatten([
          for field in ["subject", "message", "sms"] : [
            for placeholder in distinct(regexall("\\{[^{}]*\\}", alert[field])) :
            "${field} has the unknown placeholder ${placeholder}; known are ${join(", ", local._placeholders)}"
            if !contains(local._placeholders, placeholder)
          ] if field != "sms" || alert.sms != alert.message # a text taken over has been judged
        ]),
        # https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: ASCII, no line breaks, under 100 characters.
        can(regex("^[\\x20-\\x7e]+$", alert.subject)) ? [] : ["subject may hold plain ASCII on one line alone"],
        length(local._longest_subject[index]) < 100 ? [] : ["subject would be ${length(local._longest_subject[index])} characters long with its placeholders filled in; SNS takes 99"],
      ) : "${alert.label}: ${text}"
    ]
  ])
  # The subject with its placeholders filled in, the count as long as a count may get.
  _longest_subject = [
    for alert in local._alerts : replace(replace(replace(replace(replace(replace(alert.subject,
      "{count}", "123456789"),
      "{threshold}", alert.threshold == null ? "" : tostring(alert.threshold)),
      "{department}", alert.department),
      "{level}", alert.level),
      "{services}", join(", ", alert.services)),
    "{month}", "2026-01")
  ]

  department_problems = concat(local._department_problems, local._alert_problems)
}
