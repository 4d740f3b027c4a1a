variable "country_code" {
  description = "Country whose phone numbers may be written without + and country code; null means none."
  type        = string
  default     = null
}

variable "departments" {
  description = "Departments with their services and alerts, as the root module's variable types them."
  type        = any
}

variable "file_name" {
  description = "Name of the contacts file in messages."
  type        = string
}

variable "name_prefix" {
  description = "Prefix of every topic's name."
  type        = string
}

variable "text" {
  description = "Content of the contacts file."
  type        = string
  sensitive   = true
}

variable "unreadable" {
  description = "Why the contacts file could not be read; null if it was."
  type        = string
  default     = null
}
