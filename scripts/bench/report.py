"""A long report read by the runner, beside pandas.read_csv of the same file."""

import os
from pathlib import Path

from scripts.bench.measure import Job, Row, call_of, expecting, medians, scaled, with_bytecode
from scripts.terraform import ROOT

ROWS, TIMES, MEGABYTES = 1_000_000, 2, 300
READ_REPORT = """
report = read_report(sys.argv[1], "2026-01", ["Service 1"])
rows = report.rows if len(report.counts) == 1 else 0
"""


def measure(folder: Path, rounds: int, scale: float) -> list[Row]:
    """Measure the whole process, the call in it, and its peak memory; each row is a service."""
    path, rows = folder / "long_report.csv", scaled(ROWS, scale)
    with path.open("w", encoding="utf-8") as file:
        file.write("service_name,count\n")
        file.writelines(f"Service {n},{n % 1000}\n" for n in range(1, rows + 1))
    commands = {
        "ours": call_of("from runner.report import read_report", READ_REPORT, path),
        "read_csv": call_of("import pandas", "rows = len(pandas.read_csv(sys.argv[1]))", path),
    }
    env, read = with_bytecode(os.environ, folder), expecting("rows", rows)
    found = medians([Job(name, c, ROOT, env, read) for name, c in commands.items()], rounds)
    ours, csv = found["ours"], found["read_csv"]
    what = f"report, {rows:,} rows"
    return [
        Row(f"{what}; read_csv", "s", ours["seconds"], csv["seconds"], times=TIMES),
        Row(f"{what}, the call alone; read_csv", "s", ours["call"], csv["call"], times=TIMES),
        Row(f"{what}, peak memory; read_csv", "MB", ours["MB"], csv["MB"], most=MEGABYTES),
    ]
