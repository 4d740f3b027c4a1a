"""Say what is wrong with an option: `python3 scripts/dev/options.py WRONG TAKEN ALL TARGETS`.

make calls it before anything is set up, with whatever Python is there. Each argument holds names
with spaces between them: the options that are wrong, those that the targets take, and all.
"""

from __future__ import annotations

import difflib
import sys


def message(wrong: str, taken: str, known: str, targets: str) -> str:
    """Say of each wrong option whether there is none of that name, or the target takes others."""
    return "; ".join(
        _not_taken(name, taken.split(), targets)
        if name in known.split()
        else _mistyped(name, taken.split(), known.split())
        for name in wrong.split()
    )


def _not_taken(name: str, taken: list[str], targets: str) -> str:
    options = "its options are " + ", ".join(taken) if taken else "it has none"
    return f"make {targets or 'help'} has no option {name}; {options}"


def _mistyped(name: str, taken: list[str], known: list[str]) -> str:
    for options in (taken, known):
        plain = {option.replace("_", ""): option for option in options}
        near = difflib.get_close_matches(name.upper().replace("_", ""), plain, 1, 0.6)
        if near:
            return f"there is no option {name}; the nearest is {plain[near[0]]}"
    return f"there is no option {name}; the options are {', '.join(taken or known)}"


if __name__ == "__main__":
    print(message(*sys.argv[1:]))
