# Region and credentials come from the environment (AWS_REGION, AWS_PROFILE), for Terraform and the
# runner alike. For an emulator, AWS_ENDPOINT_URL is enough.
provider "aws" {
  default_tags {
    tags = var.tags
  }
}
