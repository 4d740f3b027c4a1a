# What a plan warns about and does not refuse. A warning fails a run that does not expect it, so
# every other run with the root module proves that there is none without cause.

mock_provider "aws" {
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
}

variables {
  contacts_csv = "s3://city-lists/contacts.csv"
  departments = {
    trash = { services = ["Illegal Dumping"], alerts = { notifications = { threshold = 30, protocols = ["sms"] } } }
    water = { services = ["Water"], alerts = { critical = { threshold = 100, protocols = ["email"] } } }
  }
}

override_module {
  target  = module.alert_topic
  outputs = { arn = "arn:aws:sns:us-east-1:123456789012:t" }
}

run "an_alert_that_reaches_nobody_is_a_warning" {
  command = plan
  variables {
    departments = {
      trash = {
        services = ["Illegal Dumping"]
        # Rosa has a phone and no email.
        alerts = {
          a_mail = { threshold = 30, protocols = ["email"] }
          b_text = { threshold = 30, protocols = ["sms"] }
          c_none = { threshold = 30, protocols = [] }
        }
      }
      streets = { services = ["Pothole"], alerts = { high = { threshold = 100, protocols = ["email", "sms"] } } }
      water   = { services = ["Water"], alerts = { critical = { threshold = 100, protocols = ["email"] } } }
    }
  }

  expect_failures = [check.every_alert_reaches_somebody]
  assert {
    condition     = join(", ", local._unheard) == "streets_high, trash_a_mail, trash_c_none"
    error_message = join(", ", local._unheard)
  }
}

# 50 alerts of 100 people each. Texts need no invitation.
run "five_thousand_email_invitations_fit_the_quota" {
  command = plan
  variables {
    departments = {
      trash = { services = ["Illegal Dumping"], alerts = { high = { threshold = 30, protocols = ["sms"] } } }
      water = {
        services = ["Water"]
        alerts   = { for level in range(50) : "level${level}" => { threshold = level, protocols = ["email"] } }
      }
    }
  }
  override_data {
    target = data.aws_s3_object.contacts
    values = {
      body = <<-EOT
        Name,Email,Phone,Department
        Otto Kern,otto@example.com,+15555550102,trash
        %{~for ten in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]~}
        %{~for one in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}
        Person ${ten}${one},p${ten}${one}@example.com,,water
        %{~endfor~}
        %{~endfor~}
      EOT
    }
  }

  assert {
    condition     = local._email_invitations == 5000
    error_message = "${local._email_invitations} counted"
  }
}

run "one_email_invitation_more_is_a_warning" {
  command = plan
  variables {
    departments = {
      trash = { services = ["Illegal Dumping"], alerts = { high = { threshold = 30, protocols = ["sms", "email"] } } }
      water = {
        services = ["Water"]
        alerts   = { for level in range(50) : "level${level}" => { threshold = level, protocols = ["email"] } }
      }
    }
  }
  override_data {
    target = data.aws_s3_object.contacts
    values = {
      body = <<-EOT
        Name,Email,Phone,Department
        Otto Kern,otto@example.com,+15555550102,trash
        %{~for ten in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]~}
        %{~for one in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}
        Person ${ten}${one},p${ten}${one}@example.com,,water
        %{~endfor~}
        %{~endfor~}
      EOT
    }
  }

  expect_failures = [check.invitations_fit_the_quota]
  assert {
    condition     = local._email_invitations == 5001
    error_message = "${local._email_invitations} counted"
  }
}

# Not warnings, but rules judged in the variables themselves: a null list would crash what reads it.
# Where there is a good one beside the null one, it must not make up for it.
run "protocols_may_not_be_null" {
  command = plan
  variables {
    departments = {
      water = {
        services = ["Water"]
        alerts   = { critical = { threshold = 100, protocols = ["email"] }, extreme = { threshold = 300, protocols = null } }
      }
    }
  }

  expect_failures = [var.departments]
}

run "services_may_not_be_null" {
  command = plan
  variables {
    departments = { water = { services = null, alerts = { critical = { threshold = 100, protocols = ["email"] } } } }
  }

  expect_failures = [var.departments]
}

run "alerts_may_not_be_null" {
  command = plan
  variables {
    departments = { water = { services = ["Water"], alerts = null } }
  }

  expect_failures = [var.departments]
}

run "a_department_may_not_be_null" {
  command = plan
  variables {
    departments = {
      trash = { services = ["Illegal Dumping"], alerts = { notifications = { threshold = 30, protocols = ["sms"] } } }
      water = null
    }
  }

  expect_failures = [var.departments]
}

run "an_alert_may_not_be_null" {
  command = plan
  variables {
    departments = {
      water = { services = ["Water"], alerts = { critical = { threshold = 100, protocols = ["email"] }, extreme = null } }
    }
  }

  expect_failures = [var.departments]
}

run "an_address_of_the_report_has_no_placeholder_but_those_of_its_month" {
  command = plan
  variables {
    report_url = "https://reports.example.com/{yyyy}/{month}.csv"
  }

  expect_failures = [var.report_url]
}

run "an_address_of_the_report_names_its_kind" {
  command = plan
  variables {
    report_url = "reports.example.com/{yyyy}.csv"
  }

  expect_failures = [var.report_url]
}

run "an_address_of_the_report_may_be_a_path" {
  command = plan
  variables {
    report_url = "../reports/{yyyy}-{mon}.csv"
  }
}
