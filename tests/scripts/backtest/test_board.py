"""The page without a browser: what it says, what it draws, and that names stay names."""

import random
import re
import struct
from collections.abc import Mapping
from datetime import datetime, timezone
from html.parser import HTMLParser
from itertools import combinations, pairwise
from math import hypot
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from runner.rules import service_key
from scripts.backtest.board import About, Department, board, picture
from scripts.backtest.plot import Series, brief, plot, short
from scripts.backtest.read import month_range
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
    INLINE = ("b", "a", "code", "span", "i", "circle", "path", "svg", "text", "title", "desc", "br")

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

    assert lines[2:9] == [
        "November 2025 to February 2026",
        "In February 2026, 1 of 3 departments is over a threshold",
        "Critical means more than 100 open cases. Many means more than 100."
        " Extreme means more than 300.",
        "350 open cases",
        "water Over critical (100) since December 2025; extreme (300) since February 2026."
        " 249 more than in January. NDJF2026 Would have been sent Unknown",
        "Unknown now: trash",
        "Within its thresholds: parks",
    ]


def test_a_level_with_several_thresholds_says_from_where_to_where() -> None:
    found = histories(
        {"Water": (1,), "Trash": (1,), "Parks": (1,)},
        an_alert("water_critical", threshold=1_000),
        an_alert("trash_critical", threshold=30),
        an_alert("parks_critical", threshold=30),
        an_alert("parks_extreme", threshold=60),
    )

    assert (
        "Critical means more than 30 to 1,000 open cases, depending on the department."
        " Extreme means more than 60." in Page(board(found, {})).lines
    )


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((5,), ""),
        ((5, 7), "2 more than in December."),
        ((7, 5), "2 fewer than in December."),
        ((5, 5), "As many as in December."),
        ((0, 1234), "1,234 more than in December."),
        ((5, None), ""),
        ((None, 5), "The number in December is unknown."),
        ((*[9] * 12, 5), "4 fewer than in December, 4 fewer than a year before."),
        ((4, *[9] * 10, 5, 5), "As many as in December, 1 more than a year before."),
        ((None, *[9] * 12), "As many as in December, the number a year before is unknown."),
        ((5, *[None] * 11, 9), "The number in December is unknown, 4 more than a year before."),
    ],
)
def test_the_change_is_that_of_one_month_and_of_one_year(
    counts: tuple[int | None, ...], words: str
) -> None:
    months = month_range("2025-01", "2026-01")[-len(counts) :]
    rows = [{service_key("Water"): c} if c is not None else {} for c in counts]
    found = replay([an_alert("water_critical")], list(map(a_month, months, rows)))

    said = [line for line in Page(board(found, {})).lines if line.endswith(words or "never")]

    assert Department(found).change == words
    assert bool(said) == bool(words)


def test_a_department_without_a_number_is_one_sentence_and_no_plot() -> None:
    found = histories({"Water": (None, None), "Trash": (1, 2)}, "water_critical", "trash_many")

    html = board(found, {})

    lines = Page(html).lines
    start = lines.index("water", lines.index("unknown, not zero"))
    assert lines[start : start + 5] == [
        "water",
        "Water",
        'Unknown in every month, last in December 2025: "Water" is not in the report',
        "critical over 100, sent by email and by text.",
        "trash",
    ]
    assert html.count("<figure>") == 1
    assert html.count("<table>") == 1


def test_the_date_is_that_of_the_newest_report() -> None:
    found = histories({"Water": (1, None)}, "water_critical")
    dated = datetime(2025, 12, 3, 23, 59, tzinfo=timezone.utc)

    def said(about: About) -> list[str]:
        lines = Page(board(found, {}, about)).lines
        return [line for line in lines if "ewest report" in line or "report's date" in line]

    assert said(About(newest=("2025-11", dated))) == [
        "Newest report: November 2025, dated December 3, 2025.",
        "A report's date is that of its file, in UTC.",
    ]
    assert said(About(newest=("2025-11", None)))[0] == "Newest report: November 2025."
    assert said(About()) == []


def test_the_strip_names_its_months_and_holds_two_years_at_most() -> None:
    months = month_range("2023-11", "2026-01")
    rows: list[dict[str, int]] = [{service_key("Water"): 101 * (n % 2)} for n in range(27)]
    rows[-2] = {}
    found = replay([an_alert("water_critical")], list(map(a_month, months, rows)))

    html = board(histories({"Water": (101,)}, "water_critical"), {})
    strip = Department(found).strip

    assert [(year, len(cells)) for year, cells in strip] == [
        ("2024", 11),
        ("2025", 12),
        ("2026", 1),
    ]
    assert strip[1][1][-2:] == [("2025-11", ""), ("2025-12", "unknown")]
    assert strip[0][1][:2] == [("2024-02", "sent"), ("2024-03", "")]
    assert '<span title="Nov 2025: would have been sent"><i class="sent"></i>N</span>' in html
    assert 'aria-label="would have been sent in 1 of the last 1 month"' in html


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
        *("Feb 2026", "101", "message"),
        *("Jan 2026", "100", "\N{EN DASH}"),
        *("Dec 2025", "?", 'unknown: "Water" is not in the report'),
        *("Nov 2025", "1,234", "message"),
        page.lines[start + 15],
    ]


@pytest.mark.parametrize(
    ("people", "words"),
    [
        ({"email": 3, "sms": 1}, "critical over 100, 3 subscriptions by email and 1 by text."),
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


def test_people_are_subscriptions_until_somebody_asks_who_confirmed() -> None:
    found = histories({"Water": (1,)}, "water_critical")
    words = (
        "Subscriptions are those of the contacts. One by email sends nothing until the person"
        " confirms it; make subscriptions says who has."
    )

    assert words in Page(board(found, {("water", "critical"): {"email": 1}})).lines
    assert words not in Page(board(found, {})).lines


def test_city_and_caption_are_said_in_the_title_and_on_the_page() -> None:
    about = About("Spring & field", "Made <up>")

    html = board(histories({"Water": (1,)}, "water_critical"), {}, about)

    title = "Spring &amp; field: backlog alerts, November 2025. Made &lt;up&gt;"
    assert f"<title>{title}</title>" in html
    assert "<h1>Spring &amp; field: backlog alerts</h1>" in html
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

    html = board(report_free, {}, About(name, name))

    page, as_plain = Page(html), Page(board(plain, {}, About("a", "a")))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in as_plain.tags]
    for (tag, attributes), (_, expected) in zip(page.tags, as_plain.tags, strict=True):
        assert attributes.keys() == expected.keys(), tag
    shown = re.sub(r"[\x00-\x1f\u202e]", "?", " ".join(name.split()))
    assert shown in "\n".join(page.lines)
    assert not set("\x00\x07\x1b\u202e") & set(html)
    assert picture(report_free, About(name, name)).startswith(b"\x89PNG")


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


@pytest.mark.parametrize("seed", range(60))
def test_no_label_touches_a_curve_a_threshold_or_a_label(seed: int) -> None:
    chance = random.Random(seed)
    size = chance.choice([1, 2, 3, 12, 24, 24, 24, 100])
    most = chance.choice([3, 60, 1_000])
    counts = [None if chance.random() < 0.1 else chance.randint(0, most) for _ in range(size)]
    limits = [("critical", chance.randint(0, most)), ("extreme", chance.randint(0, 2 * most))]
    months = month_range("2010-01", "2025-12")[-size:]

    shapes = drawn(Series(months, counts, [True] * size, limits))

    labels = [
        (x, x + width(text), y - 11, y + 3)
        for kind, at, text in shapes
        if kind == "limit"
        for x, y in [(float(at["x"]), float(at["y"]))]
    ]
    assert labels
    for a, b in combinations(labels, 2):
        assert not (a[0] < b[1] and b[0] < a[1] and a[2] < b[3] and b[2] < a[3]), "labels touch"
    for left, right, high, low in labels:
        assert right <= 340
        for x, y in along(shapes):
            assert not (left - 3 < x < right + 3 and high - 3 < y < low + 3), "on the curve"
        for kind, at, _ in shapes:
            if kind == "threshold":
                (_, y), _ = points([(kind, at, "")], kind)
                assert not high < y < low, "on a threshold"


def along(shapes: list[tuple[str, dict[str, str], str]]) -> list[tuple[float, float]]:
    """Return points along the curve, a fraction of a pixel apart, and its dots."""
    found = points(shapes, "sent")
    for path in (a["d"] for name, a, _ in shapes if name == "line"):
        for part in path.split("M")[1:]:
            corners = points([("line", {"d": f"M{part}"}, "")], "line")
            for (x0, y0), (x1, y1) in pairwise(corners):
                steps = int(2 * hypot(x1 - x0, y1 - y0)) + 1
                found += [
                    (x0 + (x1 - x0) * n / steps, y0 + (y1 - y0) * n / steps) for n in range(steps)
                ]
    return found


def width(text: str) -> float:
    """Return a label's width in DejaVu Sans at 12 pixels."""
    box = TextPath((0, 0), text, size=12, prop=FontProperties()).get_extents()  # type: ignore[no-untyped-call]
    return float(box.x1)


def test_a_label_without_room_stands_above_the_plot_with_an_arrow() -> None:
    counts = [0, 100] * 12
    months = month_range("2024-01", "2025-12")

    shapes = drawn(Series(months, counts, [False] * 24, [("critical", 50)]))

    ((_, at, text),) = [shape for shape in shapes if shape[0] == "limit"]
    assert text == "critical 50 \N{DOWNWARDS ARROW}"
    assert float(at["y"]) < min(y for _, y in points(shapes, "line")) - 10


def test_labels_too_long_for_the_page_are_cut() -> None:
    limits = [(f"{n}{'W' * 18}", 50) for n in range(4)]

    shapes = drawn(Series(MONTHS, (0, 100, 0, 100), (False,) * 4, limits))

    (text,) = [text for kind, _, text in shapes if kind == "limit"]
    assert text.startswith("0WWWW")
    assert text.endswith("\N{HORIZONTAL ELLIPSIS}")
    assert width(text) < 300


def test_thresholds_close_together_share_a_label_and_one_far_above_stands_at_the_top() -> None:
    limits = [("critical", 100), ("severe", 103), ("extreme", 90_000)]

    shapes = drawn(Series(MONTHS, (40, 41, 60, 50), (False,) * 4, limits))

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


# The picture.


def test_the_picture_is_as_high_as_its_departments_need_and_says_what_it_shows() -> None:
    names = [f"d{n}_many" for n in range(4)]
    counts = {f"D{n}": (101, 99, None, 350) for n in range(4)}

    few, many = (picture(histories(counts, *some)) for some in (names[:3], names))

    def size(png: bytes) -> tuple[int, int]:
        return struct.unpack(">II", png[16:24])

    assert size(few)[0] == size(many)[0]
    assert size(few)[1] < size(many)[1]
    assert b"In February 2026, 4 of 4 departments are over a threshold" in many
    assert picture(histories(counts, *names)) == many, "the same numbers, the same picture"


def test_the_picture_says_what_the_board_says(monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str] = []
    text = Figure.text

    def noted(self: Figure, x: float, y: float, s: str, *args: Any, **given: Any) -> Any:
        texts.append(s)
        return text(self, x, y, s, *args, **given)

    monkeypatch.setattr(Figure, "text", noted)
    found = histories(
        {"Water": (99, 101, 101, 128), "Trash": (1, None, 3, 3), "Parks": (None,) * 4},
        "water_critical",
        an_alert("water_extreme", threshold=300),
        an_alert("trash_critical", threshold=30),
        "parks_critical",
    )

    picture(found, About("Springfield", "Made up", ("2026-02", None)))

    assert texts == [
        "Springfield: backlog alerts",
        "In February 2026, 1 of 3 departments is over a threshold",
        "Made up",
        "Critical means more than 30 to 100 open cases, depending on the department. Extreme means"
        " more than 300.",
        "Newest report: February 2026.",
        "The line shows open cases by month. A red dot is a month in which a message would have"
        " been sent. ? is unknown, not zero.",
        "Water",
        "Over critical (100) since December 2025.",
        "27 more than in January.",
        "Parks",
        "Unknown in every month, last in February 2026:",
        '"Parks" is not in the report',
        "Trash",
        "Within its threshold. Never over in a known month.",
        "As many as in January.",
    ]
