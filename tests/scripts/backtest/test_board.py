"""The page without a browser: what it says, what it draws, and that names stay names."""

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from runner.rules import service_key
from scripts.backtest.board import board
from scripts.backtest.plot import Series, brief, plot, short
from scripts.backtest.replay import History, Month, replay
from tests.scripts.backtest.test_replay import a_month
from tests.support.examples import an_alert

MONTHS = ("2025-11", "2025-12", "2026-01", "2026-02")


def histories(counts: Mapping[str, tuple[int | None, ...]], *alerts: object) -> list[History]:
    """Replay alerts (named department_level) over months of counts by service."""
    given = [an_alert(alert) if isinstance(alert, str) else alert for alert in alerts]
    size = len(next(iter(counts.values())))
    rows = [
        {service_key(k): c for k, v in counts.items() if (c := v[i]) is not None}
        for i in range(size)
    ]
    months: list[Month] = [a_month(month, row) for month, row in zip(MONTHS, rows, strict=False)]
    return replay(given, months)  # type: ignore[arg-type]


class Page(HTMLParser):
    """A page's text by block, its tags, and whether each tag is closed in its turn."""

    VOID = ("meta", "link", "br")
    INLINE = ("b", "a", "span", "i", "circle", "path", "svg", "text", "title", "desc", "br")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = [""]
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)
        self.texts += [""] if tag not in self.INLINE else []

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open and "svg" not in self._open:
            self.texts[-1] += data

    @property
    def lines(self) -> list[str]:
        return [line for text in self.texts if (line := " ".join(text.split()))]


def test_the_summary_says_what_is_over_since_when_and_how_often() -> None:
    found = histories(
        {"Water": (99, 101, 101, 350), "Trash": (1, 2, 3, None), "Parks": (1, 1, 200, 1)},
        "water_critical",
        an_alert("water_extreme", threshold=300),
        "trash_many",
        "parks_many",
    )

    lines = Page(board([*found], {})).lines

    assert lines[2:8] == [
        "November 2025 to February 2026",
        "In February 2026, 1 of 3 departments is over a threshold",
        "350 open cases",
        "water Over critical (100) since December 2025; extreme (300) since February 2026."
        " Sent: critical in 3 of 4 months, extreme in 1 of 4 months. Nov 2025 Feb 2026",
        "Unknown now: trash",
        "Within its thresholds: parks",
    ]


@pytest.mark.parametrize(
    ("counts", "heading"),
    [
        ((5,), "In November 2025, no department is over a threshold"),
        ((None,), "In November 2025, no department is known to be over a threshold"),
        ((101,), "In November 2025, 1 of 1 department is over a threshold"),
    ],
)
def test_the_heading_never_says_all_is_well_of_the_unknown(
    counts: tuple[int | None, ...], heading: str
) -> None:
    assert heading in Page(board(histories({"Water": counts}, "water_critical"), {})).lines


def test_the_heading_is_careful_when_one_department_of_several_is_unknown() -> None:
    found = histories({"Water": (5,), "Trash": (None,)}, "water_critical", "trash_many")

    lines = Page(board(found, {})).lines

    assert "In November 2025, no department is known to be over a threshold" in lines


def test_the_table_has_every_month_and_unknown_is_never_a_number() -> None:
    page = Page(board(histories({"Water": (1234, None, 100, 101)}, "water_critical"), {}))

    start = page.lines.index("Month")
    assert page.lines[start : start + 16] == [
        *("Month", "Open cases", "critical over 100"),
        *("Feb 2026", "101", "sent"),
        *("Jan 2026", "100", "\N{EN DASH}"),
        *("Dec 2025", "?", 'unknown: "Water" is not in the report'),
        *("Nov 2025", "1,234", "sent"),
        page.lines[start + 15],
    ]


@pytest.mark.parametrize(
    ("people", "words"),
    [
        ({"email": 3, "sms": 1}, "critical over 100, sent to 3 by email and 1 by text."),
        ({"email": 0, "sms": 0}, "critical over 100, nobody receives it."),
        (None, "critical over 100, sent by email and by text."),
    ],
)
def test_recipients_are_a_number_where_it_is_known(
    people: dict[str, int] | None, words: str
) -> None:
    coverage = {} if people is None else {("water", "critical"): people}

    page = Page(board(histories({"Water": (1,)}, "water_critical"), coverage))

    assert any(line.startswith(words) for line in page.lines)


def test_the_caption_is_said_in_the_title_and_on_the_page() -> None:
    html = board(histories({"Water": (1,)}, "water_critical"), {}, "Made <up>")

    assert "<title>Backlog alerts, November 2025. Made &lt;up&gt;</title>" in html
    assert '<p class="caption">Made &lt;up&gt;</p>' in html


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><script>",
    "</svg><script>alert(1)</script>",
    "$\\frac{1}{0}$ $x^2$",
    "&lt;b&gt; &amp; '\"",
    "]]>--><!--",
    "\x1b[2J\x00\x07\u202eabc",
    "https://example.com/",
    "line\nbreak",
    "x" * 300,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_names(name: str) -> None:
    alert = an_alert("t", department=name, level=name, services=(name,), protocols=(name,))
    report_free = histories({name: (101, None)}, alert)
    plain = histories({"a": (101, None)}, an_alert("t", department="a", level="a", services=("a",)))

    html = board(report_free, {}, name)

    page, as_plain = Page(html), Page(board(plain, {}, "a"))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in as_plain.tags]
    for (tag, attributes), (_, expected) in zip(page.tags, as_plain.tags, strict=True):
        assert attributes.keys() == expected.keys(), tag
    shown = re.sub(r"[\x00-\x1f\u202e]", "?", " ".join(name.split()))
    assert shown in "\n".join(page.lines)
    assert not set("\x00\x07\x1b\u202e") & set(html)


def test_the_page_asks_for_nothing() -> None:
    html = board(histories({"Water": (101, None)}, "water_critical"), {})

    assert re.findall(r'(?:src|href)="(?!#)([^"]*)"', html) == ["data:,"]
    assert "url(" not in html
    assert "@import" not in html
    assert "<script" not in html
    assert "default-src 'none'" in html


def test_no_id_is_there_twice_and_each_plot_has_a_name_and_words() -> None:
    found = histories({"Water": (99, 101), "Trash": (1, None)}, "water_critical", "trash_many")

    page = Page(board(found, {}))

    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    plots = [a for tag, a in page.tags if tag == "svg" and a.get("role") == "img"]
    assert len(plots) == 2
    for attributes in plots:
        assert set((attributes["aria-labelledby"] or "").split()) <= set(ids)


# The plot.


def drawn(series: Series) -> list[tuple[str, dict[str, str], str]]:
    svg = ET.fromstring(plot(series, number=1, title="t", description="d"))
    return [(e.get("class", ""), dict(e.attrib), e.text or "") for e in svg]


def points(shapes: list[tuple[str, dict[str, str], str]], kind: str) -> list[tuple[float, float]]:
    """Return a kind of dots, or a line's corners, in the plot's own coordinates."""
    found = []
    for name, attributes, _ in shapes:
        if name == kind and "cx" in attributes:
            found.append((float(attributes["cx"]), float(attributes["cy"])))
        elif name == kind and "d" in attributes:
            found += [
                (float(x), float(y))
                for x, y in re.findall(r"[ML] ([\d.]+) ([\d.]+)", attributes["d"])
            ]
    return found


def test_a_plots_line_and_dots_stand_where_the_numbers_are() -> None:
    counts = (40, 101, 150, 90)
    shapes = drawn(Series(MONTHS, counts, (False, True, True, False), [("critical", 100)]))

    (_, zero), _ = points(shapes, "base")
    (_, hundred), _ = points(shapes, "threshold")
    per_case = (zero - hundred) / 100
    line = points(shapes, "line")
    assert [round((zero - y) / per_case, 1) for _, y in line] == list(counts)
    assert points(shapes, "count") == line
    assert points(shapes, "sent") == line[1:3]
    steps = {round(b[0] - a[0], 1) for a, b in pairwise(line)}
    assert len(steps) == 1, "months are equally far apart"


def test_an_unknown_month_is_a_gap_with_a_mark_and_no_point() -> None:
    shapes = drawn(Series(MONTHS, (40, None, 60, 70), (False,) * 4, []))

    (line,) = [a["d"] for name, a, _ in shapes if name == "line"]
    assert line.count("M") == 2, "the line begins again after the gap"
    assert len(points(shapes, "line")) == 3
    assert len(points(shapes, "count")) == 3
    assert [text for name, _, text in shapes if name == "question"] == ["?"]
    assert sum(name == "unknown" for name, *_ in shapes) == 1


def test_unknown_months_in_a_row_have_one_mark_and_an_unknown_end_has_no_number() -> None:
    shapes = drawn(Series(MONTHS, (40, None, None, None), (False,) * 4, []))

    assert sum(name == "unknown" for name, *_ in shapes) == 1
    assert not [name for name, *_ in shapes if name.startswith("now")]


def test_nothing_known_and_one_month_alone_can_be_drawn() -> None:
    assert not points(drawn(Series(MONTHS, (None,) * 4, (False,) * 4, [("a", 5)])), "line")
    assert len(points(drawn(Series(MONTHS[:1], (7,), (True,), [])), "sent")) == 1


def test_a_lone_month_is_seen_among_many() -> None:
    months = [f"{year}-{month:02}" for year in range(2000, 2010) for month in range(1, 13)]
    counts = [None if i in (49, 51) else 5 for i in range(120)]

    shapes = drawn(Series(months, counts, [False] * 120, []))

    assert len(points(shapes, "count")) == 1


def test_thresholds_close_together_share_a_label_and_one_far_above_stands_at_the_top() -> None:
    limits = [("critical", 100), ("severe", 103), ("extreme", 90_000)]

    shapes = drawn(Series(MONTHS, (40, 101, 120, 90), (False,) * 4, limits))

    labels = [text for name, _, text in shapes if name == "limit"]
    assert labels == ["critical 100, severe 103", "extreme 90,000 \N{UPWARDS ARROW}"]
    assert sum(name == "threshold" for name, *_ in shapes) == 2


@pytest.mark.parametrize("name", ["$x^2$", "$\\frac{1}{0}$", "$", "a\\_b", "</text>"])
def test_a_levels_name_is_no_mathematics_and_no_markup(name: str) -> None:
    shapes = drawn(Series(MONTHS, (40, 101, 120, 90), (False,) * 4, [(name, 100)]))

    assert [text for kind, _, text in shapes if kind == "limit"] == [f"{name} 100"]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (9_999, "9,999"),
        (10_000, "10k"),
        (12_345, "12.3k"),
        (123_456, "123k"),
        (999_499, "999k"),
        (999_500, "1M"),
        (2_176_826, "2.2M"),
        (9_876_543_210, "9.9B"),
        (999_499_999, "999M"),
        (10**15, "1000000B"),
    ],
)
def test_numbers_in_a_plot_are_short(number: int, text: str) -> None:
    assert brief(number) == text


def test_months_in_a_plot_are_short() -> None:
    assert [short("2026-01"), short("2025-12")] == ["Jan 2026", "Dec 2025"]
