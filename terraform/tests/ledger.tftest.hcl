# The bucket of the ledger, as modules/ledger makes it.

mock_provider "aws" {
  source = "./tests/aws"
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
    error_message = "It has another name, or can't be destroyed."
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
    error_message = "Access control lists are not off."
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
    error_message = "Old versions stay for ever, or the ledger expires."
  }
  assert {
    condition = jsonencode(jsondecode(aws_s3_bucket_policy.this.policy).Statement) == jsonencode([{
      Sid       = "DenyPlainHttp"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::backlog-ledger-1", "arn:aws:s3:::backlog-ledger-1/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }])
    error_message = aws_s3_bucket_policy.this.policy
  }
}
