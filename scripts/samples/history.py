"""Two years of made-up monthly reports, for the demo and the tests. Always the same ones.

`python -m scripts.samples FOLDER` writes 2024-03.csv to 2026-02.csv and departments.tfvars.
The last month has the counts of scripts/samples/2026-02.csv. One cell is no number, as it happens.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.backtest.read import month_range

CAPTION = "Made-up numbers, to show what the page looks like"
FIRST, LAST = "2024-03", "2026-02"
SEED = 2026
DEPARTMENTS = """\
# Made up, as the reports beside it are.
departments = {
  graffiti = {
    services = ["Graffiti"]
    alerts = {
      critical = { threshold = 500, protocols = ["email"] }
    }
  }
  parks = {
    services = ["Tree Maintenance"]
    alerts = {
      critical = { threshold = 400, protocols = ["email"] }
    }
  }
  streets = {
    services = ["Pothole", "Street Light Out"]
    alerts = {
      critical = { threshold = 100, protocols = ["email"] }
      extreme  = { threshold = 300, protocols = ["sms"] }
    }
  }
  trash = {
    services = ["Illegal Dumping"]
    alerts = {
      notifications = { threshold = 50, protocols = ["email", "sms"] }
    }
  }
  water = {
    services = ["Water"]
    alerts = {
      critical = { threshold = 100, protocols = ["email"] }
      extreme  = { threshold = 300, protocols = ["sms"] }
    }
  }
}
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Write the reports and their departments into a folder; return 0, or 2 without a folder."""
    given = sys.argv[1:] if argv is None else argv
    if len(given) != 1 or given[0].startswith("-"):
        print("usage: python -m scripts.samples FOLDER", file=sys.stderr)
        return 2
    folder = Path(given[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in sample().items():
        (folder / name).write_text(text, encoding="utf-8")
    return 0


def sample() -> dict[str, str]:
    """Return the files by name: a CSV per month, and the departments to replay them with."""
    counts = _counts()
    reports = {}
    for number, month in enumerate(month_range(FIRST, LAST)):
        rows = [f"{service},{values[number]}" for service, values in counts.items()]
        reports[f"{month}.csv"] = "\n".join(["service_name,count", *rows, ""])
    # Somebody typed this into one month's cell: that month is unknown, not zero.
    broken = f"Graffiti,{counts['Graffiti'][15]}\n"
    reports["2025-06.csv"] = reports["2025-06.csv"].replace(broken, "Graffiti,n/a\n")
    return {**reports, "departments.tfvars": DEPARTMENTS}


def _counts() -> dict[str, list[int]]:
    """Return 24 counts per service; what is seasonal peaks in the month given, 1 for January."""
    noise = random.Random(SEED)  # noqa: S311

    def seasonal(middle: float, swing: float, peak: int, last: int) -> list[int]:
        months = [(2 + n) % 12 + 1 for n in range(24)]
        waves = [math.cos((month - peak) * math.pi / 6) for month in months]
        values = [middle + swing * wave + (noise.random() - 0.5) * swing / 2 for wave in waves]
        return [*(max(round(value), 0) for value in values[:-1]), last]

    # The mains broke in March 2025, and it has been over 100 since.
    water = [round(52 + 14 * noise.random() + 1.6 * n) for n in range(12)]
    water += [round(118 + 42 * noise.random()) for _ in range(11)]
    return {
        "Graffiti": seasonal(870, 60, 8, 913),
        "Illegal Dumping": seasonal(38, 16, 7, 47),
        "Pothole": seasonal(120, 115, 2, 264),
        "Street Light Out": seasonal(30, 14, 12, 39),
        "Tree Maintenance": seasonal(235, 55, 10, 271),
        "Water": [*water, 127],
    }
