# What whoever runs the check may do: publish to exactly these topics, read the report on S3, and
# use the ledger. Statements are maps by Sid, each one an Allow, so that policies can share them.

data "aws_partition" "current" {}

data "aws_kms_key" "topics" {
  count = var.kms_key_id == "alias/aws/sns" ? 0 : 1

  key_id = var.kms_key_id
}

locals {
  _topics_arn        = "arn:${data.aws_partition.current.partition}:sns:*:*:${var.name_prefix}*"
  _ledger_bucket_arn = "arn:${data.aws_partition.current.partition}:s3:::${local._bucket_prefix}*"

  _report_statements = {
    for report in try([regex("^s3://(?P<bucket>[^/]+)/(?P<key>.+)$", var.report_url)], []) : "ReadReport" => {
      Action   = ["s3:GetObject"]
      Resource = ["arn:${data.aws_partition.current.partition}:s3:::${report.bucket}/${replace(report.key, "/\\{[^{}]*\\}/", "*")}"]
    }
  }

  # A topic under a customer's key: the publisher must be allowed to use that, too.
  _key_statements = {
    for key in data.aws_kms_key.topics : "UseTopicKey" => {
      Action   = ["kms:Decrypt", "kms:GenerateDataKey*"]
      Resource = [key.arn]
    }
  }

  # For the runner the bucket itself, for a boundary every bucket that may become it.
  _ledger_statements = {
    for user, bucket in merge({ boundary = local._ledger_bucket_arn }, { for ledger in values(module.ledger) : "runner" => ledger.arn if var.ledger }) :
    user => {
      # Without it, a ledger that is not there looks like one that may not be read.
      FindLedger    = { Action = ["s3:ListBucket"], Resource = [bucket] }
      ReadOldLedger = { Action = ["s3:GetObject"], Resource = ["${bucket}/ledger/*"] }
      UseLedger     = { Action = ["s3:GetObject", "s3:PutObject"], Resource = ["${bucket}/ledger.json"] }
    }
  }

  _operators_statements = {
    for topic in values(aws_sns_topic.operators) : "NotifyOperators" => { Action = ["sns:Publish"], Resource = [topic.arn] }
  }

  # The most that a check may do, whatever its policies say. An applier in CI writes those.
  boundary_statements = merge(
    { PublishAlerts = { Action = ["sns:Publish"], Resource = [local._topics_arn] } },
    local._report_statements, local._key_statements, local._ledger_statements.boundary,
  )

  # IAM takes 6,144 characters in one policy, which is room for about 50 topics with long names.
  # There is no room for more in those, so the rest has a policy of its own.
  _topics_by_policy = {
    for index, topics in chunklist(keys(module.contacts.topics), 50) :
    "${var.name_prefix}backlog-alerts-runner-${index + 1}" => topics
  }
  _shared_statements = merge(lookup(local._ledger_statements, "runner", {}), local._operators_statements)
  _runner_statements = merge(
    {
      for name, topics in local._topics_by_policy : name => merge(
        { PublishAlerts = { Action = ["sns:Publish"], Resource = [for topic in topics : module.alert_topic[topic].arn] } },
        local._report_statements, local._key_statements,
      )
    },
    {
      for name in ["${var.name_prefix}backlog-alerts-runner-shared"] :
      name => local._shared_statements if length(local._shared_statements) > 0
    },
  )
}

resource "aws_iam_policy" "runner" {
  for_each = toset(keys(local._runner_statements))

  name        = each.key
  description = "Publish backlog alerts."
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [for sid, statement in local._runner_statements[each.key] : merge({ Sid = sid, Effect = "Allow" }, statement)]
  })
}
