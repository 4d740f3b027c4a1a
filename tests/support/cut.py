"""A real plan with everything switched on, cut down to what a review reads."""

import json
from collections.abc import Mapping
from typing import Any

NO_CODE = b"PK\x05\x06" + bytes(18)  # a zip that holds nothing
PEOPLE = "Name,Email,Phone,Department\nAna,ana@example.com,+15555550101,water\n"
CITY = """
departments = {
  water = {
    services = ["Water"]
    alerts = {
      critical = { threshold = 100, protocols = ["email"] }
      extreme  = { threshold = 300, protocols = ["sms"] }
    }
  }
}
ledger              = true
operator_emails     = ["operator@example.com"]
package             = "runner.zip"
report_url          = "s3://city-reports/{yyyy}/open-{mm}.csv"
schedule_expression = "cron(0 7 * * ? *)"
sms_log_days        = 30
sms_monthly_limit   = 20
github_actions = {
  repository    = "example-city/alerts"
  state_bucket  = "state"
  owner_id      = "1"
  repository_id = "2"
}
"""
_NOT_NEEDED = {"grant", "inline_policy", "lifecycle_rule", "managed_policy_arns"}
_NOT_NEEDED |= {"tags", "tags_all", "server_side_encryption_configuration", "versioning"}
_IN_PART = {
    "change": {"actions", "after", "after_unknown", "before"},
    "entry": {"address", "change", "index", "mode", "module_address", "name", "type"},
    "plan": {"checks", "configuration", "output_changes", "prior_state", "resource_changes"},
}


def cut(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what the review does not read, what holds people, and all texts for people."""
    whole = _some(plan, "plan")
    resources = plan["prior_state"]["values"]["root_module"].get("resources", ())
    data = [
        {name: resource[name] for name in ("address", "mode", "values")}
        for resource in resources
        if resource["address"].startswith(("data.aws_caller", "data.aws_part", "data.aws_service"))
    ]
    variables = {k: v for k, v in plan["variables"].items() if k != "operator_emails"}
    return {
        **whole,
        "checks": [{"address": c["address"], "status": c["status"]} for c in plan["checks"]],
        "configuration": {"root_module": _module(plan["configuration"]["root_module"])},
        "prior_state": {"values": {"root_module": {"resources": data}}},
        "resource_changes": [
            {**_some(c, "entry"), "change": _change(c)} for c in plan["resource_changes"]
        ],
        "variables": variables,
    }


def _change(entry: Mapping[str, Any]) -> dict[str, Any]:
    change = _some(entry["change"], "change")
    for side in ("before", "after"):
        values = change.get(side) or {}
        long = {"policy"} if entry["type"].startswith("aws_iam_") else set[str]()
        kept = {n: "{}" if n in long else v for n, v in values.items() if n not in _NOT_NEEDED}
        change[side] = {n: v for n, v in kept.items() if v or isinstance(v, (bool, int))} or None
    if change["actions"] == ["no-op"]:
        del change["before"], change["after_unknown"]  # the same, and nothing
    return change


def _some(value: Mapping[str, Any], part: str) -> dict[str, Any]:
    return {name: value[name] for name in value.keys() & _IN_PART[part]}


def _module(module: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "resources": [
            {name: resource.get(name, {}) for name in ("address", "expressions")}
            for resource in module.get("resources", ())
        ],
        "module_calls": {
            name: {"module": _module(call["module"])}
            for name, call in module.get("module_calls", {}).items()
        },
    }


def lines(plan: Mapping[str, Any]) -> str:
    """Write a plan as JSON, one line for each item of its lists."""

    def text(value: Any) -> str:
        return json.dumps(value, sort_keys=True, separators=(",", ":"))

    parts = [
        f"{text(name)}: "
        + ("[\n" + ",\n".join(map(text, v)) + "\n]" if isinstance(v, list) else text(v))
        for name, v in sorted(plan.items())
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"
