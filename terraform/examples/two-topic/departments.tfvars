# One topic per department; everybody hears by email and by text.
#   terraform apply -var-file=examples/two-topic/departments.tfvars
contacts_csv = "examples/two-topic/contacts.csv"

departments = {
  trash = {
    services = ["Illegal Dumping"]
    alerts = {
      notifications = {
        threshold = 30
        protocols = ["email", "sms"]
        subject   = "Trash Alert"
        message   = "{count} open cases of illegal dumping"
      }
    }
  }
  streets = {
    services = ["Pothole"]
    alerts = {
      notifications = {
        threshold = 100
        protocols = ["email", "sms"]
        subject   = "Streets Alert"
        message   = "{count} open cases of potholes"
      }
    }
  }
}
