"""Starts checks as processes that have imported all they need: a job of JSON on each line.

A job holds `number`, of checks that begin at the same instant; `lease`, in seconds; `arguments` and
`env` of `python -m runner`; and `folder`, where each check writes its result into a file of its
number. Answers with a line of the process ids, then with one of the exit codes.
"""

import json
import os
import runpy
import sys
import time
from pathlib import Path
from typing import Any

from runner import check


def run(number: int, job: dict[str, Any]) -> int:
    """Be `python -m runner` from the instant on; return the exit code."""
    check.LEASE_SECONDS, check.POLL_SECONDS = job["lease"], 0.02
    os.environ.update(job["env"])
    sys.argv = ["runner", *job["arguments"]]
    while time.monotonic() < job["instant"]:
        pass
    with (Path(job["folder"]) / str(number)).open("w") as sys.stdout:
        try:
            runpy.run_module("runner", run_name="__main__")
        except SystemExit as end:
            return int(end.code or 0)
    raise AssertionError("runner has ended without an exit code")


if __name__ == "__main__":
    import runner.cli  # noqa: F401

    for line in sys.stdin:
        work = json.loads(line)
        work["instant"] = time.monotonic() + (0.1 if work["number"] > 1 else 0)
        children = []
        for child in range(work["number"]):
            children.append(os.fork())
            if not children[-1]:
                os._exit(run(child, work))
        print(json.dumps(children), flush=True)
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
        print(json.dumps(codes), flush=True)
