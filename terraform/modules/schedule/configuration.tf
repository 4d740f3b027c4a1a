resource "aws_s3_object" "configuration" {
  bucket       = var.bucket.name
  key          = "config/outputs.json"
  content      = var.configuration
  content_type = "application/json"
  # Edited by hand at AWS, the object is written anew.
  etag = md5(var.configuration)

  # An object can carry 10 tags alone, and writing them would take a further permission.
  override_provider {
    default_tags {
      tags = {}
    }
  }
}
