"""Run a `main` as a program: an interrupt, or an output that is closed, is one line."""

import io
import os
import sys
from collections.abc import Callable


def run(main: Callable[[], int], interrupted: int = 2) -> None:
    """Run a command and end the process with its exit code.

    interrupted: the exit code after Ctrl-C. What can't be written, to a closed pipe or a full disk,
    ends with 2. Threads that still wait for an answer are not waited for.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name must not stop the result
    try:
        code = main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        code = interrupted
    except OSError as error:
        print(f"error: the result could not be written: {error.strerror}", file=sys.stderr)
        code = 2
    except SystemExit as end:  # argparse's
        code = end.code if isinstance(end.code, int) else 2
    sys.stderr.flush()
    os._exit(code)
