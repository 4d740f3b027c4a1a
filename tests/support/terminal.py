"""A terminal in which a person sees a question and types the answer."""

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

# What is on the screen when an answer is awaited -> what is typed.
Answer = Callable[[str], str]
QUESTION = re.compile(r"^To .*, type (\S+): $", re.MULTILINE)
_LONGEST = 120.0


def type_(words: str) -> Answer:
    """Type the same whatever is asked."""
    return lambda _: words


def type_what_is_asked_for(question: str) -> str:
    """Type the word that the question names."""
    return QUESTION.findall(question)[-1]


def in_terminal(
    command: Sequence[str] | str, folder: Path, env: Mapping[str, str], answer: Answer
) -> subprocess.CompletedProcess[str]:
    """Run a command with a terminal for all it reads and prints; answer its one question.

    stdout of the result is all that was on the screen, what was typed included.
    """
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command,
        shell=isinstance(command, str),
        cwd=folder,
        env=env,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    screen, is_answered, end = b"", False, time.monotonic() + _LONGEST
    with suppress(OSError):  # raised when the other end is closed
        while time.monotonic() < end:
            if select.select([ours], [], [], 0.2)[0]:
                if not (more := os.read(ours, 65536)):
                    break
                screen += more
            seen = screen.decode(errors="replace").replace("\r\n", "\n")
            if not is_answered and QUESTION.search(seen) and seen.endswith(": "):
                os.write(ours, f"{answer(seen)}\n".encode())
                is_answered = True
    os.close(ours)
    code = process.wait(timeout=10)
    shown = screen.decode(errors="replace").replace("\r\n", "\n")
    return subprocess.CompletedProcess(command, code, shown, "")
