"""Plan JSON -> what a review may know of it: names, departments, channels, actions, numbers.

The JSON of `terraform show -json` holds every email and phone number in clear. None is kept
here: endpoints go into the digest alone, and that through a function too slow to guess them by.
Format: https://developer.hashicorp.com/terraform/internals/json-format
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runner.config import Alert

SUBSCRIPTION, TOPIC = "aws_sns_topic_subscription", "aws_sns_topic"

# The parts of a plan that a review looks at.
_READ = {
    "action_invocations",
    "applyable",
    "checks",
    "complete",
    "configuration",
    "deferred_changes",
    "errored",
    "format_version",
    "output_changes",
    "resource_changes",
    "resource_drift",
    "variables",
}
_ACTIONS = {
    ("no-op",): "no-op",
    ("create",): "create",
    ("read",): "read",
    ("update",): "update",
    ("delete",): "delete",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
    ("forget",): "forget",
}
_IN_A_TOPIC = re.compile(r'module\.alert_topic\["([A-Za-z0-9_-]+)"\]')
# Where what keeps the check itself stands in terraform/.
_PARTS = {
    "ledger": re.compile(r'module\.ledger\["this"\]\.aws_s3_bucket(_[a-z_]+)?\.this'),
    "operators": re.compile(
        r"(aws_sns_topic(_policy|_subscription)?|terraform_data)\.operators\b.*"
    ),
    "schedule": re.compile(r'module\.schedule\["this"\]\.aws_.*'),
}
# The outputs that say how the check is run, and whether their values are told: none is an address.
_SETTINGS = {
    "remind": ("reminders", re.compile(r"month|never|[1-9][0-9]{0,3}")),
    "notify_recovery": ("word when it is back to normal", None),
    "max_report_age_days": ("days until a report is stale", re.compile(r"[1-9][0-9]{0,4}")),
    "ledger_bucket": ("ledger", None),
    "operators_topic_arn": ("operators", None),
    "schedule": ("schedule", None),
}


# By (department, level).
_Alerts = Mapping[tuple[str, str], Alert]


class CannotTellError(Exception):
    """What was given is not whole, or not understood; nothing can be told from it."""


@dataclass(frozen=True, slots=True)
class Change:
    """One resource and what happens to it.

    topic: the alert topic in whose module it is, empty outside. key: its for_each key.
    part: what else it is of: ledger, operators, schedule, or empty.
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


@dataclass(frozen=True)
class Plan:
    """One whole plan.

    changes: all resources, unchanged ones too. vanished: (type, topic, key) of what Terraform
    made and somebody else took away. alerts_before, alerts_after: by (department, level).
    settings: (name, before, after) of what changes of how the check is run.
    report_moves: whether the output report_url changes. runs_programs: whether it would run
    something on the machine that applies it. contacts_are_elsewhere: not in a file beside it.
    failing_checks: (name, status) of the checks that do not pass. content: a digest of all that
    the plan would do.
    """

    changes: tuple[Change, ...]
    vanished: frozenset[tuple[str, str, str]]
    alerts_before: Mapping[tuple[str, str], Alert]
    alerts_after: Mapping[tuple[str, str], Alert]
    settings: tuple[tuple[str, str, str], ...]
    report_moves: bool
    runs_programs: bool
    contacts_are_elsewhere: bool
    failing_checks: tuple[tuple[str, str], ...]
    content: str


def read_plan(body: bytes) -> Plan:
    """Read what `terraform show -json` prints for a plan.

    Raises CannotTellError for everything but a whole plan of a known format.
    """
    try:
        text = body.decode("utf-8-sig")
        del body  # a plan may be large; one copy is enough
        plan = json.loads(text)
        del text
        if isinstance(plan, dict):  # the rest is as large again, and not read
            plan = {name: plan[name] for name in plan.keys() & _READ}
    except (ValueError, RecursionError):
        raise CannotTellError(
            "the plan is not JSON, or cut short; write it with `terraform show -json PLAN`"
        ) from None
    try:
        return _read(plan)
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError):
        raise CannotTellError("the plan does not have the form of Terraform's plans") from None


def _read(plan: Any) -> Plan:
    _refuse_what_is_not_whole(plan)
    changes, outputs = plan["resource_changes"], plan["output_changes"]
    before, after = _alerts_before_and_after(outputs)
    contacts = plan.get("variables", {}).get("contacts_csv", {}).get("value", "")
    return Plan(
        tuple(map(_change, changes)),
        frozenset(
            (c.type, c.topic, c.key)
            for c in map(_change, plan.get("resource_drift", []))
            if c.action == "delete"
        ),
        before,
        after,
        tuple(_settings(outputs)),
        outputs.get("report_url", {}).get("actions", ["no-op"]) != ["no-op"],
        bool(plan.get("action_invocations"))
        or _has_provisioners(plan.get("configuration", {}).get("root_module", {})),
        str(contacts).startswith("s3://"),
        tuple(sorted(_failing(plan["checks"]))),
        _content(plan),
    )


def _refuse_what_is_not_whole(plan: Any) -> None:
    version = str(plan.get("format_version", "none"))
    if version.split(".")[0] != "1":
        shown = version if re.fullmatch(r"[0-9.]{1,9}", version) else "unknown"
        raise CannotTellError(f"the plan's format version is {shown}; this review knows 1.x")
    if plan["errored"] is not False:
        raise CannotTellError("Terraform stopped with an error while it planned")
    if plan["complete"] is not True or plan.get("deferred_changes"):
        raise CannotTellError("the plan is of a part alone (-target, or deferred changes)")
    for name in ("resource_changes", "output_changes", "checks"):
        if not plan.get(name):
            raise CannotTellError(f"the plan has no {name}; it may be of something else")
    acts = any(
        c["change"]["actions"] not in (["no-op"], ["read"]) for c in plan["resource_changes"]
    )
    if plan["applyable"] is not True and acts:
        raise CannotTellError("Terraform says that this plan can't be applied")


def _change(change: Mapping[str, Any]) -> Change:
    actions = tuple(change["change"]["actions"])
    before, after = (change["change"].get(side) or {} for side in ("before", "after"))
    unknown = change["change"].get("after_unknown") or {}
    names = before.keys() | after.keys()
    module = _IN_A_TOPIC.fullmatch(change.get("module_address", ""))
    data = "data." if change["mode"] == "data" else ""
    return Change(
        type=data + change["type"],
        topic=module[1] if module else "",
        key=str(change.get("index", change["name"])),
        action=_ACTIONS.get(actions, " and ".join(map(str, actions))),
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


def _is_any(unknown: Any) -> bool:
    """Tell whether anything is true in it: of a list, [false] says that its one item is known."""
    if isinstance(unknown, (dict, list)):
        return any(map(_is_any, unknown.values() if isinstance(unknown, dict) else unknown))
    return bool(unknown)


def _settings(outputs: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield what differs; of most no more than whether it is there."""
    for name, (words, told) in _SETTINGS.items():
        change = outputs.get(name, {"actions": ["no-op"]})
        if change["actions"] == ["no-op"]:
            continue
        after = True if change.get("after_unknown") is True else change.get("after")
        before, after = (_setting(value, told) for value in (change.get("before"), after))
        if before != after:
            yield words, before, after


def _setting(value: Any, told: re.Pattern[str] | None) -> str:
    if told and type(value) in (int, str):
        return str(value) if told.fullmatch(str(value)) else "another"
    return "yes" if value else "no"


def _alerts_before_and_after(outputs: Mapping[str, Any]) -> tuple[_Alerts, _Alerts]:
    """Return the alerts as the runner knows them and as it will; raises where that is not told."""
    change = outputs.get("alerts")
    if not change or (change.get("after") is None and change["actions"] != ["delete"]):
        raise CannotTellError("the plan does not say what becomes of the output alerts")
    return _alerts(change.get("before")), _alerts(change.get("after"))


def _alerts(values: Mapping[str, Any] | None) -> _Alerts:
    """Read the output `alerts`; the ARN of a topic that is not made yet is empty."""
    alerts = [
        Alert(
            topic,
            str(alert["department"]),
            str(alert["level"]),
            tuple(map(str, alert["services"])),
            _whole(alert["threshold"]),
            tuple(map(str, alert["protocols"])),
            str(alert.get("topic_arn") or ""),
            *(str(alert[text]) for text in ("subject", "message", "sms")),
        )
        for topic, alert in (values or {}).items()
    ]
    by_identity = {(alert.department, alert.level): alert for alert in alerts}
    if len(by_identity) < len(alerts):
        raise ValueError("two topics of one alert")
    return by_identity


def _whole(number: Any) -> int:
    if type(number) is not int:
        raise ValueError("a threshold is a whole number")
    return number


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
    """Digest all that the plan would do, so that two plans that do the same agree.

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
    # The digest is shown in public, and guessing an address by it must be hopeless: it takes all
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
