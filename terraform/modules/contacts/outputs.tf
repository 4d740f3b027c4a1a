locals {
  problems = concat(local._contact_problems, local._department_problems, local._alert_problems)

  # A file with one mistake everywhere has thousands; nobody reads those to their end.
  _shown = slice(local.problems, 0, min(50, length(local.problems)))
  _rest  = length(local.problems) - length(local._shown)
  problems_text = join("\n", concat(
    [for problem in local._shown : "  ${problem}"],
    local._rest > 0 ? ["  and ${local._rest} more ${local._rest == 1 ? "problem" : "problems"}"] : [],
  ))
}

output "address_differences" {
  description = "The rows whose person has another email or phone in an earlier row, one sentence each, without the addresses."
  value       = local.address_differences
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
    error_message = "Nothing was planned. Fix these first:\n\n${local.problems_text}\n"
  }
}
