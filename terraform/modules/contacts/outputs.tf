locals {
  problems = concat(local._contact_problems, local._department_problems, local._alert_problems)
}

output "problems" {
  description = "Everything wrong with the contacts and the departments, one sentence each, without any email or phone number."
  value       = local.problems
}

output "receive_nothing" {
  description = "Department and name of everybody in the contacts who receives no alert, in the order of the rows."
  value       = local.receive_nothing
}

output "topics" {
  description = "Topic name to its alert and its subscriptions; everything that is built depends on it, so that problems stop the plan first."
  value = {
    for topic, alerts in local.alerts : topic => {
      alert = alerts[0]
      subscriptions = merge([
        for protocol in alerts[0].protocols : try(local.subscriptions[alerts[0].department][protocol], {})
      ]...)
    }
  }

  precondition {
    condition     = length(local.problems) == 0
    error_message = "Nothing was planned. Fix these first:\n\n%{for problem in local.problems}  ${problem}\n%{endfor}"
  }
}
