# The roles of GitHub Actions: off by default, each able to do its job and no more.

mock_provider "aws" {
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/p" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/r", id = "r" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:us-east-1:123456789012:function:f" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:us-east-1:123456789012:q" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:us-east-1:123456789012:operators" }
  }
  mock_resource "aws_iam_openid_connect_provider" {
    defaults = { arn = "arn:aws:iam::123456789012:oidc-provider/github" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-east-1:123456789012:key/k" }
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

run "without_the_variable_there_is_no_role" {
  command = apply

  assert {
    condition     = length(aws_iam_role.ci) + length(aws_iam_role_policy.ci) + length(aws_iam_openid_connect_provider.github) + length(aws_iam_policy.check_boundary) + length(aws_iam_role_policy_attachment.check) == 0
    error_message = "A role, policy or provider was made without github_actions."
  }
  assert {
    condition     = output.ci_role_arns == {}
    error_message = "got ${jsonencode(output.ci_role_arns)}"
  }
}

run "each_role_is_for_runs_of_this_repository_alone" {
  command = apply
  variables {
    github_actions = { repository = "example-city/alerts", state_bucket = "example-state" }
  }

  assert {
    condition = { for job, role in aws_iam_role.ci : job => jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals } == {
      apply = {
        "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
        "token.actions.githubusercontent.com:sub" = ["repo:example-city/alerts:environment:production"]
      }
      check = {
        "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
        "token.actions.githubusercontent.com:sub" = ["repo:example-city/alerts:ref:refs/heads/main"]
      }
      plan = {
        "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
        "token.actions.githubusercontent.com:sub" = ["repo:example-city/alerts:pull_request", "repo:example-city/alerts:ref:refs/heads/main"]
      }
    }
    error_message = jsonencode({ for job, role in aws_iam_role.ci : job => role.assume_role_policy })
  }
  assert {
    condition = alltrue([
      for role in aws_iam_role.ci :
      jsondecode(role.assume_role_policy).Statement[0].Principal.Federated == "arn:aws:iam::123456789012:oidc-provider/github"
      && length(jsondecode(role.assume_role_policy).Statement) == 1
    ])
    error_message = "A role trusts somebody else, or more than one."
  }
}

run "the_planner_can_only_read" {
  command = apply
  variables {
    github_actions = { repository = "example-city/alerts", state_bucket = "example-state" }
  }

  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_role_policy.ci["plan"].policy).Statement : [
        for action in flatten([statement.Action]) : can(regex("^((s3|sns|iam|lambda|scheduler|sqs):(Get|List)[A-Za-z]+|(cloudwatch|logs):(Get|List|Describe)[A-Za-z]+|kms:DescribeKey)$", action))
      ]
    ]))
    error_message = aws_iam_role_policy.ci["plan"].policy
  }
  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.ci["plan"].policy).Statement : "${statement.Sid} ${statement.Resource}"
      ] == [
      "ReadState arn:aws:s3:::example-state/backlog-alerts/terraform.tfstate",
      "FindState arn:aws:s3:::example-state",
      "ReadContacts arn:aws:s3:::city-lists/contacts.csv",
      "ReadTopics arn:aws:sns:*:*:*",
      "ReadPermissions *",
      "ReadLedgerBucket arn:aws:s3:::backlog-ledger-*",
    ]
    error_message = aws_iam_role_policy.ci["plan"].policy
  }
}

run "the_applier_writes_topics_the_runners_policies_and_the_state" {
  command = apply
  variables {
    name_prefix    = "city-"
    github_actions = { repository = "example-city/alerts", state_bucket = "example-state" }
  }

  assert {
    condition = {
      for statement in jsondecode(aws_iam_role_policy.ci["apply"].policy).Statement : statement.Sid => join(" ", flatten([statement.Resource]))
      if anytrue([for action in flatten([statement.Action]) : !can(regex(":(Get|List|Describe)", action))])
      } == {
      KeepTopics         = "arn:aws:sns:*:*:city-*"
      KeepRunnerPolicies = "arn:aws:iam::*:policy/city-backlog-alerts-runner-*"
      LetTheCheckRun     = "arn:aws:iam::*:role/city-backlog-alerts-ci-check"
      KeepLedgerBucket   = "arn:aws:s3:::city-backlog-ledger-*"
      EmptyLedgerBucket  = "arn:aws:s3:::city-backlog-ledger-*/*"
      WriteState         = "arn:aws:s3:::example-state/backlog-alerts/terraform.tfstate*"
    }
    error_message = aws_iam_role_policy.ci["apply"].policy
  }
  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_role_policy.ci["apply"].policy).Statement : [
        for action in flatten([statement.Action]) : !can(regex("iam:(Create|Put|Update|Delete)(Role|RolePolicy|AssumeRolePolicy|OpenIDConnectProvider)|iam:PassRole|[*]", action))
      ]
    ]))
    error_message = "The applier could widen its own rights: ${aws_iam_role_policy.ci["apply"].policy}"
  }
}

# The applier writes the runner's policies, so they must not be able to give the check more.
run "the_check_can_do_no_more_than_publish_read_and_keep_the_ledger" {
  command = apply
  variables {
    name_prefix    = "city-"
    report_url     = "s3://city-reports/{mm}.csv"
    github_actions = { repository = "example-city/alerts", state_bucket = "example-state" }
  }

  assert {
    condition = (
      aws_iam_role.ci["check"].permissions_boundary == aws_iam_policy.check_boundary["this"].arn
      && [for statement in jsondecode(aws_iam_policy.check_boundary["this"].policy).Statement : "${statement.Effect} ${statement.Sid} ${statement.Resource}"] == [
        "Allow ReadState arn:aws:s3:::example-state/backlog-alerts/terraform.tfstate",
        "Allow FindState arn:aws:s3:::example-state",
        "Allow ReadReport arn:aws:s3:::city-reports/*.csv",
        "Allow Publish arn:aws:sns:*:*:city-*",
        "Allow FindEntries arn:aws:s3:::city-backlog-ledger-*",
        "Allow KeepEntries arn:aws:s3:::city-backlog-ledger-*/ledger/*",
      ]
    )
    error_message = "The check has no boundary, or a wider one."
  }
  assert {
    condition     = keys(aws_iam_role_policy_attachment.check) == keys(aws_iam_policy.runner)
    error_message = "The check does not have all policies of the runner."
  }
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.ci["check"].policy).Statement : statement.Sid] == ["ReadState", "FindState"]
    error_message = aws_iam_role_policy.ci["check"].policy
  }
}

run "under_a_key_of_ones_own_the_check_may_use_that_key" {
  command = apply
  variables {
    kms_key_id     = "alias/backlog-alerts"
    github_actions = { repository = "example-city/alerts", state_bucket = "example-state" }
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_policy.check_boundary["this"].policy).Statement : statement.Resource if statement.Sid == "UseTopicKey"] == ["arn:aws:kms:us-east-1:123456789012:key/k"]
    error_message = aws_iam_policy.check_boundary["this"].policy
  }
}

# Its roles, queues, log group and times stay with the administrator who made them.
run "of_a_schedule_ci_reads_all_and_writes_code_configuration_dashboard_and_alarms" {
  command = apply
  variables {
    name_prefix         = "city-"
    report_url          = "https://reports.example.com/{yyyy}/{mm}.csv"
    operator_emails     = ["ops@example.com"]
    package             = "tests/contacts_latin1.csv"
    schedule_expression = "rate(1 day)"
    github_actions      = { repository = "example-city/alerts", state_bucket = "example-state" }
  }

  assert {
    condition = {
      for statement in slice(jsondecode(aws_iam_role_policy.ci["plan"].policy).Statement, 6, 10) : statement.Sid => statement.Resource
      } == {
      ReadConfiguration = "arn:aws:s3:::city-backlog-ledger-*/config/outputs.json"
      ReadFunction      = "arn:aws:lambda:*:*:function:city-backlog-alerts-check"
      ReadSchedule = [
        "arn:aws:cloudwatch::*:dashboard/city-backlog-alerts",
        "arn:aws:cloudwatch:*:*:alarm:city-backlog-alerts-*",
        "arn:aws:logs:*:*:log-group:/aws/lambda/city-backlog-alerts-check",
        "arn:aws:scheduler:*:*:schedule/default/city-backlog-alerts-check",
        "arn:aws:sqs:*:*:city-backlog-alerts-*-failed",
      ]
      ListWhatWatches = "*"
    }
    error_message = aws_iam_role_policy.ci["plan"].policy
  }
  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_role_policy.ci["plan"].policy).Statement : [
        for action in flatten([statement.Action]) : can(regex("^((s3|sns|iam|lambda|scheduler|sqs):(Get|List)[A-Za-z]+|(cloudwatch|logs):(Get|List|Describe)[A-Za-z]+|kms:DescribeKey)$", action))
      ]
    ]))
    error_message = aws_iam_role_policy.ci["plan"].policy
  }
  assert {
    condition = {
      for statement in jsondecode(aws_iam_role_policy.ci["apply"].policy).Statement : statement.Sid => "${join(" ", flatten([statement.Action]))} on ${join(" ", flatten([statement.Resource]))}"
      if contains(["KeepConfiguration", "KeepCode", "KeepDashboardAndAlarms", "LetTheCheckRun"], statement.Sid)
      } == {
      KeepConfiguration      = "s3:PutObject on arn:aws:s3:::city-backlog-ledger-*/config/outputs.json"
      KeepCode               = "lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration on arn:aws:lambda:*:*:function:city-backlog-alerts-check"
      KeepDashboardAndAlarms = "cloudwatch:PutDashboard cloudwatch:PutMetricAlarm on arn:aws:cloudwatch::*:dashboard/city-backlog-alerts arn:aws:cloudwatch:*:*:alarm:city-backlog-alerts-*"
      LetTheCheckRun         = "iam:AttachRolePolicy iam:DetachRolePolicy on arn:aws:iam::*:role/city-backlog-alerts-ci-check arn:aws:iam::*:role/city-backlog-alerts-check"
    }
    error_message = aws_iam_role_policy.ci["apply"].policy
  }
  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_role_policy.ci["apply"].policy).Statement : [
        for action in flatten([statement.Action]) : !can(regex("iam:(Create|Put|Update|Delete)(Role|RolePolicy|AssumeRolePolicy|OpenIDConnectProvider|RolePermissionsBoundary)|iam:PassRole|lambda:(Add|Create)|[*]", action))
      ]
    ]))
    error_message = "The applier could widen its own rights: ${aws_iam_role_policy.ci["apply"].policy}"
  }
  # IAM takes 10,240 characters in all policies of a role.
  assert {
    condition     = length(aws_iam_role_policy.ci["apply"].policy) < 10240
    error_message = "${length(aws_iam_role_policy.ci["apply"].policy)} characters"
  }
}

run "another_branch_environment_and_provider_can_be_named" {
  command = apply
  variables {
    github_actions = {
      repository        = "example-city/alerts"
      state_bucket      = "example-state"
      state_key         = "other.tfstate"
      branch            = "release/1"
      environment       = "city"
      oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/there-already"
    }
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0 && jsondecode(aws_iam_role.ci["apply"].assume_role_policy).Statement[0].Principal.Federated == "arn:aws:iam::123456789012:oidc-provider/there-already"
    error_message = "The provider that is there already was not used."
  }
  assert {
    condition = flatten([for role in aws_iam_role.ci : jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"]]) == [
      "repo:example-city/alerts:environment:city",
      "repo:example-city/alerts:ref:refs/heads/release/1",
      "repo:example-city/alerts:pull_request",
      "repo:example-city/alerts:ref:refs/heads/release/1",
    ]
    error_message = "got another branch or environment"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.ci["plan"].policy).Statement[0].Resource == "arn:aws:s3:::example-state/other.tfstate"
    error_message = "got another key"
  }
}

run "a_repository_that_would_let_others_in_is_refused" {
  command = plan
  variables {
    github_actions = { repository = "example-city/*", state_bucket = "example-state" }
  }

  expect_failures = [var.github_actions]
}

run "a_branch_that_would_let_others_in_is_refused" {
  command = plan
  variables {
    github_actions = { repository = "example-city/alerts", state_bucket = "example-state", branch = "*" }
  }

  expect_failures = [var.github_actions]
}

run "an_environment_that_would_let_others_in_is_refused" {
  command = plan
  variables {
    github_actions = { repository = "example-city/alerts", state_bucket = "example-state", environment = "prod*" }
  }

  expect_failures = [var.github_actions]
}
