"""Compare the people Terraform knows with live SNS, by name: `make subscriptions`.

Reads what `terraform show -json` prints for the state. Emails and phone numbers are read to find
people at SNS, and never shown.
"""

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any, Literal, NoReturn
from urllib.parse import parse_qs

from runner.aws import client, reason
from runner.errors import ConfigError
from runner.text import table
from scripts import command
from scripts.review.people import shown
from scripts.state import NOTHING_APPLIED, TOPIC_ARN, Person, State, load_state
from scripts.terraform import TerraformError
from scripts.texts import TextAccount, Unknown, ask, ask_about_texts

AT_ONCE, ATTEMPTS = 8, 5
# https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.confirm.html and the quotas page:
# an invitation that nobody confirmed is deleted after two days.
INVITATION = timedelta(hours=48)
# A month's check, and some days.
LOGGED = timedelta(days=35)
EXIT_CODES = """exit codes:
  0  everybody receives messages
  1  somebody does not
  2  cannot determine
"""

PENDING = "must confirm within 48 hours of the invitation"
UNSUBSCRIBED = "`make apply` {} again; to stop that, set Channels in the contacts"
OPTED_OUT = (
    "answered STOP; texting START to a toll-free number undoes it, for others the SNS console does,"
    " once in 30 days"
)
_STOPPED = (
    "Who answered STOP to a toll-free number is known to the carriers alone. With sms_log_days, the"
    " next text shows it."
)
NO_ADDRESS = "no email and no phone for the channels that the department's alerts use"
CAN_CONFIRM = "not in the contacts, but can confirm for 48 hours after the invitation"

Condition = Literal[
    "confirmed",
    "pending confirmation",
    "unsubscribed or expired",
    "opted out",
    "not reachable",
    "not reached last time",
    "receives nothing",
    "unknown",
    "unknown to Terraform",
    "pending, unknown to Terraform",
]
_STRANGERS: dict[bool, tuple[Condition, str]] = {
    True: ("unknown to Terraform", "not in the contacts"),
    False: ("pending, unknown to Terraform", CAN_CONFIRM),
}


@dataclass(frozen=True)
class Region:
    """What SNS says of one region.

    live: by topic's ARN, the ARNs of its subscriptions by protocol and endpoint; one that is
    pending has None. failed: number to its last failed text;
    None where texts are not logged.
    """

    sns: Any
    live: Mapping[str, Mapping[tuple[str, str], Sequence[str | None]] | Unknown]
    opted_out: frozenset[str] | Unknown
    texts: TextAccount | None
    failed: Mapping[str, str] | Unknown | None


@dataclass(frozen=True)
class Finding:
    """Whether one person receives one topic on one channel. advice: what to know or do."""

    topic: str
    channel: str
    person: str
    condition: Condition
    advice: str = ""


def main(argv: Sequence[str] | None = None) -> int:
    """Compare, print a table, and return the exit code; or confirm one invitation."""
    options = _parser().parse_args(argv)
    try:
        if options.confirm:
            print(confirm(options.confirm))
            return 0
        state = load_state(options.state)
        if not state.people:
            raise ConfigError(NOTHING_APPLIED)
        findings = compare(state)
        if options.reinvite:
            findings = reinvite(state.people, findings)
    except (ConfigError, TerraformError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except Exception as error:  # SNS's answers, whole or not, hold addresses: none is repeated
        print(f"error: {shown(reason(error, 'SNS'))}", file=sys.stderr)
        return 2
    print(as_text(findings))
    if any(f.channel == "sms" for f in findings) and not state.logs_texts:
        print(f"\n{_STOPPED}")
    conditions = {finding.condition for finding in findings}
    if conditions - {"confirmed", "unknown", "unknown to Terraform"}:
        return 1
    return 2 if "unknown" in conditions else 0


def compare(state: State) -> list[Finding]:
    """Ask SNS about every topic of these people, and say who receives messages.

    The findings about people of the state come first, in their order. What may not be asked is
    unknown, and the rest is said. Raises ConfigError where AWS answers nothing at all.
    """
    people = state.people
    names = {_region(person.topic_arn) for person in people}
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        regions = {name: _ask_region(name, state, pool) for name in names}
        answers = [live for region in regions.values() for live in region.live.values()]
        silent = [a for a in answers if isinstance(a, Unknown) and not a.is_refusal]
        if len(silent) == len(answers):
            raise ConfigError(silent[0].why)
        findings = list(pool.map(lambda p: _find(p, regions[_region(p.topic_arn)]), people))
    finally:  # Ctrl-C waits for no answer
        pool.shutdown(wait=False, cancel_futures=True)
    known = {(p.topic_arn, p.protocol, p.endpoint) for p in people}
    strangers = Counter(
        (topic.rpartition(":")[2], shown(protocol), arn is not None)
        for region in regions.values()
        for topic, live in region.live.items()
        if not isinstance(live, Unknown)
        for (protocol, endpoint), same in live.items()
        if (topic, protocol, endpoint) not in known
        for arn in same
    )
    return [
        *findings,
        *(
            Finding(shown(department), "", shown(name), "receives nothing", NO_ADDRESS)
            for department, name in state.without_address
        ),
        *(
            Finding(topic, protocol, f"({number})", *_STRANGERS[has_arn])
            for (topic, protocol, has_arn), number in sorted(strangers.items())
        ),
    ]


def _ask_region(name: str, state: State, pool: ThreadPoolExecutor) -> Region:
    sns = client("sns", name, ATTEMPTS)
    people = [person for person in state.people if _region(person.topic_arn) == name]
    topics = sorted({person.topic_arn for person in people})
    live = dict(zip(topics, pool.map(lambda t: ask(lambda: _live(sns, t)), topics), strict=True))
    if not any(person.protocol == "sms" for person in people):
        return Region(sns, live, frozenset(), None, None)
    pages = sns.get_paginator("list_phone_numbers_opted_out").paginate
    opted_out = ask(lambda: frozenset(n for page in pages() for n in page["phoneNumbers"]))
    return Region(sns, live, opted_out, ask_about_texts(name), _failed_texts(name, state))


def _live(sns: Any, topic: str) -> dict[tuple[str, str], list[str | None]]:
    """Group a topic's subscriptions by protocol and endpoint; a topic that was deleted has none."""
    try:
        pages = list(sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic))
    except sns.exceptions.NotFoundException:
        return {}
    found: dict[tuple[str, str], list[str | None]] = {}
    for subscription in (s for page in pages for s in page["Subscriptions"]):
        if (arn := subscription["SubscriptionArn"]) != "Deleted":
            key = subscription["Protocol"], subscription["Endpoint"]
            found.setdefault(key, []).append(arn if arn.startswith("arn:") else None)
    return found


def _find(person: Person, region: Region) -> Finding:
    """Say what has become of one subscription."""

    def found(condition: Condition, advice: str = "") -> Finding:
        return Finding(person.topic, person.protocol, shown(person.name), condition, advice)

    live = region.live[person.topic_arn]
    if isinstance(live, Unknown):
        return found("unknown", live.why)
    mine = live.get((person.protocol, person.endpoint), ())
    arns = [arn for arn in mine if arn]
    happens = "subscribes" if person.protocol == "sms" else "invites"
    unsubscribed = found("unsubscribed or expired", UNSUBSCRIBED.format(happens))
    if not mine:
        return unsubscribed
    if not arns:
        return found("pending confirmation", PENDING)
    if person.protocol == "sms":
        return found(*_text(person.endpoint, region))
    attributes = ask(lambda: _attributes(region.sns, arns[0]))
    if attributes is None:  # unsubscribed since the list was made
        return unsubscribed
    if isinstance(attributes, Unknown):  # it is confirmed all the same: it has an ARN
        return found("confirmed", f"authenticated unsubscribe unknown: {attributes.why}")
    if attributes.get("PendingConfirmation") == "true":
        return found("pending confirmation", PENDING)
    if attributes.get("ConfirmationWasAuthenticated") != "true":
        return found("confirmed", "a mail scanner's click can unsubscribe; see CONFIRM (--confirm)")
    return found("confirmed", "authenticated unsubscribe")


def _attributes(sns: Any, arn: str | None) -> Mapping[str, str] | None:
    try:
        return dict(sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"])
    except sns.exceptions.NotFoundException:
        return None


def _text(number: str, region: Region) -> tuple[Condition, str]:
    """Say whether a text reaches a number that is subscribed, and why not."""
    if not isinstance(region.opted_out, Unknown) and number in region.opted_out:
        return "opted out", OPTED_OUT
    obstacle = region.texts.obstacle(number, number.startswith("+1")) if region.texts else ""
    if isinstance(obstacle, str) and obstacle:
        return "not reachable", f"{obstacle}; see `make doctor`"
    if isinstance(region.failed, Mapping) and number in region.failed:
        return "not reached last time", region.failed[number]
    for answer in (obstacle, region.opted_out):
        if isinstance(answer, Unknown):
            return "unknown", answer.why
    if isinstance(region.failed, Unknown):
        return "confirmed", f"the last text is unknown: {region.failed.why}"
    return "confirmed", ""


def _failed_texts(region: str, state: State) -> dict[str, str] | Unknown | None:
    """Return the numbers whose last text failed, where delivery status is logged; see sms_log_days.

    https://docs.aws.amazon.com/sns/latest/dg/sms_stats_cloudwatch.html
    """
    groups = [name for name in state.logs_texts if name.startswith(f"sns/{region}/")]
    if not groups:
        return None
    logs = client("logs", region, ATTEMPTS)
    since = int((datetime.now(timezone.utc) - LOGGED).timestamp() * 1000)
    return ask(
        lambda: _last_failures([t for group in groups for t in _logged(logs, group, since)]), "logs"
    )


def _last_failures(texts: list[Any]) -> dict[str, str]:
    """Map the numbers whose last text failed to when and why; what is no record is left out."""
    records = []
    for text in texts:
        try:
            at, delivery = str(text["notification"]["timestamp"]), text["delivery"]
            answer = _inert(str(delivery.get("providerResponse") or "no reason given"))
            records.append((at, str(delivery["destination"]), text["status"], answer))
        except (LookupError, TypeError, AttributeError):
            continue
    last = {
        number: (status, f"on {at[:10]}: {answer}")
        for at, number, status, answer in sorted(records, key=lambda r: r[0])
    }
    return {number: said for number, (status, said) in last.items() if status != "SUCCESS"}


def _logged(logs: Any, group: str, since: int) -> list[Any]:
    try:
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=since
        )
        events = [event for page in pages for event in page["events"]]
        return [json.loads(event["message"]) for event in events]
    except logs.exceptions.ResourceNotFoundException:
        return []


def _inert(answer: str) -> str:
    """Return a carrier's words; one with a digit may be of a number, and is left out."""
    return shown(re.sub(r"\S*\d[^A-Za-z]*", "... ", answer))


def reinvite(people: Sequence[Person], findings: Sequence[Finding]) -> list[Finding]:
    """Invite everybody again who has not confirmed; return the findings with the new deadline."""
    until = datetime.now(timezone.utc) + INVITATION
    advice = f"invited again; must confirm before {until:%Y-%m-%d %H:%M} UTC"
    renewed = []
    for person, finding in zip(people, findings, strict=False):
        if finding.condition == "pending confirmation":
            answer = ask(lambda p=person: _subscribe(p))  # type: ignore[misc]
            why = f"not invited again: {answer.why}" if isinstance(answer, Unknown) else advice
            finding = replace(finding, advice=why)
        renewed.append(finding)
    return renewed + list(findings[len(people) :])


def _subscribe(person: Person) -> str:
    answer = client("sns", _region(person.topic_arn), ATTEMPTS).subscribe(
        TopicArn=person.topic_arn,
        Protocol=person.protocol,
        Endpoint=person.endpoint,
        ReturnSubscriptionArn=True,
    )
    return str(answer["SubscriptionArn"])


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
    sns = client("sns", _region(topic), ATTEMPTS)
    answer = ask(lambda: _confirm(sns, topic, token))
    if isinstance(answer, Unknown):
        raise ConfigError(answer.why)
    if not answer:
        raise ConfigError(
            "the link is cut short or older than 48 hours; invite again with REINVITE=1"
        )
    name = topic.rpartition(":")[2]
    return f"{name}: confirmed, authenticated unsubscribe; no click in an email ends it"


def _confirm(sns: Any, topic: str, token: str) -> bool:
    """Tell whether SNS takes the token."""
    try:
        sns.confirm_subscription(TopicArn=topic, Token=token, AuthenticateOnUnsubscribe="true")
    except sns.exceptions.InvalidParameterException:
        return False
    return True


def as_text(findings: Sequence[Finding]) -> str:
    """Lay out who receives what, one line each, and sum up."""
    header = ("TOPIC", "CHANNEL", "PERSON", "CONDITION", "")
    rows = [(f.topic, f.channel, f.person, f.condition, f.advice) for f in findings]
    strange = {"receives nothing", *(condition for condition, _ in _STRANGERS.values())}
    count = Counter(f.condition for f in findings if f.condition not in strange)
    unknown = f", {count['unknown']} unknown" if count["unknown"] else ""
    sums = f"{count['confirmed']} of {count.total()} subscriptions receive messages{unknown}"
    return f"{table(header, rows)}\n\n{sums}"


def _region(arn: str) -> str:
    return arn.split(":")[3]


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
    command.run(main)
