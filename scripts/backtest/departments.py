"""The departments file and Terraform's outputs -> alerts, and how many people receive them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from runner.config import Alert, parse_config
from runner.errors import ConfigError
from scripts.settings import read_hcl

# People who receive an alert, by (department, level) and protocol.
Coverage = Mapping[tuple[str, str], Mapping[str, int]]


def read_outputs(path: str) -> tuple[str, Coverage]:
    """Read `remind` and the coverage from a file with what `terraform output -json` prints.

    Departments and levels name an alert, since name_prefix changes its topic. Raises ConfigError.
    """
    try:
        outputs = json.loads(Path(path).read_text(encoding="utf-8"))
        config = parse_config(json.dumps(outputs["runner_config"]["value"]), path)
        people = outputs["coverage"]["value"]
        return config.remind, {
            (alert.department, alert.level): {
                str(protocol): int(number) for protocol, number in people[alert.topic].items()
            }
            for alert in config.alerts
        }
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
        raise ConfigError(
            f"{path}: does not hold `runner_config` and `coverage` as `terraform output -json`"
            " prints them; run `make apply` first"
        ) from None


def read_departments(path: str) -> tuple[Alert, ...]:
    """Read the alerts of a departments file, in the order of their topics, without their texts.

    Only what is written out can be read: text, numbers, lists and maps. Raises ConfigError for
    everything else, naming the place and what to write there.
    """
    if not Path(path).is_file():
        raise ConfigError(f"{path}: No such file or directory; name one with --departments")
    values = read_hcl(path)
    departments = _Part(f"{path}: departments", values.get("departments")).map()
    alerts = [alert for item in departments.items() for alert in _alerts(*item)]
    if not alerts:
        raise ConfigError(f"{path}: holds no alert; add one to departments")
    return tuple(sorted(alerts, key=lambda alert: alert.topic))


def _alerts(name: str, department: _Part) -> Iterator[Alert]:
    """Yield a department's alerts; all that only a message needs stays blank."""
    services = department.at("services").texts()
    blank: dict[str, Any] = {field.name: "" for field in fields(Alert)}
    for level, part in department.at("alerts").map().items():
        known = {
            "topic": f"{name}_{level}",
            "department": name,
            "level": level,
            "services": services,
            "threshold": part.at("threshold").whole(),
            "protocols": part.at("protocols").texts(),
        }
        yield Alert(**{**blank, **known})


class _Part:
    """One value of the departments file and where it stands, such as `departments, water`."""

    def __init__(self, place: str, value: Any) -> None:
        self.place, self.value = place, value

    def at(self, name: str) -> _Part:
        """Return what stands under a name; None where nothing does."""
        return _Part(f"{self.place}, {name}", self.map_of_any().get(name))

    def map_of_any(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            raise self.error("a map, { name = ... }")
        named = {k: v for k, v in self.value.items() if not (k.startswith("__") and k[-2:] == "__")}
        return {_Part(f"{self.place}, a name", k).name(): v for k, v in named.items()}

    def map(self) -> dict[str, _Part]:
        """Return a map's values, each with its place."""
        return {k: _Part(f"{self.place}, {k}", v) for k, v in self.map_of_any().items()}

    def name(self) -> str:
        """Return a map's key, which may stand without quotes."""
        return self.text() if self.value[:1] in ('"', "$") else str(self.value)

    def text(self) -> str:
        """Return a text in quotes, its escapes resolved, if nothing in it is to be computed."""
        value = self.value if isinstance(self.value, str) else ""
        computed = re.search(r"(?<!\$)\$\{|(?<!%)%\{", value) or value.startswith('"<<')
        try:
            text = json.loads(value, strict=False)
        except ValueError:
            text = None
        if computed or not isinstance(text, str) or not text.strip():
            raise self.error('a text in quotes, such as "Water"')
        return text.replace("$${", "${").replace("%%{", "%{").strip()

    def texts(self) -> tuple[str, ...]:
        """Return a list's texts; there must be one at least."""
        if not isinstance(self.value, list) or not self.value:
            raise self.error('a list of texts, such as ["Water"]')
        return tuple(_Part(self.place, value).text() for value in self.value)

    def whole(self) -> int:
        """Return a whole number of at least 0."""
        number = self.value
        if type(number) not in (int, float) or number < 0 or number != int(number):
            raise self.error("a whole number of at least 0, such as 100")
        return int(number)

    def error(self, wanted: str) -> ConfigError:
        """Return the error that says what is to be written here."""
        return ConfigError(f"{self.place}: write {wanted}; nothing here may be computed")
