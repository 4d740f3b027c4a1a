# Those who hear when the watching itself fails. Their topic is not one of an alert: each of those has
# an underscore before its level, which this name has not.

locals {
  # As modules/roster has it for the contacts, without its refinements. Judged in variables.tf.
  _operator_form = "(?i)^[a-z0-9!#$%&'*+/=?^_.`{|}~-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z][a-z0-9-]*[a-z0-9]$"

  # The key is a digest, so that no address of a resource holds an email.
  _operators = {
    for email in [for text in nonsensitive(var.operator_emails) : lower(trimspace(text))] :
    substr(sha256(email), 0, 12) => sensitive(email)
  }
  _operators_topics = toset(length(local._operators) == 0 ? [] : ["this"])
}

data "aws_caller_identity" "current" {}

# CloudWatch can't publish to a topic under the key AWS manages for SNS, whose policy lets no service
# in: https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns. So this topic is encrypted
# under a key of one's own alone, which must let cloudwatch.amazonaws.com in.
resource "aws_sns_topic" "operators" {
  for_each = local._operators_topics

  name              = "${var.name_prefix}backlog-operators"
  kms_master_key_id = var.kms_key_id == "alias/aws/sns" ? null : var.kms_key_id

  # So that a plan stopped by problems shows no change at all.
  depends_on = [module.roster]
}

resource "aws_sns_topic_policy" "operators" {
  for_each = local._operators_topics

  arn = aws_sns_topic.operators[each.key].arn

  # The runner's right to publish is said in IAM; an alarm has no IAM role to say it in.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "LetAlarmsPublish"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.operators[each.key].arn
        Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
      },
      {
        Sid       = "RefusePlainHttp"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.operators[each.key].arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "operators" {
  for_each = local._operators

  topic_arn = aws_sns_topic.operators["this"].arn
  protocol  = "email"
  endpoint  = sensitive(each.value)
}
