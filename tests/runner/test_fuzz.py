"""Reports by the thousand, against Python's csv: no crash, no count it lacks, none it has lost."""

import csv
import io
import re
from pathlib import Path
from random import Random

import pytest

from runner.errors import ReportError
from runner.report import Report, read_report

SERVICES = ("Water", "Street Light", "Été")
KEYS = {"water", "street light", "été"}
NAMES = (
    *(SERVICES * 9),
    *("WATER", " water ", "wAter\t", "Wa ter", "Waters", "Water\n", "\r\nwater", '"Water"'),
    *("street  light", "Street\nLight", "STREET\u00a0LIGHT", "street\rlight", "Street, Light"),
    *("ÉTÉ", "e\u0301té", "Été ", "Other", "Trash", "Vehicles, boats, trailers", "NA", "null", ""),
)
CELLS = (
    *("0", "7", "120") * 5,
    *("007", "1170.0", "5.00", " 12 ", "9" * 15, "1,170", "12,345,678", "3\n"),
    *("12.000", "0,127", "1,17", "1170,000", "1,170.0", "1,170.000", "5.", ".0", "1.5", "1e3"),
    *("-5", "+5", "inf", "nan", "n/a", "", " ", "٣", "9" * 16, "1 170", "1_0", "0x1", "#REF!"),
)
NOTES = (*[""] * 9, " ", "\t", "fine", "a, b", "two\nlines", "cr\rlf\r\n", 'say "no"', "200", "é水")
COLUMNS = ("id", "note", "", "service", "counts", "a,b", "Count of\nwhat")
NOISE = '",\n\r \t0.5\ufeff"'


def a_cell(random: Random, cell: str) -> str:
    """A cell as CSV has it: quoted where it must be, or may be, or badly."""
    chance = random.random()
    if chance < 0.04:
        return cell
    if chance < 0.06:
        return f'{cell}"' if random.random() < 0.5 else f'"{cell}" x'
    if chance < 0.3 or re.search('[",\r\n]', cell):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def a_text(random: Random) -> str:
    """A report that may be anything between perfect and nonsense."""
    header = ["service_name", "count", *random.choices(COLUMNS, k=random.choice((0, 0, 1, 2, 4)))]
    if random.random() < 0.5:
        random.shuffle(header)
    lines = [header]
    for _ in range(random.choice((0, 1, 1, 2, 2, 2, 3, 3, 5))):
        row = [random.choice(NOTES) for _ in header]
        row[header.index("service_name")] = random.choice(NAMES)
        row[header.index("count")] = random.choice(CELLS)
        chance = random.random()
        if chance < 0.25:
            row += random.choices(
                ("", "", "", " ", "x", "7", "a\nb"), k=random.choice((1, 1, 2, 5))
            )
        elif chance < 0.3:
            row = row[: random.randrange(len(row))]
        lines.append(row)
    if random.random() < 0.05:
        lines[0] = [random.choice((str.upper, str.strip, " {} ".format))(c) for c in header]
    if random.random() < 0.02:
        lines[0].append(random.choice(("COUNT", "service_name", " ")))
    end = random.choice(("\n", "\n", "\n", "\r\n", "\r"))
    text = "".join(
        ",".join(a_cell(random, cell) for cell in row)
        + (end if random.random() < 0.95 else random.choice(("\n", "\r\n", "\r", "\n\n")))
        for row in lines
    )
    if random.random() < 0.1:
        text = "\ufeff" + text
    while random.random() < 0.15:
        at = random.randrange(len(text) + 1)
        text = text[:at] + random.choice(NOISE) + text[at + random.choice((0, 0, 1)) :]
    return text


class Oracle:
    """What Python's csv, which is not strict, makes of a report.

    is_whole: whether it may be trusted at all. counts: of SERVICES, by key. rows: by key, the
    numbers of the rows that name it.
    """

    def __init__(self, text: str) -> None:
        text = text.removeprefix("\ufeff")
        # A quote that is never closed swallows the row that is put after the last one.
        lines = io.StringIO(text + "end\n", newline="")
        header, *rows = csv.reader(lines)
        columns = [cell.strip().casefold() for cell in header]
        while columns and not columns[-1]:  # columns without a name at the end are none
            columns.pop()
        self.counts: dict[str, int] = {}
        self.rows: dict[str, list[int]] = {}
        self.is_whole = (
            text.endswith(("\n", "\r"))
            and not text.lstrip().startswith("<")
            and columns.count("service_name") == columns.count("count") == 1
            and rows[-1:] == [["end"]]
        )
        if not self.is_whole:
            return
        at, counted_at = columns.index("service_name"), columns.index("count")
        found: dict[str, list[str | None]] = {}
        for number, row in enumerate(rows[:-1], start=2):
            cells = row + [""] * len(columns)
            key = re.sub(r"\s+", " ", cells[at]).strip().casefold()
            # Blank cells too many may hide that a count such as 1,200 has shifted what follows it.
            behind = row[max(at, counted_at) + 1 :] if row[len(columns) :] else []
            is_surplus = any(cell.strip() for cell in behind)
            found.setdefault(key, []).append(None if is_surplus else cells[counted_at].strip())
            self.rows.setdefault(key, []).append(number)
        self.is_whole = any(key or any(cells) for key, cells in found.items())
        for key in KEYS & found.keys():
            (cell, *others) = found[key]
            count = re.fullmatch(r"((?!0)\d{1,3}(?:,\d{3})+|\d+)(\.00?)?", cell or "", re.ASCII)
            digits = count[1].replace(",", "") if count else ""
            if not others and 0 < len(digits) <= 15:
                self.counts[key] = int(digits)


def read(path: Path, text: str) -> Report | None:
    """What the runner makes of it; None where it rejects the whole. Nothing else is raised."""
    path.write_bytes(text.encode())
    try:
        return read_report(str(path), "2026-02", set(SERVICES))
    except ReportError:
        return None


def compare(report: Report, oracle: Oracle) -> None:
    assert report.counts == oracle.counts
    named = KEYS & oracle.rows.keys()
    assert report.problems.keys() == named - oracle.counts.keys()
    for key, problem in report.problems.items():
        rows = re.match(r"rows? ([\d, ]+): ", problem)
        assert rows, problem
        assert list(map(int, rows[1].split(", "))) == oracle.rows[key]


def fuzz(seed: int, number: int, path: Path) -> tuple[int, list[str]]:
    """Compare so many reports; return the number of their counts, and what was rejected wrongly."""
    random, counts, rejected = Random(seed), 0, []
    for nth in range(number):
        text = a_text(random)
        oracle = Oracle(text)
        try:
            report = read(path, text)
            if report:
                compare(report, oracle)
        except Exception as error:
            raise AssertionError(f"seed {seed}, report {nth}: {text!r}") from error
        counts += len(report.counts) if report else 0
        rejected += [text] if oracle.is_whole and not report else []
    return counts, rejected


def test_a_sample_of_reports_reads_as_it_does_to_csv(tmp_path: Path) -> None:
    counts, _ = fuzz(0, 1_500, tmp_path / "r.csv")

    assert counts > 400, "they are not all nonsense"


def test_no_report_is_rejected_that_csv_can_read(tmp_path: Path) -> None:
    _, rejected = fuzz(0, 300, tmp_path / "r.csv")

    assert rejected == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1, 17))
def test_320000_reports_read_as_they_do_to_csv(seed: int, tmp_path: Path) -> None:
    counts, _ = fuzz(seed, 20_000, tmp_path / "r.csv")

    assert counts > 5_000
