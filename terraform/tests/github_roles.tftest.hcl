# The roles of GitHub Actions, as modules/github_roles makes them: each can do its job and no more.

mock_provider "aws" {
  source = "./tests/aws"
}

override_resource {
  target = aws_iam_policy.check_boundary
  values = { arn = "arn:aws:iam::123456789012:policy/boundary" }
}

variables {
  boundary_statements = { Publish = { Action = ["sns:Publish"], Resource = ["arn:aws:sns:*:*:*"] } }
  contacts            = null
  key_statements      = { read = {}, write = {} }
  ledger_bucket_arn   = "arn:aws:s3:::backlog-ledger-*"
  name_prefix         = ""
  read_statements     = {}
  repository = {
    repository        = "example-city/alerts"
    state_bucket      = "example-state"
    state_key         = "backlog-alerts/terraform.tfstate"
    branch            = "main"
    environment       = "production"
    oidc_provider_arn = null
    owner_id          = null
    repository_id     = null
  }
  runner_policies = { runner-1 = "arn:aws:iam::123456789012:policy/runner-1", runner-shared = "arn:aws:iam::123456789012:policy/runner-shared" }
  schedule_name   = null
  topics_arn      = "arn:aws:sns:*:*:*"
}

run "each_role_can_do_its_job_for_this_repository_and_no_more" {
  command = apply
  module {
    source = "./modules/github_roles"
  }

  # Each role is for runs of this repository alone.
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
  assert {
    condition     = [for role in aws_iam_role.ci : role.name] == ["backlog-alerts-ci-apply", "backlog-alerts-ci-check", "backlog-alerts-ci-plan"] && keys(output.arns) == ["apply", "check", "plan"]
    error_message = "The roles have other names."
  }

  # The plan can only read.
  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.ci["plan"].policy).Statement : "${statement.Effect} ${statement.Sid} ${join(" ", statement.Resource)}"
      ] == [
      "Allow FindState arn:aws:s3:::example-state",
      "Allow ListAlarmsAndLogs *",
      "Allow ReadAlarmsAndTextLogs arn:aws:cloudwatch:*:*:alarm:backlog-* arn:aws:logs:*:*:log-group:sns/*/*/DirectPublishToPhoneNumber* arn:aws:logs:*:*:log-group:sns/*/*/*_*",
      "Allow ReadLedgerBucket arn:aws:s3:::backlog-ledger-*",
      "Allow ReadPermissions *",
      "Allow ReadState arn:aws:s3:::example-state/backlog-alerts/terraform.tfstate",
      "Allow ReadTextFacts *",
      "Allow ReadTopics arn:aws:sns:*:*:*",
    ]
    error_message = aws_iam_role_policy.ci["plan"].policy
  }

  # What make doctor and make subscriptions ask, action by action.
  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.ci["plan"].policy).Statement : statement.Action if statement.Sid == "ReadTextFacts"] == [[
      "cloudwatch:GetMetricStatistics", "sms-voice:DescribePhoneNumbers", "sms-voice:GetResourcePolicy",
      "sns:GetSMSAttributes", "sns:GetSMSSandboxAccountStatus", "sns:ListOriginationNumbers",
    ]]
    error_message = aws_iam_role_policy.ci["plan"].policy
  }

  # The apply writes alarms, topics, the runner's policies, the ledger's bucket and the state.
  assert {
    condition = {
      for statement in jsondecode(aws_iam_role_policy.ci["apply"].policy).Statement : statement.Sid => join(" ", statement.Resource)
      if anytrue([for action in statement.Action : !can(regex(":(Get|List|Describe|Filter)", action))])
      } == {
      AttachRunnerPolicies = "arn:aws:iam::*:role/backlog-alerts-ci-check"
      EmptyLedgerBucket    = "arn:aws:s3:::backlog-ledger-*/*"
      ManageAlarms         = "arn:aws:cloudwatch:*:*:alarm:backlog-*"
      ManageLedgerBucket   = "arn:aws:s3:::backlog-ledger-*"
      ManageRunnerPolicies = "arn:aws:iam::*:policy/backlog-alerts-runner-*"
      ManageTextLogs       = "arn:aws:logs:*:*:log-group:sns/*/*/DirectPublishToPhoneNumber* arn:aws:logs:*:*:log-group:sns/*/*/*_*"
      ManageTopics         = "arn:aws:sns:*:*:*"
      WriteState           = "arn:aws:s3:::example-state/backlog-alerts/terraform.tfstate*"
    }
    error_message = aws_iam_role_policy.ci["apply"].policy
  }

  # It writes the runner's policies. So those must not be able to give the check more.
  assert {
    condition = (
      aws_iam_role.ci["check"].permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"
      && [for statement in jsondecode(aws_iam_policy.check_boundary.policy).Statement : "${statement.Effect} ${statement.Sid} ${join(" ", statement.Resource)}"] == [
        "Allow FindState arn:aws:s3:::example-state",
        "Allow Publish arn:aws:sns:*:*:*",
        "Allow ReadState arn:aws:s3:::example-state/backlog-alerts/terraform.tfstate",
      ]
    )
    error_message = "The check has no boundary, or a wider one."
  }
  assert {
    condition     = { for name, one in aws_iam_role_policy_attachment.check : name => one.policy_arn } == { for name, arn in var.runner_policies : name => arn }
    error_message = "The check does not have all policies of the runner."
  }
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.ci["check"].policy).Statement : statement.Sid] == ["FindState", "ReadState"]
    error_message = aws_iam_role_policy.ci["check"].policy
  }
}

# The schedule's roles, queues and log group stay with the administrator who made them.
run "with_a_schedule_keys_and_files_on_s3_plan_reads_them_and_apply_updates_code_configuration_and_time" {
  command = apply
  module {
    source = "./modules/github_roles"
  }
  variables {
    boundary_statements = {
      FindReport = {
        Action    = ["s3:ListBucket"]
        Resource  = ["arn:aws:s3:::city-reports"]
        Condition = { StringLike = { "s3:prefix" = ["*.csv"] } }
      }
      Publish = { Action = ["sns:Publish"], Resource = ["arn:aws:sns:*:*:city-*"] }
    }
    contacts = { bucket = "city-lists", key = "contacts.csv" }
    key_statements = {
      read  = { UseObjectKeys = { Action = ["kms:Decrypt"], Resource = ["arn:aws:kms:us-east-1:123456789012:key/k"], Condition = { StringLike = { "kms:ViaService" = ["s3.*.amazonaws.com"] } } } }
      write = { UseObjectKeys = { Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = ["arn:aws:kms:us-east-1:123456789012:key/k"], Condition = { StringLike = { "kms:ViaService" = ["s3.*.amazonaws.com"] } } } }
    }
    ledger_bucket_arn = "arn:aws:s3:::city-backlog-ledger-*"
    name_prefix       = "city-"
    read_statements   = { ReadReport = { Action = ["s3:GetObject"], Resource = ["arn:aws:s3:::city-reports/*.csv"] } }
    repository = {
      repository        = "example-city/alerts"
      state_bucket      = "example-state"
      state_key         = "other.tfstate"
      branch            = "release/1"
      environment       = "city"
      oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/there-already"
      owner_id          = "1001"
      repository_id     = "2002"
    }
    schedule_name = "city-backlog-alerts"
    topics_arn    = "arn:aws:sns:*:*:city-*"
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0 && alltrue([for role in aws_iam_role.ci : jsondecode(role.assume_role_policy).Statement[0].Principal.Federated == "arn:aws:iam::123456789012:oidc-provider/there-already"])
    error_message = "The provider that is there already was not used."
  }
  # A name alone counts only beside the repository's id.
  assert {
    condition = { for job, role in aws_iam_role.ci : job => [for statement in jsondecode(role.assume_role_policy).Statement : statement.Condition.StringEquals] } == {
      apply = [
        {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:sub" = ["repo:example-city@1001/alerts@2002:environment:city"]
        },
        {
          "token.actions.githubusercontent.com:aud"           = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:repository_id" = "2002"
          "token.actions.githubusercontent.com:sub"           = ["repo:example-city/alerts:environment:city"]
        },
      ]
      check = [
        {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:sub" = ["repo:example-city@1001/alerts@2002:ref:refs/heads/release/1"]
        },
        {
          "token.actions.githubusercontent.com:aud"           = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:repository_id" = "2002"
          "token.actions.githubusercontent.com:sub"           = ["repo:example-city/alerts:ref:refs/heads/release/1"]
        },
      ]
      plan = [
        {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:sub" = [
            "repo:example-city@1001/alerts@2002:pull_request", "repo:example-city@1001/alerts@2002:ref:refs/heads/release/1",
          ]
        },
        {
          "token.actions.githubusercontent.com:aud"           = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:repository_id" = "2002"
          "token.actions.githubusercontent.com:sub"           = ["repo:example-city/alerts:pull_request", "repo:example-city/alerts:ref:refs/heads/release/1"]
        },
      ]
    }
    error_message = jsonencode({ for job, role in aws_iam_role.ci : job => role.assume_role_policy })
  }
  assert {
    condition = {
      for statement in jsondecode(aws_iam_role_policy.ci["plan"].policy).Statement : statement.Sid => statement.Resource
      } == {
      FindContacts      = ["arn:aws:s3:::city-lists"]
      FindState         = ["arn:aws:s3:::example-state"]
      ListAlarmsAndLogs = ["*"]
      ReadAlarmsAndTextLogs = [
        "arn:aws:cloudwatch:*:*:alarm:city-backlog-*",
        "arn:aws:logs:*:*:log-group:sns/*/*/DirectPublishToPhoneNumber*",
        "arn:aws:logs:*:*:log-group:sns/*/*/city-*_*",
      ]
      ReadConfiguration = ["arn:aws:s3:::city-backlog-ledger-*/config/runner_config.json"]
      ReadContacts      = ["arn:aws:s3:::city-lists/contacts.csv"]
      ReadFunction      = ["arn:aws:lambda:*:*:function:city-backlog-alerts-check"]
      ReadLedgerBucket  = ["arn:aws:s3:::city-backlog-ledger-*"]
      ReadPermissions   = ["*"]
      ReadReport        = ["arn:aws:s3:::city-reports/*.csv"]
      ReadSchedule = [
        "arn:aws:cloudwatch::*:dashboard/city-backlog-alerts",
        "arn:aws:logs:*:*:log-group:/aws/lambda/city-backlog-alerts-check",
        "arn:aws:sqs:*:*:city-backlog-alerts-*-failed",
        "arn:aws:scheduler:*:*:schedule/default/city-backlog-alerts-check",
      ]
      ReadState     = ["arn:aws:s3:::example-state/other.tfstate"]
      ReadTextFacts = ["*"]
      ReadTopics    = ["arn:aws:sns:*:*:city-*"]
      UseObjectKeys = ["arn:aws:kms:us-east-1:123456789012:key/k"]
    }
    error_message = aws_iam_role_policy.ci["plan"].policy
  }
  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_role_policy.ci["plan"].policy).Statement : [
        for action in statement.Action : can(regex("^(s3:Get[*]Configuration|s3:GetBucket[*]|(s3|sns|iam|lambda|scheduler|sqs):(Get|List)[A-Za-z]+|(cloudwatch|logs):(Get|List|Describe)[A-Za-z]+|kms:(DescribeKey|Decrypt)|logs:FilterLogEvents|sms-voice:(Get|Describe)[A-Za-z]+)$", action))
      ]
    ]))
    error_message = "The plan could write: ${aws_iam_role_policy.ci["plan"].policy}"
  }
  assert {
    condition = {
      for statement in jsondecode(aws_iam_role_policy.ci["apply"].policy).Statement : statement.Sid => join(" ", concat(statement.Action, ["on"], statement.Resource))
      if anytrue([for action in statement.Action : !can(regex(":(Get|List|Describe|Filter)", action))]) && !contains(["ManageLedgerBucket", "ManageRunnerPolicies", "ManageTopics"], statement.Sid)
      } == {
      AttachRunnerPolicies = "iam:AttachRolePolicy iam:DetachRolePolicy on arn:aws:iam::*:role/city-backlog-alerts-ci-check arn:aws:iam::*:role/city-backlog-alerts-check"
      EmptyLedgerBucket    = "s3:DeleteObject s3:DeleteObjectVersion on arn:aws:s3:::city-backlog-ledger-*/*"
      ManageAlarms         = "cloudwatch:DeleteAlarms cloudwatch:PutMetricAlarm cloudwatch:TagResource on arn:aws:cloudwatch:*:*:alarm:city-backlog-*"
      ManageTextLogs       = "logs:CreateLogGroup logs:DeleteLogGroup logs:PutRetentionPolicy logs:TagResource on arn:aws:logs:*:*:log-group:sns/*/*/DirectPublishToPhoneNumber* arn:aws:logs:*:*:log-group:sns/*/*/city-*_*"
      PassScheduleRole     = "iam:PassRole on arn:aws:iam::*:role/city-backlog-alerts-schedule"
      PutDashboard         = "cloudwatch:PutDashboard on arn:aws:cloudwatch::*:dashboard/city-backlog-alerts"
      UpdateCode           = "lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration on arn:aws:lambda:*:*:function:city-backlog-alerts-check"
      UpdateSchedule       = "scheduler:UpdateSchedule on arn:aws:scheduler:*:*:schedule/default/city-backlog-alerts-check"
      UseObjectKeys        = "kms:Decrypt kms:GenerateDataKey on arn:aws:kms:us-east-1:123456789012:key/k"
      WriteConfiguration   = "s3:PutObject on arn:aws:s3:::city-backlog-ledger-*/config/runner_config.json"
      WriteState           = "s3:PutObject s3:GetObject s3:DeleteObject on arn:aws:s3:::example-state/other.tfstate*"
    }
    error_message = aws_iam_role_policy.ci["apply"].policy
  }
  # Only the runner's own policies may be attached, and only to roles that have a boundary. Only the
  # schedule's role may be passed, and only to the schedule. Keys are for S3, and names for one file.
  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.ci["apply"].policy).Statement : "${statement.Sid} ${jsonencode(statement.Condition)}" if can(statement.Condition)] == [
      "AttachRunnerPolicies {\"ArnLike\":{\"iam:PolicyARN\":\"arn:aws:iam::*:policy/city-backlog-alerts-runner-*\"}}",
      "FindContacts {\"StringEquals\":{\"s3:prefix\":[\"contacts.csv\"]}}",
      "PassScheduleRole {\"StringEquals\":{\"iam:PassedToService\":\"scheduler.amazonaws.com\"}}",
      "UseObjectKeys {\"StringLike\":{\"kms:ViaService\":[\"s3.*.amazonaws.com\"]}}",
    ]
    error_message = aws_iam_role_policy.ci["apply"].policy
  }
  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_role_policy.ci["apply"].policy).Statement : [
        for action in statement.Action : !can(regex("iam:(Create|Put|Update|Delete)(Role|RolePolicy|AssumeRolePolicy|OpenIDConnectProvider|RolePermissionsBoundary)|lambda:(Add|Create)|[*]", action)) || startswith(action, "s3:Get")
      ]
    ]))
    error_message = "The apply could widen its own rights: ${aws_iam_role_policy.ci["apply"].policy}"
  }
  # The check has its state's key, and a boundary with its conditions.
  assert {
    condition = jsonencode(jsondecode(aws_iam_policy.check_boundary.policy).Statement) == jsonencode([
      { Sid = "FindReport", Effect = "Allow", Action = ["s3:ListBucket"], Resource = ["arn:aws:s3:::city-reports"], Condition = { StringLike = { "s3:prefix" = ["*.csv"] } } },
      { Sid = "FindState", Effect = "Allow", Action = ["s3:ListBucket"], Resource = ["arn:aws:s3:::example-state"] },
      { Sid = "Publish", Effect = "Allow", Action = ["sns:Publish"], Resource = ["arn:aws:sns:*:*:city-*"] },
      { Sid = "ReadState", Effect = "Allow", Action = ["s3:GetObject"], Resource = ["arn:aws:s3:::example-state/other.tfstate"] },
      { Sid = "UseObjectKeys", Effect = "Allow", Action = ["kms:Decrypt"], Resource = ["arn:aws:kms:us-east-1:123456789012:key/k"], Condition = { StringLike = { "kms:ViaService" = ["s3.*.amazonaws.com"] } } },
    ])
    error_message = aws_iam_policy.check_boundary.policy
  }
}

# Ten keys, and the longest that a bucket's name and the prefix may be.
run "the_longest_settings_have_room_in_the_policies_of_roles" {
  command = apply
  module {
    source = "./modules/github_roles"
  }
  variables {
    boundary_statements = {
      for sid, key in { FindReport = 300, ReadReport = 300 } : sid => { Action = ["s3:GetObject"], Resource = [join("", [for n in range(key) : "k"])] }
    }
    contacts          = { bucket = join("", [for n in range(63) : "b"]), key = join("", [for n in range(300) : "k"]) }
    ledger_bucket_arn = "arn:aws-us-gov:s3:::city-of-springfield-p-backlog-ledger-*"
    name_prefix       = "city-of-springfield-department-of-works-"
    key_statements = {
      for use in ["read", "write"] : use => { UseObjectKeys = {
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = [for n in range(10) : "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/mrk-1234abcd12ab34cd56ef123456789${format("%03d", n)}"]
        Condition = { StringLike = { "kms:ViaService" = ["s3.*.amazonaws.com"] } }
      } }
    }
    read_statements = {
      for sid, key in { FindReport = 300, ReadReport = 300 } : sid => { Action = ["s3:GetObject"], Resource = [join("", [for n in range(key) : "k"])] }
    }
    repository = {
      repository        = "example-city/alerts"
      owner_id          = "123456789"
      repository_id     = "1234567890"
      state_bucket      = join("", [for n in range(63) : "b"])
      state_key         = join("", [for n in range(300) : "k"])
      branch            = "main"
      environment       = "production"
      oidc_provider_arn = null
    }
    schedule_name = "city-of-springfield-department-of-works-backlog-alerts"
    topics_arn    = "arn:aws-us-gov:sns:*:*:city-of-springfield-department-of-works-*"
  }
  override_data {
    target = data.aws_partition.current
    values = { partition = "aws-us-gov" }
  }

  assert {
    condition     = length(aws_iam_role_policy.ci["apply"].policy) <= 10240 && length(aws_iam_policy.check_boundary.policy) <= 6144
    error_message = "${length(aws_iam_role_policy.ci["apply"].policy)} and ${length(aws_iam_policy.check_boundary.policy)} characters"
  }
}

# 10,240 characters for the apply are the most that IAM takes.
run "a_policy_that_is_too_long_is_a_problem_before_anything_is_made" {
  command = plan
  module {
    source = "./modules/github_roles"
  }
  variables {
    read_statements = { ReadReport = { Action = ["s3:GetObject"], Resource = [for n in range(70) : "arn:aws:s3:::city-reports/${join("", [for i in range(70) : "k"])}"] } }
  }

  expect_failures = [aws_iam_role_policy.ci]
}
