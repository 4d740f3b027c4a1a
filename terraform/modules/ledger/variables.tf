variable "bucket_prefix" {
  description = "Start of the bucket's name; the provider adds random digits."
  type        = string
}
