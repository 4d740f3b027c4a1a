"""What the parts of the benchmark share: taking turns, medians, the table, a slow AWS."""

import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.text import table
from scripts.dev.sandbox import StepError, run
from scripts.terraform import ROOT

Figures = Mapping[str, float]


@dataclass(frozen=True)
class Job:
    """A command to measure. read: takes its standard output and returns the figures in it."""

    name: str
    command: Sequence[str]
    folder: Path
    env: Mapping[str, str]
    read: Callable[[str], Figures] = lambda _: {}


@dataclass(frozen=True)
class Row:
    """One line of the table: what is ours and what stands beside it, in `unit`, and one aim.

    times: ours is at most so many times the other. more: at most so much more than the other.
    most: at most this, whatever the other.
    """

    what: str
    unit: str
    ours: float
    beside: float
    times: float = math.inf
    more: float = math.inf
    most: float = math.inf

    @property
    def is_met(self) -> bool:
        """Whether the aim is met."""
        return self.ours <= min(self.times * self.beside, self.beside + self.more, self.most)

    @property
    def cells(self) -> tuple[str, ...]:
        """The line's cells."""
        ours, beside = (f"{figure:.2f} {self.unit}" for figure in (self.ours, self.beside))
        aims = ((self.times, "x"), (self.more, f"{self.unit} more"), (self.most, self.unit))
        aim = "".join(f"at most {aim:g} {words}" for aim, words in aims if aim < math.inf)
        verdict = ("met" if self.is_met else "MISSED") if aim else ""
        return (self.what, ours, beside, f"{self.ours / self.beside:.2f} x", aim, verdict)


def as_text(rows: Sequence[Row]) -> str:
    """Lay out the rows under a header."""
    header = ("MEASURED; BESIDE IT", "OURS", "BESIDE", "RATIO", "AIM", "")
    return table(header, [row.cells for row in rows], ("OURS", "BESIDE", "RATIO"))


def medians(jobs: Sequence[Job], rounds: int) -> dict[str, Figures]:
    """Run all jobs in turn, every other round backwards; return median figures by job.

    "seconds" is the time of the whole process. Raises StepError when a job fails.
    """
    found: dict[str, list[Figures]] = {job.name: [] for job in jobs}
    for number in range(rounds):
        for job in jobs[:: -1 if number % 2 else 1]:
            start = time.perf_counter()
            output = run(job.command, job.folder, job.env)
            figures = {"seconds": time.perf_counter() - start, **job.read(output)}
            shown = ", ".join(f"{name} {figure:.2f}" for name, figure in figures.items())
            print(f"round {number + 1}, {job.name}: {shown}", file=sys.stderr, flush=True)
            found[job.name].append(figures)
    return {
        name: {key: statistics.median(figures[key] for figures in runs) for key in runs[0]}
        for name, runs in found.items()
    }


def with_bytecode(env: Mapping[str, str], folder: Path) -> Mapping[str, str]:
    """Return an environment in which Python's bytecode is kept in `folder`, and is there.

    So a process is measured as it is on every run but the first, whatever this machine has.
    """
    env = {k: v for k, v in env.items() if k != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
    load = "import boto3, runner.cli; boto3.client('sns', region_name='us-east-1')"
    run([sys.executable, "-c", load], ROOT, env)
    return env


def call_of(imports: str, call: str, *arguments: object) -> list[str]:
    """Return the command of a process that imports, then calls.

    call: code that leaves in `rows` how many rows it read. The process prints that as JSON, with
    the seconds of the call and its own peak memory in MB.
    """
    return [sys.executable, "-c", _CALL.format(imports, call), *map(str, arguments)]


# On Linux a child's ru_maxrss begins at its parent's size and VmHWM does not; on macOS ru_maxrss
# is exact, in bytes.
_CALL = """
import json, pathlib, resource, sys, time
{}
start = time.perf_counter()
{}
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
status = pathlib.Path("/proc/self/status")
if status.exists():
    peak = int(status.read_text().split("VmHWM:")[1].split()[0]) * 1024
print(json.dumps({{"rows": rows, "call": seconds, "MB": peak / 1e6}}))
"""


def expecting(key: str, number: int) -> Callable[[str], Figures]:
    """Return how to read the figures a job prints as JSON: `key` must be `number`."""

    def read(output: str) -> Figures:
        printed = json.loads(output)
        if printed[key] != number:
            raise StepError(f"{key}: {printed[key]} instead of {number}\n{output[-2000:]}")
        return {name: printed[name] for name in ("call", "MB") if name in printed}

    return read


def scaled(number: int, scale: float) -> int:
    """Return a share of a size, at least 1."""
    return max(1, round(number * scale))
