# What whoever runs the check may do: publish to exactly these topics, and read a report on S3.

data "aws_kms_key" "topics" {
  count = var.kms_key_id == "alias/aws/sns" ? 0 : 1

  key_id = var.kms_key_id
}

locals {
  _report_s3 = try(regex("^s3://(?P<bucket>[^/]+)/(?P<key>.+)$", var.report_url), null)

  _report_reads = local._report_s3 == null ? [] : [{
    Sid      = "ReadReport"
    Effect   = "Allow"
    Action   = "s3:GetObject"
    Resource = "arn:${data.aws_partition.current.partition}:s3:::${local._report_s3.bucket}/${replace(local._report_s3.key, "/\\{[^{}]*\\}/", "*")}"
  }]

  # IAM takes 6,144 characters a policy, room for some 50 topics with long names.
  _policy_topics = {
    for index, topics in chunklist(keys(module.roster.topics), 50) :
    "${var.name_prefix}backlog-alerts-runner-${index + 1}" => topics
  }
}

data "aws_partition" "current" {}

resource "aws_iam_policy" "runner" {
  for_each = local._policy_topics

  name        = each.key
  description = "Publish backlog alerts."

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid      = "PublishAlerts"
        Effect   = "Allow"
        Action   = "sns:Publish"
        Resource = [for topic in each.value : module.alert_topic[topic].arn]
      }],
      # A topic under a customer's key: the publisher must be let in there, too.
      [for key in data.aws_kms_key.topics : {
        Sid      = "UseTopicKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource = key.arn
      }],
      local._report_reads,
    )
  })
}
