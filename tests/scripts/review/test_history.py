"""What a review says of the last months when a threshold changes."""

from pathlib import Path

import pytest

from scripts.review.__main__ import main
from tests.support.examples import an_alert
from tests.support.plans import a_plan, a_subscription, a_topic
from tests.support.reports import HEADER, write_reports

OLD = an_alert("water_critical", protocols=("email",))


def settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *history: str, **after: object
) -> list[str]:
    """Review a plan that changes one alert; return what it says of thresholds and texts."""
    new = an_alert("water_critical", **{"protocols": ("email",), **after})
    body = a_plan(
        a_topic("water_critical"),
        a_subscription("water_critical", "email/Ana"),
        before=[OLD],
        after=[new],
    )
    (tmp_path / "plan.json").write_bytes(body)
    options = [option for one in history for option in ("--history", one)]
    main([str(tmp_path / "plan.json"), *options])
    out = capsys.readouterr().out
    return [line.strip() for line in out.split("Thresholds and texts")[-1].split("\n")[1:2]]


@pytest.fixture
def year(tmp_path: Path) -> str:
    """Fourteen months; in the last twelve Water is over 100 five times, over 150 twice."""
    counts = [999, 998, 50, 90, 100, 101, 120, 150, 151, 200, 100, 0, 7, 8]
    months = (
        ["2025-01", "2025-02"] + [f"2025-{n:02}" for n in range(3, 13)] + ["2026-01", "2026-02"]
    )
    folder = tmp_path / "past"
    folder.mkdir()
    return str(write_reports(folder, dict(zip(months, counts, strict=True))))


def test_a_changed_threshold_is_evaluated_by_the_last_12_months(
    year: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert settings(tmp_path, capsys, year, threshold=150) == [
        "water critical: threshold 100 -> 150."
        " Would have alerted in the last 12 months: 5 before, 2 after"
    ]


def test_without_past_reports_nothing_is_said_of_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert settings(tmp_path, capsys, threshold=150) == ["water critical: threshold 100 -> 150"]


def test_a_changed_text_says_nothing_of_past_months(
    year: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert settings(tmp_path, capsys, year, subject="Now") == [
        "water critical: text of the subject changed"
    ]


def test_months_that_are_missing_or_broken_are_said_to_be_unknown(
    year: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (Path(year) / "2025-10.csv").unlink()
    (Path(year) / "2025-09.csv").write_text(HEADER + "Water,n/a\n")

    assert settings(tmp_path, capsys, year, threshold=150) == [
        "water critical: threshold 100 -> 150."
        " Would have alerted in the last 12 months: 3 before, 0 after; unknown: 2 before,"
        " 2 after"
    ]


def test_other_services_are_evaluated_as_well_and_unknown_months_are_counted_by_side(
    year: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert settings(tmp_path, capsys, year, services=("Water", "Sewer")) == [
        "water critical: services: Sewer added. Would have alerted in the last 12 months:"
        " 5 before, 0 after; unknown: 0 before, 12 after"
    ]


def test_a_new_alert_is_evaluated_by_the_last_12_months(
    year: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = an_alert("water_extreme", threshold=150)
    changes = [a_topic("water_extreme", "create")]
    changes.append(a_subscription("water_extreme", "email/Ana", "create"))
    (tmp_path / "plan.json").write_bytes(a_plan(*changes, before=[OLD], after=[OLD, new]))

    main([str(tmp_path / "plan.json"), "--history", year])

    assert (
        "water extreme: new, alerts over 150. Would have alerted in the last 12 months: 2\n"
        in capsys.readouterr().out
    )


def test_fewer_months_than_twelve_are_counted_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_reports(tmp_path, {"2026-02": 120})

    assert settings(tmp_path, capsys, str(tmp_path / "2026-02.csv"), threshold=150) == [
        "water critical: threshold 100 -> 150. Would have alerted in the last month: 1 before,"
        " 0 after"
    ]


def test_past_reports_that_cant_be_found_make_the_review_say_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plan.json").write_bytes(a_plan(before=[OLD], after=[OLD]))

    code = main([str(tmp_path / "plan.json"), "--history", str(tmp_path / "nowhere")])

    assert code == 2
    out = capsys.readouterr().out
    assert "the past reports can't be read:" in out
    assert "there is no such file; name past reports, or a folder of them" in out
