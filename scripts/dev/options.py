"""Name the option that was meant: `python3 scripts/dev/options.py "DRYRUN" "DRY_RUN REPORT ..."`.

make calls it before anything is set up, with whatever Python is there.
"""

from __future__ import annotations

import difflib
import sys


def message(unknown: list[str], known: list[str]) -> str:
    """Say which variables on make's command line no target knows, each with the nearest one."""
    return "; ".join(_one(name, known) for name in unknown)


def _one(name: str, known: list[str]) -> str:
    without = {option.replace("_", ""): option for option in known}
    near = difflib.get_close_matches(name.upper().replace("_", ""), without, 1, 0.6)
    todo = "the nearest is " + without[near[0]] if near else "the options are " + ", ".join(known)
    return f"there is no option {name}; {todo}"


if __name__ == "__main__":
    print(message(*(argument.split() for argument in sys.argv[1:])))
