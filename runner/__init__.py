"""Reads the monthly report and publishes the alerts whose thresholds are crossed."""
