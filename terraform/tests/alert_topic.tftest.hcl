# One topic with its subscriptions, as modules/alert_topic makes them.

mock_provider "aws" {
  source = "./tests/aws"
}

override_resource {
  target = aws_sns_topic.this
  values = { arn = "arn:aws:sns:us-east-1:123456789012:water_critical" }
}

run "a_topic_is_encrypted_denies_plain_http_and_has_its_people" {
  command = apply
  module {
    source = "./modules/alert_topic"
  }
  variables {
    kms_key_id  = "alias/backlog-alerts"
    name        = "water_critical"
    sender_name = "Springfield"
    subscriptions = {
      "email/Fiona Miller" = { protocol = "email", endpoint = "fiona@example.com" }
      "sms/Fiona Miller"   = { protocol = "sms", endpoint = "+15555550101" }
    }
  }

  assert {
    condition     = join(" ", [aws_sns_topic.this.name, aws_sns_topic.this.kms_master_key_id, aws_sns_topic.this.display_name]) == "water_critical alias/backlog-alerts Springfield"
    error_message = "Name, key or sender of the topic is not the one given."
  }
  assert {
    condition     = output.arn == "arn:aws:sns:us-east-1:123456789012:water_critical"
    error_message = output.arn
  }
  assert {
    condition = aws_sns_topic_policy.this.arn == output.arn && jsonencode(jsondecode(aws_sns_topic_policy.this.policy)) == jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Sid       = "DenyPlainHttp"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = "arn:aws:sns:us-east-1:123456789012:water_critical"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }]
    })
    error_message = aws_sns_topic_policy.this.policy
  }
  assert {
    condition = { for key, one in aws_sns_topic_subscription.this : key => join(" ", [one.topic_arn, one.protocol, nonsensitive(one.endpoint)]) } == {
      "email/Fiona Miller" = "arn:aws:sns:us-east-1:123456789012:water_critical email fiona@example.com"
      "sms/Fiona Miller"   = "arn:aws:sns:us-east-1:123456789012:water_critical sms +15555550101"
    }
    error_message = "Subscriptions are not those given."
  }
  # The endpoints came in unmarked: a plan must not print them even then.
  assert {
    condition     = alltrue([for one in aws_sns_topic_subscription.this : issensitive(one.endpoint)])
    error_message = "An endpoint is not sensitive."
  }
}

run "a_topic_without_people_is_still_a_topic" {
  command = plan
  module {
    source = "./modules/alert_topic"
  }
  variables {
    kms_key_id    = "alias/aws/sns"
    name          = "water_extreme"
    sender_name   = null
    subscriptions = {}
  }

  assert {
    condition     = aws_sns_topic.this.name == "water_extreme" && length(aws_sns_topic_subscription.this) == 0
    error_message = "The topic must be there, and nobody on it."
  }
}
