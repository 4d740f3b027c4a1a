"""`python -m runner`."""

import io
import signal
import sys

from runner.cli import main

for stream in (sys.stdout, sys.stderr):
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")  # a service name must not stop the result
signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what was sent is told
raise SystemExit(main())
