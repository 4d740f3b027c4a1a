# What whoever runs the check may do: publish to exactly these topics, read a report on S3, and keep
# the ledger.

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

  # A topic under a customer's key: the publisher must be let in there, too.
  _key_statements = [for key in data.aws_kms_key.topics : {
    Sid      = "UseTopicKey"
    Effect   = "Allow"
    Action   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    Resource = key.arn
  }]

  # IAM takes 6,144 characters a policy, room for some 50 topics with long names.
  _policy_topics = {
    for index, topics in chunklist(keys(module.roster.topics), 50) :
    "${var.name_prefix}backlog-alerts-runner-${index + 1}" => topics
  }

  # No room is left in those: what comes once has a policy of its own.
  _ledger_statements = flatten([
    for ledger in values(module.ledger) : [
      {
        Sid    = "FindEntries"
        Effect = "Allow"
        # Without it, an entry that isn't there can't be told from one that may not be read.
        Action   = "s3:ListBucket"
        Resource = ledger.arn
      },
      {
        Sid      = "KeepEntries"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = "${ledger.arn}/ledger/*"
      },
    ] if var.ledger
  ])
  _operators_statements = [
    for topic in values(aws_sns_topic.operators) : {
      Sid      = "TellOperators"
      Effect   = "Allow"
      Action   = "sns:Publish"
      Resource = topic.arn
    }
  ]
  _shared_statements = concat(local._ledger_statements, local._operators_statements)
  _shared_policies   = length(local._shared_statements) == 0 ? [] : ["${var.name_prefix}backlog-alerts-runner-shared"]

  _runner_statements = merge(
    {
      for name, topics in local._policy_topics : name => concat(
        [{
          Sid      = "PublishAlerts"
          Effect   = "Allow"
          Action   = "sns:Publish"
          Resource = [for topic in topics : module.alert_topic[topic].arn]
        }],
        local._key_statements,
        local._report_reads,
      )
    },
    { for name in local._shared_policies : name => local._shared_statements },
  )
}

data "aws_partition" "current" {}

resource "aws_iam_policy" "runner" {
  for_each = toset(keys(local._runner_statements))

  name        = each.key
  description = "Publish backlog alerts."
  policy      = jsonencode({ Version = "2012-10-17", Statement = local._runner_statements[each.key] })
}
