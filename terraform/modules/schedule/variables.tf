variable "at_most" {
  description = "Statements of IAM beyond which the function can do nothing but its own work, whatever is attached to its role."
  type        = any
}

variable "bucket" {
  description = "Bucket that holds the configuration: its name and its ARN."
  type        = object({ name = string, arn = string })
}

variable "configuration" {
  description = "What the function is run with: the outputs that the runner reads, in the form of terraform output -json."
  type        = string
}

variable "departments" {
  description = "Departments with their alerts' thresholds by level, for the dashboard."
  type        = map(map(number))
}

variable "expression" {
  description = "When the check runs, in UTC."
  type        = string
}

variable "max_report_age_days" {
  description = "Days after which a report counts as stale, for the dashboard; null: never."
  type        = number
}

variable "name" {
  description = "What every name here begins with."
  type        = string
}

variable "not_run_days" {
  description = "Days without a run after which the operators hear."
  type        = number
}

variable "operators_topic_arn" {
  description = "Topic of those who hear of an alarm; null: nobody does."
  type        = string
}

variable "package" {
  description = "Path of the function's code, a zip."
  type        = string
}

variable "policies" {
  description = "Policies of whoever runs the check: name to ARN."
  type        = map(string)
}
