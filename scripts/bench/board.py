"""Many past reports replayed and drawn, beside reading the same files with pandas alone."""

import json
import os
import random
from pathlib import Path

from scripts.backtest.read import month_range
from scripts.bench.measure import Job, Row, call_of, expecting, medians, scaled, with_bytecode
from scripts.terraform import ROOT

REPORTS, SERVICES, DEPARTMENTS, TIMES = 600, 300, 6, 2.5
LAST = "2025-12"
READ_CSVS = """
rows = sum(len(pandas.read_csv(path)) for path in sorted(pathlib.Path(sys.argv[1]).glob("*.csv")))
"""
IMPORTS = "import contextlib, io; from scripts.backtest.__main__ import main"
REPLAY = f"""
with contextlib.redirect_stdout(io.StringIO()) as out:
    main([sys.argv[1], "--departments", sys.argv[2], "--format", "json", *sys.argv[3:]])
counts = {{a["department"]: a["counts"] for a in json.loads(out.getvalue())["alerts"]}}.values()
rows = sum(count is not None for c in counts for count in c.values()) * {SERVICES // DEPARTMENTS}
"""


def measure(folder: Path, rounds: int, scale: float) -> list[Row]:
    """Measure whole processes, in seconds; every service is watched."""
    reports, past, departments = scaled(REPORTS, scale), folder / "past", folder / "d.tfvars"
    write_reports(past, reports)
    write_departments(departments)
    replay = call_of(IMPORTS, REPLAY, past, departments)
    commands = {
        "replayed": replay,
        "drawn": [*replay, "--board", str(folder / "board.html")],
        "read_csv": call_of("import pandas", READ_CSVS, past),
    }
    env, read = with_bytecode(os.environ, folder), expecting("rows", reports * SERVICES)
    found = medians([Job(name, c, ROOT, env, read) for name, c in commands.items()], rounds)
    what, csv = f"board, {reports:,} reports of {SERVICES} services", found["read_csv"]["seconds"]
    return [
        Row(f"{what} replayed; read_csv", "s", found["replayed"]["seconds"], csv, times=TIMES),
        Row(f"{what} drawn; read_csv", "s", found["drawn"]["seconds"], csv),
    ]


def write_reports(folder: Path, number: int) -> None:
    """Write that many monthly reports."""
    folder.mkdir()
    chance = random.Random(1)  # noqa: S311
    year = int(LAST[:4]) - (number - 1) // 12
    for month in month_range(f"{year}-01", LAST)[-number:]:
        rows = (f"Service {n},{int(chance.random() * 1000)}\n" for n in range(SERVICES))
        (folder / f"{month}.csv").write_text("service_name,count\n" + "".join(rows))


def write_departments(path: Path) -> None:
    """Write departments that share the services, with two levels each."""
    departments, share = [], SERVICES // DEPARTMENTS
    for number in range(DEPARTMENTS):
        services = [f"Service {n}" for n in range(number * share, (number + 1) * share)]
        levels = "".join(
            f'{level} = {{ threshold = {share * limit}, protocols = ["email"] }}\n'
            for level, limit in (("critical", 500), ("extreme", 550))
        )
        body = f"services = {json.dumps(services)}\nalerts = {{\n{levels}}}\n"
        departments.append(f"d{number} = {{\n{body}}}\n")
    path.write_text(f"departments = {{\n{''.join(departments)}}}\n")
