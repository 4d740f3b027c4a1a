# Where the contacts come from: a file beside the configuration, or an object on S3.
#
# Where the source can't be read, modules/contacts is replaced. Its own problem would end the run.
# contacts_file.tftest.hcl proves that such a reason stops the plan.

mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  departments = {
    water = { services = ["Water"], alerts = { critical = { threshold = 100, protocols = ["email", "sms"] } } }
  }
}

run "contacts_are_read_from_a_path_below_the_terraform_folder" {
  command = plan
  variables {
    contacts_csv = "examples/two-topic/contacts.csv"
    departments = {
      streets = { services = ["Street Light Repair"], alerts = { notifications = { threshold = 100, protocols = ["email", "sms"] } } }
      trash   = { services = ["Illegal Dumping"], alerts = { notifications = { threshold = 30, protocols = ["email", "sms"] } } }
    }
  }

  assert {
    condition     = length(data.aws_s3_object.contacts) == 0 && length(module.contacts.topics.trash_notifications.subscriptions) > 0
    error_message = "A path must be read from the file, without a call to S3."
  }
}

run "contacts_are_read_from_an_object_on_s3" {
  command = plan
  variables {
    contacts_csv = "s3://city-lists/backlog/contacts.csv"
  }
  override_data {
    target = data.aws_s3_object.contacts
    values = { body = "Name,Email,Phone,Department\nFiona Miller,fiona@example.com,,water", content_type = "text/csv" }
  }

  assert {
    condition     = data.aws_s3_object.contacts[0].bucket == "city-lists" && data.aws_s3_object.contacts[0].key == "backlog/contacts.csv"
    error_message = "Bucket and key are not those of the address."
  }
  assert {
    condition     = keys(module.contacts.topics.water_critical.subscriptions) == ["email/Fiona Miller"]
    error_message = "The object's text is not what the subscriptions come from."
  }
}

# The provider gives a body for text types alone; without this, it would read as an empty list.
run "an_object_that_is_no_text_is_unreadable_and_says_how_to_upload_it" {
  command = plan
  variables {
    contacts_csv = "s3://city-lists/contacts.csv"
  }
  override_data {
    target = data.aws_s3_object.contacts
    values = { body = null, content_type = "application/octet-stream" }
  }
  override_module {
    target  = module.contacts
    outputs = { address_differences = [], problems = [], receive_nothing = [], topics = {} }
  }

  assert {
    condition     = local._contacts_unreadable == "S3 says it is application/octet-stream; upload it again with --content-type text/csv"
    error_message = local._contacts_unreadable == null ? "null" : local._contacts_unreadable
  }
}

run "a_file_that_is_not_there_is_unreadable" {
  command = plan
  variables {
    contacts_csv = "nobody.csv"
  }
  override_module {
    target  = module.contacts
    outputs = { address_differences = [], problems = [], receive_nothing = [], topics = {} }
  }

  assert {
    condition     = local._contacts_unreadable == "there is no such file; give a path relative to the terraform folder, or s3://bucket/key"
    error_message = local._contacts_unreadable == null ? "null" : local._contacts_unreadable
  }
}

run "a_folder_is_no_contacts_file" {
  command = plan
  variables {
    contacts_csv = "examples"
  }
  override_module {
    target  = module.contacts
    outputs = { address_differences = [], problems = [], receive_nothing = [], topics = {} }
  }

  assert {
    condition     = local._contacts_unreadable == "there is no such file; give a path relative to the terraform folder, or s3://bucket/key"
    error_message = local._contacts_unreadable == null ? "null" : local._contacts_unreadable
  }
}

# What a spreadsheet saves as plain "CSV" on Windows.
run "a_file_in_another_encoding_is_unreadable_and_says_what_to_save_it_as" {
  command = plan
  variables {
    contacts_csv = "tests/contacts_latin1.csv"
  }
  override_module {
    target  = module.contacts
    outputs = { address_differences = [], problems = [], receive_nothing = [], topics = {} }
  }

  assert {
    condition     = local._contacts_unreadable == "is not UTF-8, probably because a spreadsheet saved it as plain CSV, in which letters such as é get lost; save it as \"CSV UTF-8\", or in LibreOffice as CSV with the character set Unicode (UTF-8)"
    error_message = local._contacts_unreadable == null ? "null" : local._contacts_unreadable
  }
}
