"""Past reports and a departments file in a folder, for the tests that replay them."""

from collections.abc import Mapping
from pathlib import Path

HEADER = "service_name,count\n"
WATER = """
departments = {
  water = {
    services = ["Water"]
    alerts = {
      critical = { threshold = 100, protocols = ["email"] }
      extreme  = { threshold = 300, protocols = ["email", "sms"] }
    }
  }
}
"""


def write_reports(folder: Path, counts: Mapping[str, object], service: str = "Water") -> Path:
    """Write a report per month; a count of None makes a report without the service."""
    for month, count in counts.items():
        row = "Other,1\n" if count is None else f"{service},{count}\n"
        (folder / f"{month}.csv").write_text(HEADER + row, encoding="utf-8")
    return folder


def write_departments(folder: Path, text: str = WATER) -> Path:
    path = folder / "departments.tfvars"
    path.write_text(text, encoding="utf-8")
    return path
