# Operators receive an email when the check itself fails. Their topic can't be one of an alert: each
# of those has an underscore before its level, and this name has none.

locals {
  # The form in modules/contacts, without its refinements. It is checked in variables.tf.
  _operator_form = "(?i)^[a-z0-9!#$%&'*+/=?^_.`{|}~-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z][a-z0-9-]*[a-z0-9]$"

  # The key is a digest, so that no address of a resource holds an email.
  _operators = {
    for email in [for text in nonsensitive(var.operator_emails) : lower(trimspace(text))] :
    substr(sha256(email), 0, 12) => sensitive(email)
  }
  _operators_topics = toset(length(local._operators) == 0 ? [] : ["this"])
}

data "aws_caller_identity" "current" {}

# CloudWatch can't publish to a topic under the key that AWS manages for SNS. So this topic is
# encrypted only with a customer key, whose policy must allow cloudwatch.amazonaws.com to use it.
# https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns
resource "aws_sns_topic" "operators" {
  for_each = local._operators_topics

  name              = "${var.name_prefix}backlog-operators"
  display_name      = var.sender_name
  kms_master_key_id = var.kms_key_id == "alias/aws/sns" ? null : var.kms_key_id

  # So that a plan stopped by problems shows no change at all.
  depends_on = [module.contacts]
}

resource "aws_sns_topic_policy" "operators" {
  for_each = local._operators_topics

  arn = aws_sns_topic.operators[each.key].arn

  # The runner may publish through its IAM policy. An alarm has no IAM role, so it is allowed here.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AllowAlarms"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.operators[each.key].arn
        Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
      },
      {
        Sid       = "DenyPlainHttp"
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
