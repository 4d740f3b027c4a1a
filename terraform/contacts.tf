# Where the contacts come from. modules/contacts turns them into people and subscriptions.

locals {
  _contacts_s3   = try(regex("^s3://(?P<bucket>[^/]+)/(?P<key>.+)$", var.contacts_csv), null)
  _contacts_path = "${path.root}/${var.contacts_csv}"

  # Null if the text was read; else the reason why not, for the list of problems.
  _contacts_unreadable = (
    local._contacts_s3 != null
    ? (nonsensitive(try(data.aws_s3_object.contacts[0].body, null) == null)
      ? "S3 says it is ${try(data.aws_s3_object.contacts[0].content_type, "no text")}; upload it again with --content-type text/csv"
    : null)
    : (!try(fileexists(local._contacts_path), false)
      ? "there is no such file; give a path relative to the terraform folder, or s3://bucket/key"
      : (can(file(local._contacts_path)) ? null : "is not UTF-8; save it as \"CSV UTF-8\"")
    )
  )
  _contacts_text = (
    local._contacts_s3 != null
    ? try(data.aws_s3_object.contacts[0].body, null)
    : try(file(local._contacts_path), null)
  )
}

data "aws_s3_object" "contacts" {
  count = local._contacts_s3 == null ? 0 : 1

  bucket = local._contacts_s3.bucket
  key    = local._contacts_s3.key
}

module "contacts" {
  source = "./modules/contacts"

  departments = var.departments
  file_name   = var.contacts_csv
  name_prefix = var.name_prefix
  text        = sensitive(local._contacts_text == null ? "" : local._contacts_text)
  unreadable  = local._contacts_unreadable
}

# For `make subscriptions`: the state knows who is subscribed, and here it knows who is not.
resource "terraform_data" "receive_nothing" {
  input = module.contacts.receive_nothing

  # So that a plan stopped by problems shows no change at all.
  depends_on = [module.contacts]
}
