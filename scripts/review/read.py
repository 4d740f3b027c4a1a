"""Plan JSON -> what a review may know of it: names, departments, channels, actions, numbers.

The JSON of `terraform show -json` holds every email and phone number in clear. None is kept
here: endpoints go into the checksum alone, and that through a function too slow to guess them by.
Format: https://developer.hashicorp.com/terraform/internals/json-format
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

from runner.config import Alert, Config
from runner.config import alert as runner_alert
from runner.errors import BacklogError
from scripts.review.compare import Table, is_any
from scripts.review.made import READ

SUBSCRIPTION, TOPIC = "aws_sns_topic_subscription", "aws_sns_topic"
# The check blocks in terraform/.
REACHES_SOMEBODY = "every_alert_reaches_somebody"
FITS_THE_QUOTA = "invitations_fit_the_quota"
HAS_LEDGER = "a_schedule_has_a_ledger"
HAS_OPERATORS = "a_schedule_has_operators"
HAS_IDS = "github_actions_has_ids"
IS_FREQUENT = "a_schedule_runs_as_often_as_its_alarm_expects"
EVERYBODY_RECEIVES = "everybody_receives_something"
SAME_ADDRESSES = "a_person_has_one_email_and_one_phone"
POLICIES_FIT = "runner_policies_fit_one_role"
LIMIT_HAS_OPERATORS = "a_limit_for_texts_has_operators"

# The parts of a plan that a review looks at.
_READ = {
    *("action_invocations", "applyable", "checks", "complete", "configuration", "errored"),
    *("deferred_changes", "format_version", "output_changes", "prior_state"),
    *("resource_changes", "resource_drift", "variables"),
}
# The fields of runner_config that say how the check is run, in the clerk's words, and which of
# their values are shown: none that may be an address.
_SETTINGS = {
    "remind": ("reminders", re.compile(r"month|never|[1-9][0-9]{0,3}")),
    "notify_recovery": ("back-to-normal messages", None),
    "max_report_age_days": ("days until a report is stale", re.compile(r"[1-9][0-9]{0,4}")),
    "ledger_bucket": ("ledger", None),
    "operators_topic_arn": ("operators", None),
}
# What a runner_config and the outputs consist of, and how the one provider is set.
_FIELDS = {field.name for field in fields(Config)}
_OUTPUTS = {"ci_role_arns", "coverage", "runner_config", "runner_policy_arns"}
_PROVIDERS, _PROVIDER_SETTINGS = {"aws", "terraform"}, {"default_tags"}
# The types of an alert's fields that are no text.
_KINDS = {"protocols": tuple, "services": tuple, "threshold": int}

# Of an alert: department and level.
AlertKey = tuple[str, str]


class InvalidPlanError(BacklogError):
    """What was given is not whole, or not understood; nothing can be determined from it."""


@dataclass(frozen=True, slots=True)
class Change:
    """One resource and what happens to it.

    topic: the alert topic in whose module it is, empty outside. key: its for_each key, or its name.
    part: of the configuration, as in made.py; empty for what the configuration doesn't make.
    wrong: the attributes, by name, with another value than this configuration makes.
    action: create, update, delete, replace, no-op, read, forget, or the plan's own unknown word.
    changed: the attributes that differ, by name. replaced_for: those that force a replacement.
    protocol: of a subscription. was_confirmed: whether its invitation was accepted.
    is_moved: it stands at another address than before, or was imported, or is a leftover.
    """

    type: str
    topic: str
    key: str
    action: str
    changed: tuple[str, ...] = ()
    replaced_for: tuple[str, ...] = ()
    protocol: str = ""
    was_confirmed: bool = False
    is_moved: bool = False
    part: str = ""
    wrong: tuple[str, ...] = ()

    @property
    def before(self) -> bool:
        """Whether the resource exists before the plan is applied."""
        return self.action in ("no-op", "update", "delete", "replace", "forget")

    @property
    def after(self) -> bool:
        """Whether the resource exists once the plan is applied."""
        return self.action in ("no-op", "update", "create", "replace")

    @property
    def stays(self) -> bool:
        """Whether it is the same resource before and after."""
        return self.action in ("no-op", "update")


@dataclass(frozen=True)
class Plan:
    """One whole plan.

    changes: all resources, unchanged ones too. vanished: (type, topic, key) of what Terraform
    made and somebody else took away. settings: (name, before, after) of what changes of how the
    check is run. report_moves: whether report_url changes. runs_programs: whether it would run
    something on the machine that applies it. contacts_are_elsewhere: not in a file beside it.
    texts_the_us: whether a number of country code 1 is to get texts.
    nothing_before, nothing_after: (department, name) of those in the contacts who receive nothing.
    shared: (topic, key) of the subscriptions with an address that another of the topic's has, too.
    foreign: what else is not of this configuration, in words. failing_checks: (name, status,
    message) of the checks that do not pass. content: a checksum of all that the plan would do,
    and where. place: how the ARN of a topic begins there.
    """

    changes: tuple[Change, ...]
    vanished: frozenset[tuple[str, str, str]]
    alerts_before: Mapping[AlertKey, Alert]
    alerts_after: Mapping[AlertKey, Alert]
    settings: tuple[tuple[str, str, str], ...]
    report_moves: bool
    runs_programs: bool
    contacts_are_elsewhere: bool
    texts_the_us: bool
    nothing_before: frozenset[tuple[str, str]]
    nothing_after: frozenset[tuple[str, str]]
    shared: tuple[tuple[str, str], ...]
    foreign: tuple[str, ...]
    failing_checks: tuple[tuple[str, str, str], ...]
    content: str
    place: str = ""

    @cached_property
    def alert_of(self) -> Mapping[str, AlertKey]:
        """The alert of each topic; a topic without one stands for itself."""
        known = {
            alert.topic: key
            for alerts in (self.alerts_before, self.alerts_after)
            for key, alert in alerts.items()
        }
        topics = {change.topic for change in self.changes if change.topic}
        return {topic: known.get(topic, (topic, "")) for topic in topics}

    @cached_property
    def topics(self) -> tuple[Change, ...]:
        """The topics of alerts."""
        return tuple(c for c in self.changes if c.type == TOPIC and c.topic)

    @cached_property
    def is_first(self) -> bool:
        """Whether nothing exists before."""
        return not any(change.before for change in self.changes)

    @cached_property
    def destroys_all(self) -> bool:
        """Whether no topic and no alert is left; Terraform evaluates no check then."""
        topics = [change for change in self.changes if change.type == TOPIC]
        is_left = any(change.after for change in topics) or bool(self.alerts_after)
        return any(change.before for change in topics) and not is_left

    def was_taken_away(self, change: Change) -> bool:
        """Tell whether a resource is created because somebody else took it away."""
        return change.action == "create" and (
            (change.type, change.topic, change.key) in self.vanished
        )


def read_plan(body: bytes) -> Plan:
    """Read what `terraform show -json` prints for a plan.

    Raises InvalidPlanError for everything but a whole plan of a known format.
    """
    try:
        if body[:2] == b"PK":
            raise InvalidPlanError("that is the plan itself; give its JSON, .cache/plan/plan.json")
        text = body.decode("utf-8-sig")
        del body  # a plan may be large; one copy is enough
        plan = json.loads(text)
        del text
        if isinstance(plan, dict):  # the rest is as large again, and not read
            plan = {name: plan[name] for name in plan.keys() & _READ}
    except (ValueError, RecursionError):
        raise InvalidPlanError(
            "the plan is not JSON, or cut short; write it with `terraform show -json PLAN`"
        ) from None
    try:
        return _read(plan)
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError):
        raise InvalidPlanError("the plan does not have the form of Terraform's plans") from None


def _read(plan: Any) -> Plan:
    _check_that_it_is_whole(plan)
    before, after = _configs(plan["output_changes"])
    table = Table(plan, after)
    _check_that_it_is_the_same_place(before, table)
    contacts = plan.get("variables", {}).get("contacts_csv", {}).get("value", "")
    drift = [_change(change, table) for change in plan.get("resource_drift", [])]
    changes = tuple(_change(change, table) for change in plan["resource_changes"])
    return Plan(
        changes,
        frozenset((c.type, c.topic, c.key) for c in drift if c.action == "delete"),
        _alerts(before),
        _alerts(after),
        tuple(_settings(before, after)),
        before.get("report_url") != after.get("report_url"),
        bool(plan.get("action_invocations"))
        or _has_provisioners(plan["configuration"]["root_module"]),
        str(contacts).startswith("s3://"),
        any(map(_texts_the_us, plan["resource_changes"])),
        _receive_nothing(plan["resource_changes"], "before"),
        _receive_nothing(plan["resource_changes"], "after"),
        tuple(_shared(changes, plan["resource_changes"])),
        tuple(_foreign(plan, after, table)),
        tuple(sorted(_failing(plan["checks"]))),
        _content(plan) + table.arn(""),
        table.arn(""),
    )


def _check_that_it_is_the_same_place(before: Mapping[str, Any], table: Table) -> None:
    """Reject a plan for another region or account: there, everything seems to be gone."""
    for alert in (before.get("alerts") or {}).values():
        old, new = (str(arn).split(":") for arn in (alert.get("topic_arn"), table.arn("")))
        if len(old) < 6 or not re.fullmatch("[0-9]{12}", new[4]):
            continue
        if old[4] != new[4]:
            other = f"the topics are in account {old[4]}, and this plan is for account {new[4]}"
            raise InvalidPlanError(f"{other}; set AWS_PROFILE to one of {old[4]}")
        if old[3] != new[3]:
            other = f"the topics are in {old[3]}, and this plan is for {new[3]}"
            raise InvalidPlanError(f"{other}; set AWS_REGION={old[3]}")


def _receive_nothing(changes: Iterable[Mapping[str, Any]], side: str) -> frozenset[tuple[str, str]]:
    (found, *_) = [
        *(c["change"] for c in changes if c["address"] == "terraform_data.receive_nothing"),
        {},
    ]
    people = (found.get(side) or {}).get("input") or []
    return frozenset((str(person["department"]), str(person["name"])) for person in people)


def _shared(
    changes: Iterable[Change], entries: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[str, str]]:
    """Yield who has an address that another subscription to the topic has, too.

    At AWS the two are one, and the end of either is the end of both. An address that one gives up
    and another takes is no such case: Terraform ends before it begins.
    """
    taken: dict[tuple[str, str], str] = {}
    given_up: list[tuple[tuple[str, str], str]] = []
    kept = set()
    for change, entry in zip(changes, entries, strict=True):
        if change.type != SUBSCRIPTION or not change.topic:
            continue
        old, new = (
            (change.topic, str((entry["change"].get(side) or {}).get("endpoint")).lower())
            for side in ("before", "after")
        )
        if change.after and taken.setdefault(new, change.key) != change.key:
            yield change.topic, change.key
        if change.stays:
            kept.add(new)
        elif change.before:
            given_up.append((old, change.key))
    yield from ((old[0], key) for old, key in given_up if old in kept)


def _foreign(plan: Mapping[str, Any], config: Mapping[str, Any], table: Table) -> Iterator[str]:
    """Say what of the outputs and the provider is not of this configuration."""
    outputs = plan["output_changes"]
    if any(outputs[name]["actions"] != ["delete"] for name in outputs.keys() - _OUTPUTS):
        yield "there is an output that this review does not know"
    if config and not config.keys() <= _FIELDS:
        yield "runner_config has a field that this review does not know"
    for name in ("max_report_age_days", "notify_recovery", "remind", "report_url"):
        if config and config.get(name) != table.variables.get(name, config.get(name)):
            yield f"{name} in runner_config is not what this configuration makes"
    bucket = config.get("ledger_bucket")
    if isinstance(bucket, str) and bucket != table.bucket:
        yield "the ledger would be in another bucket than the one that is made for it"
    operators = config.get("operators_topic_arn")
    if isinstance(operators, str) and operators not in table.operators:
        yield "operators would be notified through another topic than theirs"
    for alert in (config.get("alerts") or {}).items():
        if alert[1].get("topic_arn", "") not in ("", None, table.arn(alert[0])):
            yield f"topic {alert[0]}: its alert would be published to another topic"
    for name, provider in plan["configuration"].get("provider_config", {}).items():
        settings = provider.get("expressions", {}).keys()
        if name not in _PROVIDERS or not settings <= _PROVIDER_SETTINGS:
            yield "a provider is set otherwise: it may reach another account or region"


def _check_that_it_is_whole(plan: Any) -> None:
    version = str(plan.get("format_version", "none"))
    if version.split(".")[0] != "1":
        shown = version if re.fullmatch(r"[0-9.]{1,9}", version) else "unknown"
        raise InvalidPlanError(f"the plan's format version is {shown}; this review knows 1.x")
    if plan["errored"] is not False:
        raise InvalidPlanError("Terraform stopped with an error while it planned")
    if "complete" not in plan or "applyable" not in plan:
        raise InvalidPlanError(
            "the plan does not say whether it is complete, as OpenTofu's never do; use Terraform"
        )
    if plan["complete"] is not True or plan.get("deferred_changes"):
        raise InvalidPlanError("the plan is of a part alone (-target, or deferred changes)")
    for name in ("resource_changes", "output_changes", "checks", "configuration", "prior_state"):
        if not plan.get(name):
            raise InvalidPlanError(f"the plan has no {name}; it may be of something else")
    acts = any(
        c["change"]["actions"] not in (["no-op"], ["read"]) for c in plan["resource_changes"]
    )
    if plan["applyable"] is not True and acts:
        raise InvalidPlanError("Terraform says that this plan can't be applied")


def _change(change: Mapping[str, Any], table: Table) -> Change:
    actions = list(map(str, change["change"]["actions"]))
    action = "replace" if sorted(actions) == ["create", "delete"] else " and ".join(actions)
    before, after = (change["change"].get(side) or {} for side in ("before", "after"))
    unknown = change["change"].get("after_unknown") or {}
    is_new, is_updated = action in ("create", "replace"), action == "update"
    found = table.find(change, is_new=is_new, is_changed=is_new or is_updated)
    changed = [] if not is_updated else sorted(before.keys() | after.keys() | unknown.keys())
    data = "data." if change["mode"] == "data" else ""
    return Change(
        type=data + change["type"],
        topic=found.words.get("topic", "") if found else "",
        key=str(change.get("index", change["name"])),
        action=action,
        changed=tuple(
            n for n in changed if is_any(unknown.get(n)) or before.get(n) != after.get(n)
        ),
        replaced_for=tuple(str(path[0]) for path in change["change"].get("replace_paths", [])),
        protocol=str((after or before).get("protocol", "")),
        was_confirmed=before.get("pending_confirmation") is False,
        is_moved=any(change.get(name) for name in ("previous_address", "deposed"))
        or bool(change["change"].get("importing")),
        part=found.part if found else "data" if change["address"] in READ else "",
        wrong=found.wrong if found else (),
    )


def _texts_the_us(change: Mapping[str, Any]) -> bool:
    after = change["change"].get("after") or {}
    return after.get("protocol") == "sms" and str(after.get("endpoint")).startswith("+1")


def _configs(outputs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return runner_config before and after; a field that is not known yet is true."""
    change = outputs.get("runner_config", {})
    unknown = change.get("after_unknown") or {}
    after = {} if change.get("actions") == ["delete"] else change.get("after")
    if unknown is True or after is None or (after and after.get("alerts") is None):
        raise InvalidPlanError("the plan does not say what becomes of the output runner_config")
    # An earlier version had an output for each field.
    before = change.get("before") or {name: o.get("before") for name, o in outputs.items()}
    return before, {**after, **{name: True for name in unknown if name not in after}}


def _settings(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str, str, str]]:
    """Yield what differs; of most no more than whether it is there."""
    for name, (words, shown) in _SETTINGS.items():
        old, new = (_setting(config.get(name), shown) for config in (before, after))
        if old != new:
            yield words, old, new


def _setting(value: Any, shown: re.Pattern[str] | None) -> str:
    if shown and type(value) in (int, str):
        return str(value) if shown.fullmatch(str(value)) else "another"
    return "yes" if value else "no"


def _alerts(config: Mapping[str, Any]) -> Mapping[AlertKey, Alert]:
    alerts = [_alert(topic, values) for topic, values in (config.get("alerts") or {}).items()]
    by_key = {(alert.department, alert.level): alert for alert in alerts}
    if len(by_key) < len(alerts):
        raise ValueError("two topics of one alert")
    return by_key


def _alert(topic: str, values: Mapping[str, Any]) -> Alert:
    """Read one alert; the ARN of a topic that is not made yet is empty."""
    alert = runner_alert(topic, {**values, "topic_arn": values.get("topic_arn") or ""})
    are_texts = all(isinstance(text, str) for text in (*alert.services, *alert.protocols))
    if not are_texts or any(type(v) is not _KINDS.get(k, str) for k, v in asdict(alert).items()):
        raise TypeError("an alert has another form")
    return alert


def _has_provisioners(module: Mapping[str, Any]) -> bool:
    calls = module.get("module_calls", {}).values()
    return any(resource.get("provisioners") for resource in module.get("resources", [])) or any(
        _has_provisioners(call.get("module", {})) for call in calls
    )


def _failing(checks: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    for check in checks:
        if check["status"] != "pass":
            found = [p for i in check.get("instances") or () for p in i.get("problems") or ()]
            messages = " ".join(str(problem.get("message", "")) for problem in found)
            name = check["address"].get("name", "unnamed")
            yield str(name), str(check["status"]), " ".join(messages.split())


def _content(plan: Mapping[str, Any]) -> str:
    """Sum up all that the plan would do, so that two plans that do the same agree.

    The configuration stands for what is not known before the apply, such as a policy with the ARN
    of a new topic.
    """
    changes = sorted(plan["resource_changes"], key=lambda c: (c["address"], str(c.get("deposed"))))
    digest = hashlib.sha256()
    for change in changes:
        deed = None if change["change"]["actions"] == ["no-op"] else _deed(change)
        moved = [change.get("previous_address"), change["change"].get("importing")]
        # Addresses of all, unchanged ones too: see below.
        endpoint = (change["change"].get("after") or {}).get("endpoint")
        digest.update(_canonical([change["address"], deed, moved, endpoint]))
    for name, output in sorted(plan["output_changes"].items()):
        digest.update(_canonical([name, _deed(output)]))
    digest.update(_canonical([plan.get("configuration"), plan.get("action_invocations")]))
    # The checksum is shown in public, and guessing an address by it must be hopeless: it takes all
    # addresses at once, and each guess takes time.
    return hashlib.scrypt(digest.digest(), salt=b"backlog-alerts", n=2**14, r=8, p=1).hex()


def _deed(item: Mapping[str, Any]) -> Any:
    """Return what is done: of an update only what differs from before."""
    change = item.get("change", item)
    before, after = change.get("before"), change.get("after")
    if change["actions"] == ["update"] and isinstance(before, dict) and isinstance(after, dict):
        after = {name: value for name, value in after.items() if before.get(name) != value}
    paths = sorted(map(str, change.get("replace_paths", [])))
    return [item.get("deposed"), change["actions"], paths, after, change.get("after_unknown")]


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()
