locals {
  problems = concat(local.contact_problems, local.department_problems)
}

output "problems" {
  description = "Everything wrong with the contacts and the departments, one sentence each, with no email or phone number in it."
  value       = local.problems
}

output "topics" {
  description = "Topic name to its alert and its subscriptions; whatever is built waits for this, so problems stop the plan first."
  value = {
    for topic, alerts in local.alerts : topic => {
      department = alerts[0].department
      level      = alerts[0].level
      services   = alerts[0].services
      threshold  = alerts[0].threshold
      protocols  = alerts[0].protocols
      subject    = alerts[0].subject
      message    = alerts[0].message
      sms        = alerts[0].sms
      subscriptions = merge([
        for protocol in alerts[0].protocols : try(local.subscriptions[alerts[0].department][protocol], {})
      ]...)
    }
  }

  precondition {
    condition     = length(local.problems) == 0
    error_message = "Nothing was planned. To be mended first:\n\n%{for problem in local.problems}  ${problem}\n%{endfor}"
  }
}
