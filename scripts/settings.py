"""Settings as Terraform reads them -> those that it would ignore, each with what to write instead.

Terraform takes no notice of an unknown name in the environment or inside an object, of a name that
stands twice, or of a file whose name it does not look for. It warns of an unknown name in a file.
https://developer.hashicorp.com/terraform/language/values/variables
"""

from __future__ import annotations

import difflib
import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hcl2

from runner.errors import ConfigError
from scripts.review.people import shown

# A file of settings, or one that was meant to be: settings.tfvar, Terraform.tfvars.
_SETTINGS_FILE = re.compile(r"(?i)[^.].*?\.?tfvars?(\.json|\.txt)?")
_LOADED = re.compile(r"terraform\.tfvars(\.json)?|.+\.auto\.tfvars(\.json)?")
# What TF_CLI_ARGS_apply may hold, and TF_CLI_ARGS and TF_CLI_ARGS_plan. Others would plan something
# else, or write it elsewhere; -target is in it since the review rejects what it leads to.
_AFTER_REVIEW = {"-compact-warnings", "-lock", "-lock-timeout", "-no-color", "-parallelism"}
_OPTIONS = {*_AFTER_REVIEW, "-refresh", "-replace", "-target", "-var", "-var-file"}
_PLAN_VARIABLES = ("TF_CLI_ARGS", "TF_CLI_ARGS_plan")


@dataclass(frozen=True)
class _Source:
    """One place that sets variables. overrides: it is there to go before the files."""

    place: str
    values: Mapping[str, Any]
    overrides: bool = False


def read_hcl(path: Path | str, place: str | None = None) -> dict[str, Any]:
    """Read a file of variables as python-hcl2 gives it: a text keeps its quotes.

    Raises ConfigError where it can't be read, and where a name stands twice: the last one alone
    would count. place: how to name the file.
    """
    place = place or str(path)
    try:
        return _parse(Path(path).read_text(encoding="utf-8"), place)
    except OSError as error:
        raise ConfigError(f"{place}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{place}: is not UTF-8; save it as UTF-8") from None


def check_settings(folder: Path, env: Mapping[str, str]) -> None:
    """Raise ConfigError with every setting that Terraform would ignore.

    folder: with variables.tf and the files of settings. env: the environment of Terraform.
    """
    types = _types(folder / "variables.tf")
    problems = [*_wrong_options(env), *_workspace(folder, env)]
    sources: list[_Source] = []
    for source in _sources(folder, env):
        if isinstance(source, _Source):
            sources.append(source)
        else:
            problems.append(source)
    problems += _unloaded(folder, env)
    for source in sources:
        problems += _unknown(source, types)
    problems += _set_twice(sources)
    if problems:
        raise ConfigError("\n".join(["Nothing was planned. Fix these settings first:", *problems]))


def apply_options(env: Mapping[str, str]) -> list[str]:
    """Return the options of TF_CLI_ARGS and TF_CLI_ARGS_apply that an apply of a plan takes."""
    given = [
        o for name in ("TF_CLI_ARGS", "TF_CLI_ARGS_apply") for o in _options(env.get(name, ""))
    ]
    return [f"{n}={v}" if v else n for n, v in given if n in _AFTER_REVIEW]


def _workspace(folder: Path, env: Mapping[str, str]) -> Iterator[str]:
    """Name a workspace, in whose empty state everything would be made a second time."""
    chosen = folder / ".terraform" / "environment"
    name = env.get("TF_WORKSPACE") or (chosen.read_text().strip() if chosen.exists() else "")
    if name not in ("", "default"):
        yield (
            f"Terraform's workspace is {name}, which has a state of its own; take out TF_WORKSPACE,"
            " or select default. For a second installation, set name_prefix and another state"
        )


def _wrong_options(env: Mapping[str, str]) -> Iterator[str]:
    for name, taken in (
        ("TF_CLI_ARGS", _OPTIONS),
        ("TF_CLI_ARGS_plan", _OPTIONS),
        ("TF_CLI_ARGS_apply", _AFTER_REVIEW),
    ):
        for option, _ in _options(env.get(name, "")):
            if option not in taken:
                remedy = {
                    "-auto-approve": "to apply without a question, run make apply ACCEPT=DIGEST",
                    "-destroy": "to remove everything, run make destroy",
                }.get(option, f"it may have {', '.join(sorted(taken))}")
                yield f"{name} has {shown(option)}; take it out: {remedy}"


def _options(text: str) -> Iterator[tuple[str, str]]:
    """Yield each option of a TF_CLI_ARGS variable with its value; a word for itself."""
    try:
        words = iter(shlex.split(text))
    except ValueError:
        words = iter(text.split())
    for word in words:
        name, equals, value = re.sub("^--", "-", word).partition("=")
        if not equals and name in ("-var", "-var-file", "-target", "-replace"):
            value = next(words, "")
        yield name, value


def _sources(folder: Path, env: Mapping[str, str]) -> Iterator[_Source | str]:
    """Yield what sets variables, in Terraform's order: the last one counts. A text is a problem."""
    for name in sorted(n for n in env if n.startswith("TF_VAR_")):
        yield _Source(name, {name.removeprefix("TF_VAR_"): _expression(env[name])})
    names = [path.name for path in folder.iterdir() if _LOADED.fullmatch(path.name)]
    for name in sorted(names, key=lambda name: (not name.startswith("terraform.tfvars"), name)):
        yield _read(folder / name, f"{folder.name}/{name}")
    for variable in _PLAN_VARIABLES:
        for option, value in _options(env.get(variable, "")):
            if option == "-var":
                name, _, text = value.partition("=")
                yield _Source(variable, {name.strip(): _expression(text)}, overrides=True)
            elif option == "-var-file":
                yield _read(folder / value, f"{variable}: {value}", overrides=True)


def _read(path: Path, place: str, *, overrides: bool = False) -> _Source | str:
    try:
        if path.suffix == ".json":
            values = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once)
        else:
            values = read_hcl(path, place)
    except ConfigError as error:
        return str(error)
    except OSError as error:
        return f"{place}: {error.strerror}"
    except ValueError as error:
        return f"{place}: {error if isinstance(error, _TwiceError) else 'is not JSON'}"
    return _Source(place, values if isinstance(values, dict) else {}, overrides)


def _expression(text: str) -> Any:
    """Return what a variable in the environment holds; None where it is a text or not readable."""
    try:
        return _parse(f"x = {text}", "").get("x") if text.lstrip()[:1] in ("{", "[") else None
    except ConfigError:  # Terraform says what is wrong with it
        return None


class _TwiceError(ValueError):
    """A name that stands twice."""


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    for index, (name, _) in enumerate(pairs):
        if name in (earlier for earlier, _ in pairs[:index]):
            raise _TwiceError(
                f"{shown(name)} is there twice; the last one alone would count: rename one"
            )
    return dict(pairs)


def _parse(text: str, place: str) -> dict[str, Any]:
    try:
        tree = hcl2.parses_to_tree(text + "\n")
        values: dict[str, Any] = hcl2.serialize(hcl2.transform(tree, discard_comments=True))
    except Exception as error:  # of the parser beneath; an expression can raise any
        number = getattr(error, "line", None)
        line = f" line {number}" if isinstance(number, int) and number > 0 else ""
        raise ConfigError(
            f"{place}{line}: can't be read; put text in double quotes, and close each bracket"
        ) from None
    if twice := [*_twice(tree)]:
        raise ConfigError(
            "\n".join(
                f"{place}: {name} is there twice; the last one alone would count: rename one"
                for name in twice
            )
        )
    return values


def _twice(tree: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the paths of names that stand twice in one object of a parsed file."""
    seen: set[str] = set()
    for child in getattr(tree, "children", ()):
        inside = path
        if getattr(child, "data", "") in ("attribute", "object_elem"):
            name = _text(child.children[0]).strip().strip('"')
            inside = (*path, name)
            if name in seen:
                yield ", ".join(map(shown, inside))
            seen.add(name)
        yield from _twice(child, inside)


def _text(tree: Any) -> str:
    children = getattr(tree, "children", None)
    return str(tree) if children is None else "".join(map(_text, children))


def _types(path: Path) -> dict[str, str]:
    """Return the type of each variable, as variables.tf writes it."""
    blocks = read_hcl(path).get("variable", [])
    return {
        _name(name): str(body.get("type", "any")).removeprefix("${").removesuffix("}")
        for block in blocks
        for name, body in block.items()
    }


def _unknown(source: _Source, types: Mapping[str, str]) -> Iterator[str]:
    for key, value in source.values.items():
        name = _name(key)
        if name not in types:
            yield f"{source.place}: there is no variable {_nearest(name, types)}"
        else:
            yield from _unknown_inside(f"{source.place}: {name}", value, types[name])


def _unknown_inside(place: str, value: Any, type_: str) -> Iterator[str]:
    """Yield the attributes that no object of this type has; Terraform drops them silently."""
    kind, _, rest = type_.removeprefix("${").removesuffix("}").partition("(")
    inside = _first_argument(rest)
    if kind == "optional":
        yield from _unknown_inside(place, value, inside)
    elif kind == "map" and isinstance(value, dict):
        for name, item in value.items():
            yield from _unknown_inside(f"{place}, {shown(_name(name))}", item, inside)
    elif kind == "object" and isinstance(value, dict):
        attributes = {_name(n): str(t) for n, t in _parse(f"x = {inside}", "")["x"].items()}
        for key, item in value.items():
            if (name := _name(key)) in attributes:
                yield from _unknown_inside(f"{place}, {name}", item, attributes[name])
            else:
                yield f"{place}: there is no {_nearest(name, attributes)}"


def _first_argument(text: str) -> str:
    """Return what stands before the first comma, or closing parenthesis, of this call."""
    depth = 0
    for index, letter in enumerate(text):
        if depth == 0 and letter in ",)":
            return text[:index]
        depth += (letter in "([{") - (letter in ")]}")
    return text


def _set_twice(sources: Sequence[_Source]) -> Iterator[str]:
    first: dict[str, str] = {}
    for source in sources:
        for name in map(_name, () if source.overrides else source.values):
            if name in first:
                yield (
                    f"{shown(name)} is set in {first[name]} and in {source.place}; Terraform takes"
                    " the last one alone: keep one of them"
                )
            first[name] = source.place


# As browsers and spreadsheets name what they save a second time.
_CONTACTS_COPY = re.compile(
    r"(?i)contacts(( ?\(\d+\)| - copy.*| copy.*)\.csv|\.csv\.(csv|txt)|\.xlsx?|\.ods|\.numbers)"
)


def _unloaded(folder: Path, env: Mapping[str, str]) -> Iterator[str]:
    """Yield files that look like settings and are not read.

    With -var-file somebody chooses among several of their own; those beside it are theirs.
    """
    for path in sorted(folder.parent.iterdir()):
        if _SETTINGS_FILE.fullmatch(path.name) and path.is_file():
            yield f"{path.name} is not read here; move it to {folder.name}/"
    chosen = [
        v for name in _PLAN_VARIABLES for o, v in _options(env.get(name, "")) if o == "-var-file"
    ]
    for path in sorted(folder.iterdir()):
        if _CONTACTS_COPY.fullmatch(path.name) and path.is_file():
            copy = shown(path.name)
            yield f"{folder.name}/{copy} is not read; name it contacts.csv, or delete it"
        is_meant = _SETTINGS_FILE.fullmatch(path.name) and path.is_file()
        if is_meant and not chosen and not _LOADED.fullmatch(path.name):
            stem = re.sub(r"(?i)(\.auto)?\.?tfvars?(\.json|\.txt)?$", "", path.name)
            is_main = stem.lower() in ("", "terraform")
            name = "terraform.tfvars" if is_main else f"{stem}.auto.tfvars"
            suffix = ".json" if path.suffix == ".json" else ""
            yield f"{folder.name}/{path.name} is not read by Terraform; name it {name}{suffix}"


def _nearest(name: str, known: Iterable[str]) -> str:
    """Name what was written, and the nearest that there is; without one, all."""
    near = difflib.get_close_matches(name.lower(), known, 1, 0.6)
    there_is = f"the nearest is {near[0]}" if near else f"there are {', '.join(sorted(known))}"
    return f"{shown(name)}; {there_is}"


def _name(key: object) -> str:
    return str(key).strip('"')
