# One topic with its subscriptions per alert, and warnings about alerts that would go unheard.

module "alert_topic" {
  source   = "./modules/alert_topic"
  for_each = module.roster.topics

  kms_key_id    = var.kms_key_id
  name          = each.key
  subscriptions = each.value.subscriptions
}

locals {
  # Topic name to the number of people each protocol reaches.
  coverage = {
    for topic, alert in module.roster.topics : topic => {
      for protocol in alert.protocols : protocol => length([
        for key in keys(alert.subscriptions) : key if startswith(key, "${protocol}/")
      ])
    }
  }
  _unheard           = [for topic, people in local.coverage : topic if sum(concat([0], values(people))) == 0]
  _email_invitations = sum(concat([0], [for people in local.coverage : try(people.email, 0)]))
  # https://docs.aws.amazon.com/general/latest/gr/sns.html: pending subscriptions per account.
  _pending_quota = 5000
}

check "every_alert_reaches_somebody" {
  assert {
    condition     = length(local._unheard) == 0
    error_message = "Nobody hears ${join(", ", local._unheard)}: no contact of the department has the address its protocols need."
  }
}

check "invitations_fit_the_quota" {
  assert {
    condition     = local._email_invitations <= local._pending_quota
    error_message = "${local._email_invitations} email subscriptions, and an account may hold ${local._pending_quota} unconfirmed ones: have the quota raised, or apply department by department while people confirm."
  }
}
