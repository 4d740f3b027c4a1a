"""Text for a terminal: the table of every command, and nothing that a terminal would obey."""

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = ()) -> str:
    """Lay out rows under a header, two spaces apart; the columns named in `right` end flush."""
    lines = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    sides = [">" if name in right else "<" for name in header]
    cells = (map("{:{}{}}".format, line, sides, widths) for line in lines)
    return "\n".join("  ".join(line).rstrip() for line in cells)


def printable(text: str) -> str:
    """Replace what a terminal would obey rather than show, line breaks apart."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)
