"""Plan, review, ask, apply exactly what was reviewed: `make plan`, `make apply`, `make destroy`.

What Terraform says may hold addresses. It stays in .cache/plan/, which only its owner can read;
what is shown of it holds none.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from runner.errors import BacklogError, ConfigError
from scripts import command
from scripts.diagnostics import STALE, explained, explained_text, messages
from scripts.doctor import obstacles
from scripts.review.__main__ import RENDERERS, parser, review
from scripts.review.evaluate import Review
from scripts.review.people import listed
from scripts.review.render import as_json
from scripts.settings import apply_options, check_settings
from scripts.terraform import ROOT, TerraformError, find_terraform

EXIT_CODES = """exit codes:
  0  planned, nothing risky; applied; or nothing to do
  1  risky, or not accepted: nothing was applied; or the apply failed on its way
  2  cannot determine: nothing was applied
"""
PRIVATE = ROOT / ".cache" / "plan"
PLAN, SAID = PRIVATE / "plan", PRIVATE / "apply.txt"
_SUBSCRIPTION = "aws_sns_topic_subscription"
# What a review depends on beside the plan, and is to be given to the apply as well.
_ALSO = ("plan", "contacts_before", "report", "history")


class _Options(argparse.ArgumentParser):
    """Says what is wrong, without the usage of another program."""

    def error(self, message: str) -> NoReturn:
        """Raise ConfigError."""
        raise ConfigError(message.removeprefix("argument --"))


class PlanError(BacklogError):
    """There is no plan; nothing was applied."""

    exit_code = 2


@dataclass(frozen=True)
class _Planned:
    """A plan and its review. file: the checksum of its file. changes: whether it does any."""

    review: Review
    file: str
    changes: bool


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    options, rest = _parser().parse_known_args(argv)
    os.umask(0o077)
    try:
        given = [*rest, "--texts", "--", str(PRIVATE / "plan.json")]
        options.review = parser(_Options).parse_args(given)
        with _alone():
            planned = _plan(options)
            if options.command == "destroy" and not planned.changes:
                print("Nothing to destroy.")
                return 0
            _show(planned, options)
            if options.command == "plan":
                return planned.review.exit_code
            return _gate(planned, options)
    except (BacklogError, TerraformError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:  # a full disk, a folder that may not be written
        if error.filename is None:  # an output that is closed
            raise
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nNothing was applied.", file=sys.stderr)
        return 130


def _plan(options: argparse.Namespace) -> _Planned:
    """Plan, or take the plan that is given, and review it; the files are new ones."""
    given = _given(options.plan) if options.plan else None
    shutil.rmtree(PRIVATE, ignore_errors=True)
    PRIVATE.mkdir(parents=True)
    try:
        _write_plan(given, options.command == "destroy")
    except PlanError as error:
        if options.command != "plan" or options.review.format == "text":
            raise
        reasons = tuple(line.strip() for line in str(error).splitlines() if line.strip())
        return _Planned(Review(undetermined=reasons), "", changes=False)
    file = _checksum(PLAN)
    shown = _terraform(["show", "-json", str(PLAN)], PRIVATE / "plan.json")
    if shown:
        raise PlanError(f"{options.plan or PLAN.relative_to(ROOT)}: {shown}")
    body = json.loads((PRIVATE / "plan.json").read_bytes())
    changes = body.get("applyable") is not False or body.get("errored") is not False
    del body
    found = review(options.review)
    warnings = explained(_said("plan.txt"), "warning") if given is None else []
    notes = [f"Terraform warns: {text}" for text in warnings]
    return _Planned(replace(found, notes=(*found.notes, *notes)), file, changes)


def _given(name: str) -> bytes:
    """Return the bytes of a saved plan: what is reviewed and applied from here on."""
    saved = f"`make plan` writes one to {PLAN.relative_to(ROOT)}"
    try:
        body = Path(name).read_bytes()
    except OSError as error:
        raise ConfigError(f"PLAN={name}: {error.strerror}; {saved}") from None
    if body[:1] == b"{":
        raise ConfigError(f"PLAN={name} is the JSON of a plan, not the plan; {saved}")
    if body[:2] != b"PK":
        raise ConfigError(f"PLAN={name} is not a plan of Terraform; {saved}")
    return body


def _write_plan(given: bytes | None, is_destroy: bool) -> None:
    """Leave a plan in the private folder. Raises PlanError with all that is in the way."""
    if given is None:
        try:
            check_settings(ROOT / "terraform", os.environ)
        except ConfigError as error:
            raise PlanError(str(error)) from None
    if missing := obstacles():
        raise PlanError("\n".join(missing))
    if given is not None:
        PLAN.write_bytes(given)
        return
    arguments = ["plan", "-json", "-input=false", f"-out={PLAN}", *["-destroy"] * is_destroy]
    failure = _terraform(arguments, PRIVATE / "plan.txt")
    if failure or not PLAN.exists():
        raise PlanError(failure or "Terraform wrote no plan")


def _show(planned: _Planned, options: argparse.Namespace) -> None:
    """Print the review, then what to do next; a program gets the review alone."""
    as_asked = options.review.format if options.command == "plan" else "text"
    (PRIVATE / "review.json").write_text(as_json(planned.review), encoding="utf-8")
    print(RENDERERS[as_asked](planned.review), flush=True)
    if options.command == "plan":
        talk = sys.stdout if as_asked == "text" else sys.stderr
        print("", *_next(planned, options), sep="\n", file=talk)


def _next(planned: _Planned, options: argparse.Namespace) -> Iterator[str]:
    found = planned.review
    if found.undetermined:
        yield "Nothing can be applied. Fix what is said above, then run make plan again."
    elif not planned.changes:
        yield "Nothing to apply."
    elif found.risks:
        yield f"Next, if you accept these risks: {_command(options, found)}"
    else:
        yield f"Next: {_command(options)}"
        yield f"Where nobody can be asked: {_command(options, found)}"


def _command(options: argparse.Namespace, accepted: Review | None = None) -> str:
    """Return the command that applies this plan."""
    given = {**vars(options.review), "plan": options.plan}
    values = {name: given[name] for name in _ALSO if given[name]}
    if options.review.history:
        values["history"] = options.review.history[0]
    words = [f"{name.upper()}={shlex.quote(value)}" for name, value in values.items()]
    words += [f"ACCEPT={accepted.digest}"] if accepted else []
    target = "apply" if options.command == "plan" else options.command
    return " ".join(["make", target, *words])


def _gate(planned: _Planned, options: argparse.Namespace) -> int:
    """Apply the plan that was shown if there is something to do and somebody accepts it."""
    if planned.review.undetermined:
        print("\nNothing was applied: this plan cannot be reviewed.", file=sys.stderr)
        return 2
    if not planned.changes:
        print("\nNothing to change, nothing was applied.")
        return 0
    if refusal := _refusal(planned.review, options):
        print(refusal, file=sys.stderr)
        return 1
    if _checksum(PLAN) != planned.file:
        print("error: the plan changed since it was reviewed; nothing was applied", file=sys.stderr)
        return 1
    return _apply(options)


def _refusal(found: Review, options: argparse.Namespace) -> str:
    """Say why this plan may not be applied; empty where somebody accepts it."""
    to_apply = _command(options, found)
    if options.review.accept is not None:
        other = f"Nothing was applied: ACCEPT is of another plan. To apply this one: {to_apply}"
        return "" if found.accepted else f"\n{other}"
    if not (sys.stdin and sys.stdin.isatty()):
        return f"\nNothing was applied: nobody can be asked here. To apply this plan: {to_apply}"
    is_digest = bool(found.risks) or options.command == "destroy"
    expected = found.digest if is_digest else "yes"
    deed = "destroy all this" if options.command == "destroy" else "apply this plan"
    accepting = "accept these risks and " if found.risks else ""
    print(f"\nTo {accepting}{deed}, type {expected}: ", end="", flush=True)
    return "" if sys.stdin.readline().strip() == expected else "Nothing was applied."


def _apply(options: argparse.Namespace) -> int:
    """Apply the plan that stands in the private folder; print what was done, and what is next."""
    if options.review.accept is not None:  # else the question stands between
        print(flush=True)
    arguments = ["apply", "-json", "-input=false", *apply_options(os.environ), str(PLAN)]
    failure = _terraform(arguments, SAID)
    said = [*messages(_said(SAID.name))]
    done = [m["hook"] for m in said if m.get("type") == "apply_complete"]
    done = [hook for hook in done if hook.get("action") != "read"]
    summary = [m for m in said if m.get("type") == "change_summary"]
    if failure or not summary:
        print(f"error: {failure or 'Terraform ended without a word'}", file=sys.stderr)
        if done:
            one = len(done) == 1
            made = "1 change was" if one else f"{len(done)} changes were"
            stay = "It stays." if one else "They stay."
            print(f"{made} made before that. {stay}", file=sys.stderr)
        if failure != STALE:
            print(f"Once this is fixed, run make {options.command} again.", file=sys.stderr)
        where = SAID.relative_to(ROOT)
        print(f"All that Terraform said is in {where}; it may hold addresses.", file=sys.stderr)
        return 1
    print(summary[-1]["@message"])
    if options.command == "destroy":
        print('Next: see what stays, in "Take it down" in terraform/README.md')
        return 0
    if invited := _invited(done):
        print(f"Invited by email, and to confirm within 48 hours: {invited}")
    print("Next: make subscriptions, which says who receives messages")
    return 0


def _invited(done: Sequence[Any]) -> str:
    """Name who was sent an invitation. An operator's key is a digest."""
    new = [
        hook["resource"]
        for hook in done
        if hook["action"] == "create" and hook["resource"]["resource_type"] == _SUBSCRIPTION
    ]
    people = [str(r["resource_key"]) for r in new if r["resource_name"] != "operators"]
    names = sorted({key.partition("/")[2] for key in people if key.startswith("email/")})
    operators = len(new) - len(people)
    parts = [listed(names)] if names else []
    parts += [f"operators ({operators})"] if operators else []
    return "; ".join(parts)


def _terraform(arguments: Sequence[str], output: Path) -> str:
    """Run Terraform with its output into a file; return why it failed, or nothing.

    It is never killed: Ctrl-C reaches it as well, and it ends what it is doing first. The options
    of TF_CLI_ARGS are for the plan.
    """
    is_plan = arguments[0] == "plan"
    env = {k: v for k, v in os.environ.items() if is_plan or not k.startswith("TF_CLI_ARGS")}
    program = [find_terraform(), f"-chdir={ROOT / 'terraform'}", *arguments]
    started: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _: object) -> None:
        for process in started:
            if number != signal.SIGINT:  # which a terminal has sent to Terraform, too
                process.send_signal(number)

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [(number, signal.signal(number, pass_on)) for number in signals]
    try:
        with output.open("wb") as file, output.with_suffix(".stderr").open("w+b") as errors:
            started.append(
                subprocess.Popen(
                    program, env=env, stdin=subprocess.DEVNULL, stdout=file, stderr=errors
                )
            )
            code = started[0].wait()
            errors.seek(0)
            plain = errors.read().decode(errors="replace")
    finally:
        for number, handler in before:
            signal.signal(number, handler)
    return "\n".join(explained(_said(output.name)) or explained_text(plain)) if code else ""


def _said(name: str) -> str:
    return (PRIVATE / name).read_text(encoding="utf-8", errors="replace")


def _checksum(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the private folder: what is reviewed there must not be another's plan."""
    PRIVATE.parent.mkdir(exist_ok=True)
    with (PRIVATE.parent / "plan.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigError(
                "another make plan, apply or destroy runs in this folder; wait until it has ended"
            ) from None
        yield


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m scripts.plan",
        description="Plan, review, ask, and apply exactly what was reviewed. It also takes the"
        " options of scripts.review.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("command", choices=("plan", "apply", "destroy"))
    made.add_argument("--plan", metavar="FILE", help="apply this saved plan")
    return made


if __name__ == "__main__":
    command.run(main)
