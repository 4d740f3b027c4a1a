variable "boundary_statements" {
  description = "The most that the check may do, by Sid, whatever is attached to its role."
  type = map(object({
    Action    = list(string)
    Resource  = list(string)
    Condition = optional(map(map(list(string))))
  }))
}

variable "contacts" {
  description = "Bucket and key of the contacts file, to be read; null if it is in the repository."
  type        = object({ bucket = string, key = string })
}

variable "ledger_bucket_arn" {
  description = "ARN of the ledger's bucket, with a * for its random digits."
  type        = string
}

variable "key_statements" {
  description = "The use of customer keys for objects on S3: read and write to statements by Sid, which are empty without a key."
  type = map(map(object({
    Action    = list(string)
    Resource  = list(string)
    Condition = optional(map(map(list(string))))
  })))
}

variable "name_prefix" {
  description = "Prefix of every name."
  type        = string
}

variable "read_statements" {
  description = "What plan and apply may read beside what Terraform manages, by Sid."
  type = map(object({
    Action    = list(string)
    Resource  = list(string)
    Condition = optional(map(map(list(string))))
  }))
}

variable "repository" {
  description = "The repository with its ids, its branch and environment, and its state, as the root module's github_actions."
  type = object({
    repository        = string
    state_bucket      = string
    state_key         = string
    branch            = string
    environment       = string
    oidc_provider_arn = string
    owner_id          = string
    repository_id     = string
  })
}

variable "runner_policies" {
  description = "Policies of whoever runs the check: name to ARN."
  type        = map(string)
}

variable "schedule_name" {
  description = "Name of the schedule's resources; null without a schedule."
  type        = string
}

variable "topics_arn" {
  description = "ARN of all topics, with a * for what follows their prefix."
  type        = string
}
