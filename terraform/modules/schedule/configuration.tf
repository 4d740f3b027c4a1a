resource "aws_s3_object" "configuration" {
  bucket       = var.bucket.name
  key          = "config/runner_config.json"
  content      = var.configuration
  content_type = "application/json"
  # So that an edit by hand at AWS is undone.
  etag = md5(var.configuration)

  # An object can only have 10 tags, and writing them would need another permission.
  override_provider {
    default_tags {
      tags = {}
    }
  }
}
