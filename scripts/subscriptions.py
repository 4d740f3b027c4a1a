"""Compare the people Terraform knows with live SNS, by name: `make subscriptions`.

Reads what `terraform show -json` prints for the state. Emails and phone numbers are read to find
people at SNS, and never shown.
"""

import argparse
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal, NoReturn
from urllib.parse import parse_qs

from botocore.exceptions import ClientError

from runner.aws import client
from runner.errors import ConfigError
from runner.text import table
from scripts.review.people import shown
from scripts.terraform import ROOT, TerraformError, find_terraform

AT_ONCE, ATTEMPTS = 8, 5
TOPIC_ARN = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}")
# https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.confirm.html and the quotas page:
# an invitation that nobody confirmed is deleted after two days.
INVITATION = timedelta(hours=48)
EXIT_CODES = """exit codes:
  0  everybody receives messages
  1  somebody does not
  2  cannot determine
"""

PENDING = "must confirm within 48 hours of the invitation"
UNSUBSCRIBED = "`make apply` {} again; to stop that, set Channels in the contacts"

Condition = Literal[
    "confirmed",
    "pending confirmation",
    "unsubscribed or expired",
    "opted out",
    "unknown to Terraform",
]


@dataclass(frozen=True)
class Person:
    """One subscription as Terraform's state has it. endpoint: never shown."""

    topic_arn: str
    protocol: str
    name: str
    endpoint: str

    @property
    def topic(self) -> str:
        """Name of the topic."""
        return self.topic_arn.rpartition(":")[2]


@dataclass(frozen=True)
class Live:
    """One subscription as SNS has it. arn: None while it is pending."""

    protocol: str
    endpoint: str
    arn: str | None


@dataclass(frozen=True)
class Finding:
    """Whether one person receives one topic on one channel. advice: what to know or do."""

    topic: str
    channel: str
    person: str
    condition: Condition
    advice: str = ""

    @property
    def receives(self) -> bool:
        """Whether a message would arrive; nothing is wrong with a stranger's subscription."""
        return self.condition in ("confirmed", "unknown to Terraform")


def main(argv: Sequence[str] | None = None) -> int:
    """Compare, print a table, and return the exit code; or confirm one invitation."""
    options = _parser().parse_args(argv)
    try:
        if options.confirm:
            print(confirm(options.confirm))
            return 0
        people = read_people(_state(options.state))
        findings = compare(people)
        if options.reinvite:
            findings = reinvite(people, findings)
    except (ConfigError, TerraformError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except Exception as error:  # SNS's answers, whole or not, hold addresses: none is repeated
        print(f"error: {_reason(error)}", file=sys.stderr)
        return 2
    print(as_text(findings))
    return 0 if all(finding.receives for finding in findings) else 1


def read_people(state: str) -> list[Person]:
    """Return all subscriptions in what `terraform show -json` prints for a state.

    Raises ConfigError for anything else, and for a state with nobody in it.
    """
    try:
        content = json.loads(state)
        if "resource_changes" in content:
            raise ConfigError("that is a plan; give `terraform show -json` of the state")
        people = [
            _person(resource["index"], resource["values"])
            for resource in _resources(content["values"]["root_module"])
            if resource["type"] == "aws_sns_topic_subscription" and "deposed_key" not in resource
        ]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        people = []
    if not people:
        raise ConfigError("Terraform's state has no people in it; run `make apply` first")
    return sorted(people, key=lambda p: (p.topic, p.protocol, p.name))


def _person(key: str, values: Mapping[str, Any]) -> Person:
    name = key.partition("/")[2] or f"operator {key}"  # whose key is a digest
    cells = [values["topic_arn"], values["protocol"], name, values["endpoint"]]
    if not all(isinstance(cell, str) for cell in cells) or not TOPIC_ARN.fullmatch(cells[0]):
        raise ValueError("not a subscription")
    return Person(*cells)


def _resources(module: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _resources(child)


def compare(people: Sequence[Person]) -> list[Finding]:
    """Ask SNS about every topic of these people, and say who receives messages.

    Raises the SDK's errors when SNS can't be asked.
    """
    topics = sorted({person.topic_arn for person in people})
    clients = {region: _client(region) for region in {_region(topic) for topic in topics}}
    opted_out = {
        phone
        for region, sns in clients.items()
        if any(p.protocol == "sms" and _region(p.topic_arn) == region for p in people)
        for page in sns.get_paginator("list_phone_numbers_opted_out").paginate()
        for phone in page["phoneNumbers"]
    }
    with ThreadPoolExecutor(AT_ONCE) as pool:
        live = dict(
            zip(topics, pool.map(lambda t: _live(clients[_region(t)], t), topics), strict=True)
        )
        findings = list(
            pool.map(
                lambda p: _find(p, live[p.topic_arn], opted_out, clients[_region(p.topic_arn)]),
                people,
            )
        )
    known = {(p.topic_arn, p.protocol, p.endpoint) for p in people}
    strangers = Counter(
        (topic.rpartition(":")[2], subscription.protocol)
        for topic, subscriptions in live.items()
        for subscription in subscriptions
        if (topic, subscription.protocol, subscription.endpoint) not in known
    )
    return findings + [
        Finding(topic, protocol, f"({number})", "unknown to Terraform", "not in the contacts")
        for (topic, protocol), number in sorted(strangers.items())
    ]


def _live(sns: Any, topic: str) -> list[Live]:
    """List a topic's subscriptions; a topic that was deleted has none."""
    try:
        pages = list(sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic))
    except sns.exceptions.NotFoundException:
        return []
    return [
        Live(s["Protocol"], s["Endpoint"], arn if arn.startswith("arn:") else None)
        for page in pages
        for s in page["Subscriptions"]
        if (arn := s["SubscriptionArn"]) != "Deleted"
    ]


def _find(person: Person, live: Sequence[Live], opted_out: set[str], sns: Any) -> Finding:
    """Say what has become of one subscription."""

    def found(condition: Condition, advice: str = "") -> Finding:
        return Finding(person.topic, person.protocol, shown(person.name), condition, advice)

    mine = [s for s in live if (s.protocol, s.endpoint) == (person.protocol, person.endpoint)]
    arns = [subscription.arn for subscription in mine if subscription.arn]
    happens = "subscribes" if person.protocol == "sms" else "invites"
    unsubscribed = found("unsubscribed or expired", UNSUBSCRIBED.format(happens))
    if not mine:
        return unsubscribed
    if not arns:
        return found("pending confirmation", PENDING)
    if person.protocol == "sms":
        if person.endpoint in opted_out:
            return found("opted out", "answered STOP; the SNS console undoes it, once in 30 days")
        return found("confirmed")
    try:
        attributes = sns.get_subscription_attributes(SubscriptionArn=arns[0])["Attributes"]
    except sns.exceptions.NotFoundException:  # unsubscribed since the list was made
        return unsubscribed
    if attributes.get("PendingConfirmation") == "true":
        return found("pending confirmation", PENDING)
    if attributes.get("ConfirmationWasAuthenticated") != "true":
        return found("confirmed", "a mail scanner's click can unsubscribe; see CONFIRM (--confirm)")
    return found("confirmed", "authenticated unsubscribe")


def reinvite(people: Sequence[Person], findings: Sequence[Finding]) -> list[Finding]:
    """Invite everybody again who has not confirmed; return the findings with the new deadline."""
    until = datetime.now(timezone.utc) + INVITATION
    advice = f"invited again; must confirm before {until:%Y-%m-%d %H:%M} UTC"
    renewed = []
    for person, finding in zip(people, findings, strict=False):
        if finding.condition == "pending confirmation":
            try:
                _client(_region(person.topic_arn)).subscribe(
                    TopicArn=person.topic_arn,
                    Protocol=person.protocol,
                    Endpoint=person.endpoint,
                    ReturnSubscriptionArn=True,
                )
                finding = replace(finding, advice=advice)
            except Exception as error:  # one failure holds back none of the others
                finding = replace(finding, advice=f"not invited again: {_reason(error)}")
        renewed.append(finding)
    return renewed + list(findings[len(people) :])


def confirm(link: str) -> str:
    """Confirm the invitation with this link, so that only an AWS account can unsubscribe it.

    link: the address of "Confirm subscription" in the invitation. Raises ConfigError for others.
    """
    query = parse_qs(link.partition("?")[2])
    topic, token = (query.get(name, [""])[0] for name in ("TopicArn", "Token"))
    if not TOPIC_ARN.fullmatch(topic) or not token:
        raise ConfigError(
            "that is not the link of an invitation; copy the address of"
            ' "Confirm subscription", in quotes'
        )
    sns = _client(_region(topic))
    try:
        sns.confirm_subscription(TopicArn=topic, Token=token, AuthenticateOnUnsubscribe="true")
    except sns.exceptions.InvalidParameterException:
        raise ConfigError(
            "the link is cut short or older than 48 hours; invite again with REINVITE=1"
        ) from None
    name = topic.rpartition(":")[2]
    return f"{name}: confirmed, authenticated unsubscribe; no click in an email ends it"


def as_text(findings: Sequence[Finding]) -> str:
    """Lay out who receives what, one line each, and sum up."""
    header = ("TOPIC", "CHANNEL", "PERSON", "CONDITION", "")
    rows = [(f.topic, f.channel, f.person, f.condition, f.advice) for f in findings]
    known = [f for f in findings if f.condition != "unknown to Terraform"]
    receive = sum(finding.receives for finding in known)
    return f"{table(header, rows)}\n\n{receive} of {len(known)} subscriptions receive messages"


def _region(arn: str) -> str:
    return arn.split(":")[3]


def _client(region: str) -> Any:
    return client("sns", region, ATTEMPTS)


def _reason(error: Exception) -> str:
    """Say why without AWS's own text, which may repeat an address."""
    if isinstance(error, ClientError):
        return f"SNS answered {shown(str(error.response.get('Error', {}).get('Code', '')))}"
    return f"SNS can't be asked ({type(error).__name__})"


def _state(source: str | None) -> str:
    if source == "-":
        return sys.stdin.read()
    if source:
        try:
            return Path(source).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{source}: {getattr(error, 'strerror', 'not UTF-8')}") from None
    command = [find_terraform(), f"-chdir={ROOT / 'terraform'}", "show", "-json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ConfigError(f"terraform show -json: {done.stderr.strip()}")
    return done.stdout


class _Parser(argparse.ArgumentParser):
    """Repeats no argument that it does not know: it may be a link with an address and a token."""

    def error(self, message: str) -> NoReturn:
        """Exit with 2."""
        super().error("unknown or incomplete arguments; put a link in quotes, after --confirm")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m scripts.subscriptions",
        description="Compare the people Terraform knows with live SNS, by name.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "--state",
        metavar="FILE",
        help="what `terraform show -json` prints; - for stdin (default: asks Terraform)",
    )
    add("--reinvite", action="store_true", help="invite everybody again who has not confirmed")
    link = "confirm the invitation with this link, with authenticated unsubscribe"
    add("--confirm", metavar="LINK", help=link)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
