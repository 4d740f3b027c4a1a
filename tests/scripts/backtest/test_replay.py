"""What alerts would have done, against cases worked out by hand."""

from collections.abc import Sequence

import pytest

from runner.report import Report
from scripts.backtest.read import month_range
from scripts.backtest.render import runs_of
from scripts.backtest.replay import History, Month, Suggestion, replay, suggest
from tests.support.examples import an_alert

TROUBLE = 'row 2: count "n/a" is not a whole number'


def a_month(month: str, counts: dict[str, int] | None, sha256: str = "") -> Month:
    if counts is None:
        return Month(month, None, "there is no report for this month")
    return Month(month, Report(f"{month}.csv", month, sha256 or month, 1, counts, {}))


def a_history(*counts: int | None, threshold: int = 100) -> History:
    """The history of one alert from 2025-01 on; None is a month without a report."""
    months = month_range("2025-01", "2030-12")[: len(counts)]
    given = [None if count is None else {"water": count} for count in counts]
    found = replay([an_alert(threshold=threshold)], list(map(a_month, months, given)))
    return found[0]


@pytest.mark.parametrize(
    ("counts", "sent_in"),
    [
        ([99, 100, 101], ["2025-03"]),  # below, at, above
        ([101, 150, 99, 101], ["2025-01", "2025-02", "2025-04"]),  # again in each month
        ([0, 0], []),
        ([101, None, 101], ["2025-01", "2025-03"]),
        ([None, None], []),
    ],
)
def test_an_alert_is_sent_in_the_months_above_its_threshold(
    counts: Sequence[int | None], sent_in: list[str]
) -> None:
    assert list(a_history(*counts).sent_in) == sent_in


def test_an_unknown_month_is_neither_zero_nor_known() -> None:
    history = a_history(101, None, 99)

    assert history.counts == (101, None, 99)
    assert history.known == (101, 99)
    assert history.unknown == (("2025-02", "there is no report for this month"),)


def test_a_service_that_comes_and_goes_is_unknown_where_it_is_missing() -> None:
    alerts = [an_alert("water_critical"), an_alert("trash_many", threshold=5)]
    counts = [{"water": 101}, {"water": 101, "trash": 6}, {"trash": 6}]
    months = list(map(a_month, ["2025-01", "2025-02", "2025-03"], counts))

    water, trash = replay(alerts, months)

    assert water.unknown == (("2025-03", '"Water" is not in the report'),)
    assert trash.unknown == (("2025-01", '"Trash" is not in the report'),)
    assert (water.counts, trash.counts) == ((101, 101, None), (None, 6, 6))


def test_a_cell_that_is_no_count_is_unknown_with_the_row_to_blame() -> None:
    report = Report("r.csv", "2025-01", "5" * 64, 1, {}, {"water": TROUBLE})

    (history,) = replay([an_alert()], [Month("2025-01", report)])

    assert history.unknown == (("2025-01", TROUBLE),)
    assert history.outlook == "unknown"


def test_another_threshold_is_another_history_of_the_same_months() -> None:
    counts = (50, 120, 180, 90)

    sent = {t: len(a_history(*counts, threshold=t).sent_in) for t in (49, 50, 119, 120, 180)}

    assert sent == {49: 4, 50: 3, 119: 2, 120: 1, 180: 0}


@pytest.mark.parametrize(
    ("counts", "outlook"),
    [
        ([101, 200], "always"),
        ([101, None], "always"),  # of the months that are known
        ([100, 0], "never"),
        ([None, 5], "never"),
        ([100, 101], "sometimes"),
        ([None], "unknown"),
    ],
)
def test_an_alert_that_is_always_or_never_over_is_named_so(
    counts: Sequence[int | None], outlook: str
) -> None:
    assert a_history(*counts).outlook == outlook


@pytest.mark.parametrize(
    ("counts", "since"),
    [
        ([99, 101, 102], "2025-02"),
        ([101, 99, 102], "2025-03"),
        ([101, 102, 103], "2025-01"),
        ([101, 99], None),
        ([101, None], None),  # unknown now
        ([99, 101, None, 102], "2025-02"),  # unknown is no recovery
        ([99, None, 102], "2025-03"),  # nor a beginning
        ([None, None, 102], "2025-03"),
    ],
)
def test_a_crossing_began_in_its_first_month_that_is_known_to_be_over(
    counts: Sequence[int | None], since: str | None
) -> None:
    assert a_history(*counts).over_since == since


def test_months_with_a_message_make_rows_which_an_unknown_month_breaks() -> None:
    history = a_history(101, 102, 99, 103, None, 104)

    assert runs_of(history) == [
        ("2025-01", "2025-02"),
        ("2025-04", "2025-04"),
        ("2025-06", "2025-06"),
    ]


TWELVE = (10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120)


@pytest.mark.parametrize(
    ("counts", "target", "suggestion"),
    [
        (TWELVE, 0, Suggestion(120, None, 0)),  # the highest is not above itself
        (TWELVE, 1, Suggestion(110, 119, 1)),
        (TWELVE, 2, Suggestion(100, 109, 2)),
        (TWELVE, 11, Suggestion(10, 19, 11)),
        (TWELVE, 12, Suggestion(9, 9, 12)),
        (tuple(reversed(TWELVE)), 2, Suggestion(100, 109, 2)),
        ((*TWELVE, *TWELVE), 2, Suggestion(100, 109, 4)),  # 4 of 24 months
        (TWELVE[:6], 2, Suggestion(50, 59, 1)),  # 1 of 6
        (TWELVE[:3], 2, Suggestion(20, 29, 1)),  # 2 x 3 / 12 is a half, and half is one
        (TWELVE[:2], 2, Suggestion(20, None, 0)),  # a third is none
        ((5, None, 7, None), 6, Suggestion(5, 6, 1)),  # of the months that are known
        ((9, 9, 9, 5, 5, 5, 5, 5, 5, 5, 5, 5), 2, Suggestion(9, None, 0)),  # three or none
        ((9, 9, 9, 5, 5, 5, 5, 5, 5, 5, 5, 5), 3, Suggestion(5, 8, 3)),
        ((0, 0), 12, Suggestion(0, None, 0)),  # nothing is above, and nothing under 0
        ((None,), 2, None),
    ],
)
def test_the_threshold_for_about_n_of_12_months(
    counts: Sequence[int | None], target: int, suggestion: Suggestion | None
) -> None:
    assert suggest(a_history(*counts), target) == suggestion


@pytest.mark.parametrize("target", range(13))
def test_a_suggested_threshold_does_what_it_says_and_its_neighbours_do_not(target: int) -> None:
    counts = (3, 14, 15, 92, 65, 35, 89, 79, 32, 38, 46, 26)

    found = suggest(a_history(*counts), target)

    assert found is not None
    assert found.over == target

    def over(threshold: int) -> int:
        return len(a_history(*counts, threshold=threshold).sent_in)

    assert over(found.threshold) == target
    assert found.threshold == 2 or over(found.threshold - 1) == target + 1
    if found.highest is not None:
        assert over(found.highest) == target
        assert over(found.highest + 1) == target - 1


def test_crossings_alone_are_sent_where_reminders_are_off() -> None:
    counts = [101, 150, 99, 101, 102]
    months = [a_month(f"2025-0{n}", {"water": count}) for n, count in enumerate(counts, 1)]

    (history,) = replay([an_alert()], months, remind="never")

    assert history.sent_in == ("2025-01", "2025-04")


def test_a_reminder_by_days_counts_from_the_message_before_it() -> None:
    """Checked on the second of each month: 31 days after February 2nd is only in April."""
    months = [a_month(f"2025-0{n}", {"water": 101}) for n in range(1, 5)]

    (history,) = replay([an_alert()], months, remind="31")

    assert history.sent_in == ("2025-01", "2025-03")


def test_a_report_that_repeats_an_earlier_months_is_unknown_as_it_is_to_the_runner() -> None:
    """Even after a month that is missing, and however often."""
    months = [
        a_month("2025-01", {"water": 101}, "a"),
        a_month("2025-02", {"water": 101}, "a"),
        a_month("2025-03", None),
        a_month("2025-04", {"water": 101}, "a"),
        a_month("2025-05", {"water": 101}, "b"),
    ]

    (history,) = replay([an_alert()], months)

    assert history.sent_in == ("2025-01", "2025-05")
    assert history.unknown == (
        ("2025-02", "the report is identical to that of 2025-01"),
        ("2025-03", "there is no report for this month"),
        ("2025-04", "the report is identical to that of 2025-01"),
    )
