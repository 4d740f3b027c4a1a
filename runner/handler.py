"""The scheduled check as AWS Lambda calls it: the command line's work, told in one-line logs."""

import json
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

from runner.check import check_report, exit_code
from runner.config import Config, parse_outputs
from runner.deliver import Delivery
from runner.errors import BacklogError, ConfigError, ReportError
from runner.fetch import fetch
from runner.render import as_row
from runner.report import Report

NAMESPACE = "BacklogAlerts"
_METRICS_A_DIRECTIVE = 100


def handler(event: Mapping[str, Any] | None, context: object) -> None:
    """Check the report as Terraform configured it, in the object that BACKLOG_CONFIG names.

    event: may name `month` and `report`. Raises BacklogError wherever the command line would end in
    another exit code than 0, so that Lambda tries again and its alarm sees it.
    """
    try:
        address, month = _named(event)
        config = _config(os.environ.get("BACKLOG_CONFIG", ""))
        report, deliveries = check_report(config, address, month)
    except BacklogError as error:
        _log(error=str(error), exit_code=error.exit_code)
        raise
    for delivery in deliveries:
        _log(**as_row(delivery))
    _log(**metrics(report, deliveries, os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local")))
    if code := exit_code(deliveries):
        raise BacklogError(f"the check ended in {code}; the log has a line for each alert")


def metrics(report: Report, deliveries: Sequence[Delivery], function: str) -> dict[str, Any]:
    """Return a run's metrics: counts per department, what became of the alerts, the report's age.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    now = time.time()
    values: dict[str, float] = {
        status.capitalize(): sum(delivery.status == status for delivery in deliveries)
        for status in ("sent", "failed", "unknown")
    }
    for delivery in deliveries:
        if delivery.decision.count is not None:
            values[f"Cases {delivery.decision.alert.department}"] = delivery.decision.count
    units = dict.fromkeys(values, "Count")
    if report.as_of:
        values["ReportAgeDays"] = round((now - report.as_of.timestamp()) / 86400, 2)
        units["ReportAgeDays"] = "None"
    named = [{"Name": name, "Unit": unit} for name, unit in units.items()]
    directives = [
        {
            "Namespace": NAMESPACE,
            "Dimensions": [["Function"]],
            "Metrics": named[start : start + _METRICS_A_DIRECTIVE],
        }
        for start in range(0, len(named), _METRICS_A_DIRECTIVE)
    ]
    about = {"Timestamp": int(now * 1000), "CloudWatchMetrics": directives}
    return {"_aws": about, "Function": function, **values}


def _named(event: Any) -> tuple[str | None, str | None]:
    """Return the report and the month that an event names."""
    given = {} if event is None else event
    if isinstance(given, dict):
        report, month = given.get("report"), given.get("month")
        if isinstance(report, str | None) and isinstance(month, str | None):
            return report, month
    raise ConfigError("the event must be an object whose report and month, if any, are texts")


def _config(address: str) -> Config:
    try:
        return parse_outputs(fetch(address).body.decode(), address)
    except (ReportError, UnicodeDecodeError) as error:
        raise ConfigError(f"BACKLOG_CONFIG: {error}") from None


def _log(**values: object) -> None:
    print(json.dumps(values), flush=True)
