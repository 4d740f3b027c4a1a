"""The borders in lines, and how lines are counted."""

import pytest

from scripts.dev import lines
from scripts.dev.lines import MOST, code_lines, measured

SOURCE = '''"""A module.

Its docstring.
"""

# A comment.
TEXT = """no
docstring"""


def f(a: int) -> int:
    """Contract."""
    return (
        a  # a comment beside code
    )
'''


def test_blank_lines_comments_and_docstrings_do_not_count() -> None:
    assert code_lines(SOURCE) == 6


def test_the_runner_and_the_makefile_keep_their_borders() -> None:
    number = measured()

    assert number["runner"] <= 700
    assert number["Makefile"] <= 100
    assert number["runner"] > 300, "something is counted"


@pytest.mark.parametrize(("more", "code"), [(0, 0), (1, 1)])
def test_a_border_that_is_crossed_fails(
    more: int, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    number = {"runner": MOST["runner"] + more, "Makefile": 100}
    monkeypatch.setattr(lines, "measured", lambda: number)

    assert lines.main() == code
    assert capsys.readouterr().out == (
        f"runner: {700 + more} lines, at most 700\nMakefile: 100 lines, at most 100\n"
    )
