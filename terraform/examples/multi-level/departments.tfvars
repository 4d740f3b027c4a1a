# Two levels per department: emails when it is critical, texts when it is extreme.
# To use it, copy this file to terraform/departments.auto.tfvars and contacts.csv to terraform/contacts.csv.
departments = {
  water = {
    services = ["Water"]
    alerts = {
      critical = {
        threshold = 100
        protocols = ["email"]
        subject   = "Help fix water violations NOW!"
        message   = "{count} water issues"
      }
      extreme = {
        threshold = 300
        protocols = ["sms"]
        sms       = "{count} violations! RUN!"
      }
    }
  }
  streets = {
    services = ["Pothole", "Street Light Out"]
    alerts = {
      critical = {
        threshold = 100
        protocols = ["email"]
        subject   = "Help fix street violations NOW!"
        message   = "{count} street issues"
      }
      extreme = {
        threshold = 300
        protocols = ["sms"]
        sms       = "{count} violations! RUN!"
      }
    }
  }
}
