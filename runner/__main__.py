"""`python -m runner`."""

import io
import sys

from runner.cli import main

for stream in (sys.stdout, sys.stderr):
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")  # a service name must not stop the result
raise SystemExit(main())
