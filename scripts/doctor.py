"""Say whether this machine and this account are ready: `make doctor`.

One line each, in the order in which a newcomer meets them, with what to do. It reads only. What
may not be asked costs its own line alone. No email and no phone number is shown.
"""

import argparse
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Literal

import boto3
from botocore.exceptions import BotoCoreError

from runner.aws import client
from runner.errors import BacklogError
from runner.ledger import S3Ledger
from runner.text import printable
from scripts import command
from scripts.diagnostics import NO_REGION, REJECTED, WRONG_REGION
from scripts.review.evaluate import PENDING_QUOTA
from scripts.review.people import listed, several, shown
from scripts.state import State, load_state
from scripts.terraform import CACHE, PINNED, ROOT, TerraformError, find_terraform
from scripts.texts import (
    ATTEMPTS,
    CREDENTIALS,
    FIRST_LIMIT,
    TextAccount,
    Unknown,
    ask,
    ask_about_texts,
)

EXIT_CODES = """exit codes:
  0  ready
  1  something to do
  2  cannot determine
"""
# From here on, a limit deserves a look.
NEARLY = 0.8
# AWS's answers to credentials that it does not take: expired, unknown, or signed by a wrong clock.
_REJECTED = ("ExpiredToken", "InvalidClientTokenId", "UnrecognizedClient", "SignatureDoesNotMatch")
_NO_STATE = "Terraform can't read its state; `make plan` says why"
_NOT_SET_UP = "not asked; Terraform is not set up yet, see AWS provider"
# The account's default type is for messages that say nothing of it; see runner/messages.py.
_TYPE = "each alert goes as Transactional, whatever the account's default is"
_HIGHER = "ask AWS Support for a higher one, then set it in the SNS console"
# The widths of the columns, so that each line can be printed as soon as it is known.
_FORM = "{:<20}  {:<7}  {}"

Verdict = Literal["ok", "to do", "unknown"]


@dataclass(frozen=True)
class Line:
    """One check. text: what was found, and for "to do" the remedy."""

    check: str
    state: Verdict
    text: str


@dataclass
class Aws:
    """AWS in one region. silence: why it is not asked, or not asked any more, empty while it is."""

    region: str
    silence: str = ""

    def line(
        self,
        check: str,
        service: str,
        call: Callable[[], Any],
        judge: Callable[[Any], tuple[Verdict, str]],
    ) -> Line:
        """Ask one thing, and judge the answer."""
        if self.silence:
            return Line(check, "unknown", self.silence)
        answer = ask(call, service)
        if isinstance(answer, Unknown):
            self.silence = "AWS no longer answers" if answer.is_silence else ""
            return Line(check, "unknown", answer.why)
        return Line(check, *judge(answer))


def main(argv: Sequence[str] | None = None) -> int:
    """Check everything, print each line once it is known, and return the exit code."""
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
    as_text = options.format == "text"
    if as_text:
        print(_FORM.format("CHECK", "STATE", "").rstrip(), flush=True)
    lines = []
    for line in examine(options.state):
        lines.append(line)
        if as_text:
            print(_FORM.format(line.check, line.state, printable(line.text)), flush=True)
    count = {
        state: sum(line.state == state for line in lines) for state in ("ok", "to do", "unknown")
    }
    code = 1 if count["to do"] else 2 if count["unknown"] else 0
    if as_text:
        print("\n" + ", ".join(f"{number} {state}" for state, number in count.items()))
    else:
        print(json.dumps({"checks": [asdict(line) for line in lines], "exit_code": code}, indent=2))
    return code


def examine(source: str | None = None) -> Iterator[Line]:
    """Yield one line for each check. source: of the state, as load_state takes it."""
    region, is_region = _own_region()
    state = _state(source)
    topics = [person.topic_arn for person in state.people] if isinstance(state, State) else []
    _, _, _, applied_in, owner, _ = topics[0].split(":") if topics else [""] * 6
    credentials, silence = _credentials(region if is_region and region else "us-east-1", owner)
    aws = Aws(applied_in or region or "", silence)
    if not is_region and not applied_in:
        aws.silence = aws.silence or "AWS was not asked; see Region"
    yield credentials
    yield _region(region, is_region, applied_in)
    yield from _terraform()
    yield _applied(state)
    yield from _texts(aws, state)
    yield _pending(aws, sorted(set(topics)))
    for name, check in (
        ("Schedule", _last_run),
        ("Dead letters", _dead_letters),
        ("Ledger", _ledger),
    ):
        if isinstance(state, Unknown):
            yield Line(name, "unknown", state.why)
            continue
        try:
            yield check(name, aws, state)
        except (LookupError, TypeError, ValueError):
            yield Line(name, "unknown", "the state is not whole; run `make plan`")


def obstacles() -> list[str]:
    """Say what this machine lacks before Terraform can plan: credentials, a region."""
    region, is_region = _own_region()
    credentials, _ = _credentials(region if is_region and region else "us-east-1", "")
    lines = [credentials, _region(region, is_region, "")]
    return [f"{line.check}: {line.text}" for line in lines if line.state == "to do"]


def _own_region() -> tuple[str | None, bool]:
    """Return the region that is set, and whether it has the form of one."""
    region = os.environ.get("AWS_REGION")
    try:
        region = region or boto3.Session().region_name or None
    except BotoCoreError:  # a profile that does not exist
        region = None
    return region, bool(region and re.fullmatch(r"[a-z]{2,}(-[a-z]+)+-[0-9]", region))


def _credentials(region: str, owner: str) -> tuple[Line, str]:
    """Return the line, and why AWS can't be asked anything, if so. owner: account of the topics."""
    name, silence = "Credentials", "AWS was not asked; see Credentials"
    try:
        found = boto3.Session().get_credentials()
        known = found and found.get_frozen_credentials()
        sts = client("sts", region, ATTEMPTS)
    except BacklogError as error:
        return Line(name, "to do", str(error)), silence
    except BotoCoreError as error:
        kind = type(error).__name__
        why = CREDENTIALS.get(kind, f"your AWS settings can't be used ({kind})")
        return Line(name, "to do", why), silence
    if not known:
        return Line(name, "to do", CREDENTIALS["NoCredentialsError"]), silence
    account = ask(lambda: str(sts.get_caller_identity()["Account"]), "sts")
    if isinstance(account, Unknown):
        if any(code in account.why for code in _REJECTED):
            return Line(name, "to do", REJECTED), silence
        return Line(name, "unknown", account.why), silence if account.is_silence else ""
    account = account if account.isdigit() else "(without a number)"
    if owner and account != owner:
        other = f"account {account}, but the topics are in {owner}; set AWS_PROFILE to one of that"
        return Line(name, "to do", other), silence
    return Line(name, "ok", f"account {account}"), ""


def _region(region: str | None, is_region: bool, applied_in: str) -> Line:
    if region is None:
        return Line("Region", "to do", NO_REGION)
    if not is_region:
        return Line("Region", "to do", WRONG_REGION)
    if applied_in and applied_in != region:
        moved = f"{region}, but the topics are in {applied_in}; set AWS_REGION={applied_in}"
        return Line("Region", "to do", moved)
    return Line("Region", "ok", region)


def _has_terraform() -> bool:
    """Tell whether there is one, fetching none."""
    is_fetched = (CACHE / f"terraform-{PINNED}" / "terraform").exists()
    return is_fetched or any(
        os.access(os.path.join(folder, "terraform"), os.X_OK) for folder in os.get_exec_path()
    )


def _providers() -> set[str]:
    """Return the versions of the provider that are set up."""
    folder = ROOT / "terraform" / ".terraform" / "providers"
    return {path.parent.name for path in folder.glob("*/hashicorp/aws/*/*")}


def _terraform() -> Iterator[Line]:
    """Terraform and its provider, as `make plan` would use them."""
    later = "not there yet; `make plan` fetches it"
    try:
        if not _has_terraform():
            raise TerraformError(later)
        env = {k: v for k, v in os.environ.items() if not k.startswith("TF_CLI_ARGS")}
        asked = [find_terraform(), "version", "-json"]
        done = subprocess.run(asked, env=env, capture_output=True, check=False)
        yield Line("Terraform", "ok", shown(json.loads(done.stdout)["terraform_version"]))
    except (TerraformError, OSError, ValueError, LookupError, TypeError) as error:
        why = str(error) if isinstance(error, TerraformError) else "its version can't be read"
        yield Line("Terraform", "to do", why)
    if found := _providers():
        newest = max(found, key=lambda version: [int(n) for n in re.findall("[0-9]+", version)])
        yield Line("AWS provider", "ok", newest)
    else:
        yield Line("AWS provider", "to do", later)


def _state(source: str | None) -> State | Unknown:
    try:
        if not source and not (_has_terraform() and _providers()):
            return Unknown(_NOT_SET_UP)
        return load_state(source)
    except (BacklogError, TerraformError) as error:
        return Unknown(str(error) if source else _NO_STATE)


def _applied(state: State | Unknown) -> Line:
    if isinstance(state, Unknown):
        return Line("State", "unknown", state.why)
    if not state.people:
        return Line("State", "to do", "nothing is applied yet; run `make plan`, then `make apply`")
    return Line("State", "ok", f"{several(len(state.people), 'subscription')}")


def _texts(aws: Aws, state: State | Unknown) -> Iterator[Line]:
    """Yield what texts need; before the first apply, some are taken to be wanted."""
    names = ("SMS sandbox", "SMS spend", "Origination identity", "SMS type")
    people = state.people if isinstance(state, State) else ()
    numbers = {person.endpoint for person in people if person.protocol == "sms"}
    if people and not numbers:
        yield from (Line(name, "ok", "no alert sends texts") for name in names)
    elif aws.silence:
        yield from (Line(name, "unknown", aws.silence) for name in names[:3])
        yield Line(names[3], "ok", _TYPE)
    else:
        account = ask_about_texts(aws.region)
        if isinstance(account.in_sandbox, Unknown) and account.in_sandbox.is_silence:
            aws.silence = "AWS no longer answers"
        yield _sandbox(names[0], account, numbers)
        yield _spend(names[1], account)
        yield _sender(names[2], account, numbers)
        yield Line(names[3], "ok", _TYPE)


def _sandbox(name: str, account: TextAccount, numbers: set[str]) -> Line:
    if isinstance(account.in_sandbox, Unknown):
        return Line(name, "unknown", account.in_sandbox.why)
    if not account.in_sandbox:
        return Line(name, "ok", "the account is out of it")
    ends = "ask AWS Support to move SMS to production"
    if isinstance(account.verified, Unknown) or not numbers:
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
        return Line(name, "to do", f"{spent}; {_HIGHER}")
    if account.limit <= FIRST_LIMIT:
        first = f"the limit is still AWS's first, {account.limit:.2f} US dollars a month"
        return Line(name, "to do", f"{first}; {_HIGHER}")
    return Line(name, "ok", spent)


def _sender(name: str, account: TextAccount, numbers: set[str]) -> Line:
    if any(not number.startswith("+1") for number in numbers):
        abroad = "AWS can't be asked whether other countries than the US need a registered sender"
        return Line(name, "unknown", abroad)
    if isinstance(account.senders, Unknown):
        return Line(name, "unknown", account.senders.why)
    problems = [sender.problem for sender in account.senders if sender.country == "US"]
    if not problems:
        register = "register a toll-free number, which can take 15 business days"
        return Line(name, "to do", f"no number of yours may text the US; {register}")
    if "" in problems:
        return Line(name, "ok", "a number of yours may text the US")
    if "active" in problems[0]:
        waits = (
            "your number is not active yet; submit its registration, or wait up to 15 business days"
        )
        return Line(name, "to do", waits)
    policy = "allow Amazon SNS in its resource policy in End User Messaging SMS"
    return Line(name, "to do", f"your number does not let SNS use it; {policy}")


def _pending(aws: Aws, topics: Sequence[str]) -> Line:
    """Invitations that wait, over all topics; the quota is that of the whole account."""

    def count() -> int:
        sns = client("sns", aws.region, ATTEMPTS)
        waiting = (sns.get_topic_attributes(TopicArn=topic)["Attributes"] for topic in topics)
        return sum(int(attributes["SubscriptionsPending"]) for attributes in waiting)

    def judge(pending: int) -> tuple[Verdict, str]:
        said = f"{pending} of at most {PENDING_QUOTA:,} pending"
        if pending >= NEARLY * PENDING_QUOTA:
            return "to do", f"{said}; wait until people confirm before you add more"
        return "ok", f"{said}; `make subscriptions` names them" if pending else said

    return aws.line("Confirmations", "sns", count, judge)


def _last_run(name: str, aws: Aws, state: State) -> Line:
    functions = [str(v["function_name"]) for v in state.values("aws_lambda_function", "check")]
    if not functions:
        return Line(name, "ok", "AWS runs no check by itself; set schedule_expression for one")
    alarms = state.values("aws_cloudwatch_metric_alarm", "not_run")
    days = max((int(alarm["evaluation_periods"]) for alarm in alarms), default=2)
    now = datetime.now(timezone.utc)

    def times(metric: str) -> list[datetime]:
        points = client("cloudwatch", aws.region, ATTEMPTS).get_metric_statistics(
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
            ran = f"no run yet, or none in {several(days, 'day')}"
            look = f"if its time has passed, look at {functions[0]} in EventBridge Scheduler"
            return "to do", f"{ran}; {look}"
        last = f"the last run began in the hour after {runs[-1]:%Y-%m-%d %H:%M} UTC"
        if errors and errors[-1] >= runs[-1]:
            return "to do", f"{last} and failed; its log is /aws/lambda/{functions[0]}"
        return "ok", last

    return aws.line(name, "cloudwatch", lambda: (times("Invocations"), times("Errors")), judge)


def _dead_letters(name: str, aws: Aws, state: State) -> Line:
    queues = {str(v["name"]): str(v["url"]) for v in state.values("aws_sqs_queue")}
    if not queues:
        return Line(name, "ok", "no schedule, no queue")

    def count() -> dict[str, int]:
        sqs, number = client("sqs", aws.region, ATTEMPTS), "ApproximateNumberOfMessages"
        ask_for = [number]
        return {
            queue: int(
                sqs.get_queue_attributes(QueueUrl=url, AttributeNames=ask_for)["Attributes"][number]
            )
            for queue, url in queues.items()
        }

    def judge(letters: dict[str, int]) -> tuple[Verdict, str]:
        full = [queue for queue, number in letters.items() if number]
        if not full:
            return "ok", "none"
        how = "the alarm of that name says how to look and to empty it"
        return "to do", f"{several(sum(letters.values()), 'run')} failed, in {listed(full)}; {how}"

    return aws.line(name, "sqs", count, judge)


def _ledger(name: str, aws: Aws, state: State) -> Line:
    if state.config is None:
        return Line(name, "ok", "none before the first apply")
    if not (bucket := state.config.ledger_bucket):
        return Line(name, "ok", "none, as ledger = false asks: each check sends what is over")
    if aws.silence:
        return Line(name, "unknown", aws.silence)
    try:
        ledger, _ = S3Ledger(bucket, aws.region).read(())
    except BacklogError as error:
        return Line(name, "unknown", str(error))
    if ledger.claim:
        return Line(
            name, "to do", "a check holds it, or died; run a check, which goes on from there"
        )
    return Line(name, "ok", f"free; it knows {several(len(ledger.alerts), 'alert')}")


if __name__ == "__main__":
    command.run(main)
