# Each topic has its own subscriptions, instead of one map for all topics: the time Terraform takes
# grows with the square of the size of one for_each.
resource "aws_sns_topic_subscription" "this" {
  for_each = var.subscriptions

  topic_arn = aws_sns_topic.this.arn
  protocol  = each.value.protocol
  endpoint  = sensitive(each.value.endpoint)

  depends_on = [terraform_data.destroy_before_create]
}

# It is replaced with every change of the subscriptions. So Terraform destroys the old ones first, and
# creates the new ones after it. Both at once would lose an address that moves to another name: SNS
# answers the new Subscribe with the old subscription, and the old Unsubscribe then ends that.
resource "terraform_data" "destroy_before_create" {
  triggers_replace = sensitive(sha256(jsonencode(var.subscriptions)))
}
