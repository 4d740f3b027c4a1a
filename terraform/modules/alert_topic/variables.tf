variable "kms_key_id" {
  description = "Key that encrypts the topic."
  type        = string
}

variable "name" {
  description = "Name of the topic."
  type        = string
}

variable "sender_name" {
  description = "Sender's name in emails and texts; null means none."
  type        = string
}

variable "subscriptions" {
  description = "Subscriptions by \"<protocol>/<person>\"."
  type        = map(object({ protocol = string, endpoint = string }))
}
