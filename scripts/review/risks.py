"""Plan -> what is risky for subscribers, and of topics and other resources. Pure."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from fractions import Fraction

from scripts.review.made import TAGS
from scripts.review.people import LONGEST_LINE, Audiences, listed, name_of, shown
from scripts.review.read import SUBSCRIPTION, TOPIC, AlertKey, Plan
from scripts.review.watch import SENDER

_POLICY = "aws_sns_topic_policy"
_KNOWN_ACTIONS = {"no-op", "create", "update", "delete", "replace"}
# Part of the configuration -> who gets the permissions that its IAM resources are.
_PERMITTED = {
    "alerts": "whoever runs the check",
    "schedule": "the scheduled check",
    "GitHub Actions": "GitHub Actions",
    "sms": "SNS, to log texts",
}
_NEVER = {(SUBSCRIPTION, "update")}
_PERMISSIONS = {"create": "are given to", "delete": "are taken from"}


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
        for people, what, one in (
            # One who hands over to another is everyday, unless there were one or two alone.
            (audience.before - audience.after, "unsubscribed", 1 if total > 2 else 0),
            (again, "must confirm again", 1),  # one corrected address is no risk
        ):
            number = len(people)
            if audience.after and number > one and number > max_removed * total:
                share = f"{number / total:.0%}; the limit is {float(max_removed):.0%}"
                yield f"{name}: {number} of {total} {what}, {share}"
        if audience.invited:
            yield (
                f"{name}: {listed(sorted(audience.invited))} unsubscribed or never confirmed, and"
                " would be invited again; to prevent it, set Channels in the contacts"
            )
    for topic, where in sorted(plan.shared):
        channel, _, person = where.partition("/")
        yield (
            f"{name_of(plan.alert_of[topic])}: {shown(person)} has the same address for"
            f" {shown(channel)} as somebody else; at AWS the two are one, and they end together"
        )
    for department, person in sorted(plan.nothing_after - plan.nothing_before):
        theirs = [a for (d, _), a in audiences.items() if d == department and person in a.before]
        if theirs:
            name = f"{shown(department)}: {shown(person)}"
            yield f"{name} stays in the contacts, and loses every alert"
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
    topics = {c.topic for c in plan.topics if c.after}
    for topic in sorted(topics):
        old, new = before.get(topic), after.get(topic)
        if not new:
            yield (
                f"topic {topic}: no alert in runner_config names it, so nothing is published to it"
            )
        elif old and (old.department, old.level) != (new.department, new.level):
            yield f"topic {topic} is another department's or level's alert than before"
    for topic in sorted(after.keys() - topics):
        yield f"topic {shown(topic)}: an alert in runner_config names it, and it is not there"


def resource_risks(plan: Plan) -> Iterator[str]:
    """Name what can't be put into people's words: permissions, and what isn't made like this."""
    made_or_ended = {c.topic for c in plan.topics if not c.stays and (c.before or c.after)}
    policies, permissions, unknown = [], set[str](), Counter[str]()
    wrong: defaultdict[tuple[str, str, tuple[str, ...]], list[str]] = defaultdict(list)
    for change in plan.changes:
        kind, what = shown(change.type), f"{shown(change.type)}: {shown(change.action)}"
        if change.wrong:
            wrong[kind, change.topic or change.part, change.wrong].append(change.key)
        if change.is_moved:
            unknown[f"{kind}: moved, imported or left over from a replacement"] += 1
        if change.action == "no-op" or (change.action == "read" and change.part == "data"):
            continue
        if change.action == "forget":
            unknown[f"{kind}: forgotten; AWS keeps it and nobody manages it"] += 1
        elif change.part and (
            change.action not in _KNOWN_ACTIONS or (change.type, change.action) in _NEVER
        ):
            unknown[f"{what}, an action that this review does not know"] += 1
        elif change.type.startswith("aws_iam_"):
            is_noted = change.part == "alerts" and plan.is_first
            is_tagged = change.part and change.changed and TAGS.issuperset(change.changed)
            if not (is_noted or is_tagged):
                verb = _PERMISSIONS.get(change.action, "change for")
                who = _PERMITTED.get(change.part)
                permissions.add(f" {verb} {who}" if who else f" change: {what}")
        elif not change.part and (change.type, change.action) != ("terraform_data", "delete"):
            unknown[f"{what}, a resource that this review does not know"] += 1
        elif change.type == _POLICY and change.topic:
            policies += [] if change.topic in made_or_ended else [change.topic]
        elif change.type == TOPIC and change.topic and set(change.changed) - TAGS - {SENDER}:
            settings = set(change.changed) - TAGS - {SENDER}  # can silence it, or open it to others
            yield f"topic {change.topic} is modified: {listed(sorted(settings))}"
    if policies:
        yield f"who may use a topic changes for {listed(sorted(policies))}"
    yield from (f"permissions{words}" for words in sorted(permissions))
    for (kind, place, attributes), keys in sorted(wrong.items()):
        where = f"{shown(place)} {listed(key for key in keys if key != 'this')}".strip()
        verb = "is" if len(attributes) == 1 else "are"
        yield f"{kind} at {where}: {listed(attributes)} {verb} not what this configuration makes"
    yield from (f"{number} x {what}" for what, number in sorted(unknown.items()))
    yield from sorted({shown(line, LONGEST_LINE) for line in plan.foreign})
    if plan.runs_programs:
        yield "the configuration would run programs on the machine that applies it"
