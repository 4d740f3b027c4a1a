variable "contacts_csv" {
  description = "Contacts file: a path relative to this folder, or s3://bucket/key."
  type        = string
  default     = "contacts.csv"
  nullable    = false
}

variable "departments" {
  description = "Departments: the services whose counts are summed, and the alerts with their thresholds, protocols and texts."
  type = map(object({
    services = list(string)
    alerts = map(object({
      threshold = number
      protocols = list(string)
      subject   = optional(string)
      message   = optional(string)
      sms       = optional(string)
    }))
  }))
  nullable = false

  validation {
    condition = alltrue([
      for department in values(var.departments) : try(
        department.services != null && alltrue([for alert in values(department.alerts) : alert.protocols != null]), false
      )
    ])
    error_message = "A department needs a list of services and a map of alerts, and an alert a list of protocols; none of them may be null."
  }
}

variable "github_actions" {
  description = "Makes the roles for the workflows in .github: the repository (owner/name), the bucket and key of the state, the branch that is applied, the environment that approves. Null: none."
  type = object({
    repository        = string
    state_bucket      = string
    state_key         = optional(string, "backlog-alerts/terraform.tfstate")
    branch            = optional(string, "main")
    environment       = optional(string, "production")
    oidc_provider_arn = optional(string)
  })
  default = null

  validation {
    condition     = var.github_actions == null || can(regex("^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", var.github_actions.repository))
    error_message = "github_actions.repository must be of the form owner/name; a * would let other repositories in."
  }

  validation {
    condition     = var.github_actions == null || can(regex("^[A-Za-z0-9_./-]+ [A-Za-z0-9_./-]+$", "${var.github_actions.branch} ${var.github_actions.environment}"))
    error_message = "github_actions.branch and environment may hold letters, digits, and _ . / - alone."
  }
}

variable "kms_key_id" {
  description = "Key that encrypts the topics: an alias, id or ARN. The default is the key AWS manages for SNS."
  type        = string
  default     = "alias/aws/sns"
  nullable    = false
}

variable "ledger" {
  description = "Remembers on S3 what was sent, so that a crossing is sent once; false: each run sends what is over."
  type        = bool
  default     = true
  nullable    = false
}

variable "max_report_age_days" {
  description = "Days after which a report counts as stale and the operators hear; null: never."
  type        = number
  default     = null

  validation {
    condition     = var.max_report_age_days == null || try(var.max_report_age_days >= 1 && floor(var.max_report_age_days) == var.max_report_age_days, false)
    error_message = "max_report_age_days must be a whole number of at least 1, or null."
  }
}

variable "name_prefix" {
  description = "Put before every topic's name, to hold two installations apart in one account."
  type        = string
  default     = ""
  nullable    = false
}

variable "not_run_alarm_days" {
  description = "Days without a run after which the operators hear, 1 to 7 (CloudWatch looks back no further): more than the longest pause of the schedule."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = contains([1, 2, 3, 4, 5, 6, 7], var.not_run_alarm_days)
    error_message = "not_run_alarm_days must be a whole number from 1 to 7."
  }
}

variable "notify_recovery" {
  description = "Says \"back to normal\" once when a department that was alerted is no longer over its threshold."
  type        = bool
  default     = false
  nullable    = false
}

variable "operator_emails" {
  description = "Email addresses of those who hear when the watching itself fails: a broken report, an alert not sent, no run."
  type        = list(string)
  default     = []
  nullable    = false
  sensitive   = true

  # The messages name an address by its place alone, and Terraform prints no value of a sensitive variable.
  validation {
    condition = alltrue([
      for email in nonsensitive(var.operator_emails) :
      can(regex(local._operator_form, trimspace(email)))
    ])
    error_message = join("\n", [
      for index, email in nonsensitive(var.operator_emails) : "operator_emails, number ${index + 1}: must look like name@example.com"
      if !can(regex(local._operator_form, trimspace(email)))
    ])
  }

  validation {
    condition = length(distinct([for email in nonsensitive(var.operator_emails) : try(lower(trimspace(email)), "")])) == length(nonsensitive(var.operator_emails))
    error_message = join("\n", flatten([
      for same in values({ for index, email in nonsensitive(var.operator_emails) : try(lower(trimspace(email)), "") => index + 1... }) : [
        for place in slice(same, 1, length(same)) : "operator_emails, number ${place}: is the same as number ${same[0]}"
      ]
    ]))
  }
}

variable "package" {
  description = "The function's code, made by make package: a path relative to this folder."
  type        = string
  default     = "../.cache/package/runner.zip"
  nullable    = false
}

variable "remind" {
  description = "When an alert that stays over is sent again: month (with each new month's report), never, or a number of days."
  type        = string
  default     = "month"
  nullable    = false

  validation {
    condition     = can(regex("^(month|never|[1-9][0-9]{0,3})$", var.remind))
    error_message = "remind must be month, never, or a number of days from 1 to 9999."
  }
}

variable "report_url" {
  description = "Where the monthly report is (https://, s3:// or a path); {yyyy}, {mm} and {mon} stand for its month. Empty: named on each run."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = length(setsubtract(regexall("\\{[^{}]*\\}", var.report_url), ["{yyyy}", "{mm}", "{mon}"])) == 0
    error_message = "report_url may hold the placeholders {yyyy}, {mm} and {mon} alone."
  }

  validation {
    condition     = can(regex("^$|^(https?|s3|file)://[^/]|^file:///|^[./]", var.report_url))
    error_message = "report_url must begin with https://, http://, s3:// or file://, or be a path that begins with . or /."
  }
}

variable "schedule_expression" {
  description = "When the check runs by itself, in UTC, as cron(...) or rate(...); null: no schedule and no function."
  type        = string
  default     = null

  validation {
    condition     = var.schedule_expression == null || can(regex("^(cron|rate)\\(\\S.*\\)$", var.schedule_expression))
    error_message = "schedule_expression must be cron(...) or rate(...), such as cron(0 7 * * ? *) for every day at 7:00 UTC, or null."
  }

  validation {
    condition     = var.schedule_expression == null || can(regex("^(https?|s3)://", var.report_url))
    error_message = "With a schedule, report_url must say where the report is, and begin with https://, http:// or s3://: the function has no files of yours."
  }

  validation {
    condition     = var.schedule_expression == null || try(fileexists("${path.root}/${var.package}"), false)
    error_message = "The function's code is not there (${var.package}); run `make package` first."
  }

  # A role's and a function's name: 64 characters.
  validation {
    condition     = var.schedule_expression == null || length(var.name_prefix) <= 40
    error_message = "With a schedule, name_prefix may be 40 characters long at most."
  }
}

variable "tags" {
  description = "Tags on every resource that can carry them."
  type        = map(string)
  default     = { project = "backlog-alerts", managed-by = "terraform" }
  nullable    = false
}
