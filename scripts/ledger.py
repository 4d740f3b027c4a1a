"""Show what the ledger remembers, or forget it: `make ledger`, `make ledger RESET=all`.

What is forgotten counts as never sent: the next check sends again what is over.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

from runner.check import LEASE_SECONDS, POLL_SECONDS
from runner.config import Config
from runner.errors import BacklogError, ConfigError, LedgerError
from runner.ledger import KEY, Ledger, S3Ledger
from runner.text import printable, table
from scripts import command
from scripts.state import load_state
from scripts.terraform import TerraformError

ALL = "all"
EXIT_CODES = """exit codes:
  0  shown, or forgotten
  1  not forgotten: the ledger can't be read or written, or the answer was no
  2  usage, or there is no ledger
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Show the ledger, or forget a part of it after asking; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.ledger",
        description=__doc__,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    state = "what `terraform show -json` prints; - for stdin (default: asks Terraform)"
    parser.add_argument("--state", metavar="FILE", help=state)
    parser.add_argument("--reset", metavar="TOPIC", help="forget one alert, or all of them")
    options = parser.parse_args(argv)
    try:
        config = _config(options.state)
        store = S3Ledger(config.ledger_bucket, config.alerts[0].topic_arn.split(":")[3])
        ledger, _ = store.read(config.alerts)
        address = f"s3://{config.ledger_bucket}/{KEY}"
        try:
            shown = as_text(address, ledger, {alert.topic for alert in config.alerts})
        except (TypeError, AttributeError, ValueError):  # edited by hand
            raise LedgerError(f"{address}: it is no ledger; restore an earlier version") from None
        print(printable(shown))
        if options.reset is None:
            return 0
        return reset(store, config, options.reset, ledger)
    except (BacklogError, TerraformError) as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)
        return getattr(error, "exit_code", 2)


def as_text(address: str, ledger: Ledger, topics: set[str]) -> str:
    """Lay out a ledger for people. topics: of the alerts that there are now."""
    months = ", ".join(sorted(ledger.reports)) or "none yet"
    lines = [f"{address}: reports of {months}"]
    if ledger.claim:
        lines.append("A check holds it, or died while it did. The next check goes on from there.")
    if not ledger.alerts:
        return "\n".join([*lines, "", "It remembers no alert."])
    rows = []
    for topic, entry in sorted(ledger.alerts.items()):
        sent = f"{entry.sent_at[:10]}, for {entry.sent_month}" if entry.sent_at else "never"
        known = "" if topic in topics else "there is no such alert any more"
        rows.append((topic, entry.state, str(entry.count), entry.month, entry.since, sent, known))
    header = ("TOPIC", "STATE", "COUNT", "MONTH", "OVER SINCE", "LAST SENT", "")
    return "\n".join([*lines, "", table(header, rows, right=("COUNT",))])


def reset(store: S3Ledger, config: Config, what: str, ledger: Ledger) -> int:
    """Ask, and forget one alert or all of them; return 0, or 1 where the answer is no.

    Raises ConfigError for an alert that the ledger does not know, or when nobody can be asked,
    LedgerError when the ledger can't be written, or a check that is alive keeps it.
    """
    if what != ALL and what not in ledger.alerts:
        known = ", ".join(sorted(ledger.alerts)) or "none"
        raise ConfigError(f'the ledger remembers no "{what}"; it remembers {known}; or say all')
    if not sys.stdin.isatty():
        raise ConfigError("nobody can be asked; run this in a terminal")
    alerts = f"all {len(ledger.alerts)} alerts" if what == ALL else what
    print(f"\nForget what was sent of {alerts}? The next check sends again what is over.")
    if input("Type yes to forget: ").strip() != "yes":
        print("Nothing was forgotten.")
        return 1
    ledger, version = _held_by_nobody(store, config)
    kept = {} if what == ALL else {t: e for t, e in ledger.alerts.items() if t != what}
    reports = {} if what == ALL else ledger.reports
    if not store.write(replace(ledger, claim="", reports=reports, alerts=kept), version):
        raise LedgerError("a check has changed the ledger meanwhile; run this again")
    print(f"Forgotten: {alerts}. An earlier version of the object on S3 still has it.")
    return 0


def _held_by_nobody(store: S3Ledger, config: Config) -> tuple[Ledger, str]:
    """Read the ledger once no check that is alive holds it. Raises LedgerError."""
    ledger, version = store.read(config.alerts)
    since = time.monotonic()
    if ledger.claim:
        print("A check holds the ledger. Waiting up to two minutes ...", file=sys.stderr)
    while ledger.claim and time.monotonic() - since < LEASE_SECONDS:
        time.sleep(POLL_SECONDS)
        ledger, again = store.read(config.alerts)
        if ledger.claim and again != version:
            raise LedgerError("a check is at work; run this again when it is done")
        version = again
    return ledger, version


def _config(source: str | None) -> Config:
    config = load_state(source).config
    if config is None:
        raise ConfigError("nothing is applied yet; run `make plan`, then `make apply`")
    if not config.ledger_bucket:
        raise ConfigError("there is no ledger: ledger = false in the settings")
    return config


if __name__ == "__main__":
    command.run(main, interrupted=1)
