# What AWS says of texts: what they cost, and which of them arrived. Both are of the whole account in
# this region, whoever sends.

# The region, which aws_region calls by one name in version 5 of the provider and by another in 6.
data "aws_service" "sns" {
  service_id = "sns"
}

locals {
  _sms_logs   = toset(var.sms_log_days == null ? [] : ["this"])
  _sms_topics = [for topic, made in module.contacts.topics : topic if contains(made.alert.protocols, "sms")]

  # SNS chooses these names. A topic's deliveries are under its name, those without a topic under
  # DirectPublishToPhoneNumber. The documentation does not say which of them a topic's texts are, so
  # each group that they may be in is made here, with its retention.
  # https://docs.aws.amazon.com/sns/latest/dg/topics-attrib-prereq.html
  # https://repost.aws/knowledge-center/monitor-sns-texts-cloudwatch
  _sms_log_prefix = "sns/${data.aws_service.sns.region}/${data.aws_caller_identity.current.account_id}"
  _sms_log_groups = toset(flatten([
    for name in concat(["DirectPublishToPhoneNumber"], local._sms_topics) : [name, "${name}/Failure"] if var.sms_log_days != null
  ]))
  _sms_log_arn = join(":", [
    "arn:${data.aws_partition.current.partition}:logs", data.aws_service.sns.region,
    data.aws_caller_identity.current.account_id, "log-group", local._sms_log_prefix,
  ])
}

# SNS reports the sum only while texts are sent. Without data the alarm stays as it is: a new one says
# nothing, and one that has begun ends with the first text of the next month.
resource "aws_cloudwatch_metric_alarm" "sms" {
  for_each = var.sms_monthly_limit == null ? [] : local._operators_topics

  alarm_name = "${var.name_prefix}backlog-alerts-sms-costs"
  alarm_description = join(" ", [
    "Texts of this account have cost 80 % or more of ${var.sms_monthly_limit} US dollars (sms_monthly_limit) this month.",
    "At its spend limit, AWS sends no more texts until the next month.",
    "Ask AWS Support for a higher SMS spend limit, then raise sms_monthly_limit, too.",
    "Or let fewer alerts send texts.",
  ])

  # It has no dimensions: https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
  namespace           = "AWS/SNS"
  metric_name         = "SMSMonthToDateSpentUSD"
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = var.sms_monthly_limit * 0.8
  treat_missing_data  = "ignore"

  alarm_actions = [aws_sns_topic.operators[each.key].arn]
}

resource "aws_cloudwatch_log_group" "sms" {
  for_each = local._sms_log_groups

  name              = "${local._sms_log_prefix}/${each.key}"
  retention_in_days = var.sms_log_days

  # So that a plan stopped by problems shows no change at all.
  depends_on = [module.contacts]
}

resource "aws_iam_role" "sms" {
  for_each = local._sms_logs

  name        = "${var.name_prefix}backlog-alerts-sms"
  description = "SNS logs which texts arrived."

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "sns.amazonaws.com" }
      # SNS does not say whether it names the account here. If it names one, it must be this one.
      Condition = { StringEqualsIfExists = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })

  # So that a plan stopped by problems shows no change at all.
  depends_on = [module.contacts]
}

resource "aws_iam_role_policy" "sms" {
  for_each = local._sms_logs

  name = "inline"
  role = aws_iam_role.sms[each.key].id

  # Each topic of an alert has an underscore. Other groups would have no retention.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "LogTexts"
      Effect   = "Allow"
      Action   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["${local._sms_log_arn}/DirectPublishToPhoneNumber*", "${local._sms_log_arn}/${var.name_prefix}*_*"]
    }]
  })
}

resource "aws_sns_sms_preferences" "sms" {
  for_each = local._sms_logs

  delivery_status_iam_role_arn = aws_iam_role.sms[each.key].arn
  # A text that arrived says that the failure before it is over.
  delivery_status_success_sampling_rate = "100"

  lifecycle {
    # The account's own. Without this, each plan would want to empty what somebody set there.
    ignore_changes = [default_sender_id, default_sms_type, monthly_spend_limit, usage_report_s3_bucket]
  }

  # Nothing is logged before it has a retention.
  depends_on = [aws_cloudwatch_log_group.sms, aws_iam_role_policy.sms]
}

check "a_limit_for_texts_has_operators" {
  assert {
    condition     = var.sms_monthly_limit == null || length(local._operators) > 0
    error_message = "sms_monthly_limit is set, and nobody is notified when texts cost nearly as much. Name somebody in operator_emails."
  }
}
