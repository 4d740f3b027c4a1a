"""Review -> Markdown for a pull request, text for a terminal, JSON for programs.

Every line is plain text first, with names already inert, and is escaped as a whole where Markdown
begins: nothing in it can become a mention, a link, a tag or a column of a table.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace

from scripts.review.evaluate import Review
from scripts.review.people import Kind

# GitHub refuses a comment of 65,536 characters.
MOST_CHARACTERS = 60_000

# What a line about one person says, and what the summary calls one or several of them.
_KINDS: dict[Kind, tuple[str, str, str]] = {
    "starts": ("starts to hear", "starts to hear", "start to hear"),
    "stops": ("no longer hears", "stops hearing", "stop hearing"),
    "arrives": ("moves here from {other} and hears", "moves", "move"),
    "departs": ("moves to {other}; here no longer hears", "", ""),
    "narrowed": ("hears otherwise:", "hears otherwise", "hear otherwise"),
    "corrected": (
        "has a corrected address:",
        "has a corrected address",
        "have a corrected address",
    ),
    "reinvited": ("left, and is invited again:", "is invited again", "are invited again"),
    "again": ("must confirm again:", "must confirm again", "must confirm again"),
}
# What Markdown or GitHub would act on: marks, the dot of a link, the beginning of a list.
_ACTIVE = re.compile(
    r"[#$&*+<@\[\]\\^`{|}~]|:(?=\S)|\.(?=\S)|^>|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^-|^[0-9]+[.)]"
)
_NO_SPACE = "&#8203;"  # seen by nobody; keeps @name, #1 and :name: from being looked up


@dataclass(frozen=True)
class _Section:
    """A heading with its lines, or with the rows of a table. can_shrink: when room is short."""

    heading: str
    lines: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    can_shrink: bool = False


def as_json(review: Review) -> str:
    """Return one JSON object: the review's fields, and the exit code it leads to."""
    return json.dumps({**asdict(review), "exit_code": review.exit_code}, indent=2)


def as_text(review: Review) -> str:
    """Return the review for a terminal, of at most MOST_CHARACTERS."""
    return _fit(_sections(review), _text)


def as_markdown(review: Review) -> str:
    """Return the review for a comment, of at most MOST_CHARACTERS, the risks first."""
    return _fit(_sections(review), _markdown)


def _sections(review: Review) -> list[_Section]:
    """Put the review in order: what decides first."""
    sections = [_Section(f"Backlog alerts: {_verdict(review)}", tuple(_summary(review)))]
    sections += [_Section("It can't be told, because", review.cannot_tell)]
    sections += [_Section("Risks", (*review.risks, *_acceptance(review)))]
    by_department: dict[str, list[str]] = {}
    for change in review.people:
        words = _KINDS[change.kind][0].format(other=change.other)
        line = f"{change.person} {words} {change.detail}"
        by_department.setdefault(change.department, []).append(line)
    for department, lines in by_department.items():
        sections.append(_Section(department, tuple(lines), can_shrink=True))
    sections += [_Section("Thresholds and texts", review.settings, can_shrink=True)]
    rows = tuple(
        (
            f"{h.department} {h.level}".strip(),
            h.channel,
            _from_to(h.before, h.after),
            _from_to(h.confirmed_before, h.confirmed_after)
            if h.channel == "email"
            else "not needed",
        )
        for h in review.hearing
    )
    heading = ("alert", "channel", "hear it", "of them confirmed")
    if rows:
        sections += [_Section("Who hears what", rows=(heading, *rows), can_shrink=True)]
    sections += [_Section("The check itself", review.watch, can_shrink=True)]
    sections += [_Section("Also", review.notes, can_shrink=True)]
    return [sections[0], *(s for s in sections[1:] if s.lines or s.rows)]


def _from_to(before: int, after: int) -> str:
    return str(before) if before == after else f"{before} -> {after}"


def _verdict(review: Review) -> str:
    number = len(review.risks)
    risks = f"{number} risk{'' if number == 1 else 's'}"
    if review.cannot_tell:
        return "it can't be told"
    if review.risks:
        return f"{risks}, accepted" if review.accepted else risks
    return "nothing risky"


def _summary(review: Review) -> Iterator[str]:
    """Sum up in one line, and say that nothing changes only of a plan that is whole."""
    # People, not rows: somebody in two departments is counted once.
    number = Counter(kind for kind, _ in {(c.kind, c.person) for c in review.people})
    parts = [
        f"{number[kind]} {one if number[kind] == 1 else several}"
        for kind, (_, one, several) in _KINDS.items()
        if number[kind] and one
    ]
    if settings := len(review.settings):
        parts.append(f"{settings} alert{' changes' if settings == 1 else 's change'}")
    if parts:
        yield ", ".join(parts) + "."
    elif not review.cannot_tell:
        yield "Nobody starts or stops hearing anything, and no alert changes."


def _acceptance(review: Review) -> Iterator[str]:
    if review.risks and not review.accepted and not review.cannot_tell:
        yield (
            f"To accept exactly this: ACCEPT={review.digest} with make, --accept {review.digest}"
            f" with the script, the label accept-{review.digest} in a pull request"
        )


def _fit(sections: list[_Section], render: Callable[[list[_Section]], str]) -> str:
    """Render, leaving out lines of the sections that can shrink until it fits."""
    text, share = render(sections), 1.0
    while len(text) > MOST_CHARACTERS and share > 0.001:
        share *= 0.8
        text = render([_shrunk(section, share) for section in sections])
    if len(text) <= MOST_CHARACTERS:
        return text
    whole_lines = text[: MOST_CHARACTERS - 100].rpartition("\n")[0]  # risks alone are too many
    return f"{whole_lines}\n\n... cut here; --format json holds all of it"


def _shrunk(section: _Section, share: float) -> _Section:
    if not section.can_shrink:
        return section
    lines, rows = int(len(section.lines) * share), int(len(section.rows) * share)
    left_out = len(section.lines) - lines + len(section.rows) - rows
    note = f"... and {left_out} more, left out here"
    return replace(section, lines=(*section.lines[:lines], note), rows=section.rows[:rows])


def _text(sections: list[_Section]) -> str:
    blocks = []
    for section in sections:
        lines = [f"  {line}" for line in section.lines]
        if section.rows:
            widths = [max(map(len, column)) for column in zip(*section.rows, strict=True)]
            lines = [
                "  " + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()
                for row in section.rows
            ] + lines
        blocks.append("\n".join([section.heading, *lines]))
    return "\n\n".join(blocks)


def _markdown(sections: list[_Section]) -> str:
    blocks = []
    for level, section in zip(["##", *["###"] * len(sections)], sections, strict=False):
        lines = [f"- {_escaped(line)}" for line in section.lines]
        if section.rows:
            table = [f"| {' | '.join(map(_escaped, row))} |" for row in section.rows]
            rule = "| " + " | ".join("---" for _ in section.rows[0]) + " |"
            lines = [table[0], rule, *table[1:], "", *lines]
        blocks.append("\n".join([f"{level} {_escaped(section.heading)}", "", *lines]).rstrip())
    return "\n\n".join(blocks)


def _escaped(line: str) -> str:
    """Return a line that Markdown and HTML show letter by letter, as GitHub renders them."""
    return _ACTIVE.sub(lambda mark: "".join(map(_entity, mark[0])), line)


def _entity(mark: str) -> str:
    return f"&#{ord(mark)};{_NO_SPACE if mark in '@#:' else ''}"
