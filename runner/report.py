"""Address -> counts per service. The only module that knows pandas."""

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from runner.errors import ReportError
from runner.fetch import display, fetch

_COUNT = re.compile(r"([0-9]{1,15}|[0-9]{1,3}(,[0-9]{3}){1,4})(\.0+)?")
# What may be an email or a phone number is not repeated in a message.
_ADDRESS_LIKE = re.compile(r"@|([0-9][\s().+/-]*){7}")
# Cells that a row may have beyond the header and still be reported as that row's problem.
_SPARE_COLUMNS = 3
_ROWS_AT_A_TIME = 50_000


@dataclass(frozen=True)
class Report:
    """What one report says of the services that were asked for, keyed by `service_key`.

    month: YYYY-MM, the month the report is about. sha256: of the body, in hex.
    rows: data rows in the whole report. counts: open cases.
    problems: services that are there and can't be counted, each with the row to blame.
    """

    address: str
    month: str
    sha256: str
    rows: int
    counts: Mapping[str, int]
    problems: Mapping[str, str]


def service_key(name: str) -> str:
    """Fold case and runs of spaces: two names with one key are one service."""
    return " ".join(name.split()).casefold()


def resolve(address: str, month: str) -> str:
    """Fill {yyyy}, {mm} and {mon} (jan to dec) in a report's address from month, YYYY-MM."""
    year, number = month.split("-")
    names = "janfebmaraprmayjunjulaugsepoctnovdec"
    mon = names[3 * int(number) - 3 : 3 * int(number)]
    values = {"{yyyy}": year, "{mm}": number, "{mon}": mon}
    for placeholder, value in values.items():
        address = address.replace(placeholder, value)
    return address


def read_report(address: str, month: str, services: Iterable[str]) -> Report:
    """Read the report for `month` (YYYY-MM) and count the services that are asked for.

    Raises ReportError when the report as a whole can't be trusted (see runner.fetch for the
    transport), and ConfigError for an address of an unknown kind.
    """
    address = resolve(address, month)
    shown = display(address)
    body = fetch(address)
    try:
        text = _decode(body)
        columns = _columns(text)
        rows, cells = _find(text, columns, {service_key(service) for service in services})
    except ReportError as error:
        raise ReportError(f"{shown}: {error}") from None
    if not rows:
        raise ReportError(f"{shown}: has a header and no rows")

    counts: dict[str, int] = {}
    problems: dict[str, str] = {}
    for key, found in cells.items():
        problem = _problem(found)
        if problem:
            problems[key] = problem
        else:
            counts[key] = int(found[0].count.split(".")[0].replace(",", ""))
    return Report(shown, month, hashlib.sha256(body).hexdigest(), rows, counts, problems)


@dataclass(frozen=True)
class _Cell:
    """A row that names a wanted service. row: as a spreadsheet numbers it, the header being 1."""

    row: int
    name: str
    count: str
    overlong: bool


def _decode(body: bytes) -> str:
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ReportError("is UTF-16; save it as UTF-8")
    if body.startswith(b"\x1f\x8b"):
        raise ReportError("is compressed; it must be plain CSV")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = body.count(b"\n", 0, error.start) + 1
        raise ReportError(f"row {row}: is not UTF-8; save the report as UTF-8") from None
    if not text.strip():
        raise ReportError("is empty")
    if text.lstrip().startswith("<"):
        raise ReportError("is a web page, not CSV; is a login needed?")
    if "\0" in text:
        raise ReportError("holds NUL bytes; it is not CSV")
    if not text.endswith(("\n", "\r")):
        raise ReportError(
            "its last row has no line break, so it may have been cut short;"
            " if it is complete, end it with a line break"
        )
    return text


def _columns(text: str) -> list[str]:
    """Return the header's names; says so when `service_name` and `count` aren't in it once each."""
    first_line = re.split(r"\r\n|\r|\n", text, maxsplit=1)[0]
    columns = [cell.strip().casefold() for cell in next(csv.reader([first_line]), [])]
    for name in ("service_name", "count"):
        if columns.count(name) != 1:
            times = "no" if name not in columns else "more than one"
            raise ReportError(
                f"row 1: the header has {times} column {name};"
                " it must be comma-separated, with service_name and count once each"
            )
    return columns


def _find(text: str, columns: list[str], wanted: set[str]) -> tuple[int, dict[str, list[_Cell]]]:
    """Count the data rows and collect those whose service is wanted, in order."""
    rows = 0
    cells: dict[str, list[_Cell]] = {}
    # Names that hold more than single spaces are rare, and folding them costs as much as parsing.
    odd_spaces = re.search(r"[^\S\r\n ]|  ", text) is not None
    for first_row, frame in _frames(text, columns):
        names, counts = frame["service_name"], frame["count"]
        rows += int(((names != "") | (counts != "")).sum())
        keys = names.str.strip().str.casefold()
        if odd_spaces:
            keys = keys.map(service_key)
        for index in keys.index[keys.isin(wanted)]:
            spare = frame.loc[index].iloc[len(columns) :]
            cells.setdefault(keys[index], []).append(
                _Cell(
                    row=first_row + index - frame.index[0],
                    name=names[index].strip(),
                    count=counts[index].strip(),
                    overlong=any(cell.strip() for cell in spare),
                )
            )
    return rows, cells


def _frames(text: str, columns: list[str]) -> Iterator[tuple[int, pd.DataFrame]]:
    """Yield the report in pieces with the row number of each piece's first row.

    Every cell is read as text: pandas must not guess at missing values, numbers or an index.
    A header of our own has spare columns, so that a row with too many cells shows itself.
    """
    body = text[re.search(r"\r\n|\r|\n", text).end() :]  # type: ignore[union-attr]
    names = [c if c in ("service_name", "count") else f"other {i}" for i, c in enumerate(columns)]
    names += [f"spare {i}" for i in range(_SPARE_COLUMNS)]
    header = ",".join(names) + "\n"
    row = 2
    try:
        for frame in pd.read_csv(
            io.StringIO(header + body),
            dtype=object,
            na_filter=False,
            index_col=False,
            skip_blank_lines=False,
            chunksize=_ROWS_AT_A_TIME,
        ):
            yield row, frame
            row += len(frame)
    except pd.errors.ParserError as error:
        raise ReportError(_parser_reason(str(error))) from None


def _parser_reason(text: str) -> str:
    if found := re.search(r"in line ([0-9]+)", text):
        return f"row {found[1]}: has far more cells than the header"
    if found := re.search(r"EOF inside string starting at row ([0-9]+)", text):
        return f"row {int(found[1]) + 1}: a quote is never closed; the report may be cut short"
    return "can't be read as CSV"


def _problem(found: list[_Cell]) -> str | None:
    """Say why a service's rows give no count; None when they do."""
    cell = found[0]
    if len(found) > 1:
        rows = ", ".join(str(cell.row) for cell in found)
        return f'rows {rows}: "{cell.name}" is listed {len(found)} times'
    if cell.overlong:
        return (
            f'row {cell.row}: "{cell.name}" has more cells than the header; quote 1,200 as "1,200"'
        )
    if not cell.count:
        return f'row {cell.row}: "{cell.name}" has no count'
    if not _COUNT.fullmatch(cell.count):
        shown = "" if _ADDRESS_LIKE.search(cell.count) else f' "{cell.count[:20]}"'
        return f"row {cell.row}: count{shown} is not a whole number"
    return None
