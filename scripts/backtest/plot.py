"""One department's counts -> an SVG to put inside a page. matplotlib stops here and in picture.

matplotlib lays the plot out; its colours, fonts and ids are then taken off, and classes put on, so
that the page's stylesheet colours every plot alike, light, dark and on paper. Text stays text.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal
from xml.etree import ElementTree as ET

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.ticker import MaxNLocator

# In pixels: as wide as a phone's page, so that no text shrinks there.
WIDTH, HEIGHT = 340, 196
_LEFT, _RIGHT, _TOP, _BOTTOM = 38, 54, 12, 24
_PLOT_WIDTH, _PLOT_HEIGHT = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
# A label's height, its least distance from the plot's left, and from a curve and its dots.
_LABEL_HEIGHT, _GAP, _CLEAR = 14, 3, 4
# A threshold beyond so many times the highest count is named at the top, not drawn to scale.
_FAR = 3
# From so many months on, single months are too close to be marked.
_CROWDED = 60
_SETTINGS: Any = {"svg.fonttype": "none", "path.simplify": False, "path.snap": False}
# A letter that the font lacks is measured, and in a picture drawn, as a box; nobody need be warned.
warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font")
_SVG, _LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"


@dataclass(frozen=True)
class Series:
    """What one plot shows: months as YYYY-MM, a count for each, None where it is unknown.

    thresholds: (words, number). sent: whether a message would have gone out in that month.
    """

    months: Sequence[str]
    counts: Sequence[int | None]
    sent: Sequence[bool]
    thresholds: Sequence[tuple[str, int]]


def plot(series: Series, *, number: int, title: str, description: str) -> str:
    """Return an <svg> with an accessible name; its number holds its ids apart on the page."""
    with matplotlib.rc_context(_SETTINGS):
        figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), dpi=72)
        add_plot(figure, (0, 0), series)
        file = BytesIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return _bare(ET.fromstring(file.getvalue()), number, title, description)  # noqa: S314


def add_plot(figure: Figure, corner: tuple[float, float], series: Series) -> Axes:
    """Draw one plot of WIDTH x HEIGHT into a figure; corner: its lower left, in points."""
    width, height = figure.get_size_inches() * 72
    left, bottom = corner[0] + _LEFT, corner[1] + _BOTTOM
    axes = figure.add_axes(
        (left / width, bottom / height, _PLOT_WIDTH / width, _PLOT_HEIGHT / height)
    )
    axes.set_axis_off()
    highest = max([count for count in series.counts if count is not None], default=0)
    near = [t for t in series.thresholds if t[1] <= _FAR * max(highest, 1)]
    top = max([highest, *(number for _, number in near), 1]) * 1.14
    last = len(series.months) - 1
    axes.set_xlim(-0.5, last + 0.5) if last < 1 else axes.set_xlim(0, last)
    axes.set_ylim(0, top)
    _grid(axes, top)
    _unknown_bands(axes, series)
    _thresholds(axes, series, near, top)
    _months(axes, series.months)
    _counts(axes, series)
    return axes


def _text(
    axes: Axes,
    point: tuple[float, float],
    text: str,
    kind: str,
    side: Literal["left", "center", "right"],
    shift: tuple[float, float],
) -> None:
    """Write text beside a point, shifted by pixels; a name is never read as mathematics."""
    axes.annotate(
        text,
        point,
        shift,
        textcoords="offset points",
        ha=side,
        gid=f"c {kind}",
        parse_math=False,
        annotation_clip=False,
        zorder=1 if kind == "limit" else 3,  # nothing hides a count
    )


def _grid(axes: Axes, top: float) -> None:
    begin, end = axes.get_xlim()
    for value in MaxNLocator(nbins=4, integer=True).tick_values(0, top):
        if 0 <= value <= top:
            kind = "base" if value == 0 else "grid"
            axes.plot([begin, end], [value, value], gid=f"c {kind}", clip_on=False, zorder=0.5)
            _text(axes, (begin, value), brief(int(value)), "tick", "right", (-6, -4))


def _unknown_bands(axes: Axes, series: Series) -> None:
    """Shade each row of unknown months from the month before it to the month after."""
    for left, right in _unknown_runs(series.counts, axes.get_xlim()):
        axes.axvspan(left, right, gid="c unknown", clip_on=False, zorder=0)
        _text(axes, ((left + right) / 2, 0), "?", "question", "center", (0, 5))


def _unknown_runs(
    counts: Sequence[int | None], limits: tuple[float, float]
) -> Iterator[tuple[float, float]]:
    """Yield where each row of unknown months begins and ends, in months from the first."""
    run: list[int] = []
    for index, count in enumerate([*counts, 0]):
        if count is None:
            run.append(index)
        elif run:
            yield max(run[0] - 0.5, limits[0]), min(run[-1] + 0.5, limits[1])
            run = []


def _thresholds(axes: Axes, series: Series, near: Sequence[tuple[str, int]], top: float) -> None:
    """Draw and name the thresholds; a name with no room beside its line stands above the plot."""
    begin, end = axes.get_xlim()
    height = _PLOT_HEIGHT / top  # pixels per case
    groups: list[list[tuple[str, int]]] = []
    for threshold in sorted(near, key=lambda threshold: threshold[1]):
        axes.plot([begin, end], [threshold[1]] * 2, gid="c threshold", clip_on=False, zorder=1)
        if groups and (threshold[1] - groups[-1][-1][1]) * height < _LABEL_HEIGHT:
            groups[-1].append(threshold)  # labels would touch: one for both
        else:
            groups.append([threshold])
    room = _Room(series, (begin, end), height)
    room.lines = [number * height for _, number in near]
    outside = []
    for group in groups:
        names, limit = ", ".join(f"{name} {number:,}" for name, number in group), group[-1][1]
        if place := room.take(limit * height, _width(names)):
            _text(axes, (begin, limit), names, "limit", "left", place)
        else:
            outside.append(f"{names} \N{DOWNWARDS ARROW}")
    far = [(name, number) for name, number in series.thresholds if (name, number) not in near]
    above = ", ".join([*outside, *(f"{name} {n:,} \N{UPWARDS ARROW}" for name, n in far)])
    while _width(above) > WIDTH - _LEFT - _GAP:
        above = f"{above[:-2]}\N{HORIZONTAL ELLIPSIS}"
    if above:
        _text(axes, (begin, top), above, "limit", "left", (_GAP, 1))


class _Room:
    """What a threshold's label must not touch, in pixels from the plot's lower left corner."""

    lines: Sequence[float] = ()

    def __init__(self, series: Series, limits: tuple[float, float], height: float) -> None:
        begin, end = limits
        scale = _PLOT_WIDTH / (end - begin)
        marks = [
            (left + right - 2 * begin) * scale / 2
            for left, right in _unknown_runs(series.counts, limits)
        ]
        self._taken: list[tuple[float, float, float, float]] = [
            (x - 6, x + 6, 0.0, _LABEL_HEIGHT) for x in marks
        ]
        counts = np.array([np.nan if count is None else count for count in series.counts])
        months = (np.arange(len(counts)) - begin) * scale
        # Between two of these places the curve is straight; where a count is unknown, it is none.
        self._x = np.union1d(months, np.arange(_PLOT_WIDTH + 1))
        y = np.interp(self._x, months, counts * height)
        self._low, self._high = np.fmin(y[:-1], y[1:]), np.fmax(y[:-1], y[1:])

    def take(self, line: float, width: float) -> tuple[float, float] | None:
        """Return a label's shift from its line's beginning, to the first place that is free."""
        for baseline, low in ((4, 1), (-13, -16)):  # above the line, else below
            for left in range(_GAP, int(_PLOT_WIDTH - width) + 1, 3):
                box = (left, left + width, line + low, line + low + _LABEL_HEIGHT)
                if self._is_free(*box):
                    self._taken.append(box)
                    return left, baseline
        return None

    def _is_free(self, left: float, right: float, low: float, high: float) -> bool:
        if low < 0 or any(low < line < high for line in self.lines):
            return False
        if any(left < r and lf < right and low < h and lw < high for lf, r, lw, h in self._taken):
            return False
        beside = (self._x[1:] >= left - _CLEAR) & (self._x[:-1] <= right + _CLEAR)
        level = (self._high >= low - _CLEAR) & (self._low <= high + _CLEAR)
        return not bool(np.any(beside & level))


def _width(text: str) -> float:
    """Return a text's width in the widest of the fonts that the page's stylesheet names."""
    size = FontProperties(size=12)
    return float(text_to_path.get_text_width_height_descent(text, size, ismath=False)[0])


def _months(axes: Axes, months: Sequence[str]) -> None:
    last = len(months) - 1
    if last < 1:
        _text(axes, (0, 0), short(months[0]), "tick", "center", (0, -16))
        return
    _text(axes, (0, 0), short(months[0]), "tick", "left", (0, -16))
    _text(axes, (last, 0), short(months[-1]), "tick", "right", (0, -16))
    years = [i for i, month in enumerate(months) if month.endswith("-01")]
    inside = [i for i in years if 0.32 * last <= i <= 0.68 * last]
    for index in inside[:: max(len(inside) // 2, 1)] if len(inside) > 2 else inside:
        _text(axes, (index, 0), months[index][:4], "tick", "center", (0, -16))
        axes.plot([index], [0], marker="o", markersize=3, gid="c year", clip_on=False)


def _counts(axes: Axes, series: Series) -> None:
    counts = series.counts
    x = range(len(counts))
    y = [float("nan") if count is None else count for count in counts]
    axes.plot(x, y, gid="c line", clip_on=False)
    crowded = len(counts) > _CROWDED
    dots = [i for i in x if counts[i] is not None and (not crowded or _is_alone(counts, i))]
    sent = [i for i in x if series.sent[i]]
    for kind, points, size in (("count", dots, 3.0), ("sent", sent, 4.0 if crowded else 6.5)):
        if points:
            marks: Any = {"linestyle": "none", "marker": "o", "markersize": size}
            axes.plot(points, [y[i] for i in points], gid=f"c {kind}", clip_on=False, **marks)
    if counts[-1] is not None:
        kind = "now is-sent" if series.sent[-1] else "now"
        _text(axes, (x[-1], counts[-1]), brief(counts[-1]), kind, "left", (8, -4))


def _is_alone(counts: Sequence[int | None], i: int) -> bool:
    """Tell a month with unknown neighbours, to which no line leads."""
    return (i == 0 or counts[i - 1] is None) and (i + 1 == len(counts) or counts[i + 1] is None)


def brief(number: int) -> str:
    """Return a number in few characters, as 9,999, 12.3k, 2.2M or 9.9B."""
    if number < 10_000:
        return f"{number:,}"
    sizes = ((1e9, "B"), (1e6, "M"), (1e3, "k"))
    size, unit = next((size, unit) for size, unit in sizes if number >= size * 0.9995)
    return f"{number / size:.{0 if number >= 100 * size else 1}f}".removesuffix(".0") + unit


def short(month: str) -> str:
    """Return 2026-02 as Feb 2026."""
    names = "JanFebMarAprMayJunJulAugSepOctNovDec"
    number = int(month[5:])
    return f"{names[3 * number - 3 : 3 * number]} {month[:4]}"


def _bare(drawn: ET.Element, number: int, title: str, description: str) -> str:
    """Keep of matplotlib's SVG the shapes and texts that we drew, each with its class."""
    ids = f"plot-{number}-title plot-{number}-text"
    svg = _element("svg", viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_labelledby=ids)
    svg.append(_element("title", title, id=f"plot-{number}-title"))
    svg.append(_element("desc", description, id=f"plot-{number}-text"))
    for group in drawn.iter(f"{_SVG}g"):
        kind, _, name = group.get("id", "").partition(" ")
        if kind == "c":
            svg.extend(
                _element(*found[:2], **{**found[2], "class": name}) for found in _shapes(group)
            )
    return ET.tostring(svg, encoding="unicode", short_empty_elements=False)


def _shapes(group: ET.Element) -> list[tuple[str, str, Mapping[str, str]]]:
    """Return a group's shapes as (tag, text, attributes)."""
    marks = [
        (
            "circle",
            "",
            {"cx": _round(use.get("x")), "cy": _round(use.get("y")), "r": _radius(group)},
        )
        for use in group.iter(f"{_SVG}use")
    ]
    if marks:
        return list(marks)
    texts = [(_text_shape(text)) for text in group.iter(f"{_SVG}text")]
    paths = [("path", "", {"d": _round(path.get("d"))}) for path in group.iter(f"{_SVG}path")]
    return [*texts, *(() if texts else paths)]


def _text_shape(text: ET.Element) -> tuple[str, str, Mapping[str, str]]:
    style = text.get("style", "")
    anchor = re.search(r"text-anchor: *(\w+)", style)
    place = re.search(r"translate\(([^ ]+) ([^)]+)\)", text.get("transform", ""))
    x, y = (place[1], place[2]) if place else (text.get("x"), text.get("y"))
    attributes = {"x": _round(x), "y": _round(y)}
    if anchor and anchor[1] != "start":
        attributes["text-anchor"] = anchor[1]
    return "text", "".join(text.itertext()), attributes


def _radius(group: ET.Element) -> str:
    """Return half the width of the mark that the group's <defs> describes."""
    (mark,) = (path.get("d", "") for path in group.iter(f"{_SVG}path") if path.get("id"))
    numbers = [float(number) for number in re.findall(r"-?[0-9.]+", mark)]
    return f"{max(numbers):g}"


def _round(numbers: str | None) -> str:
    rounded = re.sub(r"-?[0-9]+\.[0-9]+", lambda n: f"{float(n[0]):.2f}", numbers or "0")
    return " ".join(re.sub(r"\.?0+(?=\s|$)", "", n) if "." in n else n for n in rounded.split())


def _element(tag: str, text: str = "", **attributes: str) -> ET.Element:
    named = {name.replace("aria_", "aria-"): value for name, value in attributes.items()}
    element = ET.Element(tag, named)
    element.text = text or None
    return element
