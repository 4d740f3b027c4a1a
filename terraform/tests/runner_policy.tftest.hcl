# How topics are spread over policies: IAM takes 6,144 characters in each, and 10 policies for a role.

mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  contacts_csv = "s3://city-lists/contacts.csv"
  ledger       = false
}

# The ARN of a topic whose level has 79 characters: 49 of them fill a policy.
override_module {
  target  = module.alert_topic
  outputs = { arn = "arn:aws:sns:us-east-1:123456789012:water_level-0000000000000000000000000000000000000000000000000000000000000000000000001" }
}
override_data {
  target = data.aws_s3_object.contacts
  values = { body = "Name,Email,Phone,Department\nOtto Kern,otto@example.com,,water\n" }
}

run "a_policy_is_filled_to_its_last_character" {
  command = plan
  variables {
    departments = { water = {
      services = ["Water"]
      alerts   = { for n in range(49) : format("level-%073d", n) => { threshold = n, protocols = ["email"], subject = "Water" } }
    } }
  }

  assert {
    condition     = keys(aws_iam_policy.runner) == ["backlog-alerts-runner-1", "backlog-alerts-runner-shared"] && length(aws_iam_policy.runner["backlog-alerts-runner-1"].policy) == 6144
    error_message = "${join(", ", keys(aws_iam_policy.runner))}: ${length(aws_iam_policy.runner["backlog-alerts-runner-1"].policy)} characters in the first"
  }
}

run "one_topic_more_has_a_policy_of_its_own" {
  command = plan
  variables {
    departments = { water = {
      services = ["Water"]
      alerts   = { for n in range(50) : format("level-%073d", n) => { threshold = n, protocols = ["email"], subject = "Water" } }
    } }
  }

  assert {
    condition     = { for name, topics in local._topics_by_policy : name => length(topics) } == { backlog-alerts-runner-1 = 49, backlog-alerts-runner-2 = 1 }
    error_message = jsonencode({ for name, topics in local._topics_by_policy : name => length(topics) })
  }
}

run "a_character_more_in_each_name_leaves_room_for_one_topic_less" {
  command = plan
  variables {
    departments = { water = {
      services = ["Water"]
      alerts   = { for n in range(49) : format("level-%074d", n) => { threshold = n, protocols = ["email"], subject = "Water" } }
    } }
  }

  assert {
    condition     = { for name, topics in local._topics_by_policy : name => length(topics) } == { backlog-alerts-runner-1 = 48, backlog-alerts-runner-2 = 1 }
    error_message = jsonencode({ for name, topics in local._topics_by_policy : name => length(topics) })
  }
}

# Names from 1 to 200 characters, long and short ones side by side.
run "topics_of_all_lengths_are_named_once_in_order_and_no_policy_is_too_long" {
  command = plan
  variables {
    departments = { water = {
      services = ["Water"]
      alerts = {
        for n in range(200) : "l${format("%03d", n)}${join("", [for i in range(n * 77 % 196) : "x"])}" => { threshold = n, protocols = ["email"], subject = "Water" }
      }
    } }
  }

  assert {
    condition     = [for number in range(length(local._topics_by_policy)) : length(local._topics_by_policy["backlog-alerts-runner-${number + 1}"]) > 0] == [for number in range(length(local._topics_by_policy)) : true]
    error_message = "A number is missing: ${join(", ", keys(local._topics_by_policy))}"
  }
  assert {
    condition     = flatten([for number in range(length(local._topics_by_policy)) : local._topics_by_policy["backlog-alerts-runner-${number + 1}"]]) == keys(output.runner_config.alerts) && length(output.runner_config.alerts) == 200
    error_message = "The policies together do not name every topic once, in order."
  }
  assert {
    condition = alltrue([
      for topics in values(local._topics_by_policy) : length(jsonencode({
        Version   = "2012-10-17"
        Statement = [{ Sid = "PublishAlerts", Effect = "Allow", Action = ["sns:Publish"], Resource = [for topic in topics : "arn:aws:sns:us-east-1:123456789012:${topic}"] }]
      })) <= 6144
    ])
    error_message = "A policy is too long."
  }
  # And none has much room left: all of it would fit into as many, or into one less.
  assert {
    condition     = length(local._topics_by_policy) <= ceil(sum(values(local._topic_lengths)) / 6027) + 1
    error_message = "${length(local._topics_by_policy)} policies for ${sum(values(local._topic_lengths))} characters"
  }
}

# The first has 49, the others 48: each leaves room for what may begin at its end.
run "ten_policies_fit_one_role" {
  command = plan
  variables {
    departments = { water = {
      services = ["Water"]
      alerts   = { for n in range(433) : format("level-%073d", n) => { threshold = n, protocols = ["email"], subject = "Water" } }
    } }
  }

  assert {
    condition     = length(aws_iam_policy.runner) == 10
    error_message = join(", ", keys(aws_iam_policy.runner))
  }
}

run "one_policy_more_is_a_warning" {
  command = plan
  variables {
    departments = { water = {
      services = ["Water"]
      alerts   = { for n in range(434) : format("level-%073d", n) => { threshold = n, protocols = ["email"], subject = "Water" } }
    } }
  }

  expect_failures = [check.runner_policies_fit_one_role]
  assert {
    condition     = length(aws_iam_policy.runner) == 11
    error_message = join(", ", keys(aws_iam_policy.runner))
  }
}
