"""A planned change, and the table of what this configuration makes -> the attributes that differ.

A value is as expected when it is the table's, or not known before the apply and nothing in the
configuration sets it, or not known and set from exactly what the table names.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from scripts.review.made import ANY, TABLE, Config, Document, Entry, Later, Variable

_WORD = re.compile(r"\{([a-z]+)\}")
_PROVIDERS = ("registry.terraform.io/hashicorp/aws", "terraform.io/builtin/terraform")
_NOT_KNOWN = "(not known)"  # no value is this
_NOT_UNKNOWN: Mapping[str, Any] = {}


class Found(NamedTuple):
    """What the table says of a change: its part, the words of its address, and what differs."""

    part: str
    words: Mapping[str, str]
    wrong: tuple[str, ...]


class Table:
    """The table, filled in with one plan's variables, account and configuration.

    Raises LookupError or TypeError for a plan of another form.
    """

    def __init__(self, plan: Mapping[str, Any], runner_config: Mapping[str, Any]) -> None:
        self.variables = {k: v.get("value") for k, v in plan.get("variables", {}).items()}
        self._runner_config = runner_config
        self._expressions = dict(_expressions(plan["configuration"]["root_module"], ""))
        self._resolved: dict[tuple[int, tuple[str, ...]], Mapping[str, Any]] = {}
        after = {c["address"]: c["change"].get("after") for c in plan["resource_changes"]}
        state = plan["prior_state"].get("values", {}).get("root_module", {}).get("resources", ())
        data = {r["address"]: r["values"] for r in state if r["mode"] == "data"}
        account, partition, region = (
            data.get(f"data.aws_{address}", {}).get(name, _NOT_KNOWN)
            for address, name in (
                ("caller_identity.current", "account_id"),
                ("partition.current", "partition"),
                ("service.sns", "region"),
            )
        )
        bucket = (after.get('module.ledger["this"].aws_s3_bucket.this') or {}).get("bucket")
        self.bucket = bucket or _NOT_KNOWN
        self._words = {
            "account": account,
            "partition": partition,
            "region": region,
            "prefix": self.variables.get("name_prefix") or "",
            "package": self.variables.get("package") or "",
            "bucket": self.bucket,
        }
        has_operators = after.get('aws_sns_topic.operators["this"]')
        self.operators = [self.arn("{prefix}backlog-operators")] if has_operators else []

    def arn(self, topic: str) -> str:
        """Return the ARN of a topic in the plan's account and region."""
        return str(
            self._filled(f"arn:{{partition}}:sns:{{region}}:{{account}}:{topic}", self._words)
        )

    def find(self, change: Mapping[str, Any], *, is_new: bool, is_changed: bool) -> Found | None:
        """Return what the table says of a change, or None for one that it does not know.

        is_new: all its values count. is_changed: those count that differ from before.
        """
        for entry in TABLE.get(change["type"], ()):
            match = entry.address.fullmatch(change["address"])
            if match and _is_consistent(change):
                words = match.groupdict()
                wrong = self._wrong(change["change"], entry, words, is_new) if is_changed else ()
                return Found(entry.part, words, tuple(wrong))
        return None

    def _wrong(
        self, change: Mapping[str, Any], entry: Entry, words: Mapping[str, str], is_new: bool
    ) -> list[str]:
        values = self._values(entry, words)
        sets = self._expressions.get(entry.path)
        if sets is None:
            return ["its place in the configuration"]
        before = {} if is_new else change.get("before") or {}
        after, unknown = change.get("after") or {}, change.get("after_unknown") or _NOT_UNKNOWN
        wrong = [
            name
            for name, value in after.items()
            if (is_new or before.get(name) != value or is_any(unknown.get(name)))
            and not (
                fits(values[name], value, unknown.get(name), sets.get(name))
                if name in values
                else not value or _is_hollow(value, unknown.get(name), sets.get(name))
            )
        ]
        for name in unknown.keys() - after.keys() & (values.keys() | sets.keys()):
            is_open = is_any(unknown[name])  # what nobody sets is the provider's
            if is_open and not fits(values.get(name), None, unknown[name], sets.get(name)):
                wrong.append(name)
        if is_new:
            absent = values.keys() - after.keys() - unknown.keys() - _MAY_BE_ABSENT
            wrong += [n for n in absent if not fits(values[n], None, None, None)]
        return sorted(wrong)

    def _values(self, entry: Entry, words: Mapping[str, str]) -> Mapping[str, Any]:
        """Return the table's values for one address, with all words filled in."""
        used = tuple(text for word, text in words.items() if word != "person")
        key = id(entry), used
        if key not in self._resolved:
            self._resolved[key] = self._filled(entry.values, {**self._words, **words})
        return self._resolved[key]

    def _filled(self, expected: Any, words: Mapping[str, str]) -> Any:
        if expected == "{operators}":
            return self.operators
        if isinstance(expected, str):
            return _WORD.sub(lambda word: words[word[1]], expected)
        if isinstance(expected, dict):
            return {k: self._filled(value, words) for k, value in expected.items()}
        if isinstance(expected, (list, tuple)):
            return type(expected)(self._filled(value, words) for value in expected)
        if isinstance(expected, Later):
            return Later(self._filled(expected.value, words), expected.references)
        if isinstance(expected, Document):
            return Document(self._filled(expected.value, words))
        if isinstance(expected, Config):
            return Document(self._runner_config)
        if isinstance(expected, Variable):
            value = self.variables.get(expected.name)
            return (
                value if expected.times == 1 or value is None else round(value * expected.times, 9)
            )
        return expected


# Each of them is in a plan of one version of the provider and not in another's.
_MAY_BE_ABSENT = frozenset(["tags", "tags_all", "region", "output"])


def fits(expected: Any, value: Any, unknown: Any, sets: Any) -> bool:
    """Tell whether a value is the expected one; `sets` is what the configuration sets it from."""
    if type(expected) is tuple:
        return any(fits(one, value, unknown, sets) for one in expected)
    if type(expected) is Later:
        if unknown is True:
            references = sets.get("references", ()) if isinstance(sets, dict) else ()
            return expected.references == "*" or set(references) == set(expected.references.split())
        expected = expected.value
    elif unknown is True:
        return sets is None
    if expected is ANY:
        return True
    if callable(expected):
        return bool(expected(value))
    if isinstance(expected, (re.Pattern, Document)):
        return isinstance(value, str) and _means(expected, value)
    if isinstance(expected, dict) and isinstance(value, dict):
        unknown = unknown if isinstance(unknown, dict) else _NOT_UNKNOWN
        return all(
            fits(expected.get(k), value.get(k), unknown.get(k), _part(sets, k))
            for k in expected.keys() | value.keys() | unknown.keys()
        )
    if isinstance(expected, list) and isinstance(value, list) and expected:
        unknowns = unknown if isinstance(unknown, list) else [None] * len(value)
        return len(expected) == len(value) == len(unknowns) and all(
            fits(*item, _part(sets, n))
            for n, item in enumerate(zip(expected, value, unknowns, strict=True))
        )
    if unknown and sets is not None and is_any(unknown):
        return False
    if not expected and type(expected) not in (bool, int):
        return _is_hollow(value, unknown, sets)
    return bool(value == expected) and isinstance(value, bool) == isinstance(expected, bool)


def _means(expected: Any, value: str) -> bool:
    if isinstance(expected, re.Pattern):
        return bool(expected.fullmatch(value))
    try:
        return bool(json.loads(value) == expected.value)
    except ValueError:
        return False


def _part(sets: Any, key: Any) -> Any:
    """Return what sets one part of a value: of a whole expression, all of it."""
    if isinstance(sets, dict) and not sets.keys() & {"references", "constant_value"}:
        return sets.get(key)
    if isinstance(sets, list):
        return sets[key] if isinstance(key, int) and key < len(sets) else None
    return sets


def _is_hollow(value: Any, unknown: Any, sets: Any) -> bool:
    """Tell whether nothing is in a value, however deep, or in what is not known of it yet."""
    if isinstance(value, (dict, list)):
        items = value.values() if isinstance(value, dict) else value
        return all(_is_hollow(item, None, None) for item in items) and (
            sets is None or not is_any(unknown)
        )
    return not value and (sets is None or not is_any(unknown))


def is_any(unknown: Any) -> bool:
    """Tell whether anything is true in it: of a list, [false] says that its one item is known."""
    if isinstance(unknown, (dict, list)):
        return any(map(is_any, unknown.values() if isinstance(unknown, dict) else unknown))
    return bool(unknown)


def _is_consistent(change: Mapping[str, Any]) -> bool:
    """Tell whether what a plan says beside an address is of that address."""
    module = f"{change['module_address']}." if change.get("module_address") else ""
    address, index = f"{module}{change['type']}.{change['name']}", change.get("index")
    if index is not None:
        key = json.dumps(index, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
        address += f"[{key}]"
    is_ours = change.get("provider_name", _PROVIDERS[0]) in _PROVIDERS
    is_plain = str(index).isprintable()  # Terraform has its own marks for the others
    return (
        is_ours and change["mode"] == "managed" and (change["address"] == address or not is_plain)
    )


def _expressions(module: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each resource's address without keys, and the expressions that set its attributes."""
    for resource in module.get("resources", ()):
        yield path + resource["address"], resource.get("expressions", {})
    for name, call in module.get("module_calls", {}).items():
        yield from _expressions(call.get("module", {}), f"{path}module.{name}.")
