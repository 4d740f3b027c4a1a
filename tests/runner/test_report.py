"""An address -> counts, and what makes a report, or a row of it, unfit to be trusted."""

import codecs
import hashlib
import json
import os
from datetime import datetime, timezone
from itertools import permutations
from pathlib import Path

import pytest

from runner.errors import ConfigError
from runner.report import Report, read_report, resolve
from runner.rules import service_key
from tests.conftest import Check
from tests.support.examples import an_alert
from tests.support.servers import Server, http

HEADER = "service_name,count\n"
WATER, POTHOLE = an_alert("water_critical"), an_alert("pothole_critical")
NOT_THERE = '"Water" is not in the report'
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def counts_of(path: Path, text: str | bytes, *services: str) -> dict[str, int]:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    found = read_report(str(path), "2026-02", set(services) or {"Water", "Pothole"})
    assert not found.problems
    return dict(found.counts)


def test_a_report_says_where_it_came_from_and_what_it_counts(tmp_path: Path) -> None:
    body = b"service_name,count\nWater,120\nPothole,\nTrash,7\n"
    (tmp_path / "feb 2026.csv").write_bytes(body)
    os.utime(tmp_path / "feb 2026.csv", (1_772_400_000, 1_772_400_000))

    found = read_report(f"{tmp_path}/{{mon}} {{yyyy}}.csv", "2026-02", {"Pothole", "WATER"})

    assert found == Report(
        address=f"{tmp_path}/feb 2026.csv",
        month="2026-02",
        sha256=hashlib.sha256(body).hexdigest(),
        rows=3,
        counts={"water": 120},
        problems={"pothole": 'row 3: "Pothole" has no count'},
        as_of=datetime.fromtimestamp(1_772_400_000, timezone.utc),
    )


@pytest.mark.parametrize(
    ("address", "month", "resolved"),
    [
        ("s3://b/{yyyy}/{mm}.csv", "2026-02", "s3://b/2026/02.csv"),
        ("{mon}{yyyy}{mon}", "2025-12", "dec2025dec"),
        ("{yyyy}", "0987-01", "0987"),
        ("https://example.com/{mm}.csv?x={y}", "2026-02", "https://example.com/02.csv?x={y}"),
        *(
            ("{mm} {mon}", f"2026-{number:02}", f"{number:02} {name}")
            for number, name in enumerate(MONTHS, start=1)
        ),
    ],
)
def test_an_address_is_filled_for_its_month(address: str, month: str, resolved: str) -> None:
    assert resolve(address, month) == resolved


def test_an_unknown_placeholder_in_an_address_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        resolve("https://u:secret@example.com/{yyyy}/{month}.csv?key=secret", "2026-02")

    assert str(caught.value) == (
        "https://example.com/2026/{month}.csv: {month} is not one of {yyyy}, {mm}, {mon}"
    )


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Water", "water"),
        ("  Street   Light\tOUT ", "street light out"),
        ("Street\u00a0Light", "street light"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("Water-Leak", "water-leak"),
    ],
)
def test_services_match_by_folded_case_and_spaces(name: str, key: str) -> None:
    assert service_key(name) == key


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (HEADER + "Water,1170\nPothole,5\n", "plain"),
        (HEADER + "Pothole,5\nWater,1170\n", "another order"),
        (HEADER + " WATER , 1170 \n  pothole,5\n", "spaces and case"),
        (HEADER + 'Water,"1,170"\nPothole,5\n', "a quoted thousands separator"),
        (HEADER + "Water,1170.0\nPothole,5.00\n", "whole numbers written as decimals"),
        (HEADER + '"Water","1170"\n"Pothole","5"\n', "everything quoted"),
        (HEADER + "Water,01170\nPothole,005\n", "leading zeros"),
        (HEADER + "Water,1170,,\nPothole,5,\n", "blank cells beyond the header"),
        (HEADER + "Water,1170, ,,,\t\nPothole,5\n", "many of them, in the first row"),
        (HEADER + "Pothole,5\nOther,1\nWater,1170,,,,,\n", "many of them, in the last row"),
        ("service_name,count,,,\nWater,1170,,,\nPothole,5,,,\n", "a spreadsheet's commas"),
        (HEADER + "Vehicles, boats, trailers,2143\nWater,1170\nPothole,5\n", "a surplus row"),
        (HEADER + 'Other,"a\nb",3,"c\nd",5\nWater,1170\nPothole,5\n', "one over three lines"),
        (
            HEADER + '"Dry" goods,1\nOther,1,2,3\nWater,1170\nPothole,5\n',
            "a surplus row beside a quote that ends early",
        ),
        (HEADER + 'Water,"1170"\n"Pot""hole",6\nPothole,5\n', "quotes inside quotes"),
        (HEADER + '"Water\n",1170\n" \nPothole","\n5"\n', "line breaks around a name and count"),
        (HEADER + "Other,n/a\nWater,1170\nOther,-1\nPothole,5\n", "bad rows nobody asked for"),
        (HEADER + "\n  \n,\nWater,1170\n\nPothole,5\n\n", "blank lines"),
        ("\ufeff" + HEADER + "Water,1170\nPothole,5\n", "a byte-order mark"),
        (HEADER.replace("\n", "\r\n") + "Water,1170\r\nPothole,5\r\n", "CRLF"),
        ("service_name,count\rWater,1170\rPothole,5\r", "CR alone"),
        ("count,service_name\n1170,Water\n5,Pothole\n", "columns in another order"),
        (" Service_Name ,COUNT\nWater,1170\nPothole,5\n", "another case of the header"),
        ('"service_name","count"\nWater,1170\nPothole,5\n', "a quoted header"),
        (",service_name,count\n0,Water,1170\n1,Pothole,5\n", "an index column without a name"),
        ("service_name,count,note\n\nWater,1170,\nPothole,5,\n", "a blank cell below the header"),
        ("a,service_name,b,count,c\n,Water,,1170\nx,Pothole,y,5,z\n", "other columns"),
        ("service_name,count,note\nWater,1170\nPothole,5,fine\n", "a short row, both cells there"),
        ("note,note,service_name,count\n1,2,Water,1170\n,,Pothole,5\n", "another column doubled"),
        ("spare,service_name,count\nx,Water,1170\ny,Pothole,5\n", "a column named spare"),
        ('"a,b",service_name,count\nx,Water,1170\ny,Pothole,5\n', "a comma in the header"),
        (HEADER + 'Other,"a\nb"\nWater,1170\nPothole,5\n', "a line break in a cell"),
        (HEADER + '"Dry" goods,1\nWater,1170\nPothole,5\n', "a quote that ends early"),
        (HEADER + 'Water,1170\nPothole,5\n5" pipe,3\n', "a quote in the middle of a cell"),
        (HEADER + "Été,1\n水,2\nWater,1170\nPothole,5\n", "names beyond ASCII"),
    ],
)
def test_a_report_may_be_written_in_many_ways(tmp_path: Path, text: str, what: str) -> None:
    assert counts_of(tmp_path / "r.csv", text) == {"water": 1170, "pothole": 5}, what


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    for rows in permutations(["Water,120\n", "Pothole,5\n", "Trash,7\n", "\n"]):
        assert counts_of(tmp_path / "r.csv", HEADER + "".join(rows)) == {"water": 120, "pothole": 5}


def test_names_that_pandas_takes_for_missing_are_names(tmp_path: Path) -> None:
    text = HEADER + "NA,1\nNone,2\nnull,3\nnan,4\nTrue,5\n1170,6\n"

    assert counts_of(tmp_path / "r.csv", text, "NA", "None", "null", "nan", "True", "1170") == {
        "na": 1,
        "none": 2,
        "null": 3,
        "nan": 4,
        "true": 5,
        "1170": 6,
    }


@pytest.mark.parametrize(
    ("cell", "count"),
    [("0", 0), ("1", 1), ("9" * 15, 10**15 - 1), ('"999,999,999,999"', 10**12 - 1)],
)
def test_the_smallest_and_largest_counts(tmp_path: Path, cell: str, count: int) -> None:
    assert counts_of(tmp_path / "r.csv", f"{HEADER}Water,{cell}\n", "Water") == {"water": count}


def test_a_report_longer_than_one_piece_is_read_to_its_end(tmp_path: Path) -> None:
    """pandas reads 50,000 rows at a time: these are three pieces."""
    others = ["Trash,7", "Trash,8", "", "Trash,9"] * 12_500
    rows = ["Water,120", *others, "Pothole,n/a", *others, "water,121"]
    (tmp_path / "r.csv").write_text(HEADER + "\n".join(rows) + "\n")

    found = read_report(str(tmp_path / "r.csv"), "2026-02", {"Water", "Pothole"})

    assert found.rows == 75_003
    assert found.counts == {}
    assert found.problems == {
        "water": 'rows 2, 100004: "Water" is listed 2 times',
        "pothole": 'row 50003: count "n/a" is not a whole number',
    }


def not_whole(cell: str) -> str:
    return f'row 2: count "{cell}" is not a whole number'


# What the row of one service says, and why its alerts are unknown.
BAD_ROWS = [
    ("Water,", 'row 2: "Water" has no count'),
    ("Water,   ", 'row 2: "Water" has no count'),
    ('Water,""', 'row 2: "Water" has no count'),
    ("Water", 'row 2: "Water" has no count'),
    ("Water,-5", not_whole("-5")),
    ("Water,+5", not_whole("+5")),
    ("Water,1e3", not_whole("1e3")),
    ("Water,inf", not_whole("inf")),
    ("Water,nan", not_whole("nan")),
    ("Water,NaN", not_whole("NaN")),
    ("Water,n/a", not_whole("n/a")),
    ("Water,NA", not_whole("NA")),
    ("Water,None", not_whole("None")),
    ("Water,null", not_whole("null")),
    ("Water,True", not_whole("True")),
    ("Water,many", not_whole("many")),
    ("Water,1170.5", not_whole("1170.5")),
    ("Water,1170.", not_whole("1170.")),
    ("Water,.0", not_whole(".0")),
    ("Water,0x10", not_whole("0x10")),
    ("Water,1_170", not_whole("1_170")),
    ("Water,1 170", not_whole("1 170")),
    ("Water,1.170", not_whole("1.170")),
    ("Water,12.000", not_whole("12.000")),  # may be twelve thousand
    ('Water,"0,127"', not_whole("0,127")),
    ('Water,"1,170.000"', not_whole("1,170.000")),
    ('Water,"1,17"', not_whole("1,17")),
    ('Water,"11,70"', not_whole("11,70")),
    ('Water,"1170,000"', not_whole("1170,000")),
    ('Water,",170"', not_whole(",170")),
    ("Water,٣٤", not_whole("٣٤")),
    ("Water,\uff11\uff12\uff10", not_whole("\uff11\uff12\uff10")),  # full-width digits
    ("Water,#REF!", not_whole("#REF!")),
    ("Water,$120", not_whole("$120")),
    ("Water,120%", not_whole("120%")),
    ("Water," + "9" * 16, "row 2: count is not a whole number"),
    ("Water," + "lots and lots and lots", not_whole("lots and lots and lo")),
    (
        "Water,1,200",
        'row 2: "Water" has too many cells; quote 1,200 as "1,200"',
    ),
    (
        "Water,1,200,300,400",
        'row 2: "Water" has too many cells; quote 1,200 as "1,200"',
    ),
    ("Water,5,,7", 'row 2: "Water" has too many cells; quote 1,200 as "1,200"'),
    ("Water,120\nWater,120", 'rows 2, 3: "Water" is listed 2 times'),
    ("Water,120\n\nOther,1\n WATER,5\nwater,n/a", 'rows 2, 5, 6: "Water" is listed 3 times'),
    ('Water,120\n"\nwater ",120', 'rows 2, 3: "Water" is listed 2 times'),
    ("Waters,120", NOT_THERE),
    ("0,Water,120", NOT_THERE),
    ('"Water,120"', NOT_THERE),
    ("Other,1\n\nWater,n/a", 'row 4: count "n/a" is not a whole number'),
    ('"two\nlines",1\nWater,n/a', 'row 3: count "n/a" is not a whole number'),
    # An email or a phone number in the wrong column isn't repeated.
    ("Water,dana@example.com", "row 2: count is not a whole number"),
    ("Water,lots and lots and lots dana@example.com", "row 2: count is not a whole number"),
    ("Water,+15555550123", "row 2: count is not a whole number"),
    ("Water,(555) 555-0123", "row 2: count is not a whole number"),
    ("Water,555.555.0123", "row 2: count is not a whole number"),
    ("Water,555\N{EN DASH}555\N{EN DASH}0123", "row 2: count is not a whole number"),
    ("Water,555_555_0123", "row 2: count is not a whole number"),
    ('Water,"555,123,4567"', "row 2: count is not a whole number"),
    ("Water,555x123x4567", "row 2: count is not a whole number"),
    ("Water,joe at example.org", "row 2: count is not a whole number"),
    ("Water,\u0665\u0665\u0665\u0660\u0661\u0662\u0663", "row 2: count is not a whole number"),
    ("Water,dana\uff20example.com", "row 2: count is not a whole number"),
    ("Water,dana%40example.com", "row 2: count is not a whole number"),
    ("Water,dana(at)example.com", "row 2: count is not a whole number"),
    ("Water,call 555-0123", "row 2: count is not a whole number"),
]


@pytest.mark.parametrize(("rows", "message"), BAD_ROWS)
def test_a_bad_row_makes_its_own_alerts_unknown_and_touches_no_other(
    check: Check, rows: str, message: str
) -> None:
    text = f"{HEADER}{rows}\nPothole,101\n"

    outcome = check("--dry-run", "--format=json", alerts=(POTHOLE, WATER), report=text)

    pothole, water = json.loads(outcome.out)["alerts"]
    assert (outcome.code, water["status"], water["count"]) == (3, "unknown", None)
    assert water["reason"] == message
    assert (pothole["status"], pothole["count"], pothole["reason"]) == ("would_send", 101, None)
    assert outcome.err == ""


def header_holds(name: str, times: int) -> str:
    return f"row 1: the header holds {name} {times} times, not once; use commas"


CUT_SHORT = "may be cut short; if it is whole, add a line break at its end"
UNCLOSED = "a quote is never closed; it may have been cut short"
UTF_16 = "is UTF-16 or compressed; save it as plain UTF-8 CSV"
WEB_PAGE = "is a web page, not CSV; is a login needed?"
WHOLE = HEADER + "Water,120\nPothole,101\n"
BAD_REPORTS = [
    (b"", "is empty"),
    (b" \r\n\n \t", "is empty"),
    (codecs.BOM_UTF8, "is empty"),
    (HEADER, "has a header and no rows"),
    (HEADER + "\n\n", "has a header and no rows"),
    (HEADER + ",\n,\n", "has a header and no rows"),
    (HEADER.strip(), CUT_SHORT),
    (WHOLE.strip(), CUT_SHORT),
    (WHOLE[:-4], CUT_SHORT),
    (WHOLE + " ", CUT_SHORT),
    ("<!DOCTYPE html>\n<title>Log in</title>\n", WEB_PAGE),
    ("\n\n  <html><body>Log in</body></html>", WEB_PAGE),
    ('\ufeff<?xml version="1.0"?>\n', WEB_PAGE),
    ('{"error": "not found"}\n', header_holds("service_name", 0)),
    ("Not found\n", header_holds("service_name", 0)),
    ("\n" + WHOLE, header_holds("service_name", 0)),
    ("Water,120\nPothole,101\n", header_holds("service_name", 0)),
    (WHOLE.replace(",", ";"), header_holds("service_name", 0)),
    (WHOLE.replace(",", "\t"), header_holds("service_name", 0)),
    ("service name,count\nWater,120\n", header_holds("service_name", 0)),
    ("service_name\nWater\n", header_holds("count", 0)),
    ("service_name,counts\nWater,120\n", header_holds("count", 0)),
    ("service_name,count,COUNT\nWater,120,7\n", header_holds("count", 2)),
    ("service_name,count,service_name\nWater,120,x\n", header_holds("service_name", 2)),
    ("x" * 200_000 + "\n", header_holds("service_name", 0)),
    (HEADER + 'Water,120\n"Pothole,101\n', UNCLOSED),
    (HEADER + 'Water,120\nPothole,"101\n', UNCLOSED),
    (HEADER + 'Water,120,1,2\nPothole,"101\n', UNCLOSED),
    (HEADER + f"Water,120,1,{'x' * 131_073}\n", "field larger than field limit (131072)"),
    (WHOLE.encode("utf-16"), UTF_16),
    (codecs.BOM_UTF16_BE + WHOLE.encode("utf-16-be"), UTF_16),
    (b"\x1f\x8b\x08\x00" + b"\xff" * 20, UTF_16),
    (WHOLE.encode("utf-16-le"), "holds NUL bytes; it is not CSV"),
    (WHOLE + "\0\n", "holds NUL bytes; it is not CSV"),
    (
        (WHOLE + "Été,1\n").encode("latin-1"),
        "row 4: is not UTF-8; save the report as UTF-8",
    ),
    (b"\xe9t\xe9,count\n", "row 1: is not UTF-8; save the report as UTF-8"),
    (b"PK\x03\x04\xff\n", "row 1: is not UTF-8; save the report as UTF-8"),
]


@pytest.mark.parametrize(
    ("body", "message"), BAD_REPORTS, ids=[str(n) for n in range(len(BAD_REPORTS))]
)
def test_a_report_that_is_bad_as_a_whole_is_an_error_and_nothing_is_sent(
    check: Check, body: bytes | str, message: str
) -> None:
    """Without --dry-run: a publish would fail here and exit with 1."""
    outcome = check(alerts=(POTHOLE, WATER), report=body)

    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err == f"error: report.csv: {message}\n"


def test_all_bad_rows_are_named_at_once(check: Check) -> None:
    text = HEADER + "Pothole,n/a\nWater,\nSewer,101\n"
    alerts = (POTHOLE, an_alert("sewer_high"), WATER, an_alert("trash_high"))

    outcome = check("--dry-run", alerts=alerts, report=text)

    assert outcome.code == 3
    assert outcome.out == (
        "report.csv: 2026-02, 3 rows\n"
        "\n"
        "TOPIC             COUNT  THRESHOLD  STATUS\n"
        'pothole_critical      ?        100  unknown     row 2: count "n/a" is not a whole number\n'
        "sewer_high          101        100  would send\n"
        'trash_high            ?        100  unknown     "Trash" is not in the report\n'
        'water_critical        ?        100  unknown     row 3: "Water" has no count\n'
        "\n"
        "0 sent, 0 failed, 3 unknown, 1 would send\n"
    )


def test_a_cell_can_not_command_the_terminal(check: Check) -> None:
    text = HEADER + 'Water,"\x1b[2J\x07\n\u202e9 sent"\n'

    outcome = check(alerts=(WATER,), report=text)

    assert outcome.out.splitlines()[3] == (
        "water_critical      ?        100  unknown"
        '  row 2: count "?[2J? ?9 sent" is not a whole number'
    )


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("service_name,count,notes", "Water,1,200,"),
        ("id,service_name,count,updated", "7,Water,1,200,"),
        ("service_name,count,a,b", "Water,1,200,,"),
    ],
)
def test_a_cell_too_many_is_seen_though_the_last_is_blank(
    tmp_path: Path, header: str, row: str
) -> None:
    path = tmp_path / "report.csv"
    path.write_text(f"{header}\n{row}\n")

    found = read_report(str(path), "2026-02", {"Water"})

    assert found.counts == {}
    assert found.problems == {"water": 'row 2: "Water" has too many cells; quote 1,200 as "1,200"'}


@pytest.mark.parametrize(
    ("path", "month", "as_of"),
    [
        ("/{yyyy}/{mm}.csv", "2026-02", datetime(2026, 3, 1, tzinfo=timezone.utc)),
        ("/{mon}.csv", "2025-12", datetime(2026, 1, 1, tzinfo=timezone.utc)),
        ("/last.csv", "2026-02", None),
    ],
)
def test_without_a_date_a_report_is_as_old_as_the_month_in_its_address(
    path: str, month: str, as_of: datetime | None
) -> None:
    with Server(lambda _: [http(b"service_name,count\nWater,1\n")]) as server:
        assert read_report(server.url + path, month, {"Water"}).as_of == as_of


def test_its_own_date_goes_before_the_month_in_its_address() -> None:
    answer = http(b"service_name,count\nWater,1\n", Last_Modified="Mon, 02 Mar 2026 12:00:00 GMT")
    with Server(lambda _: [answer]) as server:
        report = read_report(f"{server.url}/{{mm}}.csv", "2025-02", {"Water"})

    assert report.as_of == datetime(2026, 3, 2, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("report", "counts"),
    [
        ("service_name,count,\nWater,1,200\nA,1,\n", {"a": 1}),
        ("service_name,count,,,\nWater,1,200,,\nA,1,,,\n", {"a": 1}),
        ("service_name,count,,\nWater,127,,\nA,1\n", {"water": 127, "a": 1}),
    ],
)
def test_a_column_without_a_name_at_the_end_is_none(
    tmp_path: Path, report: str, counts: dict[str, int]
) -> None:
    """As spreadsheets write them; a count with a comma must not hide in one."""
    (tmp_path / "r.csv").write_text(report)

    assert read_report(str(tmp_path / "r.csv"), "2026-02", {"Water", "A"}).counts == counts


def test_a_header_with_many_blank_columns_takes_no_memory(tmp_path: Path) -> None:
    rows = "Water,127\n" + "Other,1\n" * 20_000
    (tmp_path / "r.csv").write_text(f"service_name,count{',' * 16_384}\n{rows}")

    assert read_report(str(tmp_path / "r.csv"), "2026-02", {"Water"}).counts == {"water": 127}
