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


class CannotTellError(Exception):
    """The plan is not whole, or not one that this review understands."""


@dataclass(frozen=True)
class Change:
    """One resource and what happens to it.

    topic: the alert topic in whose module it is, empty outside. key: its for_each key.
    action: create, update, delete, replace, no-op, read, forget, or the plan's own unknown word.
    replaced_for: the attributes that force a replacement.
    was_confirmed: of a subscription that exists, whether its invitation was accepted.
    """

    type: str
    topic: str
    key: str
    action: str
    replaced_for: tuple[str, ...] = ()
    was_confirmed: bool = False


@dataclass(frozen=True)
class Plan:
    """One whole plan.

    changes: all resources, unchanged ones too. vanished: (type, topic, key) of what Terraform
    made and somebody else took away. alerts_before, alerts_after: by (department, level).
    failing_checks: (name, status) of the checks that do not pass.
    """

    changes: tuple[Change, ...]
    vanished: frozenset[tuple[str, str, str]]
    alerts_before: Mapping[tuple[str, str], Alert]
    alerts_after: Mapping[tuple[str, str], Alert]
    failing_checks: tuple[tuple[str, str], ...]
    content: str


def read_plan(body: bytes) -> Plan:
    """Read what `terraform show -json` prints for a plan.

    Raises CannotTellError for everything but a whole plan of a known format.
    """
    try:
        plan = json.loads(body)
    except (ValueError, RecursionError):
        raise CannotTellError(
            "the plan is not JSON, or cut short; write it with `terraform show -json PLAN`"
        ) from None
    try:
        return _read(plan)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise CannotTellError("the plan does not have the form of Terraform's plans") from None


def _read(plan: Any) -> Plan:
    _refuse_what_is_not_whole(plan)
    changes = plan["resource_changes"]
    alerts = plan["output_changes"].get("alerts", {})
    before, after = (_alerts(alerts.get(side)) for side in ("before", "after"))
    whole = [c for c in changes if c["change"]["actions"] != ["no-op"]]
    return Plan(
        tuple(map(_change, changes)),
        frozenset(
            (c.type, c.topic, c.key)
            for c in map(_change, plan.get("resource_drift", []))
            if c.action == "delete"
        ),
        before,
        after,
        tuple(sorted(_failing(plan["checks"]))),
        _content(whole, alerts.get("after")),
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
        if name not in plan:
            raise CannotTellError(f"the plan has no {name}; it may be of something else")
    acts = any(
        c["change"]["actions"] not in (["no-op"], ["read"]) for c in plan["resource_changes"]
    )
    if plan["applyable"] is not True and acts:
        raise CannotTellError("Terraform says that this plan can't be applied")


def _change(change: Mapping[str, Any]) -> Change:
    actions = tuple(change["change"]["actions"])
    before = change["change"].get("before")
    module = _IN_A_TOPIC.fullmatch(change.get("module_address", ""))
    paths = change["change"].get("replace_paths", [])
    data = "data." if change["mode"] == "data" else ""
    outside = "" if module or not change.get("module_address") else "nested "
    return Change(
        type=outside + data + change["type"],
        topic=module[1] if module else "",
        key=str(change.get("index", change["name"])),
        action=_ACTIONS.get(actions, " and ".join(map(str, actions))),
        replaced_for=tuple(str(path[0]) for path in paths),
        was_confirmed=isinstance(before, dict) and before.get("pending_confirmation") is False,
    )


def _alerts(values: Mapping[str, Any] | None) -> dict[tuple[str, str], Alert]:
    """Return the alerts of the output `alerts`, as far as their values are known already."""
    alerts = [
        Alert(
            topic,
            str(alert["department"]),
            str(alert["level"]),
            tuple(map(str, alert["services"])),
            int(alert["threshold"]),
            tuple(map(str, alert["protocols"])),
            "",  # the ARN, which may not be known yet
            *(str(alert[text]) for text in ("subject", "message", "sms")),
        )
        for topic, alert in (values or {}).items()
    ]
    return {(alert.department, alert.level): alert for alert in alerts}


def _failing(checks: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for check in checks:
        if check["status"] != "pass":
            yield str(check["address"].get("name", "unnamed")), str(check["status"])


def _content(changes: Iterable[Mapping[str, Any]], alerts: Any) -> str:
    """Digest what the plan would do, addresses included: two plans that do the same agree."""
    done = [
        [
            c["address"],
            c["change"]["actions"],
            c["change"].get("replace_paths"),
            _after(c["change"]),
        ]
        for c in changes
    ]
    texts = {
        topic: {name: value for name, value in alert.items() if name != "topic_arn"}
        for topic, alert in (alerts or {}).items()
    }
    canonical = json.dumps([sorted(done, key=lambda d: str(d[0])), texts], sort_keys=True)
    # The digest is shown in public, and a phone number has ten digits: guessing must be slow.
    return hashlib.scrypt(canonical.encode(), salt=b"backlog-alerts", n=2**14, r=8, p=1).hex()


def _after(change: Mapping[str, Any]) -> Any:
    """Return what a change sets: of an update only what differs from before."""
    before, after = change.get("before"), change.get("after")
    if not isinstance(before, dict) or not isinstance(after, dict) or len(change["actions"]) > 1:
        return after
    return {name: value for name, value in after.items() if before.get(name) != value}
