"""One department's counts -> an SVG to put inside a page. The only module that knows matplotlib.

matplotlib lays the plot out; its colours, fonts and ids are then taken off, and classes put on, so
that the page's stylesheet colours every plot alike, light, dark and on paper. Text stays text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal
from xml.etree import ElementTree as ET

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

# In pixels: as wide as a phone's page, so that no text shrinks there.
WIDTH, HEIGHT = 340, 196
_LEFT, _RIGHT, _TOP, _BOTTOM = 38, 44, 12, 24
_PLOT_WIDTH = WIDTH - _LEFT - _RIGHT
# A threshold beyond so many times the highest count is named at the top, not drawn to scale.
_FAR = 3
# From so many months on, single months are too close to be marked.
_CROWDED = 60
_SETTINGS: Any = {"svg.fonttype": "none", "path.simplify": False, "path.snap": False}
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
        box = [_LEFT / WIDTH, _BOTTOM / HEIGHT, _PLOT_WIDTH / WIDTH, 0]
        box[3] = 1 - (_TOP + _BOTTOM) / HEIGHT
        _draw(figure.add_axes((box[0], box[1], box[2], box[3])), series)
        file = BytesIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return _bare(ET.fromstring(file.getvalue()), number, title, description)  # noqa: S314


def _draw(axes: Axes, series: Series) -> None:
    axes.set_axis_off()
    highest = max([count for count in series.counts if count is not None], default=0)
    near = [t for t in series.thresholds if t[1] <= _FAR * max(highest, 1)]
    top = max([highest, *(number for _, number in near), 1]) * 1.12
    last = len(series.months) - 1
    axes.set_xlim(-0.5, last + 0.5) if last < 1 else axes.set_xlim(0, last)
    axes.set_ylim(0, top)
    _grid(axes, top)
    _unknown_bands(axes, series)
    _thresholds(axes, series, near, top)
    _months(axes, series.months)
    _counts(axes, series)


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
    begin, end = axes.get_xlim()
    run: list[int] = []
    for index, count in enumerate([*series.counts, 0]):
        if count is None:
            run.append(index)
        elif run:
            left, right = max(run[0] - 0.5, begin), min(run[-1] + 0.5, end)
            axes.axvspan(left, right, gid="c unknown", clip_on=False, zorder=0)
            _text(axes, ((left + right) / 2, 0), "?", "question", "center", (0, 5))
            run = []


def _thresholds(axes: Axes, series: Series, near: Sequence[tuple[str, int]], top: float) -> None:
    begin, end = axes.get_xlim()
    height = (HEIGHT - _TOP - _BOTTOM) / top  # pixels per case
    groups: list[list[tuple[str, int]]] = []
    for threshold in sorted(near, key=lambda threshold: threshold[1]):
        axes.plot([begin, end], [threshold[1]] * 2, gid="c threshold", clip_on=False, zorder=1)
        if groups and (threshold[1] - groups[-1][-1][1]) * height < 13:
            groups[-1].append(threshold)  # labels would touch: one for both
        else:
            groups.append([threshold])
    for group in groups:
        names = ", ".join(f"{name} {number:,}" for name, number in group)
        limit = group[-1][1]
        place = _free_place(series.counts, limit, 6 * len(names) / _PLOT_WIDTH, height)
        _text(axes, (begin + place * (end - begin), limit), names, "limit", "left", (3, 4))
    far = [f"{name} {number:,}" for name, number in series.thresholds if (name, number) not in near]
    if far:
        _text(axes, (begin, top), f"{', '.join(far)} \N{UPWARDS ARROW}", "limit", "left", (3, 1))


def _free_place(counts: Sequence[int | None], limit: int, width: float, height: float) -> float:
    """Return where along a threshold, 0 to 1, a label so wide is farthest from the line."""
    last = max(len(counts) - 1, 1)
    line: list[tuple[float, float]] = []
    for i, (here, there) in enumerate(zip(counts, [*counts[1:], None], strict=True)):
        if here is not None:
            step = 0.0 if there is None else (there - here) / 4
            line += [((i + quarter / 4) / last, here + quarter * step) for quarter in range(4)]

    def distance(place: float) -> float:
        near = [abs((y - limit) * height - 9) for x, y in line if place <= x <= place + width]
        return min([*near, 20.0])  # enough is enough: then the first place is best

    return max([i / 20 for i in range(20) if not i or i / 20 + width <= 1], key=distance)


def _months(axes: Axes, months: Sequence[str]) -> None:
    last = len(months) - 1
    if last < 1:
        _text(axes, (0, 0), short(months[0]), "tick", "center", (0, -16))
        return
    _text(axes, (0, 0), short(months[0]), "tick", "left", (0, -16))
    _text(axes, (last, 0), short(months[-1]), "tick", "right", (0, -16))
    years = [i for i, month in enumerate(months) if month.endswith("-01")]
    inside = [i for i in years if 0.28 * last <= i <= 0.72 * last]
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
