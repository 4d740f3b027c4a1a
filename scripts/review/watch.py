"""Plan -> what becomes of the check itself: its ledger, its schedule, its operators. Pure.

The ledger remembers what was sent, the schedule runs the check, and the operators hear when it is
dead. What silences one of them is a risk; what is made is a note.
"""

from collections import Counter
from collections.abc import Iterator

from scripts.review.people import listed, was, will_be
from scripts.review.read import SUBSCRIPTION, TOPIC, Change, Plan

BUCKET, SCHEDULE, ALARM = "aws_s3_bucket", "aws_scheduler_schedule", "aws_cloudwatch_metric_alarm"
_ACTIONS = {"create": "made", "update": "changed", "replace": "replaced", "delete": "deleted"}
_TAGS = {"tags", "tags_all"}
# What Terraform's own checks warn of: a risk with a schedule that is made or changes, else known.
CHECKS = {
    "a_schedule_has_a_ledger": (
        "the schedule has no ledger: every run sends what is over once more"
    ),
    "a_schedule_has_operators": (
        "the schedule has no operators: nobody hears when the check fails or does not run"
    ),
    "a_schedule_runs_as_often_as_its_alarm_expects": (
        "the schedule pauses for longer than its alarm waits: operators would hear between runs"
    ),
}
_NOT_RUN = "the check does not run by itself"

# What a schedule is made of: its name, and what it means when it goes.
_SCHEDULED = {
    SCHEDULE: ("schedule", _NOT_RUN),
    "aws_lambda_function": ("function", _NOT_RUN),
    ALARM: ("alarm", "nobody hears when the check fails or does not run"),
    "aws_lambda_function_event_invoke_config": ("retry rule", ""),
    "aws_sqs_queue": ("queue", ""),
    "aws_cloudwatch_log_group": ("log", ""),
    "aws_cloudwatch_dashboard": ("dashboard", ""),
    "aws_s3_object": ("configuration", ""),
}
# What may change of it while it stays, beside tags; anything else can silence it.
_MAY_CHANGE = {
    SCHEDULE: {"description", "schedule_expression"},
    ALARM: {"alarm_description"},
    "aws_lambda_function": {
        *("code_sha256", "filename", "last_modified", "source_code_hash", "source_code_size"),
        *("description", "environment", "ephemeral_storage", "logging_config", "memory_size"),
        *("qualified_arn", "qualified_invoke_arn", "runtime", "timeout", "version"),
    },
    "aws_lambda_function_event_invoke_config": set[str](),
}
# What an alarm does; to be set when operators begin to be.
_ALARMING = {"alarm_actions", "insufficient_data_actions", "ok_actions"}


def is_watched(change: Change) -> bool:
    """Tell whether watch_risks and watch_notes speak of a change."""
    if change.action not in _ACTIONS:
        return False
    if change.part == "operators":
        is_email = change.type == SUBSCRIPTION and change.protocol == "email"
        return change.type != SUBSCRIPTION or (is_email and change.action != "update")
    return change.part == "ledger" or (change.part == "schedule" and change.type in _SCHEDULED)


def watch_risks(plan: Plan, *, ends: bool) -> Iterator[str]:
    """Name what would let the check forget, stop, or fail unheard.

    ends: everything is destroyed, which is told already.
    """
    for part in (_ledger_risks, _schedule_risks, _operator_risks):
        yield from part([c for c in _of(plan) if not (ends and c.action == "delete")], plan)
    if _is_scheduled_anew(plan):
        yield from _warnings(plan)


def watch_notes(plan: Plan) -> Iterator[str]:
    """Say what is made, what changes, and how many operators there are."""
    if any(map(was, plan.changes)) and plan.alerts_after:  # else all of them begin, or end
        yield from (f"{name}: {before} -> {after}" for name, before, after in plan.settings)
    for change in _of(plan):
        if change.type == BUCKET and change.action == "create":
            has_ledger = any(
                name == "ledger" and after == "yes" for name, _, after in plan.settings
            )
            ledger = "The ledger is made: it remembers what was sent, so that it is sent once."
            yield ledger if has_ledger else "A bucket is made for the schedule's configuration."
    scheduled = [c for c in _of(plan) if c.part == "schedule"]
    if any(c.type == SCHEDULE and c.action == "create" for c in scheduled):
        yield "A schedule is made: from now on the check runs by itself."
    for action, verb in _ACTIONS.items():
        things = Counter(_SCHEDULED[c.type][0] for c in scheduled if c.action == action)
        if things:
            told = [_several(number, word) for word, number in sorted(things.items())]
            yield f"Of the scheduled check {verb}: {listed(told)}."
    operators = _operators(plan)
    before, after = (sum(map(side, operators)) for side in (was, will_be))
    invited = sum(c.action in ("create", "replace") for c in operators)
    if invited or before != after:
        confirm = f", {invited} of them must confirm" if invited else ""
        yield f"Operators, who hear when the check itself fails: {before} -> {after}{confirm}."
    if not _is_scheduled_anew(plan):
        yield from (f"{warning[0].upper()}{warning[1:]}." for warning in _warnings(plan))


def _warnings(plan: Plan) -> Iterator[str]:
    yield from (
        CHECKS[name] for name, status in plan.failing_checks if status == "fail" and name in CHECKS
    )


def _is_scheduled_anew(plan: Plan) -> bool:
    return any(c.type == SCHEDULE for c in _of(plan))


def _of(plan: Plan) -> list[Change]:
    return [c for c in plan.changes if is_watched(c)]


def _ledger_risks(changes: list[Change], plan: Plan) -> Iterator[str]:
    ledger = [c for c in changes if c.part == "ledger"]
    again = "every alert that is over is sent once more"
    for change in (c for c in ledger if c.type == BUCKET):
        if change.action in ("delete", "replace"):
            yield f"the ledger is {_ACTIONS[change.action]}: {again}"
        elif change.action == "create" and (BUCKET, "", change.key) in plan.vanished:
            yield f"the ledger was deleted by somebody and is made anew: {again}"
        elif change.action == "update" and (settings := set(change.changed) - _TAGS):
            yield f"the ledger's bucket stays, and of it change: {listed(sorted(settings))}"
    if not any(c.type == BUCKET and c.action != "update" for c in ledger):
        rules = {c.type.removeprefix("aws_s3_bucket_") for c in ledger if c.type != BUCKET}
        if rules:
            yield f"who may use the ledger, or what it keeps, changes: {listed(sorted(rules))}"
    stays = [c for c in plan.changes if c.part == "ledger" and c.action in ("no-op", "update")]
    if ("ledger", "yes", "no") in plan.settings and any(c.type == BUCKET for c in stays):
        yield "the ledger is switched off: every check sends what is over once more"


def _schedule_risks(changes: list[Change], plan: Plan) -> Iterator[str]:
    found = Counter[tuple[str, str]]()
    scheduled = [c for c in changes if c.part == "schedule"]
    ends = any(c.type == SCHEDULE and c.action == "delete" for c in scheduled)
    begins = any(c.type == TOPIC and c.action == "create" for c in _of(plan))
    for change in scheduled:
        word, meaning = _SCHEDULED[change.type]
        if change.action == "delete" and not meaning and not ends:
            found[word, "deleted, and the schedule stays"] += 1
        elif change.action == "delete" and meaning:
            found[word, f"deleted: {meaning}"] += 1
        elif change.action == "replace" and meaning:
            found[word, f"replaced: meanwhile {meaning}"] += 1
        elif change.action == "update" and change.type in _MAY_CHANGE:
            may = _MAY_CHANGE[change.type] | _TAGS | (_ALARMING if begins else set())
            if settings := set(change.changed) - may:
                worst = f"; at worst {meaning}" if meaning else ""
                found[word, f"set otherwise ({listed(sorted(settings))}){worst}"] += 1
    for (word, what), number in sorted(found.items()):
        yield f"{_several(number, word)} of the scheduled check, {what}"


def _operator_risks(changes: list[Change], plan: Plan) -> Iterator[str]:
    operators = _operators(plan)
    heard, hears = (sum(map(side, operators)) for side in (was, will_be))
    sure = [c for c in operators if c.was_confirmed]
    stays = True
    for change in (c for c in changes if c.type == TOPIC):
        stays = change.action == "update"
        if change.action in ("delete", "replace"):
            told = f"the operators' topic is {_ACTIONS[change.action]}: {heard} heard it"
            yield f"{told}, {'and must confirm again' if hears else 'and nobody does any more'}"
        elif stays and (settings := set(change.changed) - _TAGS):
            yield f"the operators' topic stays, and of it change: {listed(sorted(settings))}"
    if not stays:
        return
    if any(c.type == f"{TOPIC}_policy" for c in changes):
        yield "who may use the operators' topic changes"
    if heard and not hears and any(c in changes for c in operators):
        yield f"no operator is left to hear when the check fails; {heard} heard it"
    elif sure and hears and not any(c.action in ("no-op", "update") for c in sure):
        yield f"no operator hears it until somebody confirms; {len(sure)} heard it"
    left = sum(
        c.action == "create" and (SUBSCRIPTION, "", c.key) in plan.vanished for c in operators
    )
    if left:
        yield f"{_several(left, 'operator')} left, or never confirmed, and would be invited again"


def _operators(plan: Plan) -> list[Change]:
    return [c for c in plan.changes if c.part == "operators" and c.type == SUBSCRIPTION]


def _several(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
