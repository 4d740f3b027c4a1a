"""Which report is about which month, and what is read of it."""

import re
from pathlib import Path

import pytest

from runner.errors import ConfigError
from scripts.backtest.read import (
    find_reports,
    month_of,
    month_range,
    read_history,
)
from tests.support.reports import HEADER, write_reports
from tests.support.servers import Server, http

LAST_MONTH = "2026-02"


@pytest.mark.parametrize(
    ("path", "month"),
    [
        ("2026-02.csv", "2026-02"),
        ("2026_02.csv", "2026-02"),
        ("2026.02.csv", "2026-02"),
        ("2026 02.csv", "2026-02"),
        ("202602.csv", "2026-02"),
        ("report-202602-final.csv", "2026-02"),
        ("feb-2026.csv", "2026-02"),
        ("Feb2026.CSV", "2026-02"),
        ("open_cases_february_2026.csv", "2026-02"),
        ("2026-Sept.csv", "2026-09"),
        ("2026february.csv", "2026-02"),
        ("2026-02 (feb 2026).csv", "2026-02"),  # twice the same
        ("reports/2026/02.csv", "2026-02"),
        ("reports/2026/report-02.csv", None),  # the 02 may be anything
        ("reports/2026/feb.csv", "2026-02"),
        ("2026/2025-12.csv", "2025-12"),  # the file's own name goes first
        ("1999-12.csv", "1999-12"),
        ("may-2026.csv", "2026-05"),
        ("2025/12-report-2026-01.csv", "2026-01"),
        ("mayor-2026.csv", None),
        ("dismay-2026.csv", None),
        ("march2026-to-april2026.csv", None),
        ("2026-02-15.csv", None),  # the day of what?
        ("20260215.csv", None),
        ("2026-13.csv", None),
        ("2026-00.csv", None),
        ("3026-02.csv", None),
        ("12026-02.csv", None),
        ("2026.csv", None),
        ("02.csv", None),
        ("report.csv", None),
    ],
)
def test_a_files_name_names_its_month_or_the_file_is_rejected(path: str, month: str | None) -> None:
    if month:
        assert month_of(path) == month
    else:
        with pytest.raises(ConfigError, match=f"^{re.escape(path)}: .* rename it to the month"):
            month_of(path)


def test_months_run_over_the_turn_of_the_year() -> None:
    assert month_range("2025-11", "2026-02") == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert month_range("2026-02", "2026-02") == ["2026-02"]


@pytest.mark.parametrize(("first", "last"), [("2026-03", "2026-02"), ("1900-01", "2026-02")])
def test_months_out_of_order_and_too_many_of_them_are_rejected(first: str, last: str) -> None:
    with pytest.raises(ConfigError, match=f"{first} to {last}: give two months in order"):
        month_range(first, last)


def test_a_folder_stands_for_its_csv_files_and_gaps_are_kept(tmp_path: Path) -> None:
    write_reports(tmp_path, {"2026-02": 1, "2025-11": 1, "2025-12": 1})
    for name in ("notes.txt", ".2026-01.csv"):
        (tmp_path / name).write_text("")

    found = find_reports([str(tmp_path)], None, None, LAST_MONTH)

    assert list(found) == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert found["2026-01"] == ""
    assert found["2025-12"] == str(tmp_path / "2025-12.csv")


def test_a_range_cuts_off_and_adds_months(tmp_path: Path) -> None:
    write_reports(tmp_path, {"2025-11": 1, "2025-12": 1})

    found = find_reports([str(tmp_path)], "2025-12", "2026-01", LAST_MONTH)

    assert found == {"2025-12": str(tmp_path / "2025-12.csv"), "2026-01": ""}


def test_files_folders_and_globs_go_together_and_none_counts_twice(tmp_path: Path) -> None:
    write_reports(tmp_path, {"2025-11": 1, "2025-12": 1})
    given = [str(tmp_path), str(tmp_path / "2025-1*.csv"), str(tmp_path / "2025-11.csv")]

    found = find_reports(given, None, None, LAST_MONTH)

    assert list(found) == ["2025-11", "2025-12"]


def test_an_address_is_filled_in_for_the_year_up_to_last_month() -> None:
    found = find_reports(["https://example.com/{yyyy}/{mon}{mm}.csv"], None, None, LAST_MONTH)

    assert list(found) == month_range("2025-03", "2026-02")
    assert found["2025-03"] == "https://example.com/2025/mar03.csv"


def test_an_addresss_range_can_be_given() -> None:
    given = ["{yyyy}-{mm}.csv"]

    assert list(find_reports(given, "2025-12", "2026-01", LAST_MONTH)) == ["2025-12", "2026-01"]
    assert next(iter(find_reports(given, None, "2020-01", LAST_MONTH))) == "2019-02"


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (["nothing.csv"], "nothing.csv: there is no such file; name past reports"),
        (["*.nothing"], "*.nothing: there is no such file"),
        (["."], ".: holds no file that ends in .csv; name past reports"),
        (["https://example.com/2026-02.csv"], "example.com/2026-02.csv: needs {yyyy} and {mm}"),
        (["https://u:pw@example.com/a.csv?k=1"], "https://example.com/a.csv: needs {yyyy}"),
        (["{yyyy}{mm}.csv", "other"], "give files and folders, or one address with {yyyy}"),
        (["{yyyy}-{day}.csv"], "2025-{day}.csv: {day} is not one of {yyyy}, {mm}, {mon}"),
    ],
)
def test_what_names_no_report_is_rejected(
    given: list[str], error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigError) as raised:
        find_reports(given, None, None, LAST_MONTH)

    assert error in str(raised.value)
    assert "pw" not in str(raised.value)


def test_two_reports_for_one_month_are_rejected(tmp_path: Path) -> None:
    for name in ("2026-02.csv", "feb-2026.csv"):
        (tmp_path / name).write_text("")

    with pytest.raises(ConfigError) as raised:
        find_reports([str(tmp_path)], None, None, LAST_MONTH)

    assert str(raised.value) == (
        f"{tmp_path}/2026-02.csv and {tmp_path}/feb-2026.csv: are both about 2026-02;"
        " leave one of them out"
    )


def test_a_range_without_any_report_is_rejected(tmp_path: Path) -> None:
    write_reports(tmp_path, {"2025-11": 1})

    with pytest.raises(ConfigError, match="no report is about 2020-01 to 2020-02"):
        find_reports([str(tmp_path)], "2020-01", "2020-02", LAST_MONTH)


def test_a_month_that_cant_be_read_says_why_and_the_others_are_read(tmp_path: Path) -> None:
    write_reports(tmp_path, {"2025-11": 7})
    (tmp_path / "2025-12.csv").write_text("<html>")
    given = {"2025-11": "2025-11.csv", "2025-12": "2025-12.csv", "2026-01": "", "2026-02": "no.csv"}
    progress: list[int] = []

    months = read_history(
        {m: a and str(tmp_path / a) for m, a in given.items()}, ["Water"], progress.append
    )

    assert [month.month for month in months] == list(given)
    assert months[0].report is not None
    assert months[0].report.counts == {"water": 7}
    assert [month.report for month in months[1:]] == [None] * 3
    assert [month.problem for month in months] == [
        "",
        f"{tmp_path}/2025-12.csv: is a web page, not CSV; is a login needed?",
        "there is no report for this month",
        f"{tmp_path}/no.csv: No such file or directory",
    ]
    assert progress == [1, 2, 3, 4]


def test_reports_are_read_from_a_server_and_a_404_is_an_unknown_month() -> None:
    def answer(request: object) -> list[bytes]:
        path = getattr(request, "path", "")
        return [http(status="404 Not Found") if "01" in path else http(f"{HEADER}W,9\n".encode())]

    with Server(answer) as server:
        given = find_reports([f"{server.url}/{{yyyy}}{{mm}}"], "2025-12", "2026-02", LAST_MONTH)
        months = read_history(given, ["W"], lambda _: None)

    assert [m.report and m.report.counts for m in months] == [{"w": 9}, None, {"w": 9}]
    assert months[1].problem == f"{server.url}/202601: the server answered 404"
