variable "departments" {
  description = "Departments with their services and alerts, as the root module's variable of that name."
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
}

variable "file_name" {
  description = "What problems call the contacts file."
  type        = string
}

variable "name_prefix" {
  description = "Put before every topic's name."
  type        = string
}

variable "text" {
  description = "Content of the contacts file."
  type        = string
  sensitive   = true
}

variable "unreadable" {
  description = "Why the contacts file could not be read; null when it was."
  type        = string
  default     = null
}
