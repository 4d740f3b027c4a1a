"""`python -m runner`."""

import signal
import sys
from typing import Any

from runner.cli import main

streams: tuple[Any, ...] = (sys.stdout, sys.stderr)
for stream in streams:
    stream.reconfigure(errors="backslashreplace")  # a service name must not stop the result
for number in (signal.SIGINT, signal.SIGTERM):  # what was sent is said, also where it is ignored
    signal.signal(number, signal.default_int_handler)
raise SystemExit(main())
