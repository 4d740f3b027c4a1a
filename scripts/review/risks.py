"""Plan -> what is risky for subscribers, and of topics and other resources. Pure."""

from collections import Counter
from collections.abc import Collection, Iterator
from fractions import Fraction

from scripts.review.people import Audiences, listed, name_of, shown
from scripts.review.read import SUBSCRIPTION, TOPIC, AlertKey, Change, Plan
from scripts.review.watch import SENDER, TAGS, is_watched

# Fewer may leave an alert at once without being a risk, whatever their share is.
FEW = 3

_POLICY = "aws_sns_topic_policy"
# They hold nothing at AWS: what ends before what begins, by topic, and who receives nothing.
_MARKERS = {("terraform_data", "destroy_before_create"), ("terraform_data", "receive_nothing")}
_HARMLESS = {
    *("data.aws_s3_object", "data.aws_kms_key", "data.aws_partition"),
    *("data.aws_caller_identity", "data.aws_region", "data.aws_service"),
}
_KNOWN_ACTIONS = {"no-op", "create", "read", "update", "delete", "replace"}
_CHANNELS = {"email", "sms"}


def subscriber_risks(plan: Plan, audiences: Audiences, max_removed: Fraction) -> Iterator[str]:
    """Name alerts without subscribers, too many who leave, invitations nobody asked for."""
    made, ended = _made_and_ended(plan)
    for key, audience in sorted(audiences.items()):
        if key in ended:
            continue  # topic_risks says so
        name, total = name_of(key), len(audience.before)
        if audience.before and not audience.after:
            yield f"{name}: no subscriber is left; {total} of {total} unsubscribed"
        elif audience.received and not audience.receives and key not in made:
            received = len(audience.received)
            yield f"{name}: nobody receives it until somebody confirms; {received} received it"
        again = set() if key in made else audience.again  # topic_risks says who
        for people, what in (
            (audience.before - audience.after, "unsubscribed"),
            (again, "must confirm again"),
        ):
            number = len(people)
            if audience.after and number > FEW and number > max_removed * total:
                share = f"{number / total:.0%}; the limit is {float(max_removed):.0%}"
                yield f"{name}: {number} of {total} {what}, {share} and {FEW} people"
        if audience.invited:
            yield (
                f"{name}: {listed(sorted(audience.invited))} unsubscribed or never confirmed, and"
                " would be invited again; to prevent it, set Channels in the contacts"
            )
    for key in sorted(plan.alerts_after.keys() - plan.alerts_before.keys()):
        if not audiences[key].after:
            yield f"{name_of(key)}: is new and has no subscriber"


def _made_and_ended(plan: Plan) -> tuple[set[AlertKey], set[AlertKey]]:
    """Return the alerts whose topic is made, again or not, and those whose topic ends."""
    made = {plan.alert_of[c.topic] for c in plan.topics if c.action in ("create", "replace")}
    return made, {plan.alert_of[c.topic] for c in plan.topics if not c.after} - made


def topic_risks(plan: Plan, audiences: Audiences) -> Iterator[str]:
    """Name topics that end, and with them everybody's confirmation."""
    made, _ = _made_and_ended(plan)
    if plan.destroys_all:
        topics = sum(change.before for change in plan.topics)
        everybody = {person for audience in audiences.values() for person in audience.before}
        yield f"everything is destroyed: {topics} topics, {_people(everybody)} unsubscribed"
        return
    for change in plan.topics:
        key, name = plan.alert_of[change.topic], f"topic {change.topic}"
        again = f"{_people(audiences[key].again)} must confirm again"
        if plan.was_taken_away(change):
            yield f"{name} was deleted by somebody and is created again; {again}"
        elif change.before and not change.stays and key in made:
            yield f"{name} is replaced; {again}"
        elif change.before and not change.stays:
            yield f"{name} is destroyed; {_people(audiences[key].before)} unsubscribed"


def _people(people: Collection[str]) -> str:
    return "1 person" if len(people) == 1 else f"{len(people)} people"


def alert_risks(plan: Plan) -> Iterator[str]:
    """Name alerts that the runner would lose, or send elsewhere, though their topic stays."""
    before, after = (
        {alert.topic: alert for alert in alerts.values()}
        for alerts in (plan.alerts_before, plan.alerts_after)
    )
    for change in (c for c in plan.topics if c.after):
        old, new = before.get(change.topic), after.get(change.topic)
        name = f"topic {change.topic}"
        if not new:
            yield f"{name}: no alert in runner_config names it, so nothing is published to it"
            continue
        if old and (old.department, old.level) != (new.department, new.level):
            yield f"{name} is another department's or level's alert than before"
        if old and change.stays and old.topic_arn != new.topic_arn:
            yield f"{name}: its alert would be published to another topic"


def resource_risks(plan: Plan) -> Iterator[str]:
    """Name what can't be put into people's words: permissions, and what isn't known here."""
    made_or_ended = {c.topic for c in plan.topics if not c.stays and (c.before or c.after)}
    policies, permissions, unknown = [], Counter[str](), Counter[str]()
    for change in plan.changes:
        kind, what = shown(change.type), f"{shown(change.type)}: {shown(change.action)}"
        if change.is_moved:
            unknown[f"{kind}: moved, imported or left over from a replacement"] += 1
        if change.action == "no-op" or (change.action == "read" and change.type in _HARMLESS):
            continue
        if change.action == "forget":
            unknown[f"{kind}: forgotten; AWS keeps it and nobody manages it"] += 1
        elif change.action not in _KNOWN_ACTIONS:
            unknown[f"{what}, an action that this review does not know"] += 1
        elif change.type == _POLICY and change.topic:
            policies += [] if change.topic in made_or_ended else [change.topic]
        elif change.type == TOPIC and change.topic and change.action == "update":
            # Anything else can silence it, or open it to others.
            if settings := set(change.changed) - TAGS - {SENDER}:
                yield f"topic {change.topic} is modified: {listed(sorted(settings))}"
        elif change.type.startswith("aws_iam_"):
            if not (plan.is_first and change.type == "aws_iam_policy"):  # a note says so then
                permissions[what] += 1
        elif not (_is_understood(change) or is_watched(change)):
            unknown[f"{what}, a resource that this review does not know"] += 1
    if policies:
        yield f"who may use a topic changes for {listed(sorted(policies))}"
    yield from (f"permissions change: {n} x {what}" for what, n in sorted(permissions.items()))
    yield from (f"{number} x {what}" for what, number in sorted(unknown.items()))
    if plan.runs_programs:
        yield "the configuration would run programs on the machine that applies it"


def _is_understood(change: Change) -> bool:
    """Tell what the people's part of a review speaks of, and the markers, which hold nothing."""
    if (change.type, change.key) in _MARKERS:
        return change.action != "read" and bool(change.topic) != (change.key == "receive_nothing")
    if not change.topic:
        return False
    if change.type == SUBSCRIPTION:
        channel = change.key.partition("/")[0]
        is_known = channel in _CHANNELS and change.protocol in (channel, "")
        return is_known and change.action in ("create", "delete", "replace")
    return change.action != "read" and change.type == TOPIC
