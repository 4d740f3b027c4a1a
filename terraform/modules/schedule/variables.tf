variable "boundary_statements" {
  description = "The most that the check may do, by Sid, whatever is attached to the function's role."
  type = map(object({
    Action    = list(string)
    Resource  = list(string)
    Condition = optional(map(map(list(string))))
  }))
}

variable "bucket" {
  description = "Bucket that holds the configuration: its name and its ARN."
  type        = object({ name = string, arn = string })
}

variable "configuration" {
  description = "The runner's configuration, as JSON."
  type        = string
}

variable "departments" {
  description = "Department to its thresholds by level, for the dashboard."
  type        = map(map(number))
}

variable "expression" {
  description = "When the check runs, in UTC, as cron(...) or rate(...)."
  type        = string
}

variable "max_report_age_days" {
  description = "Days after which a report is stale, for the dashboard; null means never."
  type        = number
}

variable "name" {
  description = "Start of every name here."
  type        = string
}

variable "not_run_days" {
  description = "Days without a run after which the operators are notified."
  type        = number
}

variable "operators_topic_arn" {
  description = "Topic that alarms are published to; null means none."
  type        = string
}

variable "package" {
  description = "Path of the function's code, a zip file."
  type        = string
}

variable "policies" {
  description = "Policies of whoever runs the check: name to ARN."
  type        = map(string)
}
