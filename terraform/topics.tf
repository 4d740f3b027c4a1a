# One topic with its subscriptions per alert, and warnings about what would not work.

module "alert_topic" {
  source   = "./modules/alert_topic"
  for_each = module.contacts.topics

  kms_key_id    = var.kms_key_id
  name          = each.key
  sender_name   = var.sender_name
  subscriptions = each.value.subscriptions
}

locals {
  # Topic name to the number of people each protocol reaches.
  coverage = {
    for topic, made in module.contacts.topics : topic => {
      for protocol in made.alert.protocols : protocol => length([
        for key in keys(made.subscriptions) : key if startswith(key, "${protocol}/")
      ])
    }
  }
  _without_people    = [for topic, people in local.coverage : topic if sum(concat([0], values(people))) == 0]
  _email_invitations = sum(concat([0], [for people in local.coverage : try(people.email, 0)]))
  # https://docs.aws.amazon.com/general/latest/gr/sns.html: pending subscriptions per account.
  _pending_quota = 5000
}

check "every_alert_reaches_somebody" {
  assert {
    condition     = length(local._without_people) == 0
    error_message = "Nobody receives ${join(", ", local._without_people)}: no contact of the department has the address that its protocols need."
  }
}

check "invitations_fit_the_quota" {
  assert {
    condition     = local._email_invitations <= local._pending_quota
    error_message = "There are ${local._email_invitations} email subscriptions, and an account may have ${local._pending_quota} unconfirmed ones. Ask AWS to raise the quota, or apply department by department while people confirm."
  }
}
