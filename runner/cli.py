"""Read the monthly report and publish the alerts whose counts are over their thresholds.

FILE holds what `terraform output -json runner_config` prints. ADDRESS is https://, http://,
s3://bucket/key or a path; {yyyy}, {mm} and {mon} in it stand for the report's month.

exit codes:
  0  everything checked, everything due sent
  1  something due was not sent
  2  usage or configuration; nothing checked
  3  the report, or part of it, can't be trusted; the rest was still sent
"""

import json
import sys
from argparse import ArgumentParser
from argparse import RawDescriptionHelpFormatter as AsIs

from runner import check, config, errors, fetch, render, text


def main(argv: list[str] | None = None) -> int:
    """Check one report against the thresholds and publish what is due; return the exit code."""
    parser = ArgumentParser("python -m runner", None, __doc__, None, [], AsIs, allow_abbrev=False)
    add = parser.add_argument
    add("--config", required=True, metavar="FILE", help="see above; - is standard input")
    add("--report", dest="address", metavar="ADDRESS", help="see above (default: report_url)")
    add("--month", metavar="YYYY-MM", help="default: as the address says, else last month")
    add("--dry-run", action="store_true", help="say what would be sent, send nothing")
    add("--resend", action="store_true", help="send what is over, whatever the ledger says")
    add("--format", choices=render.FORMATS, default="text", help="log: JSON, a line each")
    given = vars(parser.parse_args(argv))
    form = given.pop("format")
    try:
        report, deliveries = check.check_report(read_config(given.pop("config")), **given)
        result, code = render.FORMATS[form](report, deliveries), check.exit_code(deliveries)
    except (errors.BacklogError, KeyboardInterrupt) as error:
        reason, code = str(error) or "interrupted", getattr(error, "exit_code", 1)
        result = "" if form == "text" else json.dumps({"error": reason, "exit_code": code}) + "\n"
        print(f"error: {text.printable(reason)}", file=sys.stderr)
    try:
        print(result, end="", flush=True)
    except OSError as error:  # a closed pipe, a full disk: what was sent stays sent
        print(f"error: the result could not be written: {error.strerror}", file=sys.stderr)
    return code


def read_config(address: str) -> config.Config:
    """Read a runner_config: - is standard input, else see runner.fetch. Raises ConfigError."""
    try:
        body = sys.stdin.buffer.read() if address == "-" else fetch.fetch(address)[0]
    except (errors.ReportError, AttributeError) as error:  # no standard input is no file
        raise errors.ConfigError(str(error)) from None
    source = "standard input" if address == "-" else fetch.display(address)
    return config.parse_config(body.decode(errors="replace"), source)
