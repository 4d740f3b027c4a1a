"""`python -m runner`: arguments, the order of work, the exit code."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from runner.check import check_report, exit_code
from runner.config import read_outputs
from runner.errors import BacklogError
from runner.render import as_json, as_text, printable

EXIT_CODES = """exit codes:
  0  everything checked, everything due sent
  1  something due was not sent
  2  usage or configuration; nothing checked
  3  the report, or part of it, can't be read or trusted; the rest was still sent
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Check one report against the thresholds and publish what is due; return the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        report, deliveries = check_report(
            read_outputs(arguments.outputs),
            arguments.report,
            arguments.month,
            ledger=arguments.ledger,
            again=arguments.again,
            dry_run=arguments.dry_run,
        )
    except BacklogError as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 1
    render = as_json if arguments.format == "json" else as_text
    try:
        print(render(report, deliveries), flush=True)
    except OSError as error:  # a closed pipe, a full disk: what was sent stays sent
        print(f"error: the result could not be written: {error.strerror}", file=sys.stderr)
    return exit_code(deliveries)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m runner",
        description="Read the monthly report and publish the alerts whose thresholds are crossed.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    outputs = "what `terraform output -json` prints; - reads it from standard input"
    report = (
        "https://, http://, s3://bucket/key, file:// or a path, with {yyyy}, {mm} and {mon}"
        " for its month (default: Terraform's report_url)"
    )
    month = "the month the report is about (default: last month, in UTC)"
    add("--outputs", required=True, metavar="FILE", help=outputs)
    add("--report", metavar="ADDRESS", help=report)
    add("--month", metavar="YYYY-MM", help=month)
    add("--dry-run", action="store_true", help="say what would be sent, send nothing")
    add("--ledger", type=Path, metavar="DIR", help="keep the ledger in a folder, not on S3")
    add("--again", action="store_true", help="send what is due, whatever the ledger says")
    add("--format", choices=("text", "json"), default="text")
    return parser
