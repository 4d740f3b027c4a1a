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
      : (can(file(local._contacts_path)) ? null : (
        can(regex("(?i)\\.(xlsx?|ods|numbers)$", var.contacts_csv))
        ? "is a spreadsheet's own format; save it as \"CSV UTF-8\", and name that file in contacts_csv"
        : "is not UTF-8, probably because a spreadsheet saved it as plain CSV, in which letters such as é get lost; save it as \"CSV UTF-8\", or in LibreOffice as CSV with the character set Unicode (UTF-8)"
      ))
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

  country_code = var.country_code
  departments  = var.departments
  file_name    = var.contacts_csv
  name_prefix  = var.name_prefix
  text         = sensitive(local._contacts_text == null ? "" : local._contacts_text)
  unreadable   = local._contacts_unreadable
}

# At most 50 lines or names each, as with problems.
locals {
  _differences     = module.contacts.address_differences
  _receive_nothing = [for person in module.contacts.receive_nothing : "${person.name} (${person.department})"]
}

check "a_person_has_one_email_and_one_phone" {
  assert {
    condition     = length(local._differences) == 0
    error_message = <<-EOT
      The same name has different addresses. If that is one person, correct the other rows, too:

      ${join("\n", slice(local._differences, 0, min(50, length(local._differences))))}${length(local._differences) > 50 ? "\nand ${length(local._differences) - 50} more" : ""}
    EOT
  }
}

check "everybody_receives_something" {
  assert {
    condition     = length(local._receive_nothing) == 0
    error_message = <<-EOT
      These people are in the contacts and receive nothing: ${join(", ", slice(local._receive_nothing, 0, min(50, length(local._receive_nothing))))}${length(local._receive_nothing) > 50 ? " and ${length(local._receive_nothing) - 50} more" : ""}.

      No alert of their department uses an address that their row allows. Fill in Email or Phone, or change Channels. With none, it is not reported.
    EOT
  }
}

# For `make subscriptions`: the state knows who is subscribed, and here it knows who is not.
resource "terraform_data" "receive_nothing" {
  input = module.contacts.receive_nothing

  # So that a plan stopped by problems shows no change at all.
  depends_on = [module.contacts]
}
