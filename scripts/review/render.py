"""Review -> Markdown for a pull request, text for a terminal, JSON for programs.

Every line is plain text first, with names already inert, and is escaped as a whole where Markdown
begins: nothing in it can become a mention, a link, a tag or a column of a table.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace

from runner.text import table
from scripts.review.evaluate import Review
from scripts.review.people import Kind

# GitHub rejects a comment of 65,536 characters.
MOST_CHARACTERS = 60_000

# What a line about one person says, and how the summary counts them; a move counts once.
_KINDS: dict[Kind, tuple[str, str]] = {
    "subscribed": ("is subscribed to", "subscribed"),
    "unsubscribed": ("is unsubscribed from", "unsubscribed"),
    "moved_in": ("moves in from {other}: subscribed to", "moved"),
    "moved_out": ("moves out to {other}: unsubscribed from", ""),
    "channels_changed": ("changes channels:", "with channels changed"),
    "corrected": ("has a corrected address:", "with a corrected address"),
    "invited_again": ("unsubscribed or never confirmed, and is invited again:", "invited again"),
    "confirm_again": ("must confirm again:", "must confirm again"),
}
# What Markdown or GitHub would act on: marks, the dot of a link, the beginning of a list.
_ACTIVE = re.compile(
    r"[#$&*+<@\[\]\\^`{|}~]|:(?=\S)|\.(?=\S)|^>|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^-|^[0-9]+[.)]"
)
_NO_SPACE = "&#8203;"  # seen by nobody; keeps @name, #1 and :name: from being looked up


@dataclass(frozen=True)
class _Section:
    """A heading, the rows of a table, and lines. can_shrink: when room is short."""

    heading: str
    lines: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    can_shrink: bool = True


# Of texts, in the column of those who confirmed.
_TEXTS = {"not asked": "not needed"}
# Of the rows.
_COLUMNS = ("alert", "channel", "subscribers", "confirmed")


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
    by_department: dict[str, list[str]] = {}
    for change in review.people:
        words = _KINDS[change.kind][0].format(other=change.other)
        line = f"{change.person} {words} {change.detail}"
        by_department.setdefault(change.department, []).append(line)
    rows = tuple(
        (
            f"{s.department} {s.level}".strip(),
            s.channel,
            _from_to(s.before, s.after),
            _from_to(s.confirmed_before, s.confirmed_after)
            if s.channel == "email"
            else _TEXTS.get(review.texts, review.texts),
        )
        for s in review.subscribers
    )
    risks = (*review.risks, *_acceptance(review))
    sections = [
        _Section("Cannot determine, because", review.undetermined, can_shrink=False),
        _Section("Risks", risks, can_shrink=False),
        *(_Section(department, tuple(lines)) for department, lines in by_department.items()),
        _Section("Thresholds and texts", review.settings),
        _Section("Who receives what", tuple(_texts(review)), rows),
        _Section("The check itself", review.watch),
        _Section("Also", review.notes),
    ]
    heading = f"Backlog alerts: {_verdict(review)}"
    summary = _Section(heading, tuple(_summary(review)), can_shrink=False)
    return [summary, *(s for s in sections if s.lines or s.rows)]


def _texts(review: Review) -> Iterator[str]:
    if review.texts == "unknown":
        yield f"Whether texts are reachable is unknown: {review.texts_obstacle}."
    elif review.texts == "not reachable":
        yield f"Texts are not reachable: {review.texts_obstacle}. See `make doctor`."


def _from_to(before: int, after: int) -> str:
    return str(before) if before == after else f"{before} -> {after}"


def _verdict(review: Review) -> str:
    if review.undetermined:
        return "cannot determine"
    if not review.risks:
        return "nothing risky"
    risks = "1 risk" if len(review.risks) == 1 else f"{len(review.risks)} risks"
    return f"{risks}, accepted" if review.accepted else risks


def _summary(review: Review) -> Iterator[str]:
    """Sum up in one line, and say that nothing changes only of a plan that is whole."""
    # People, not rows: somebody in two departments is counted once.
    number = Counter(kind for kind, _ in {(c.kind, c.person) for c in review.people})
    counts = [f"{number[k]} {words}" for k, (_, words) in _KINDS.items() if number[k] and words]
    parts = [f"People: {', '.join(counts)}."] if counts else []
    parts += [f"Alerts: {len(review.settings)} changed."] if review.settings else []
    if parts:
        yield " ".join(parts)
    elif not review.undetermined:
        yield "Nobody is subscribed or unsubscribed, and no alert changes."


def _acceptance(review: Review) -> Iterator[str]:
    if review.risks and not review.accepted and not review.undetermined:
        digest = review.digest
        yield (
            f"To accept exactly this plan: ACCEPT={digest} with make, --accept {digest} with the"
            f" script, the label accept-{digest} on a pull request"
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
        rows = table(_COLUMNS, section.rows).splitlines() if section.rows else []
        blocks.append("\n  ".join([section.heading, *rows, *section.lines]))
    return "\n\n".join(blocks)


def _markdown(sections: list[_Section]) -> str:
    blocks = []
    for level, section in zip(["##", *["###"] * len(sections)], sections, strict=False):
        lines = [f"- {_escaped(line)}" for line in section.lines]
        if section.rows:
            header, *rows = (
                f"| {' | '.join(map(_escaped, row))} |" for row in (_COLUMNS, *section.rows)
            )
            lines = [header, f"|{' --- |' * len(_COLUMNS)}", *rows, "", *lines]
        blocks.append("\n".join([f"{level} {_escaped(section.heading)}", "", *lines]).rstrip())
    return "\n\n".join(blocks)


def _escaped(line: str) -> str:
    """Return a line that Markdown and HTML show letter by letter, as GitHub renders them."""
    return _ACTIVE.sub(lambda mark: "".join(map(_entity, mark[0])), line)


def _entity(mark: str) -> str:
    return f"&#{ord(mark)};{_NO_SPACE if mark in '@#:' else ''}"
