"""What the parts of the benchmark share: taking turns, medians, the table, generated people."""

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.dev.sandbox import StepError, run
from scripts.terraform import ROOT


@dataclass(frozen=True)
class Job:
    """A command to measure, `rounds` times, in a folder and an environment.

    read: judges its standard output, raising StepError, and returns what figures it holds.
    """

    name: str
    rounds: int
    command: Sequence[str]
    folder: Path
    env: Mapping[str, str]
    read: Callable[[str], Mapping[str, float]]


@dataclass(frozen=True)
class Row:
    """One line of the table: two figures in `unit`, and what is judged, in `judged_unit`."""

    what: str
    unit: str
    ours: float
    beside: float
    judged: float
    judged_unit: str = "x"
    at_most: float | None = None
    at_least: float | None = None

    @property
    def met(self) -> bool | None:
        """Say whether the aim is met; None where there is none."""
        if self.at_most is None and self.at_least is None:
            return None
        return (self.at_least or 0) <= self.judged <= (self.at_most or float("inf"))


def medians(jobs: Sequence[Job]) -> dict[str, dict[str, float]]:
    """Run all jobs in turn, every other round backwards; return median figures by job.

    "seconds" is the time of the whole process. Raises StepError when a job fails.
    """
    found: dict[str, list[dict[str, float]]] = {job.name: [] for job in jobs}
    for number in range(max(job.rounds for job in jobs)):
        for job in (j for j in jobs[:: -1 if number % 2 else 1] if number < j.rounds):
            start = time.perf_counter()
            output = run(job.command, job.folder, job.env)
            figures = {"seconds": time.perf_counter() - start, **job.read(output)}
            shown = ", ".join(f"{name} {figure:.2f}" for name, figure in figures.items())
            print(f"round {number + 1}, {job.name}: {shown}", file=sys.stderr, flush=True)
            found[job.name].append(figures)
    return {
        name: {key: statistics.median(figures[key] for figures in rounds) for key in rounds[0]}
        for name, rounds in found.items()
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


def table(rows: Sequence[Row]) -> str:
    """Lay out the rows under a heading, each with its aim and whether that is met."""
    lines = [("MEASURED; BESIDE IT", "OURS", "BESIDE", "JUDGED", "AIM", "")]
    for row in rows:
        limit = row.at_least if row.at_most is None else row.at_most
        words = "at least" if row.at_most is None else "at most"
        aim = "" if limit is None else f"{words} {limit:g} {row.judged_unit}"
        ours, beside = (f"{figure:.2f} {row.unit}" for figure in (row.ours, row.beside))
        judged = f"{row.judged:.2f} {row.judged_unit}"
        verdict = {None: "", True: "met", False: "MISSED"}[row.met]
        lines.append((row.what, ours, beside, judged, aim, verdict))
    a, b, c, d, e = (max(len(line[i]) for line in lines) for i in range(5))
    return "\n".join(
        f"{u:<{a}}  {v:>{b}}  {w:>{c}}  {x:>{d}}  {y:<{e}}  {z}".rstrip()
        for u, v, w, x, y, z in lines
    )


def write_contacts(path: Path, people: int, departments: Sequence[str]) -> None:
    """Write a contacts file that spreads people evenly over the departments.

    Raises StepError above 10,000 people: there are no more numbers like +1555555xxxx.
    """
    if people > 10_000:
        raise StepError(f"{people} people: 10,000 at most")
    rows = (
        f"Person {n:04},person{n:04}@example.com,+1555555{n:04},{departments[n % len(departments)]}"
        for n in range(people)
    )
    path.write_text("\n".join(["Name,Email,Phone,Department", *rows, ""]), encoding="utf-8")
