# Counts with their thresholds as lines, from the metrics that each run prints into its log.

locals {
  _region    = split(":", aws_lambda_function.check.arn)[3]
  _dimension = ["Function", aws_lambda_function.check.function_name]

  _charts = concat(
    [
      for department, thresholds in var.departments : {
        title   = department
        stat    = "Maximum"
        metrics = [["BacklogAlerts", "Cases ${department}"]]
        lines   = [for level, threshold in thresholds : { label = level, value = threshold }]
      }
    ],
    [
      {
        title   = "Alerts"
        stat    = "Sum"
        metrics = [for metric in ["Sent", "Failed", "Unknown"] : ["BacklogAlerts", metric]]
        lines   = []
      },
      {
        title   = "Age of the report in days"
        stat    = "Maximum"
        metrics = [["BacklogAlerts", "ReportAgeDays"]]
        lines   = [for days in var.max_report_age_days[*] : { label = "stale", value = days }]
      },
    ],
  )
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = [
      for index, chart in local._charts : {
        type   = "metric"
        x      = index % 2 * 12
        y      = floor(index / 2) * 6
        width  = 12
        height = 6
        properties = {
          title       = chart.title
          region      = local._region
          stat        = chart.stat
          period      = 24 * 60 * 60
          metrics     = [for metric in chart.metrics : concat(metric, local._dimension)]
          yAxis       = { left = { min = 0 } }
          annotations = { horizontal = chart.lines }
        }
      }
    ]
  })
}
