"""A long report read by the runner, beside pandas.read_csv of the same file."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from scripts.bench.measure import Job, Row, medians, with_bytecode
from scripts.dev.sandbox import StepError
from scripts.terraform import ROOT

TIMES_SLOWER, MEGABYTES = 2, 300

# A process: an import, a call that counts the rows, and what the call took. On Linux a child's
# ru_maxrss begins at its parent's size and VmHWM does not; on macOS ru_maxrss is exact, in bytes.
CHILD = """
import json, pathlib, resource, sys, time
{imports}
start = time.perf_counter()
{call}
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
status = pathlib.Path("/proc/self/status")
if status.exists():
    peak = int(status.read_text().split("VmHWM:")[1].split()[0]) * 1024
print(json.dumps({{"rows": rows, "call": seconds, "MB": peak / 1e6}}))
"""
READ_REPORT = CHILD.format(
    imports="from runner.report import read_report",
    call="""
report = read_report(sys.argv[1], "2026-01", ["Service 1", "Service 2", "Service 3"])
rows = report.rows if len(report.counts) == 3 else 0
""",
)
READ_CSV = CHILD.format(imports="import pandas", call="rows = len(pandas.read_csv(sys.argv[1]))")


def measure(folder: Path, rows: int, rounds: int) -> list[Row]:
    """Measure the whole process (seconds), the call in it (seconds) and its peak memory (MB).

    Every row names a service of its own.
    """
    path = folder / "long_report.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("service_name,count\n")
        file.writelines(f"Service {n},{n % 1000}\n" for n in range(1, rows + 1))

    def read(output: str) -> Mapping[str, float]:
        figures: dict[str, float] = json.loads(output)
        if figures.pop("rows") != rows:
            raise StepError(f"not all {rows} rows were read: {output}")
        return figures

    env = with_bytecode(os.environ, folder)
    codes = {"read_report": READ_REPORT, "read_csv": READ_CSV}
    jobs = [
        Job(name, rounds, [sys.executable, "-c", code, str(path)], ROOT, env, read)
        for name, code in codes.items()
    ]
    found = medians(jobs)
    ours, csv = (found[name] for name in codes)
    what, peak = f"report, {rows:,} rows", ours["MB"]
    table = []
    for key, part in (("seconds", "whole process"), ("call", "the call alone")):
        a, b = ours[key], csv[key]
        table.append(Row(f"{what}, {part}; read_csv", "s", a, b, a / b, at_most=TIMES_SLOWER))
    memory = f"{what}, peak memory; read_csv"
    return [*table, Row(memory, "MB", peak, csv["MB"], peak, "MB", at_most=MEGABYTES)]
