# An AWS that answers with ARNs of the right form, for all test files.

mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/city-backlog-alerts-check" }
}
mock_resource "aws_iam_openid_connect_provider" {
  defaults = { arn = "arn:aws:iam::123456789012:oidc-provider/github" }
}
mock_resource "aws_iam_policy" {
  defaults = { arn = "arn:aws:iam::123456789012:policy/p" }
}
mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::123456789012:role/r", id = "r" }
}
mock_resource "aws_lambda_function" {
  defaults = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:city-backlog-alerts-check" }
}
mock_resource "aws_s3_bucket" {
  defaults = { arn = "arn:aws:s3:::backlog-ledger-1", id = "backlog-ledger-1" }
}
mock_resource "aws_sns_topic" {
  defaults = { arn = "arn:aws:sns:us-east-1:123456789012:t" }
}
mock_resource "aws_sqs_queue" {
  defaults = { arn = "arn:aws:sqs:us-east-1:123456789012:q" }
}

mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}
mock_data "aws_kms_key" {
  defaults = { arn = "arn:aws:kms:us-east-1:123456789012:key/k" }
}
mock_data "aws_partition" {
  defaults = { partition = "aws" }
}
mock_data "aws_s3_object" {
  defaults = {
    body = <<-EOT
      Name,Email,Phone,Department
      Fiona Miller,fiona@example.com,+15555550101,water
      Otto Kern,otto@example.com,,water
      Rosa Lind,,+15555550103,trash
    EOT
  }
}
mock_data "aws_service" {
  defaults = { region = "us-east-1" }
}
