variable "bucket_prefix" {
  description = "How the bucket's name begins; the provider puts random digits behind it."
  type        = string
}
