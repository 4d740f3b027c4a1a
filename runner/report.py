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
_ADDRESS_LIKE = re.compile(r"[@\uff20\ufe6b]|%40|&#64|\Wat\W|(\d([^\w,]|_)*){7}|(\d\D?){10}", re.I)
_SURPLUS = "a cell too many"  # stands in place of a count

# A row that names a wanted service: its number as a spreadsheet counts, the header being 1, and
# the cells of service and count.
_Row = tuple[int, str, str]


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
    except (ReportError, csv.Error) as error:
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
    if not text.strip():
        raise ReportError("is empty")
    if text.lstrip().startswith("<"):
        raise ReportError("is a web page, not CSV; is a login needed?")
    if "\0" in text:
        raise ReportError("holds NUL bytes; it is not CSV")
    if not text.endswith("\n"):
        raise ReportError("may be cut short; if it is whole, add a line break at its end")
    return text


def _find(text: str, wanted: set[str]) -> tuple[int, dict[str, list[_Row]]]:
    """Count the data rows and collect those whose service is wanted, in order."""
    columns = [c.strip().casefold() for c in next(csv.reader(io.StringIO(text[:100_000])))]
    for column in ("service_name", "count"):
        if (n := columns.count(column)) != 1:
            raise ReportError(f"row 1: the header holds {column} {n} times, not once; use commas")
    name, count = columns.index("service_name"), columns.index("count")
    # Columns without a name at the end of the header are none.
    width = max(number for number, column in enumerate(columns, 1) if column)
    text = _cut(text, width, name, count) if width < len(columns) else text
    as_text = {"dtype": object, "na_filter": False, "skip_blank_lines": False, "index_col": False}
    as_text |= {"header": None, "names": range(width), "chunksize": min(50_000, 1 + 10**7 // width)}
    total, found = -1, dict[str, list[_Row]]()  # the header is no data
    try:
        for frame in pd.read_csv(io.BytesIO(text.encode()), **as_text):
            names, counts = frame[name].tolist(), frame[count].tolist()
            total += sum(map(any, zip(names, counts, strict=True)))
            # What service_key does, for all of them: a million calls of it take too long.
            keys = map(str.casefold, map(" ".join, map(str.split, names)))
            for at, key in enumerate(keys):
                if key in wanted:
                    row = (frame.index[at] + 1, names[at].strip(), counts[at].strip())
                    found.setdefault(key, []).append(row)
    except pd.errors.ParserError:  # a row is longer than the header, or a quote is never closed
        return _find(_cut(text, width, name, count), wanted)
    if total < 1:
        raise ReportError("has a header and no rows")
    return total, found


def _cut(text: str, width: int, name: int, count: int) -> str:
    """Cut each row to `width` cells; raises for an open quote.

    A longer row has no count to be trusted, unless all behind its name and count is blank:
    `Water,1,200,` below service_name,count,note is not one case of Water.
    """
    cut = io.StringIO()
    for row in csv.reader(io.StringIO(f"{text}end\n")):
        if row[width:] and "".join(row[max(name, count) + 1 :]).strip():
            row[count] = _SURPLUS
        csv.writer(cut).writerow(row[:width])
    if not (text := cut.getvalue()).endswith("\nend\r\n"):  # swallowed by the quote
        raise ReportError("a quote is never closed; it may have been cut short")
    return text.removesuffix("end\r\n")


def _count(rows: list[_Row]) -> int | str:
    """Return what a service's rows count, or say why they give no count."""
    number, service, cases = rows[0]
    if len(rows) == 1 and (count := _COUNT.fullmatch(cases)):
        return int(count[1].replace(",", ""))
    if len(rows) > 1:
        numbers = ", ".join(str(row[0]) for row in rows)
        return f'rows {numbers}: "{service}" is listed {len(rows)} times'
    if cases == _SURPLUS:
        return f'row {number}: "{service}" has too many cells; quote 1,200 as "1,200"'
    if not cases:
        return f'row {number}: "{service}" has no count'
    shown = "" if _ADDRESS_LIKE.search(cases) else f' "{cases[:20]}"'
    return f"row {number}: count{shown} is not a whole number"
