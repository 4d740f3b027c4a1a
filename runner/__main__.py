"""`python -m runner`."""

import signal
import sys

from runner.cli import main

# A service name must not stop the result.
sys.stdout and sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
for number in (signal.SIGINT, signal.SIGTERM):  # what was sent is said, also where it is ignored
    signal.signal(number, signal.default_int_handler)
raise SystemExit(main())
