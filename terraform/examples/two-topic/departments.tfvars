# One topic per department. Everybody receives emails and texts.
# To use it, copy this file to terraform/departments.auto.tfvars and contacts.csv to terraform/contacts.csv.
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
