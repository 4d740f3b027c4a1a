"""Say whether this machine and this account are ready: `make doctor`.

One line each, in the order in which a newcomer meets them, with what to do. It reads only. What
may not be asked costs its own line alone. No email and no phone number is shown.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Literal

import boto3
from botocore.exceptions import BotoCoreError

from runner.aws import client
from runner.errors import BacklogError
from runner.ledger import S3Ledger
from runner.text import printable, table
from scripts.diagnostics import EXPIRED, NO_CREDENTIALS, NO_REGION
from scripts.review.people import listed, shown
from scripts.state import State, load_state
from scripts.terraform import ROOT, TerraformError, find_terraform
from scripts.texts import ATTEMPTS, FIRST_LIMIT, TextAccount, Unknown, ask, ask_about_texts

EXIT_CODES = """exit codes:
  0  ready
  1  something to do
  2  cannot determine
"""
# https://docs.aws.amazon.com/general/latest/gr/sns.html: pending subscriptions per account.
PENDING_QUOTA = 5000
# From here on, a limit deserves a look.
NEARLY = 0.8
# AWS's answers to credentials that were good once.
_EXPIRED = (
    *("ExpiredToken", "InvalidClientTokenId", "UnrecognizedClient", "SignatureDoesNotMatch"),
    *("SSOToken", "TokenRetrieval"),  # of a login that has ended, without a call
)
_NOT_ASKED = "AWS was not asked; see Credentials and Region"
_NO_TEXTS = "no alert sends texts"

Verdict = Literal["ok", "to do", "unknown"]


@dataclass(frozen=True)
class Line:
    """One check. text: what was found, and for "to do" the remedy."""

    check: str
    state: Verdict
    text: str


def main(argv: Sequence[str] | None = None) -> int:
    """Check everything, print it, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.doctor",
        description="Say whether this machine and this account are ready.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    state = "what `terraform show -json` prints; - for stdin (default: asks Terraform)"
    parser.add_argument("--state", metavar="FILE", help=state)
    options = parser.parse_args(argv)
    lines = list(examine(options.state))
    states = {line.state for line in lines}
    code = 1 if "to do" in states else 2 if "unknown" in states else 0
    if options.format == "json":
        print(json.dumps({"checks": [asdict(line) for line in lines], "exit_code": code}, indent=2))
    else:
        print(table(("CHECK", "STATE", ""), [(li.check, li.state, li.text) for li in lines]))
        todo = sum(line.state == "to do" for line in lines)
        unknown = sum(line.state == "unknown" for line in lines)
        print(f"\n{len(lines) - todo - unknown} ok, {todo} to do, {unknown} unknown")
    return code


def examine(source: str | None = None) -> Iterator[Line]:
    """Yield one line for each check. source: of the state, as load_state takes it."""
    region = _own_region()
    credentials, can_ask = _credentials(region)
    state = _state(source)
    topics = [person.topic_arn for person in state.people] if isinstance(state, State) else []
    applied_in = topics[0].split(":")[3] if topics else None
    yield credentials
    yield _region(region, applied_in)
    yield from _terraform()
    yield _applied(state)
    where = (applied_in or region) if can_ask else None
    yield from _texts(where, state)
    yield _pending(where, sorted(set(topics)))
    yield _last_run(where, state)
    yield _dead_letters(where, state)
    yield _ledger(where, state)


def obstacles() -> list[str]:
    """Say what Terraform needs of this machine and is missing: credentials, region."""
    region = _own_region()
    lines = [_credentials(region)[0], _region(region, None)]
    return [f"{line.check}: {line.text}" for line in lines if line.state == "to do"]


def _own_region() -> str | None:
    if region := os.environ.get("AWS_REGION"):
        return region
    try:
        return boto3.Session().region_name or None
    except BotoCoreError:  # a profile that does not exist
        return None


def _credentials(region: str | None) -> tuple[Line, bool]:
    """Return the line, and whether AWS can be asked anything with what there is."""
    name = "Credentials"
    try:
        if boto3.Session().get_credentials() is None:
            return Line(name, "to do", NO_CREDENTIALS), False
        # Any region can say whose credentials these are.
        sts = client("sts", region or "us-east-1", ATTEMPTS)
    except (BotoCoreError, BacklogError):
        profile = "AWS_PROFILE names no profile of this machine, or its settings are broken"
        return Line(name, "to do", profile), False
    account = ask(lambda: str(sts.get_caller_identity()["Account"]), "sts")
    if not isinstance(account, Unknown):
        known = account if account.isdigit() else "(of an unusual name)"
        return Line(name, "ok", f"account {known}"), region is not None
    if any(code in account.why for code in _EXPIRED):
        return Line(name, "to do", EXPIRED), False
    can_ask = region is not None and not account.is_silence
    return Line(name, "unknown", account.why), can_ask


def _region(region: str | None, applied_in: str | None) -> Line:
    if region is None:
        return Line("Region", "to do", NO_REGION)
    if applied_in and applied_in != region:
        moved = f"{shown(region)}, but the topics are in {applied_in}; set AWS_REGION={applied_in}"
        return Line("Region", "to do", moved)
    return Line("Region", "ok", shown(region))


def _terraform() -> Iterator[Line]:
    """Terraform and its provider, as `make plan` would use them."""
    try:
        version = json.loads(
            subprocess.run(
                [find_terraform(), "version", "-json"], capture_output=True, check=False
            ).stdout
        )["terraform_version"]
        yield Line("Terraform", "ok", shown(version))
    except (TerraformError, OSError, ValueError, LookupError) as error:
        why = str(error) if isinstance(error, TerraformError) else "its version can't be read"
        yield Line("Terraform", "to do", why)
    folder = ROOT / "terraform" / ".terraform" / "providers"
    found = sorted(path.parent.name for path in folder.glob("*/hashicorp/aws/*/*"))
    if found:
        yield Line("AWS provider", "ok", found[-1])
    else:
        yield Line("AWS provider", "to do", "not there yet; `make plan` fetches it")


def _state(source: str | None) -> State | Unknown:
    try:
        return load_state(source)
    except (BacklogError, TerraformError):  # whose words may name a bucket, and are many lines
        return Unknown("Terraform can't read its state; `make plan` says why")


def _applied(state: State | Unknown) -> Line:
    if isinstance(state, Unknown):
        return Line("State", "unknown", state.why)
    if not state.people:
        return Line("State", "to do", "nothing is applied yet; run `make plan`, then `make apply`")
    return Line("State", "ok", f"{_several(len(state.people), 'subscription')}")


def _texts(region: str | None, state: State | Unknown) -> Iterator[Line]:
    """Yield what texts need; before the first apply, some are taken to be wanted."""
    names = ("SMS sandbox", "SMS spend", "Origination identity", "SMS type")
    people = state.people if isinstance(state, State) else ()
    numbers = {person.endpoint for person in people if person.protocol == "sms"}
    if people and not numbers:
        yield from (Line(name, "ok", _NO_TEXTS) for name in names)
    elif region is None:
        yield from (Line(name, "unknown", _NOT_ASKED) for name in names[:3])
        yield Line(names[3], "ok", _TYPE)
    else:
        account = ask_about_texts(region)
        yield _sandbox(names[0], account, numbers)
        yield _spend(names[1], account)
        yield _sender(names[2], account, numbers)
        yield Line(names[3], "ok", _TYPE)


# The account's default type is for messages that say nothing of it; see runner/messages.py.
_TYPE = "each alert goes as Transactional, whatever the account's default is"


def _sandbox(name: str, account: TextAccount, numbers: set[str]) -> Line:
    if isinstance(account.in_sandbox, Unknown):
        return Line(name, "unknown", account.in_sandbox.why)
    if not account.in_sandbox:
        return Line(name, "ok", "the account is out of it")
    ends = "ask AWS Support to move SMS to production"
    if isinstance(account.verified, Unknown):
        return Line(name, "to do", f"texts reach verified numbers alone; {ends}")
    verified = f"{len(numbers & account.verified)} of {len(numbers)} numbers are verified"
    return Line(name, "to do", f"texts reach verified numbers alone, and {verified}; {ends}")


def _spend(name: str, account: TextAccount) -> Line:
    if isinstance(account.limit, Unknown):
        return Line(name, "unknown", account.limit.why)
    if isinstance(account.spent, Unknown):
        return Line(name, "unknown", account.spent.why)
    spent = f"{account.spent:.2f} of {account.limit:.2f} US dollars are spent this month"
    if account.spent >= NEARLY * account.limit:
        return Line(name, "to do", f"{spent}; ask AWS Support for a higher limit")
    if account.limit <= FIRST_LIMIT:
        first = f"the limit is still AWS's first, {account.limit:.2f} US dollars a month"
        return Line(name, "to do", f"{first}; ask AWS Support for a higher one")
    return Line(name, "ok", spent)


def _sender(name: str, account: TextAccount, numbers: set[str]) -> Line:
    if numbers and not any(number.startswith("+1") for number in numbers):
        return Line(name, "ok", "no number is in the US; AWS lists what other countries ask for")
    if isinstance(account.senders, Unknown):
        return Line(name, "unknown", account.senders.why)
    problems = [sender.problem for sender in account.senders if sender.country == "US"]
    if not problems:
        register = "register a toll-free number, which can take 15 business days"
        return Line(name, "to do", f"no number of yours may text the US; {register}")
    if "" in problems:
        return Line(name, "ok", "a number of yours may text the US")
    if "active" in problems[0]:
        waits = "your number is not active yet; finish its registration in End User Messaging SMS"
        return Line(name, "to do", waits)
    policy = "allow Amazon SNS in its resource policy in End User Messaging SMS"
    return Line(name, "to do", f"your number does not let SNS use it; {policy}")


def _pending(region: str | None, topics: Sequence[str]) -> Line:
    """Invitations that wait, over all topics; the quota is that of the whole account."""

    def count() -> int:
        sns = client("sns", region, ATTEMPTS)
        waiting = (sns.get_topic_attributes(TopicArn=topic)["Attributes"] for topic in topics)
        return sum(int(attributes["SubscriptionsPending"]) for attributes in waiting)

    def judge(pending: int) -> tuple[Verdict, str]:
        said = f"{pending} of at most {PENDING_QUOTA:,} pending"
        if pending >= NEARLY * PENDING_QUOTA:
            return "to do", f"{said}; wait until people confirm before you add more"
        return "ok", f"{said}; `make subscriptions` names them" if pending else said

    return _line("Confirmations", region, "sns", count, judge)


def _last_run(region: str | None, state: State | Unknown) -> Line:
    name = "Schedule"
    if isinstance(state, Unknown):
        return Line(name, "unknown", state.why)
    functions = [str(v["function_name"]) for v in state.values("aws_lambda_function", "check")]
    if not functions:
        return Line(name, "ok", "AWS runs no check by itself; set schedule_expression for one")
    alarms = state.values("aws_cloudwatch_metric_alarm", "not_run")
    days = max((int(alarm["evaluation_periods"]) for alarm in alarms), default=2)
    now = datetime.now(timezone.utc)

    def times(metric: str) -> list[datetime]:
        points = client("cloudwatch", region, ATTEMPTS).get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=metric,
            Dimensions=[{"Name": "FunctionName", "Value": functions[0]}],
            StartTime=now - timedelta(days=days),
            EndTime=now,
            Period=60 * 60,
            Statistics=["Sum"],
        )["Datapoints"]
        return sorted(point["Timestamp"] for point in points if point["Sum"])

    def judge(found: tuple[list[datetime], list[datetime]]) -> tuple[Verdict, str]:
        runs, errors = found
        if not runs:
            ran = f"no run in {_several(days, 'day')}"
            return "to do", f"{ran}; look at {functions[0]} in EventBridge Scheduler"
        last = f"the last run began in the hour after {runs[-1]:%Y-%m-%d %H:%M} UTC"
        if errors and errors[-1] >= runs[-1]:
            return "to do", f"{last} and failed; its log is /aws/lambda/{functions[0]}"
        return "ok", last

    return _line(name, region, "cloudwatch", lambda: (times("Invocations"), times("Errors")), judge)


def _dead_letters(region: str | None, state: State | Unknown) -> Line:
    name = "Dead letters"
    if isinstance(state, Unknown):
        return Line(name, "unknown", state.why)
    queues = {str(v["name"]): str(v["url"]) for v in state.values("aws_sqs_queue")}
    if not queues:
        return Line(name, "ok", "no schedule, no queue")

    def count() -> dict[str, int]:
        sqs, number = client("sqs", region, ATTEMPTS), "ApproximateNumberOfMessages"
        return {
            queue: int(
                sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[number])["Attributes"][
                    number
                ]
            )
            for queue, url in queues.items()
        }

    def judge(letters: dict[str, int]) -> tuple[Verdict, str]:
        full = [queue for queue, number in letters.items() if number]
        if not full:
            return "ok", "none"
        read = "read the function's log, then purge the queue in SQS"
        return "to do", f"{_several(sum(letters.values()), 'run')} failed in {listed(full)}; {read}"

    return _line(name, region, "sqs", count, judge)


def _ledger(region: str | None, state: State | Unknown) -> Line:
    name = "Ledger"
    if isinstance(state, Unknown):
        return Line(name, "unknown", state.why)
    if state.config is None:
        return Line(name, "ok", "none before the first apply")
    if not (bucket := state.config.ledger_bucket):
        return Line(name, "ok", "none, as ledger = false asks: each check sends what is over")
    if region is None:
        return Line(name, "unknown", _NOT_ASKED)
    try:
        ledger, _ = S3Ledger(bucket, region).read(())
    except BacklogError as error:
        return Line(name, "unknown", printable(str(error)))
    if ledger.claim:
        wait = "run this again in three minutes: a check that died gives it up by then"
        return Line(name, "to do", f"a check holds it; {wait}")
    return Line(name, "ok", f"free; it knows {_several(len(ledger.alerts), 'alert')}")


def _line(
    name: str,
    region: str | None,
    service: str,
    call: Callable[[], Any],
    judge: Callable[[Any], tuple[Verdict, str]],
) -> Line:
    """Ask AWS one thing, and judge the answer."""
    if region is None:
        return Line(name, "unknown", _NOT_ASKED)
    answer = ask(call, service)
    if isinstance(answer, Unknown):
        return Line(name, "unknown", answer.why)
    return Line(name, *judge(answer))


def _several(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


if __name__ == "__main__":
    sys.exit(main())
