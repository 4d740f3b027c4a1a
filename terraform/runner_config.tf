# All that the runner needs to know. It reads this object from the output, or on a schedule from S3.

locals {
  runner_config = {
    alerts = {
      for topic, made in module.contacts.topics :
      topic => merge(made.alert, { topic_arn = module.alert_topic[topic].arn })
    }
    ledger_bucket       = var.ledger ? module.ledger["this"].bucket : null
    max_report_age_days = var.max_report_age_days
    notify_recovery     = var.notify_recovery
    operators_topic_arn = one(values(aws_sns_topic.operators)[*].arn)
    remind              = var.remind
    report_url          = var.report_url
  }
}
