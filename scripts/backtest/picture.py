"""Departments' counts -> one PNG for a newsletter, with the board's words and the page's plots."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import Normal, Stroke

from scripts.backtest.plot import HEIGHT, WIDTH, Series, add_plot

# In points, as scripts.backtest.plot has them; twice as many pixels.
_DPI, _MARGIN, _GAP, _COLUMNS = 144, 36, 30, 3
_BODY, _NAME, _TITLE, _LINE, _TITLE_LINE = 11.5, 15, 28, 17, 36
_MOST_PIXELS = 60_000  # matplotlib draws fewer than 65,536
_WORDS_HEIGHT = 96  # of a department's name and words, above its plot
_PAGE, _INK, _MUTED, _ACCENT, _ALERT = "#ffffff", "#1c2024", "#596069", "#0b6470", "#b3261e"
_LEGEND = (
    "The line shows open cases by month. A red dot is a month in which a message would have been"
    " sent. ? is unknown, not zero."
)
# By the class that the page's stylesheet colours; see board.css.
_PAINT: dict[str, dict[str, Any]] = {
    "grid": {"color": "#e4e5e1", "linewidth": 1},
    "base": {"color": _MUTED, "linewidth": 1},
    "year": {"color": _MUTED},
    "tick": {"color": _MUTED},
    "unknown": {"facecolor": "#e6e3d8", "edgecolor": "none"},
    "question": {"color": _MUTED, "fontweight": "bold"},
    "threshold": {"color": _INK, "linewidth": 1, "dashes": (4, 3)},
    "limit": {"color": _INK},
    "line": {"color": _ACCENT, "linewidth": 2},
    "count": {"color": _ACCENT},
    "sent": {"color": _ALERT},
    "now": {"color": _ACCENT, "fontsize": 14, "fontweight": "bold"},
    "now is-sent": {"color": _ALERT, "fontsize": 14, "fontweight": "bold"},
}


@dataclass(frozen=True)
class Panel:
    """One department: its name, what is said of it, and its plot, None where nothing is known."""

    name: str
    lines: Sequence[str]
    series: Series | None
    is_over: bool


def draw(name: str, heading: str, lines: Sequence[str], panels: Sequence[Panel]) -> bytes:
    """Return the picture: a heading, lines below it, and as many rows of panels as it takes."""
    columns = min(_COLUMNS, max(len(panels), 2))
    width = 2 * _MARGIN + columns * (WIDTH + _GAP) - _GAP
    room, step = width - 2 * _MARGIN, _WORDS_HEIGHT + HEIGHT + _GAP
    titles = _wrap([heading], room, _TITLE)
    below = _wrap([*lines, _LEGEND], room, _BODY)
    top = _MARGIN + _LINE * (len(below) + 4) + _TITLE_LINE * len(titles)
    height = top + step * -(-len(panels) // columns) + _MARGIN - _GAP
    dpi = min(_DPI, 72 * _MOST_PIXELS / height)
    figure = Figure(figsize=(width / 72, height / 72), dpi=dpi, facecolor=_PAGE)

    def write(left: float, down: float, rows: Sequence[str], size: float, color: str) -> None:
        for number, row in enumerate(rows):
            y = 1 - (down + number * (_TITLE_LINE if size == _TITLE else _LINE)) / height
            look: Any = {"color": color, "fontsize": size, "va": "top", "parse_math": False}
            look |= {"fontweight": "normal" if size == _BODY else "bold"}
            figure.text(left / width, y, row, **look)

    write(_MARGIN, _MARGIN, _wrap([name], room, _NAME)[:1], _NAME, _INK)
    write(_MARGIN, _MARGIN + 2 * _LINE, titles, _TITLE, _INK)
    write(_MARGIN, top - _LINE * (len(below) + 1.5), below, _BODY, _MUTED)
    for number, panel in enumerate(panels):
        row, column = divmod(number, columns)
        left, down = _MARGIN + column * (WIDTH + _GAP), top + row * step
        color = _ALERT if panel.is_over else _INK
        write(left, down, _wrap([panel.name], WIDTH, _NAME)[:1], _NAME, color)
        write(left, down + 1.5 * _LINE, _wrap(panel.lines, WIDTH, _BODY)[:4], _BODY, _INK)
        if panel.series:
            corner = (left, height - down - _WORDS_HEIGHT - HEIGHT)
            _paint(add_plot(figure, corner, panel.series))
    file = BytesIO()
    figure.savefig(file, format="png", metadata={"Title": heading, "Software": None})
    return file.getvalue()


def _wrap(lines: Sequence[str], width: float, size: float) -> list[str]:
    """Break lines where they would be too wide."""
    return [row for line in lines for row in textwrap.wrap(line, int(width / (0.56 * size)))]


def _paint(axes: Axes) -> None:
    """Give each shape and text the look of its class."""
    for artist in axes.get_children():
        kind, _, name = str(artist.get_gid()).partition(" ")
        if kind == "c":
            artist.set(**_PAINT[name])
        if name.startswith(("now", "limit")):
            artist.set_path_effects([Stroke(linewidth=4, foreground=_PAGE), Normal()])
