"""What is over its threshold, what is below, and what is unknown."""

import subprocess
import sys
from itertools import permutations
from pathlib import Path

import pytest

from runner.report import Report
from runner.rules import Decision, decide
from tests.support.examples import an_alert

ROOT = Path(__file__).resolve().parents[2]


def a_report(counts: dict[str, int], problems: dict[str, str] | None = None) -> Report:
    return Report("report.csv", "2026-02", "0" * 64, len(counts), counts, problems or {})


@pytest.mark.parametrize(
    ("count", "threshold", "verdict"),
    [
        (0, 100, "below"),
        (99, 100, "below"),
        (100, 100, "below"),
        (101, 100, "over"),
        (10**15, 100, "over"),
        (0, 0, "below"),
        (1, 0, "over"),
    ],
)
def test_an_alert_is_over_above_its_threshold_and_never_at_it(
    count: int, threshold: int, verdict: str
) -> None:
    alert = an_alert(threshold=threshold)

    assert decide((alert,), a_report({"water": count})) == [Decision(alert, verdict, count)]


@pytest.mark.parametrize(
    ("pothole", "light", "verdict"), [(50, 50, "below"), (50, 51, "over"), (101, 0, "over")]
)
def test_a_departments_count_is_the_sum_over_its_services(
    pothole: int, light: int, verdict: str
) -> None:
    alert = an_alert(services=("Pothole", "Street Light Out"))

    decisions = decide((alert,), a_report({"pothole": pothole, "street light out": light}))

    assert decisions == [Decision(alert, verdict, pothole + light)]


def test_services_match_after_trimming_and_folding_case_and_spaces() -> None:
    alert = an_alert(services=("  STREET   Light\tOut ",))

    assert decide((alert,), a_report({"street light out": 7})) == [Decision(alert, "below", 7)]


def test_a_service_named_twice_in_one_alert_is_counted_once() -> None:
    alert = an_alert(services=("Water", "water "))

    assert decide((alert,), a_report({"water": 60})) == [Decision(alert, "below", 60)]


def test_missing_is_not_zero() -> None:
    """Even a sum that is over the threshold without the missing service stays unknown."""
    alert = an_alert(services=("Pothole", "Street Light Out"))

    assert decide((alert,), a_report({"pothole": 500})) == [
        Decision(alert, "unknown", None, '"Street Light Out" is not in the report')
    ]


def test_a_service_without_a_usable_count_says_why() -> None:
    alert = an_alert(services=("Water", "Sewer", "Hydrant"))
    report = a_report({"water": 500}, {"sewer": 'row 3: "Sewer" has no count'})

    assert decide((alert,), report) == [
        Decision(
            alert, "unknown", None, 'row 3: "Sewer" has no count; "Hydrant" is not in the report'
        )
    ]


def test_one_bad_service_makes_all_alerts_of_its_department_unknown_and_no_other() -> None:
    alerts = (
        an_alert("streets_critical", services=("Pothole",)),
        an_alert("water_critical", services=("Water",)),
        an_alert("water_extreme", services=("Water",), threshold=300),
    )
    report = a_report({"pothole": 101}, {"water": "row 2: no"})

    verdicts = [(d.alert.topic, d.verdict, d.count, d.reason) for d in decide(alerts, report)]

    assert verdicts == [
        ("streets_critical", "over", 101, ""),
        ("water_critical", "unknown", None, "row 2: no"),
        ("water_extreme", "unknown", None, "row 2: no"),
    ]


def test_a_department_without_services_is_unknown() -> None:
    alert = an_alert(services=())

    assert decide((alert,), a_report({"water": 500})) == [
        Decision(alert, "unknown", None, "it has no services")
    ]


def test_what_is_wrong_with_the_whole_report_makes_every_alert_unknown() -> None:
    water, trash = an_alert("water_critical"), an_alert("trash_high")

    assert decide((water, trash), a_report({"water": 500}), "the report is stale") == [
        Decision(water, "unknown", None, "the report is stale"),
        Decision(trash, "unknown", None, "the report is stale"),
    ]


@pytest.mark.parametrize("module", ["rules", "config", "errors"])
def test_the_pure_part_of_the_runner_needs_neither_pandas_nor_boto3(module: str) -> None:
    """Whoever only decides, such as a replay of the past, does not wait for them."""
    code = (
        f"import sys, runner.{module}; print({{'pandas', 'boto3', 'botocore'}} & {{*sys.modules}})"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout == "set()\n"


def test_the_order_of_rows_and_alerts_changes_no_verdict() -> None:
    alerts = an_alert("water_a"), an_alert("trash_b"), an_alert("sewer_c")
    rows = {"water": 101, "trash": 100, "sewer": 99}
    expected = {"water_a": "over", "trash_b": "below", "sewer_c": "below"}

    for some_alerts in permutations(alerts):
        for some_rows in permutations(rows.items()):
            decisions = decide(some_alerts, a_report(dict(some_rows)))

            assert [d.alert for d in decisions] == list(some_alerts)
            assert {d.alert.topic: d.verdict for d in decisions} == expected
