"""Plan JSON -> what a review may know of it: names, departments, channels, actions, numbers.

The JSON of `terraform show -json` holds every email and phone number in clear. None is kept
here: endpoints go into the checksum alone, and that through a function too slow to guess them by.
Format: https://developer.hashicorp.com/terraform/internals/json-format
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from runner.config import Alert
from runner.config import alert as runner_alert
from runner.errors import BacklogError

SUBSCRIPTION, TOPIC = "aws_sns_topic_subscription", "aws_sns_topic"
# The check blocks in terraform/.
REACHES_SOMEBODY = "every_alert_reaches_somebody"
FITS_THE_QUOTA = "invitations_fit_the_quota"
RECEIVES_SOMETHING = "everybody_receives_something"
HAS_ONE_ADDRESS = "a_person_has_one_email_and_one_phone"
HAS_LEDGER = "a_schedule_has_a_ledger"
HAS_OPERATORS = "a_schedule_has_operators"
HAS_IDS = "github_actions_has_ids"
IS_FREQUENT = "a_schedule_runs_as_often_as_its_alarm_expects"
LIMIT_HAS_OPERATORS = "a_limit_for_texts_has_operators"

# The parts of a plan that a review looks at.
_READ = {
    *("action_invocations", "applyable", "checks", "complete", "configuration", "errored"),
    *("deferred_changes", "format_version", "output_changes", "resource_changes"),
    *("resource_drift", "variables"),
}
_IN_A_TOPIC = re.compile(r'module\.alert_topic\["([A-Za-z0-9_-]+)"\]')
# Where what keeps the check itself stands in terraform/.
_PARTS = {
    "ledger": re.compile(r'module\.ledger\["this"\]\.aws_s3_bucket(_[a-z_]+)?\.this'),
    "operators": re.compile(
        r"(aws_sns_topic(_policy|_subscription)?|terraform_data)\.operators\b.*"
    ),
    "schedule": re.compile(r'module\.schedule\["this"\]\.aws_.*'),
    "sms": re.compile(r"aws_[a-z_]+\.sms\b.*"),
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
# The types of an alert's fields that are no text.
_KINDS = {"protocols": tuple, "services": tuple, "threshold": int}

# Of an alert: department and level.
AlertKey = tuple[str, str]


class InvalidPlanError(BacklogError):
    """What was given is not whole, or not understood; nothing can be determined from it."""


@dataclass(frozen=True, slots=True)
class Change:
    """One resource and what happens to it.

    topic: the alert topic in whose module it is, empty outside. key: its for_each key.
    part: what else it is of: ledger, operators, schedule, sms, or empty.
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
    failing_checks: (name, status) of the checks that do not pass. content: a checksum of all that
    the plan would do.
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
    failing_checks: tuple[tuple[str, str], ...]
    content: str

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
    contacts = plan.get("variables", {}).get("contacts_csv", {}).get("value", "")
    vanished = [c for c in map(_change, plan.get("resource_drift", [])) if c.action == "delete"]
    return Plan(
        tuple(map(_change, plan["resource_changes"])),
        frozenset((c.type, c.topic, c.key) for c in vanished),
        _alerts(before),
        _alerts(after),
        tuple(_settings(before, after)),
        before.get("report_url") != after.get("report_url"),
        bool(plan.get("action_invocations"))
        or _has_provisioners(plan.get("configuration", {}).get("root_module", {})),
        str(contacts).startswith("s3://"),
        any(map(_texts_the_us, plan["resource_changes"])),
        tuple(sorted(_failing(plan["checks"]))),
        _content(plan),
    )


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
    for name in ("resource_changes", "output_changes", "checks"):
        if not plan.get(name):
            raise InvalidPlanError(f"the plan has no {name}; it may be of something else")
    acts = any(
        c["change"]["actions"] not in (["no-op"], ["read"]) for c in plan["resource_changes"]
    )
    if plan["applyable"] is not True and acts:
        raise InvalidPlanError("Terraform says that this plan can't be applied")


def _change(change: Mapping[str, Any]) -> Change:
    actions = list(map(str, change["change"]["actions"]))
    before, after = (change["change"].get(side) or {} for side in ("before", "after"))
    unknown = change["change"].get("after_unknown") or {}
    names = before.keys() | after.keys()
    module = _IN_A_TOPIC.fullmatch(change.get("module_address", ""))
    data = "data." if change["mode"] == "data" else ""
    return Change(
        type=data + change["type"],
        topic=module[1] if module else "",
        key=str(change.get("index", change["name"])),
        action="replace" if sorted(actions) == ["create", "delete"] else " and ".join(actions),
        changed=tuple(
            sorted(n for n in names if _is_any(unknown.get(n)) or before.get(n) != after.get(n))
        ),
        replaced_for=tuple(str(path[0]) for path in change["change"].get("replace_paths", [])),
        protocol=str((after or before).get("protocol", "")),
        was_confirmed=before.get("pending_confirmation") is False,
        is_moved=any(change.get(name) for name in ("previous_address", "deposed"))
        or bool(change["change"].get("importing")),
        part=next((p for p, at in _PARTS.items() if at.fullmatch(change["address"])), ""),
    )


def _texts_the_us(change: Mapping[str, Any]) -> bool:
    after = change["change"].get("after") or {}
    return after.get("protocol") == "sms" and str(after.get("endpoint")).startswith("+1")


def _is_any(unknown: Any) -> bool:
    """Tell whether anything is true in it: of a list, [false] says that its one item is known."""
    if isinstance(unknown, (dict, list)):
        return any(map(_is_any, unknown.values() if isinstance(unknown, dict) else unknown))
    return bool(unknown)


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


def _failing(checks: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for check in checks:
        if check["status"] != "pass":
            yield str(check["address"].get("name", "unnamed")), str(check["status"])


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
