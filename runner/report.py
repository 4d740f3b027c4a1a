"""Address -> counts per service. The only module that knows pandas."""

import codecs
import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone

import pandas as pd

from runner.errors import ConfigError, ReportError
from runner.fetch import display, fetch

_COUNT = re.compile(r"([0-9]{1,15}|[0-9]{1,3}(,[0-9]{3}){1,4})(\.0+)?")
# What may be an email or a phone number is not repeated in a message.
_ADDRESS_LIKE = re.compile(r"[@\uff20]|%40|\(at\)|(\d([^\w,]|_)*){7}", re.IGNORECASE)
# The column where a row's first cell too many ends up.
_SPARE = "spare"
_ROWS_AT_A_TIME = 50_000


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
    counts: Mapping[str, int]
    problems: Mapping[str, str]
    as_of: datetime | None = None


def service_key(name: str) -> str:
    """Fold case and runs of spaces: two names with one key are one service."""
    return " ".join(name.split()).casefold()


def resolve(address: str, month: str) -> str:
    """Fill {yyyy}, {mm} and {mon} (jan to dec) in a report's address from month, YYYY-MM.

    Raises ConfigError for any other placeholder.
    """
    year, number = month.split("-")
    mon = "janfebmaraprmayjunjulaugsepoctnovdec"[3 * int(number) - 3 : 3 * int(number)]
    address = address.replace("{yyyy}", year).replace("{mm}", number).replace("{mon}", mon)
    if unknown := re.search(r"\{\w*\}", display(address)):
        raise ConfigError(
            f"{display(address)}: {unknown[0]} is not one of {{yyyy}}, {{mm}}, {{mon}}"
        )
    return address


def read_report(address: str, month: str, services: Iterable[str]) -> Report:
    """Read the report for `month` (YYYY-MM) and count the services that are asked for.

    Raises ReportError when the report as a whole can't be trusted (see runner.fetch for the
    transport), and ConfigError for an address of an unknown kind.
    """
    resolved = resolve(address, month)
    shown = display(resolved)
    body, as_of = fetch(resolved)
    if not as_of and resolved != address:
        year, number = map(int, month.split("-"))
        as_of = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=timezone.utc)
    try:
        rows, cells = _find(_checked(body), {service_key(service) for service in services})
    except ReportError as error:
        raise ReportError(f"{shown}: {error}") from None
    problems = {key: problem for key, found in cells.items() if (problem := _problem(found))}
    counts = {
        key: int(found[0].count.split(".")[0].replace(",", ""))
        for key, found in cells.items()
        if key not in problems
    }
    return Report(shown, month, hashlib.sha256(body).hexdigest(), rows, counts, problems, as_of)


@dataclass(frozen=True)
class _Cell:
    """A row that names a wanted service. row: as a spreadsheet numbers it, the header being 1."""

    row: int
    name: str
    count: str
    overlong: bool


def _checked(body: bytes) -> bytes:
    """Return the body without a byte-order mark; raises for what is no whole CSV in UTF-8."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if body.startswith((b"\xff\xfe", b"\xfe\xff", b"\x1f\x8b")):
            raise ReportError("is UTF-16 or compressed; save it as plain UTF-8 CSV") from None
        row = body.count(b"\n", 0, error.start) + 1
        raise ReportError(f"row {row}: is not UTF-8; save the report as UTF-8") from None
    wrong = {
        "is empty": not text.strip(),
        "is a web page, not CSV; is a login needed?": text.lstrip().startswith("<"),
        "holds NUL bytes; it is not CSV": "\0" in text,
        "may have been cut short: its last row has no line break; if it is whole, add one": (
            not text.endswith(("\n", "\r"))
        ),
    }
    for problem in (problem for problem, is_so in wrong.items() if is_so):
        raise ReportError(problem)
    return body.removeprefix(codecs.BOM_UTF8)


def _columns(header: str) -> list[str]:
    """Return the header's names; raises unless `service_name` and `count` are there once each."""
    columns = [cell.strip().casefold() for cell in next(csv.reader([header[:100_000]]), [])]
    for name in ("service_name", "count"):
        if columns.count(name) != 1:
            raise ReportError(
                f"row 1: the header holds {name} {columns.count(name)} times; it must be"
                " comma-separated, with service_name and count once each"
            )
    return columns


def _find(body: bytes, wanted: set[str]) -> tuple[int, dict[str, list[_Cell]]]:
    """Count the data rows and collect those whose service is wanted, in order."""
    rows = 0
    cells: dict[str, list[_Cell]] = {}
    # Folding runs of spaces takes as long as parsing; most reports have none.
    plain = body.isascii() and not any(run in body for run in (b"  ", b"\t", b"\v", b"\f"))
    header, rest = re.split(rb"\r\n|\r|\n", body, maxsplit=1)
    columns = _columns(header.decode())
    long_rows = set() if columns[-1] == "count" else _long_rows(rest, len(columns))
    for frame in _frames(rest, columns):
        # Lists: a cell of a Series takes a hundred times as long to get.
        names, counts, spare = (frame[n].tolist() for n in ("service_name", "count", _SPARE))
        rows += sum(bool(name or count) for name, count in zip(names, counts, strict=True))
        keys = map(str.casefold, map(str.strip, names)) if plain else map(service_key, names)
        for i, key in enumerate(keys):
            if key in wanted:
                row = frame.index.start + i
                overlong = bool(spare[i].strip()) or row in long_rows
                cell = _Cell(row, names[i].strip(), counts[i].strip(), overlong)
                cells.setdefault(key, []).append(cell)
    if not rows:
        raise ReportError("has a header and no rows")
    return rows, cells


def _long_rows(rows: bytes, width: int) -> set[int]:
    """Return the rows with more cells than the header's `width`, where a blank last cell hides it.

    `Water,1,200,` under `service_name,count,notes` looks to pandas like a count of 1.
    """
    records = csv.reader(io.StringIO(rows.decode(), newline=None))
    try:
        return {row for row, record in enumerate(records, 2) if len(record) > width}
    except csv.Error:
        raise ReportError("holds a cell of over 131,072 characters") from None


def _frames(rest: bytes, columns: list[str]) -> Iterator[pd.DataFrame]:
    """Yield the rows below the header in pieces, indexed by row number.

    Every cell is read as text: pandas must not guess at missing values, numbers or an index.
    A header of our own has a spare column, so that a row with too many cells shows itself.
    """
    names = [c if c in ("service_name", "count") else f"other {i}" for i, c in enumerate(columns)]
    file = io.BytesIO(",".join([*names, _SPARE]).encode() + b"\n" + rest)
    options = {"dtype": object, "na_filter": False, "skip_blank_lines": False}
    read = ["service_name", "count", _SPARE]
    try:
        for frame in pd.read_csv(file, usecols=read, chunksize=_ROWS_AT_A_TIME, **options):
            frame.index += 2  # as a spreadsheet counts, the header being row 1
            yield frame
    except pd.errors.ParserError:
        raise ReportError("a quote is never closed; it may have been cut short") from None


def _problem(found: list[_Cell]) -> str | None:
    """Say why a service's rows give no count; None when they do."""
    cell = found[0]
    if len(found) > 1:
        rows = ", ".join(str(cell.row) for cell in found)
        return f'rows {rows}: "{cell.name}" is listed {len(found)} times'
    if cell.overlong:
        return f'row {cell.row}: "{cell.name}" has too many cells; quote 1,200 as "1,200"'
    if not cell.count:
        return f'row {cell.row}: "{cell.name}" has no count'
    if not _COUNT.fullmatch(cell.count):
        shown = "" if _ADDRESS_LIKE.search(cell.count) else f' "{cell.count[:20]}"'
        return f"row {cell.row}: count{shown} is not a whole number"
    return None
