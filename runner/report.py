"""Address -> counts per service. The only module that knows pandas."""

import csv
import hashlib
import io
import re
from dataclasses import dataclass
from datetime import datetime, timezone

import pandas as pd

from runner.errors import ConfigError, ReportError
from runner.fetch import display, fetch
from runner.rules import service_key

# A month as YYYY-MM.
MONTH = "(?!0000)[0-9]{4}-(0[1-9]|1[0-2])"
# Three digits after a point may be thousands: 12.000 is no count.
_COUNT = re.compile(r"([0-9]{1,15}|[1-9][0-9]{0,2}(,[0-9]{3}){1,4})(\.00?)?")
# What may be an email or a phone number is not repeated in a message.
_ADDRESS_LIKE = re.compile(r"[@\uff20]|%40|\(at\)|(\d([^\w,]|_)*){7}", re.IGNORECASE)
# A name without these needs stripping and lower case alone to be a service's key.
_UNUSUAL = ('"', "  ", *"\t\v\f\x1c\x1d\x1e\x1f")

# A row that names a wanted service: its number as a spreadsheet counts, the header being 1; the
# cells of service and count; and what stands in it beyond the header.
_Row = tuple[int, str, str, str]


@dataclass(frozen=True)
class Report:
    """What one report says of the services that were asked for, keyed by `service_key`.

    month: YYYY-MM, the month the report is about. sha256: of the body, in hex.
    rows: data rows in the whole report. counts: open cases.
    problems: services that are there and can't be counted, each with the row to blame.
    as_of: when it was last modified; where nothing says so, the end of the month in its address.
    """

    address: str
    month: str
    sha256: str
    rows: int
    counts: dict[str, int]
    problems: dict[str, str]
    as_of: datetime | None = None


def resolve(address: str, month: str) -> str:
    """Fill {yyyy}, {mm} and {mon} (jan to dec) in a report's address from month, YYYY-MM.

    Raises ConfigError for any other placeholder.
    """
    year, mm = month.split("-")
    mon = "janfebmaraprmayjunjulaugsepoctnovdec"[3 * int(mm) - 3 : 3 * int(mm)]
    address = address.replace("{yyyy}", year).replace("{mm}", mm).replace("{mon}", mon)
    shown = display(address)
    if unknown := re.search(r"\{\w*\}", shown):
        raise ConfigError(f"{shown}: {unknown[0]} is not one of {{yyyy}}, {{mm}}, {{mon}}")
    return address


def read_report(address: str, month: str, services: set[str]) -> Report:
    """Read the report for `month` (YYYY-MM) and count the services that are asked for.

    Raises ReportError when the report as a whole can't be trusted (see runner.fetch for the
    transport), and ConfigError for an address of an unknown kind.
    """
    resolved = resolve(address, month)
    shown = display(resolved)
    body, as_of = fetch(resolved)
    if not as_of and resolved != address:
        year, mm = map(int, month.split("-"))
        as_of = datetime(year + mm // 12, mm % 12 + 1, 1, tzinfo=timezone.utc)
    try:
        total, found = _find(_text(body), set(map(service_key, services)))
    except ReportError as error:
        raise ReportError(f"{shown}: {error}") from None
    counted = {key: _count(rows) for key, rows in found.items()}
    counts = {key: count for key, count in counted.items() if isinstance(count, int)}
    problems = {key: text for key, text in counted.items() if isinstance(text, str)}
    return Report(shown, month, hashlib.sha256(body).hexdigest(), total, counts, problems, as_of)


def _text(body: bytes) -> str:
    """Return the body as text with plain line breaks; raises for what is no whole CSV in UTF-8."""
    try:
        text = body.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        if body.startswith((b"\xff\xfe", b"\xfe\xff", b"\x1f\x8b")):
            raise ReportError("is UTF-16 or compressed; save it as plain UTF-8 CSV") from None
        row = body.count(b"\n", 0, error.start) + 1
        raise ReportError(f"row {row}: is not UTF-8; save the report as UTF-8") from None
    wrong = {
        "is empty": not text.strip(),
        "is a web page, not CSV; is a login needed?": text.lstrip().startswith("<"),
        "holds NUL bytes; it is not CSV": "\0" in text,
        "may be cut short; if it is whole, add a line break at its end": not text.endswith("\n"),
    }
    for problem in (problem for problem, is_so in wrong.items() if is_so):
        raise ReportError(problem)
    return text


def _find(text: str, wanted: set[str]) -> tuple[int, dict[str, list[_Row]]]:
    """Count the data rows and collect those whose service is wanted, in order."""
    header = next(csv.reader(io.StringIO(text[:100_000])))
    columns = [cell.strip().casefold() for cell in header]
    for column in ("service_name", "count"):
        if (times := columns.count(column)) != 1:
            raise ReportError(
                f"row 1: the header holds {column} {times} times, not once; use commas"
            )
    name, count, width = columns.index("service_name"), columns.index("count"), len(columns)
    is_plain = text.isascii() and not any(mark in text for mark in _UNUSUAL)
    as_text = {"dtype": object, "na_filter": False, "skip_blank_lines": False, "index_col": False}
    # One column more, for what a row has too much.
    as_text |= {"header": None, "names": range(width + 1), "chunksize": 50_000}
    total, found = -1, dict[str, list[_Row]]()  # the header is no data
    try:
        for frame in pd.read_csv(io.BytesIO(text.encode()), **as_text):
            names, counts, surplus = (frame[column].tolist() for column in (name, count, width))
            total += sum(1 for cells in zip(names, counts, strict=True) if any(cells))
            keys = map(str.casefold, map(str.strip, names)) if is_plain else map(service_key, names)
            for i, key in enumerate(keys):
                if key in wanted:
                    cells = (names[i].strip(), counts[i].strip(), surplus[i].strip())
                    found.setdefault(key, []).append((frame.index[i] + 1, *cells))
    except pd.errors.ParserError:  # a row has still more cells, or a quote is never closed
        return _find(_joined(text, width), wanted)
    if total < 1:
        raise ReportError("has a header and no rows")
    return total, found


def _joined(text: str, width: int) -> str:
    """Join what each row has more than `width` cells into one cell; raises for an open quote."""
    rows, joined = csv.reader(io.StringIO(text), strict=True), io.StringIO()
    try:
        parts = ((row[:width], row[width:]) for row in rows)
        csv.writer(joined).writerows([*row, "".join(rest)] if rest else row for row, rest in parts)
    except csv.Error:
        raise ReportError("a quote is never closed; it may have been cut short") from None
    return joined.getvalue()


def _count(rows: list[_Row]) -> int | str:
    """Return what a service's rows count, or say why they give no count."""
    number, service, cases, surplus = rows[0]
    if len(rows) > 1:
        numbers = ", ".join(str(row[0]) for row in rows)
        return f'rows {numbers}: "{service}" is listed {len(rows)} times'
    if surplus:
        return f'row {number}: "{service}" has too many cells; quote 1,200 as "1,200"'
    if not cases:
        return f'row {number}: "{service}" has no count'
    if _COUNT.fullmatch(cases):
        return int(cases.split(".")[0].replace(",", ""))
    shown = "" if _ADDRESS_LIKE.search(cases) else f' "{cases[:20]}"'
    return f"row {number}: count{shown} is not a whole number"
