# Subscriptions live beside their topic, not in one map over all topics: the time Terraform takes
# grows with the square of the size of one for_each.
resource "aws_sns_topic_subscription" "this" {
  for_each = var.subscriptions

  topic_arn = aws_sns_topic.this.arn
  protocol  = each.value.protocol
  endpoint  = sensitive(each.value.endpoint)

  depends_on = [terraform_data.ends_before_beginnings]
}

# Replaced with every change of the subscriptions, and so standing between those that end and those
# that begin. Otherwise both happen at once, and an address that passes to another name is lost: SNS
# answers the new Subscribe with the old subscription, which the old Unsubscribe then ends.
resource "terraform_data" "ends_before_beginnings" {
  triggers_replace = sensitive(sha256(jsonencode(var.subscriptions)))
}
