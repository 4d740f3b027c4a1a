"""Read the monthly report and publish the alerts whose counts are over their thresholds.

exit codes:
  0  everything checked, everything due sent
  1  something due was not sent
  2  usage or configuration; nothing checked
  3  the report, or part of it, can't be trusted; the rest was still sent
"""

import argparse
import json
import sys

from runner.check import check_report, exit_code
from runner.config import Config, parse_config
from runner.errors import BacklogError, ConfigError, ReportError
from runner.fetch import display, fetch
from runner.render import FORMATS, printable

CONFIG = "what `terraform output -json runner_config` prints; - reads standard input"
REPORT = "https://, http://, s3://bucket/key or a path, with {yyyy}, {mm}, {mon} for its month"


def main(argv: list[str] | None = None) -> int:
    """Check one report against the thresholds and publish what is due; return the exit code."""
    as_is = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("python -m runner", None, __doc__, formatter_class=as_is)
    parser.allow_abbrev = False
    add = parser.add_argument
    add("--config", required=True, metavar="FILE", help=CONFIG)
    add("--report", dest="address", help=f"{REPORT} (default: Terraform's report_url)")
    add("--month", metavar="YYYY-MM", help="the report's month (default: last month, in UTC)")
    add("--dry-run", action="store_true", help="say what would be sent, send nothing")
    add("--resend", action="store_true", help="send what is over, whatever the ledger says")
    add("--format", choices=FORMATS, default="text", help="log: a line of JSON for each alert")
    given = vars(parser.parse_args(argv))
    form = given.pop("format")
    try:
        report, deliveries = check_report(read_config(given.pop("config")), **given)
        result, code = FORMATS[form](report, deliveries), exit_code(deliveries)
    except (BacklogError, KeyboardInterrupt) as error:
        reason, code = str(error) or "interrupted", getattr(error, "exit_code", 1)
        result = "" if form == "text" else json.dumps({"error": reason, "exit_code": code}) + "\n"
        print(f"error: {printable(reason)}", file=sys.stderr)
    try:
        print(result, end="", flush=True)
    except OSError as error:  # a closed pipe, a full disk: what was sent stays sent
        print(f"error: the result could not be written: {error.strerror}", file=sys.stderr)
    return code


def read_config(address: str) -> Config:
    """Read a runner_config: - is standard input, else see runner.fetch. Raises ConfigError."""
    try:
        text = sys.stdin.read() if address == "-" else fetch(address)[0].decode()
    except (ReportError, UnicodeDecodeError) as error:
        raise ConfigError(str(error)) from None
    return parse_config(text, "standard input" if address == "-" else display(address))
