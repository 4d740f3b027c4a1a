# Region and credentials come from the environment (AWS_REGION, AWS_PROFILE, ...), the same way
# for Terraform and for the runner. Against an emulator, AWS_ENDPOINT_URL is enough.
provider "aws" {
  default_tags {
    tags = var.tags
  }
}
