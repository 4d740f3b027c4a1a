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

variable "name_prefix" {
  description = "Put before every topic's name, to hold two installations apart in one account."
  type        = string
  default     = ""
  nullable    = false
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

variable "tags" {
  description = "Tags on every resource that can carry them."
  type        = map(string)
  default     = { project = "backlog-alerts", managed-by = "terraform" }
  nullable    = false
}
