"""Many past reports replayed and drawn, beside reading the same files with pandas alone."""

import json
import os
import random
import sys
from collections.abc import Mapping
from pathlib import Path

from scripts.backtest.read import month_range
from scripts.bench.measure import Job, Row, medians, with_bytecode
from scripts.bench.report import CHILD
from scripts.dev.sandbox import StepError
from scripts.terraform import ROOT

TIMES_SLOWER = 2
SERVICES, DEPARTMENTS = 300, 6
LAST = "2025-12"

READ_CSVS = CHILD.format(
    imports="import pandas",
    call="""
rows = sum(len(pandas.read_csv(path)) for path in sorted(pathlib.Path(sys.argv[1]).glob("*.csv")))
""",
)
BACKTEST = CHILD.format(
    imports="import contextlib, io; from scripts.backtest.__main__ import main",
    call="""
with contextlib.redirect_stdout(io.StringIO()) as out:
    main([sys.argv[1], "--departments", sys.argv[2], "--format", "json", *sys.argv[3:]])
alerts = json.loads(out.getvalue())["alerts"]
departments = {a["department"]: a["counts"] for a in alerts}.values()
rows = sum(count is not None for counts in departments for count in counts.values())
""",
)


def measure(folder: Path, reports: int, rounds: int) -> list[Row]:
    """Measure the whole process (seconds) and the call in it, with and without a page.

    Every report has 300 services, and every one of them is watched, by six departments.
    """
    past = folder / "past"
    past.mkdir()
    departments = write_history(past, reports)
    expected = {"read_csv": reports * SERVICES, "backtest": reports * DEPARTMENTS}
    expected["board"] = expected["backtest"]
    env = with_bytecode(os.environ, folder)

    def reader(name: str) -> Job:
        def read(output: str) -> Mapping[str, float]:
            figures: dict[str, float] = json.loads(output)
            if figures.pop("rows") != expected[name]:
                raise StepError(f"not everything was read: {output}")
            return figures

        code, *options = commands[name]
        command = [sys.executable, "-c", code, str(past), *options]
        return Job(name, rounds, command, ROOT, env, read)

    commands = {
        "backtest": [BACKTEST, str(departments)],
        "board": [BACKTEST, str(departments), "--board", str(folder / "board.html")],
        "read_csv": [READ_CSVS],
    }
    found = medians([reader(name) for name in commands])
    csv, table = found["read_csv"], []
    for name in ("backtest", "board"):
        for key, part in (("seconds", "whole process"), ("call", "the call alone")):
            what = f"{name}, {reports:,} reports of {SERVICES}, {part}; read_csv"
            a, b = found[name][key], csv[key]
            table.append(Row(what, "s", a, b, a / b, at_most=TIMES_SLOWER))
    return table


def write_history(folder: Path, reports: int) -> Path:
    """Write that many monthly reports and the departments that watch all their services."""
    chance = random.Random(1)  # noqa: S311
    year = int(LAST[:4]) - (reports - 1) // 12
    for month in month_range(f"{year}-01", LAST)[-reports:]:
        rows = (f"Service {n},{int(chance.random() * 1000)}\n" for n in range(SERVICES))
        (folder / f"{month}.csv").write_text("service_name,count\n" + "".join(rows))
    share = SERVICES // DEPARTMENTS
    blocks = []
    for d in range(DEPARTMENTS):
        services = json.dumps([f"Service {n}" for n in range(d * share, (d + 1) * share)])
        levels = "".join(
            f'{level} = {{ threshold = {share * limit}, protocols = ["email"] }}\n'
            for level, limit in (("critical", 500), ("extreme", 550))
        )
        blocks.append(f"d{d} = {{\nservices = {services}\nalerts = {{\n{levels}}}\n}}\n")
    path = folder / "departments.tfvars"
    path.write_text(f"departments = {{\n{''.join(blocks)}}}\n")
    return path
