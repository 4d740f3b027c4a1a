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

  # Whoever reads or writes an object on S3 under a customer key must be allowed to use that, too.
  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
  _object_key_statements = {
    for use, actions in { read = ["kms:Decrypt"], write = ["kms:Decrypt", "kms:GenerateDataKey"] } : use => {
      for sid in ["UseObjectKeys"] : sid => {
        Action    = actions
        Resource  = var.kms_key_arns
        Condition = { StringLike = { "kms:ViaService" = ["s3.*.amazonaws.com"] } }
      } if length(var.kms_key_arns) > 0
    }
  }

  # S3 says that an object is not there only to whoever may list its name, and else that access is denied.
  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
  # Each ? is one character: a * would match folders, too, and with them the contacts.
  _any_report = var.report_url == null ? null : replace(replace(replace(var.report_url, "{yyyy}", "????"), "{mm}", "??"), "{mon}", "???")
  _report_statements = merge([
    for report in try([regex("^s3://(?P<bucket>[^/]+)/(?P<key>.+)$", local._any_report)], []) : merge(
      {
        FindReport = {
          Action    = ["s3:ListBucket"]
          Resource  = ["arn:${data.aws_partition.current.partition}:s3:::${report.bucket}"]
          Condition = { StringLike = { "s3:prefix" = [report.key] } }
        }
        ReadReport = {
          Action   = ["s3:GetObject"]
          Resource = ["arn:${data.aws_partition.current.partition}:s3:::${report.bucket}/${report.key}"]
        }
      },
      local._object_key_statements.read,
    )
  ]...)

  # Whoever publishes to an encrypted topic must be allowed to use its key. The key that AWS manages for
  # SNS lets everybody in the account use it through SNS, but a boundary would still be in the way.
  # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
  _topic_key_actions = ["kms:Decrypt", "kms:GenerateDataKey*"]
  _topic_key_statements = merge(
    { for key in data.aws_kms_key.topics : "UseTopicKey" => { Action = local._topic_key_actions, Resource = [key.arn] } },
    {
      for sid in ["UseTopicKey"] : sid => {
        Action    = local._topic_key_actions
        Resource  = ["*"]
        Condition = { StringLike = { "kms:ViaService" = ["sns.*.amazonaws.com"] } }
      } if length(data.aws_kms_key.topics) == 0
    },
  )

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
    local._report_statements, local._topic_key_statements, local._ledger_statements.boundary,
  )

  # IAM takes 6,144 characters in one policy, so the topics are spread over as many as they fill. The
  # ARN of a new topic is not known before the apply, but its length is.
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  _topic_lengths = {
    for topic in keys(module.contacts.topics) :
    topic => length("\"arn:${data.aws_partition.current.partition}:sns:${data.aws_service.sns.region}:${data.aws_caller_identity.current.account_id}:${topic}\",")
  }
  _no_topics = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "PublishAlerts", Effect = "Allow", Action = ["sns:Publish"], Resource = [] }] })
  # The last ARN has no comma. A topic that begins later than this goes into the next policy, because the
  # longest would not fit any more.
  _last_begin = 6144 + 1 - length(local._no_topics) - max(0, values(local._topic_lengths)...)
  # What comes before a topic is summed up by thirties: the time for all single sums would grow with the
  # square of the number of topics.
  _thirties       = chunklist(keys(local._topic_lengths), 30)
  _thirty_lengths = [for topics in local._thirties : sum([for topic in topics : local._topic_lengths[topic]])]
  _topics_by_policy = {
    for topic in flatten([
      for index, topics in local._thirties : [
        for place, topic in topics : {
          name   = topic
          before = sum(concat([0], slice(local._thirty_lengths, 0, index), [for earlier in slice(topics, 0, place) : local._topic_lengths[earlier]]))
        }
      ]
    ]) : "${var.name_prefix}backlog-alerts-runner-${floor(topic.before / (local._last_begin + 1)) + 1}" => topic.name...
  }

  _runner_statements = merge(
    {
      for name, topics in local._topics_by_policy : name => {
        PublishAlerts = { Action = ["sns:Publish"], Resource = [for topic in topics : module.alert_topic[topic].arn] }
      }
    },
    {
      "${var.name_prefix}backlog-alerts-runner-shared" = merge(
        local._report_statements, local._topic_key_statements, lookup(local._ledger_statements, "runner", {}), local._operators_statements,
      )
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

check "runner_policies_fit_one_role" {
  assert {
    condition     = length(local._runner_statements) <= 10
    error_message = "Whoever runs the check needs ${length(local._runner_statements)} policies, and a role may have 10. Ask AWS to raise the quota of managed policies attached to a role, or shorten name_prefix and the names of departments and levels."
  }
}
