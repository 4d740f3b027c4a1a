# What counts as too many, and the texts that are sent then. 100 is not over a threshold of 100.
# Texts may contain {count}, {threshold}, {department}, {level}, {services} and {month}.
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
