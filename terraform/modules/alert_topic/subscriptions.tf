# Subscriptions live beside their topic, not in one map over all topics: the time Terraform takes
# grows with the square of the size of one for_each.
resource "aws_sns_topic_subscription" "this" {
  for_each = var.subscriptions

  topic_arn = aws_sns_topic.this.arn
  protocol  = each.value.protocol
  endpoint  = sensitive(each.value.endpoint)
}
