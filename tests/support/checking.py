"""`python -m runner` as many processes that begin at the same instant: NUMBER FOLDER ARGUMENTS...

Each writes its result into a file of its number in FOLDER. The lease of claims is longer than any
of it takes.
"""

import os
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path

from runner import check
from runner.cli import main

check.LEASE_SECONDS, check.POLL_SECONDS = 60.0, 0.05
number, folder = int(sys.argv[1]), Path(sys.argv[2])
instant = time.monotonic() + 0.1
for child in range(number):
    if not os.fork():
        with (folder / str(child)).open("w") as file, redirect_stdout(file):
            while time.monotonic() < instant:
                pass
            code = main(sys.argv[3:])
        os._exit(code)
raise SystemExit(max(os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(number)))
