"""Plans as `terraform show -json` prints them, cut down to what a review reads, to be changed."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from runner.config import Alert
from scripts.review.read import REACHES_SOMEBODY
from tests.support.examples import an_alert

ACTIONS = {"replace": ["delete", "create"]}
BEFORE = ("no-op", "update", "delete", "replace", "forget")
AFTER = ("no-op", "update", "create", "replace")

WATER = (
    an_alert("water_critical", protocols=("email",)),
    an_alert("water_extreme", threshold=300, protocols=("sms",)),
)


_SETTINGS = ("max_report_age_days", "notify_recovery", "remind", "report_url")
# A real plan from nothing, and under "before" what it made: see tests/e2e/test_review_plan.py.
REAL = json.loads((Path(__file__).parent / "real_plan.json").read_text(encoding="utf-8"))


def a_change(
    kind: str,
    action: str,
    topic: str = "",
    key: str = "",
    replaced_for: Iterable[str] = (),
    part: str = "",
    resource: str = "this",
    **values: Any,
) -> dict[str, Any]:
    """One entry of resource_changes, in an alert's module unless topic is empty.

    part: the module it is in otherwise, if any. values: beside those that the real one has.
    """
    module = f'module.alert_topic["{topic}"]' if topic else f'module.{part}["this"]' if part else ""
    index = {"index": key} if key else {}
    address = f"{module}.{kind}.{resource}".lstrip(".") + (
        f"[{json.dumps(key, ensure_ascii=False)}]" if key else ""
    )
    made, stood = (_real(listed, address, topic) for listed in ("resource_changes", "before"))
    after, unknown = (made["after"] or {}, made["after_unknown"]) if made else ({}, {})
    before = {**(stood["after"] if stood else {}), **values}
    if action not in ("create", "replace"):
        after, unknown = before, {}
    known = {name: value for name, value in unknown.items() if name not in values}
    return {
        "address": address,
        **({"module_address": module} if module else {}),
        "mode": "managed",
        "type": kind,
        "name": resource,
        **index,
        "change": {
            "actions": ACTIONS.get(action, [action]),
            "before": before if action in BEFORE else None,
            "after": {**after, **values} if action in AFTER else None,
            "after_unknown": known if action in AFTER else {},
            "replace_paths": [[path] for path in replaced_for],
        },
    }


def _real(listed: str, address: str, topic: str) -> dict[str, Any] | None:
    """Return what really happens to a resource, or to the first of its kind at such a place."""

    def place(address: str) -> str:
        return re.sub(r'\["(?!email/|sms/)[^"]*"\]|/[^"]*', "", address)

    kinds = [c for c in REAL[listed] if place(c["address"]) == place(address)]
    exact = [c for c in kinds if c["address"] == address]
    text = json.dumps([c["change"] for c in exact or kinds][:1])
    for name in ("water_critical", "water_extreme") if topic else ():
        text = text.replace(name, topic)
    return next(iter(json.loads(text)), None)


def a_topic(topic: str, action: str = "no-op") -> dict[str, Any]:
    return a_change("aws_sns_topic", action, topic, name=topic)


def a_subscription(
    topic: str, key: str, action: str = "no-op", *, confirmed: bool = True, **options: Any
) -> dict[str, Any]:
    channel, _, person = key.partition("/")
    number = int(sha256(person.encode()).hexdigest(), 16) % 10**7
    entry = a_change(
        "aws_sns_topic_subscription",
        action,
        topic,
        key,
        **{
            "endpoint": f"canary-{number}@example.com" if channel != "sms" else f"+1555{number:07}",
            "protocol": channel,
            **options,
        },
    )
    if entry["change"]["before"]:
        entry["change"]["before"]["pending_confirmation"] = not confirmed
    return entry


def _runner_config(alerts: Iterable[Alert], settings: Mapping[str, Any]) -> dict[str, Any] | None:
    values = {alert.topic: asdict(alert) for alert in alerts}
    for value in values.values():
        del value["topic"]
    return {"alerts": values, **settings} if values else None


def a_plan(
    *changes: dict[str, Any],
    before: Iterable[Alert] = WATER,
    after: Iterable[Alert] = WATER,
    drift: Iterable[dict[str, Any]] = (),
    checks: Iterable[tuple[str, str]] = ((REACHES_SOMEBODY, "pass"),),
    settings: Mapping[str, tuple[Any, Any]] | None = None,
    unknown: Mapping[str, Any] | bool = False,
    **fields: Any,
) -> bytes:
    """A whole plan; `fields` replace or, with None, remove what is at its top.

    settings: fields of runner_config beside the alerts, before and after. unknown: what of it is
    not known before the apply.
    """
    old, new = (
        _runner_config(alerts, {name: values[side] for name, values in (settings or {}).items()})
        for side, alerts in enumerate((before, after))
    )
    variables = {name: {"value": values[1]} for name, values in (settings or {}).items()}
    plan = {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "resource_changes": [*changes] or [a_topic("water_critical")],
        "resource_drift": [*drift],
        "output_changes": {
            "runner_config": {
                "actions": ["update" if new else "delete"],
                "before": old,
                "after": new,
                "after_unknown": unknown,
            }
        },
        "checks": [
            {"address": {"kind": "check", "name": name}, "status": status}
            for name, status in checks
        ],
        "complete": True,
        "configuration": REAL["configuration"],
        "prior_state": REAL["prior_state"],
        "variables": {
            **{n: v for n, v in REAL["variables"].items() if n not in _SETTINGS},
            **variables,
        },
        "applyable": True,
        "errored": False,
        **fields,
    }
    return json.dumps({name: value for name, value in plan.items() if value is not None}).encode()


def a_real_plan(made: bool = True) -> dict[str, Any]:
    """A real plan with everything switched on: of all that is made, or of nothing that changes."""
    plan = json.loads(a_plan())
    copy = json.loads(json.dumps(REAL))
    plan["variables"] = copy["variables"]
    plan["checks"] = copy["checks"]
    plan["resource_changes"] = copy["resource_changes"] if made else copy["before"]
    plan["output_changes"] = copy["output_changes"] if made else copy["outputs_before"]
    for change in () if made else plan["resource_changes"]:
        change["change"] |= {"before": dict(change["change"]["after"]), "after_unknown": {}}
    return plan
