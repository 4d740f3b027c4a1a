"""Plan -> what becomes of the check itself: its ledger, schedule, operators, texts. Pure.

The ledger keeps what was sent, the schedule runs the check, the operators are notified when it
fails, and of texts AWS says what they cost and which arrived. What silences one of them is a risk;
what is created is a note.
"""

from collections import Counter
from collections.abc import Iterator

from scripts.review.made import TAGS
from scripts.review.people import listed, several
from scripts.review.read import (
    HAS_LEDGER,
    HAS_OPERATORS,
    IS_FREQUENT,
    LIMIT_HAS_OPERATORS,
    SUBSCRIPTION,
    TOPIC,
    Change,
    Plan,
)

BUCKET, SCHEDULE, ALARM = "aws_s3_bucket", "aws_scheduler_schedule", "aws_cloudwatch_metric_alarm"
PREFERENCES = "aws_sns_sms_preferences"
_ACTIONS = {"create": "created", "update": "modified", "replace": "replaced", "delete": "deleted"}
# Of a topic, what emails and texts say before their text.
SENDER = "display_name"
_NOT_RUN = "the check does not run by itself"
_UNNOTICED = "nobody is notified when the check fails or does not run"
_SENT_AGAIN = "every alert that is over is sent once more"
# What Terraform's own checks warn of: a risk with a schedule that is made or changes, else known.
CHECKS = {
    HAS_LEDGER: "the schedule has no ledger: every run sends what is over once more",
    HAS_OPERATORS: f"the schedule has no operators: {_UNNOTICED}",
    IS_FREQUENT: (
        "the schedule pauses for longer than its alarm waits: operators would be notified between"
        " runs"
    ),
    LIMIT_HAS_OPERATORS: "the limit for texts has no operators: nobody is notified of their costs",
}

# What a schedule is made of: its name, and what it means when it goes.
_SCHEDULED = {
    SCHEDULE: ("schedule", _NOT_RUN),
    "aws_lambda_function": ("function", _NOT_RUN),
    ALARM: ("alarm", _UNNOTICED),
    "aws_lambda_function_event_invoke_config": ("retry rule", ""),
    "aws_sqs_queue": ("queue", ""),
    "aws_cloudwatch_log_group": ("log", ""),
    "aws_cloudwatch_dashboard": ("dashboard", ""),
    "aws_s3_object": ("configuration", ""),
}
# The same of what AWS says of texts.
_SMS = {
    ALARM: ("alarm", "nobody is notified when texts cost nearly as much as their limit"),
    PREFERENCES: (
        "setting of the account",
        "its other settings for texts are reset, too: spend limit, type and sender",
    ),
    "aws_cloudwatch_log_group": ("log", ""),
}
_WATCHED = {"schedule": ("Scheduled check", _SCHEDULED), "sms": ("Texts", _SMS)}


def watch_risks(plan: Plan) -> Iterator[str]:
    """Name what would let the check forget, stop, or fail unnoticed."""
    # At the end of everything, too, what is not this project's alone is named.
    ends = {"delete"} if plan.destroys_all else set[str]()
    changes = [c for c in _watched(plan) if c.action not in ends or c.type == PREFERENCES]
    for part in (_ledger_risks, _kind_risks, _operator_risks):
        yield from part(changes, plan)
    if _schedule_changes(plan):
        yield from _warnings(plan)


def watch_notes(plan: Plan) -> Iterator[str]:
    """Say what is created, what changes, and how many operators there are."""
    if not plan.is_first and plan.alerts_after:  # else all of them begin, or end
        yield from (f"{name}: {before} -> {after}" for name, before, after in plan.settings)
    if renamed := sum(c.type == TOPIC and c.stays and SENDER in c.changed for c in plan.changes):
        yield f"Emails and texts show another sender: {several(renamed, 'topic')}."
    if any(c.type == BUCKET and c.action == "create" for c in _watched(plan)):
        has_ledger = any(name == "ledger" and after == "yes" for name, _, after in plan.settings)
        ledger = "The ledger is created: it keeps what was sent, so that each alert is sent once."
        yield ledger if has_ledger else "A bucket is created for the schedule's configuration."
    scheduled = [c for c in _watched(plan) if c.part == "schedule"]
    if any(c.type == SCHEDULE and c.action == "create" for c in scheduled):
        yield "A schedule is created: from now on the check runs by itself."
    for part, (title, kinds) in _WATCHED.items():
        for action, verb in _ACTIONS.items():
            changes = [c for c in _watched(plan) if c.part == part and c.action == action]
            things = Counter(kinds[c.type][0] for c in changes)
            if things:
                counts = [several(number, word) for word, number in sorted(things.items())]
                yield f"{title}: {listed(counts)} {verb}."
    if any(c.type == PREFERENCES and c.action == "create" for c in _watched(plan)):
        yield "From now on AWS logs which texts of this account arrived, with their phone numbers."
    operators = _operators(plan)
    before, after = sum(c.before for c in operators), sum(c.after for c in operators)
    invited = sum(c.action in ("create", "replace") for c in operators)
    if invited or before != after:
        confirm = f", {invited} of them must confirm" if invited else ""
        yield f"Operators, who are notified of failures: {before} -> {after}{confirm}."
    if not _schedule_changes(plan):
        yield from (f"{warning[0].upper()}{warning[1:]}." for warning in _warnings(plan))


def _warnings(plan: Plan) -> Iterator[str]:
    failing = [name for name, status, _ in plan.failing_checks if status == "fail"]
    yield from (CHECKS[name] for name in failing if name in CHECKS)


def _schedule_changes(plan: Plan) -> bool:
    return any(c.type == SCHEDULE for c in _watched(plan))


def _watched(plan: Plan) -> list[Change]:
    return [
        c
        for c in plan.changes
        if c.part != "alerts"  # most of them
        and c.action in _ACTIONS
        and (c.part in ("ledger", "operators") or c.type in _WATCHED.get(c.part, ("", {}))[1])
    ]


def _ledger_risks(changes: list[Change], plan: Plan) -> Iterator[str]:
    ledger = [c for c in changes if c.part == "ledger"]
    for change in (c for c in ledger if c.type == BUCKET):
        if change.action in ("delete", "replace"):
            yield f"the ledger is {_ACTIONS[change.action]}: {_SENT_AGAIN}"
        elif plan.was_taken_away(change):
            yield f"the ledger was deleted by somebody and is created again: {_SENT_AGAIN}"
        elif change.action == "update" and (settings := set(change.changed) - TAGS):
            yield f"the ledger's bucket is modified: {listed(sorted(settings))}"
    if not any(c.type == BUCKET and c.action != "update" for c in ledger):
        rules = {c.type.removeprefix("aws_s3_bucket_") for c in ledger if c.type != BUCKET}
        if rules:
            yield f"who may use the ledger, or what it keeps, changes: {listed(sorted(rules))}"
    stays = any(c.part == "ledger" and c.type == BUCKET and c.stays for c in plan.changes)
    if stays and ("ledger", "yes", "no") in plan.settings:
        yield "the ledger is switched off: every check sends what is over once more"


def _kind_risks(changes: list[Change], plan: Plan) -> Iterator[str]:
    found = Counter[tuple[str, str, str]]()
    ends = any(c.type == SCHEDULE and c.action == "delete" for c in changes)
    for change in (c for c in changes if c.part in _WATCHED):
        title, kinds = _WATCHED[change.part]
        word, meaning = kinds[change.type]
        if change.action == "delete" and not meaning and not ends and change.part == "schedule":
            found[title, word, "deleted, and the schedule stays"] += 1
        elif change.action == "delete" and meaning:
            found[title, word, f"deleted; {meaning}"] += 1
        elif change.action == "replace" and meaning:
            found[title, word, f"replaced; meanwhile {meaning}"] += 1
    for (title, word, what), number in sorted(found.items()):
        yield f"{title.lower()}: {several(number, word)} {what}"


def _operator_risks(changes: list[Change], plan: Plan) -> Iterator[str]:
    operators, topics = _operators(plan), [c for c in changes if c.type == TOPIC]
    before, after = sum(c.before for c in operators), any(c.after for c in operators)
    for change in topics:
        if change.action in ("delete", "replace"):
            what = "must confirm again" if after else "unsubscribed"
            yield (
                f"the operators' topic is {_ACTIONS[change.action]};"
                f" {several(before, 'operator')} {what}"
            )
        elif change.stays and (settings := set(change.changed) - TAGS - {SENDER}):
            yield f"the operators' topic is modified: {listed(sorted(settings))}"
    if not all(change.stays for change in topics):
        return
    confirmed = [c for c in operators if c.was_confirmed]
    if any(c.type == f"{TOPIC}_policy" for c in changes):
        yield "who may use the operators' topic changes"
    if before and not after and any(c in changes for c in operators):
        yield f"no operator is left to notify of failures; {before} of {before} unsubscribed"
    elif confirmed and after and not any(c.stays for c in confirmed):
        yield f"no operator is notified until somebody confirms; {len(confirmed)} confirmed before"
    if taken := sum(plan.was_taken_away(c) for c in operators):
        operator = several(taken, "operator")
        yield f"{operator} unsubscribed or never confirmed, and would be invited again"


def _operators(plan: Plan) -> list[Change]:
    return [c for c in plan.changes if c.part == "operators" and c.type == SUBSCRIPTION]
