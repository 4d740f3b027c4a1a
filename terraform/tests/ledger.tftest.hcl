# The bucket that remembers what was sent: private, versioned, encrypted, there unless switched off.

mock_provider "aws" {
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/p" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::backlog-ledger-1", id = "backlog-ledger-1" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_s3_object" {
    defaults = { body = "Name,Email,Phone,Department\nFiona Miller,fiona@example.com,+15555550101,water\n" }
  }
}

variables {
  contacts_csv = "s3://city-lists/contacts.csv"
  departments = {
    water = { services = ["Water"], alerts = { critical = { threshold = 100, protocols = ["email"] } } }
  }
}

override_module {
  target  = module.alert_topic
  outputs = { arn = "arn:aws:sns:us-east-1:123456789012:t" }
}

run "the_ledger_is_on_unless_switched_off_and_reminds_monthly" {
  command = apply

  assert {
    condition     = output.ledger_bucket == "backlog-ledger-1" && length(module.ledger) == 1
    error_message = "There is no ledger."
  }
  assert {
    condition     = output.remind == "month" && !output.notify_recovery && output.max_report_age_days == null && output.operators_topic_arn == null
    error_message = "Another default: ${jsonencode([output.remind, output.notify_recovery])}"
  }
}

run "whoever_runs_the_check_may_find_read_and_write_entries_and_nothing_else_there" {
  command = apply

  assert {
    condition = jsonencode(jsondecode(aws_iam_policy.runner["backlog-alerts-runner-shared"].policy).Statement) == jsonencode([
      { Sid = "FindEntries", Effect = "Allow", Action = "s3:ListBucket", Resource = "arn:aws:s3:::backlog-ledger-1" },
      { Sid = "KeepEntries", Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject"], Resource = "arn:aws:s3:::backlog-ledger-1/ledger/*" },
    ])
    error_message = aws_iam_policy.runner["backlog-alerts-runner-shared"].policy
  }
  assert {
    condition     = keys(aws_iam_policy.runner) == ["backlog-alerts-runner-1", "backlog-alerts-runner-shared"] && length(output.runner_policy_arns) == 2
    error_message = join(", ", keys(aws_iam_policy.runner))
  }
}

run "switched_off_there_is_no_bucket_and_no_right_to_one" {
  command = apply
  variables {
    ledger = false
  }

  assert {
    condition     = length(module.ledger) == 0 && output.ledger_bucket == null
    error_message = "There is a bucket."
  }
  assert {
    condition     = keys(aws_iam_policy.runner) == ["backlog-alerts-runner-1"]
    error_message = join(", ", keys(aws_iam_policy.runner))
  }
}

run "what_is_set_is_handed_on" {
  command = apply
  variables {
    max_report_age_days = 40
    notify_recovery     = true
    remind              = "30"
  }

  assert {
    condition     = output.max_report_age_days == 40 && output.notify_recovery == true && output.remind == "30"
    error_message = jsonencode([output.max_report_age_days, output.notify_recovery, output.remind])
  }
}

# S3: lower case, no underscore, a letter or digit first, and 37 characters before the provider's own.
run "a_prefix_is_made_fit_for_a_buckets_name" {
  command = plan
  variables {
    name_prefix = "-City_of_Springfield-Public-Works_"
  }

  assert {
    condition     = local._bucket_prefix == "city-of-springfield-p-backlog-ledger-" && length(local._bucket_prefix) == 37
    error_message = "${local._bucket_prefix}: ${length(local._bucket_prefix)} characters"
  }
}

run "without_a_prefix_the_name_begins_with_what_the_bucket_is" {
  command = plan

  assert {
    condition     = local._bucket_prefix == "backlog-ledger-"
    error_message = local._bucket_prefix
  }
}

run "a_prefix_cut_at_a_dash_keeps_one_dash" {
  command = plan
  variables {
    name_prefix = "city-of-springfields-public-works-"
  }

  assert {
    condition     = local._bucket_prefix == "city-of-springfields-backlog-ledger-"
    error_message = local._bucket_prefix
  }
}

run "the_bucket_is_private_versioned_encrypted_and_for_tls_alone" {
  command = apply
  module {
    source = "./modules/ledger"
  }
  variables {
    bucket_prefix = "backlog-ledger-"
  }

  assert {
    condition     = aws_s3_bucket.this.bucket_prefix == "backlog-ledger-" && aws_s3_bucket.this.force_destroy
    error_message = "Another name, or a bucket that can't be destroyed."
  }
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls, aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls, aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "Public access is not wholly blocked."
  }
  assert {
    condition     = aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "Lists of access are not off."
  }
  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "It is not encrypted."
  }
  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "It is not versioned."
  }
  assert {
    condition = (
      length(aws_s3_bucket_lifecycle_configuration.this.rule) == 1
      && aws_s3_bucket_lifecycle_configuration.this.rule[0].status == "Enabled"
      && aws_s3_bucket_lifecycle_configuration.this.rule[0].noncurrent_version_expiration[0].noncurrent_days == 90
      && aws_s3_bucket_lifecycle_configuration.this.rule[0].abort_incomplete_multipart_upload[0].days_after_initiation == 7
      && length(aws_s3_bucket_lifecycle_configuration.this.rule[0].expiration) == 0
    )
    error_message = "Old versions stay for ever, or entries expire."
  }
  assert {
    condition = jsonencode(jsondecode(aws_s3_bucket_policy.this.policy).Statement) == jsonencode([{
      Sid       = "RefusePlainHttp"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::backlog-ledger-1", "arn:aws:s3:::backlog-ledger-1/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }])
    error_message = aws_s3_bucket_policy.this.policy
  }
}

run "remind_knows_no_other_word" {
  command = plan
  variables {
    remind = "weekly"
  }

  expect_failures = [var.remind]
}

run "remind_is_a_whole_number_of_days" {
  command = plan
  variables {
    remind = "0"
  }

  expect_failures = [var.remind]
}

run "an_alert_may_never_be_sent_again" {
  command = plan
  variables {
    remind = "never"
  }
}

run "a_report_is_not_stale_before_it_is_a_day_old" {
  command = plan
  variables {
    max_report_age_days = 0
  }

  expect_failures = [var.max_report_age_days]
}

run "a_report_is_not_stale_before_it_is_a_day_old_or_in_parts" {
  command = plan
  variables {
    max_report_age_days = 40.5
  }

  expect_failures = [var.max_report_age_days]
}

run "a_report_may_be_stale_after_a_day" {
  command = plan
  variables {
    max_report_age_days = 1
  }
}
