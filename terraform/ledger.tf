# The bucket of the ledger, which remembers what was sent, so that a crossing is sent once.

locals {
  # A bucket's name: lower case, no underscore, a letter or digit first. 37 characters leave the
  # provider room for its random digits: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
  _bucket_label  = trim(replace(lower(var.name_prefix), "/[^a-z0-9]+/", "-"), "-")
  _bucket_prefix = "${join("-", compact([trim(substr(local._bucket_label, 0, 21), "-"), "backlog-ledger"]))}-"

  # A schedule keeps its configuration there, too. So it needs the bucket even without a ledger.
  _needs_bucket = var.ledger || var.schedule_expression != null
}

module "ledger" {
  source   = "./modules/ledger"
  for_each = toset(local._needs_bucket ? ["this"] : [])

  bucket_prefix = local._bucket_prefix

  # So that a plan stopped by problems shows no change at all.
  depends_on = [module.contacts]
}
