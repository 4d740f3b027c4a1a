variable "contacts_csv" {
  description = "Contacts file: a path relative to this folder, or s3://bucket/key."
  type        = string
  default     = "contacts.csv"
  nullable    = false
}

variable "country_code" {
  description = "Country whose phone numbers may be written without + and country code: 1 for the United States and Canada; null means none."
  type        = string
  default     = null

  # Elsewhere it depends on the country which digits are left out inside it, and a wrong guess reaches a stranger.
  validation {
    condition     = var.country_code == null || try(var.country_code == "1", false)
    error_message = "country_code must be \"1\", for the United States, Canada and the Caribbean, or null. Write numbers of other countries with + and their country code."
  }
}

variable "departments" {
  description = "Departments by name: the services whose counts are added up, and the alerts by level with their thresholds, protocols and texts."
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
    error_message = "A department needs a list of services and a map of alerts. An alert needs a list of protocols. None of them may be null."
  }
}

variable "github_actions" {
  description = "Repository (owner/name) whose GitHub Actions get roles, with GitHub's ids of its owner and of itself, its state, the branch that is applied and the environment that approves; null means no roles."
  type = object({
    repository        = string
    state_bucket      = string
    state_key         = optional(string, "backlog-alerts/terraform.tfstate")
    branch            = optional(string, "main")
    environment       = optional(string, "production")
    oidc_provider_arn = optional(string)
    owner_id          = optional(string)
    repository_id     = optional(string)
  })
  default = null

  validation {
    condition     = var.github_actions == null || can(regex("^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", var.github_actions.repository))
    error_message = "github_actions.repository must have the form owner/name, without wildcards."
  }

  validation {
    condition     = var.github_actions == null || can(regex("^[A-Za-z0-9_./-]+ [A-Za-z0-9_./-]+$", "${var.github_actions.branch} ${var.github_actions.environment}"))
    error_message = "github_actions.branch and environment may only contain letters, digits, and _ . / -."
  }

  # A * in one of them would open every bucket.
  validation {
    condition     = var.github_actions == null || can(regex("^[a-z0-9.-]{3,63} [A-Za-z0-9_./=-]+$", "${var.github_actions.state_bucket} ${var.github_actions.state_key}"))
    error_message = "github_actions.state_bucket must be a bucket's name. state_key may only contain letters, digits, and _ . / = -."
  }

  validation {
    condition = (
      var.github_actions == null
      || try(var.github_actions.owner_id == null && var.github_actions.repository_id == null, false)
      || can(regex("^[0-9]+ [0-9]+$", "${var.github_actions.owner_id} ${var.github_actions.repository_id}"))
    )
    error_message = "github_actions.owner_id and repository_id must be given together. They may only contain digits."
  }
}

variable "kms_key_arns" {
  description = "ARNs of the customer keys that encrypt objects on S3: the report, the contacts or the state."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.kms_key_arns : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", arn))])
    error_message = "kms_key_arns must hold ARNs of keys, such as arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab. IAM knows no aliases: aws kms describe-key --key-id ALIAS shows the ARN of its key."
  }

  validation {
    condition     = length(var.kms_key_arns) <= 10
    error_message = "kms_key_arns may hold at most 10 keys, so that a policy has room for them."
  }
}

variable "kms_key_id" {
  description = "Key that encrypts the topics, as an alias, id or ARN; by default the key that AWS manages for SNS."
  type        = string
  default     = "alias/aws/sns"
  nullable    = false
}

variable "ledger" {
  description = "Whether S3 remembers what was sent, so that a crossing is sent once; with false, every check sends what is over."
  type        = bool
  default     = true
  nullable    = false
}

variable "max_report_age_days" {
  description = "Days after which a report is stale, and only the operators are notified; null means never."
  type        = number
  default     = null

  validation {
    condition     = var.max_report_age_days == null || try(var.max_report_age_days >= 1 && floor(var.max_report_age_days) == var.max_report_age_days, false)
    error_message = "max_report_age_days must be a whole number, 1 or more, or null."
  }
}

variable "name_prefix" {
  description = "Prefix of every name, to keep two installations in one account apart."
  type        = string
  default     = ""
  nullable    = false
}

variable "not_run_alarm_days" {
  description = "Days without a run of the schedule after which the operators are notified, from 1 to 7, and more than its longest pause."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = contains([1, 2, 3, 4, 5, 6, 7], var.not_run_alarm_days)
    error_message = "not_run_alarm_days must be a whole number from 1 to 7."
  }
}

variable "notify_recovery" {
  description = "Whether \"back to normal\" is sent once after an alert is no longer over its threshold."
  type        = bool
  default     = false
  nullable    = false
}

variable "operator_emails" {
  description = "Email addresses of operators, who are notified when the check itself fails: a broken report, an alert that was not sent, no run."
  type        = list(string)
  default     = []
  nullable    = false
  sensitive   = true

  # The messages name an address only by its place. Terraform prints no value of a sensitive variable.
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
  description = "Zip file with the scheduled function's code, from make package: a path relative to this folder."
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
  description = "Address of the monthly report (https://, s3:// or a path), with {yyyy}, {mm} and {mon} for its month; null means that each check names it."
  type        = string
  default     = null

  validation {
    condition     = var.report_url == null || try(length(setsubtract(regexall("\\{[^{}]*\\}", var.report_url), ["{yyyy}", "{mm}", "{mon}"])) == 0, false)
    error_message = "report_url may only contain the placeholders {yyyy}, {mm} and {mon}."
  }

  # Each check would read the same month again, and send nothing new.
  validation {
    condition     = var.report_url == null || !can(regex("(^|[^0-9])(19|20)[0-9]{2}[-_. ]?(0[1-9]|1[0-2])([^0-9][^/]*)?$", var.report_url))
    error_message = "report_url names one month for ever. Write {yyyy} and {mm} in its place, such as https://reports.example.com/{yyyy}-{mm}.csv."
  }

  validation {
    condition     = var.report_url == null || can(regex("^(https?|s3)://[^/]|^[./]", var.report_url))
    error_message = "report_url must begin with https://, http:// or s3://, or be a path that begins with . or /, or be null."
  }
}

variable "schedule_expression" {
  description = "When AWS runs the check, in UTC, as cron(...) or rate(...); null means never, without a schedule."
  type        = string
  default     = null

  validation {
    condition     = var.schedule_expression == null || can(regex("^(cron|rate)\\(\\S.*\\)$", var.schedule_expression))
    error_message = "schedule_expression must be cron(...) or rate(...), such as cron(0 7 * * ? *) for every day at 7:00 UTC, or null."
  }

  # With five fields, or without ?, the day that is * becomes ?. In other crons, days are counted from Sunday = 0.
  validation {
    condition = !can(regex("^cron\\(", var.schedule_expression)) || can(regex(local._cron_form, var.schedule_expression))
    error_message = join(" ", concat(
      ["schedule_expression: cron of EventBridge has six fields: minutes, hours, day of month, month, day of week (1 or SUN for Sunday, to 7 or SAT), year. Exactly one of the two days must be ?."],
      [
        for field in try([regex("^cron\\((\\S+) +(\\S+) +([^ ?]+) +(\\S+) +([^ ?]+)(?: +(\\S+))?\\)$", var.schedule_expression)], []) : format(
          "Write cron(%s %s %s %s).", field[0], field[1],
          field[4] == "*" ? "${field[2]} ${field[3]} ?" : format("? %s %s", field[3],
            field[5] != null || can(regex("[^0-7,-]", field[4])) ? field[4] : join("", [for char in split("", field[4]) : lookup(local._cron_days, char, char)])
          ),
          field[5] == null ? "*" : field[5],
        ) if field[2] == "*" || field[4] == "*"
      ],
    ))
  }

  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rate-expressions.html
  validation {
    condition = !can(regex("^rate\\(", var.schedule_expression)) || can(regex(
      "^rate\\((1 +(minute|hour|day)|([2-9]|[1-9][0-9]+) +(minutes|hours|days))\\)$", var.schedule_expression
    ))
    error_message = "schedule_expression: rate must have a whole number and minutes, hours or days, such as rate(12 hours). With 1, it has no s: rate(1 day)."
  }

  validation {
    condition     = var.schedule_expression == null || can(regex("^(https?|s3)://", var.report_url))
    error_message = "With a schedule, report_url must begin with https://, http:// or s3://. The function can't read files of this machine."
  }

  validation {
    condition     = var.schedule_expression == null || try(fileexists("${path.root}/${var.package}"), false)
    error_message = "The function's code is missing (${var.package}). Run `make package` first."
  }

  # A role's and a function's name: 64 characters.
  validation {
    condition     = var.schedule_expression == null || length(var.name_prefix) <= 40
    error_message = "With a schedule, name_prefix may have at most 40 characters."
  }
}

variable "sender_name" {
  description = "Sender's name in emails, and the beginning of texts, which show its first 10 characters; null means no name."
  type        = string
  default     = null

  # 100 characters, all of them ASCII: with another one, a text has room for 70 characters instead of 160.
  # https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
  validation {
    condition = var.sender_name == null || try(
      can(regex("^[A-Za-z0-9 ._-]{1,100}$", var.sender_name)) && trimspace(var.sender_name) == var.sender_name, false
    )
    error_message = "sender_name may have 1 to 100 characters: letters from A to Z, digits, spaces inside, and . _ -. Texts show only the first 10, in capitals."
  }
}

variable "sms_log_days" {
  description = "Days that CloudWatch keeps which texts of this account arrived, with their phone numbers; null means that nothing is kept."
  type        = number
  default     = null

  # What CloudWatch takes, up to a year:
  # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
  validation {
    condition     = var.sms_log_days == null || try(contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365], var.sms_log_days), false)
    error_message = "sms_log_days must be 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180 or 365, or null."
  }

  # A role's name: 64 characters.
  validation {
    condition     = var.sms_log_days == null || length(var.name_prefix) <= 40
    error_message = "With sms_log_days, name_prefix may have at most 40 characters."
  }
}

variable "sms_monthly_limit" {
  description = "US dollars that texts of this account may cost in a month; operators are notified at 80 % of it; null means never."
  type        = number
  default     = null

  validation {
    condition     = var.sms_monthly_limit == null || try(var.sms_monthly_limit >= 1 && floor(var.sms_monthly_limit) == var.sms_monthly_limit, false)
    error_message = "sms_monthly_limit must be a whole number of US dollars, 1 or more, or null."
  }
}

variable "tags" {
  description = "Tags on every resource that can carry them."
  type        = map(string)
  default     = { project = "backlog-alerts", managed-by = "terraform" }
  nullable    = false
}
