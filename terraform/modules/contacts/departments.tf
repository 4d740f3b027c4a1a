# Departments -> alerts, one per topic, with their texts filled in, and the problems with them.

locals {
  _department_keys   = { for key in keys(var.departments) : lower(key) => key... }
  _department_choice = join(", ", keys(var.departments))

  # Without the hidden characters that come along when a name is copied: the report's has none.
  _services = {
    for department, settings in var.departments :
    department => [for service in settings.services : try(trimspace(replace(service, local._invisible, "")), "")]
  }

  _placeholders = ["{count}", "{threshold}", "{department}", "{level}", "{services}", "{month}"]

  # As other programs write them: [count], <count>, %count%, $count.
  _placeholder_like = "[\\[<%$](?:${join("|", [for placeholder in local._placeholders : trim(placeholder, "{}")])})\\b[\\]>%]?"

  _department_protocols = {
    for department, settings in var.departments :
    department => distinct(flatten([for alert in values(settings.alerts) : alert.protocols]))
  }

  # An alert is made here and passed on whole, up to the runner: nothing else lists its fields.
  _alerts = flatten([
    for department, settings in var.departments : [
      for level, alert in settings.alerts : merge(alert, {
        department = department
        level      = level
        services   = local._services[department]
        protocols  = distinct(alert.protocols)
        subject    = try(coalesce(trimspace(alert.subject)), "{department} {level}: {count} open cases")
        message = try(
          coalesce(trimspace(alert.message)),
          "{count} open cases for {services} in the report for {month}. The threshold of this alert is {threshold}.",
        )
        # Its own text, else the message that was set, else a short default.
        sms = try(
          coalesce(trimspace(alert.sms)),
          coalesce(trimspace(alert.message)),
          "{department} {level}: {count} open cases, threshold {threshold}",
        )
      })
    ]
  ])
  _topic_names = [for alert in local._alerts : "${var.name_prefix}${alert.department}_${alert.level}"]
  alerts       = { for index, alert in local._alerts : local._topic_names[index] => alert... }

  _department_problems = flatten([
    for department, settings in var.departments : [
      for text in concat(
        length(settings.services) == 0 ? ["has no services; name at least one, as the report spells it"] : [],
        contains(local._services[department], "") ? ["a service has no name"] : [],
        length(distinct([for service in local._services[department] : lower(replace(service, "/[\\s\\pZ]+/", " "))])) < length(settings.services)
        ? ["a service is listed twice and would be counted twice"] : [],
        length(settings.alerts) == 0 ? ["has no alerts; add one, or remove the department"] : [],
        length(distinct([for level in keys(settings.alerts) : lower(level)])) == length(settings.alerts) ? [] : ["two levels differ only in upper and lower case"],
        length(local._department_keys[lower(department)]) > 1 ? ["differs from another department only in upper and lower case"] : [],
      ) : "departments, ${department}: ${text}"
    ]
  ])

  _alert_problems = flatten([
    for index, alert in local._alerts : [
      for text in concat(
        # https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
        can(regex("^[A-Za-z0-9_-]{1,256}$", local._topic_names[index])) ? [] : ["the topic name \"${local._topic_names[index]}\" may only contain letters, digits, - and _, at most 256 of them"],
        length(local.alerts[local._topic_names[index]]) > 1 ? ["another department and level give the same topic name \"${local._topic_names[index]}\""] : [],
        try(alert.threshold >= 0 && floor(alert.threshold) == alert.threshold, false) ? [] : ["threshold must be a whole number, 0 or more"],
        alltrue([for protocol in alert.protocols : try(contains(["email", "sms"], protocol), false)]) ? [] : ["protocols may only be \"email\" and \"sms\""],
        flatten([
          for field in ["subject", "message", "sms"] : concat(
            [
              for placeholder in distinct(regexall("\\{[^{}]*\\}", alert[field])) :
              "${field} has the unknown placeholder ${placeholder}; the known ones are ${join(", ", local._placeholders)}"
              if !contains(local._placeholders, placeholder)
            ],
            can(regex("[{}]", replace(alert[field], "/\\{[^{}]*\\}/", ""))) ? ["${field} has a { or } alone; a placeholder has both, such as {count}"] : [],
            [
              for text in distinct(regexall(local._placeholder_like, alert[field])) :
              "${field} has ${text}, which would be sent as it is; a placeholder has the form {count}"
            ],
          ) if field != "sms" || alert.sms != alert.message # the message has been checked already
        ]),
        # https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: ASCII, no line breaks, under 100 characters.
        can(regex("^[\\x20-\\x7e]+$", alert.subject)) ? [] : ["subject must be plain ASCII on one line"],
        length(local._longest_subject[index]) < 100 ? [] : ["subject would be ${length(local._longest_subject[index])} characters long with its placeholders filled in; SNS allows 99"],
      ) : "departments, ${alert.department} ${alert.level}: ${text}"
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
}
