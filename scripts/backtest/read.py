"""Past reports and the departments file -> values. What can't be read is a month without a report.

A report's month is in its file's name: 2026-02, 2026_02, 2026.02, 202602, feb-2026, 2026-february,
or 02.csv in a folder named 2026.
"""

from __future__ import annotations

import glob
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import hcl2

from runner.config import Alert
from runner.errors import ConfigError, ReportError
from runner.fetch import display
from runner.ledger import MONTH
from runner.report import read_report, resolve
from scripts.backtest.replay import Month

# A century: more is a slip of the finger in --from.
MOST_MONTHS = 1200
_AT_ONCE = 8
_NAMES = "january february march april may june july august september october november december"
_MON = {name[:3]: number for number, name in enumerate(_NAMES.split(), 1)}
_WORD = "|".join(f"{name[:3]}(?:{name[3:]})?" for name in _NAMES.split()) + "|sept"
_YEAR, _GAP = "(?P<year>(?:19|20)[0-9]{2})", "[-_. /]?"
# No digit or letter may touch what is read: 20260215 and 2026-02-15 name a day, mayor is no month.
_IN_A_NAME = [
    re.compile(rf"(?<![0-9]){_YEAR}{_GAP}(?P<number>0[1-9]|1[0-2])(?![0-9]|[-_.][0-9])"),
    re.compile(rf"(?<![0-9]){_YEAR}{_GAP}(?P<word>{_WORD})(?![a-z])"),
    re.compile(rf"(?<![a-z])(?P<word>{_WORD}){_GAP}{_YEAR}(?![0-9])"),
]


def is_month(text: str) -> bool:
    """Tell whether text is a month as YYYY-MM."""
    return bool(re.fullmatch(MONTH, text))


def month_range(first: str, last: str) -> list[str]:
    """Return all months from first to last; raises ConfigError for swapped ones and too many."""
    begin, end = (12 * int(month[:4]) + int(month[5:]) - 1 for month in (first, last))
    if not 0 <= end - begin < MOST_MONTHS:
        raise ConfigError(
            f"{first} to {last}: give two months in order, {MOST_MONTHS} months apart at most"
        )
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in range(begin, end + 1)]


def month_of(path: str) -> str:
    """Return the month, YYYY-MM, that a file's name tells; raises ConfigError when it tells none.

    The folder counts only where the file's own name holds no year, as in 2026/02.csv.
    """
    stem = Path(path).stem.casefold()
    for name in (stem, f"{Path(path).absolute().parent.name.casefold()}/{stem}"):
        found = {
            f"{match['year']}-{_number(match.groupdict()):02}"
            for pattern in _IN_A_NAME
            for match in pattern.finditer(name)
        }
        if found:
            break
    if len(found) != 1:
        problem = "tells more than one month" if found else "does not tell its month"
        raise ConfigError(
            f"{path}: the file's name {problem}; rename it to the month it is about, such as"
            " 2026-02.csv or report-feb-2026.csv"
        )
    return found.pop()


def _number(parts: Mapping[str, str | None]) -> int:
    word = parts.get("word")
    return _MON[word[:3]] if word else int(parts["number"] or 0)


def find_reports(
    given: Sequence[str], first: str | None, last: str | None, last_month: str
) -> dict[str, str]:
    """Map each month of the range to the address of its report, empty where there is none.

    given: files, folders, globs, or one address with {yyyy}. first, last: YYYY-MM; left out, they
    are those of the files found, or for an address the 12 months up to last_month.
    Raises ConfigError for what names no report, no month, or two reports for one month.
    """
    if any(_is_template(one) for one in given):
        if len(given) > 1:
            raise ConfigError("give files and folders, or one address with {yyyy}, not both")
        last = last or last_month
        months = month_range(first or _a_year_up_to(last), last)
        return {month: resolve(given[0], month) for month in months}
    found: dict[str, str] = {}
    for path in dict.fromkeys(path for one in given for path in _files(one)):
        month = month_of(path)
        if month in found:
            raise ConfigError(
                f"{found[month]} and {path}: are both about {month}; leave one of them out"
            )
        found[month] = path
    months = month_range(first or min(found), last or max(found))
    if not set(months) & set(found):
        raise ConfigError(f"no report is about {months[0]} to {months[-1]}; see --from and --to")
    return {month: found.get(month, "") for month in months}


def _is_template(address: str) -> bool:
    """Tell an address to be filled in from a file whose name happens to hold a brace."""
    if "{" in address and not Path(address).exists():
        return True
    if "://" in address:
        raise ConfigError(f"{display(address)}: needs {{yyyy}} and {{mm}} (or {{mon}}) in it")
    return False


def _a_year_up_to(month: str) -> str:
    number = 12 * int(month[:4]) + int(month[5:]) - 1 - 11
    return f"{number // 12:04}-{number % 12 + 1:02}"


def _files(given: str) -> list[str]:
    path = Path(given)
    if path.is_dir():
        names = sorted(str(p) for p in path.iterdir() if p.suffix.casefold() == ".csv")
        found = [name for name in names if not Path(name).name.startswith(".")]
    else:
        found = [given] if path.exists() else sorted(glob.glob(given))
    if not found:
        what = "holds no file that ends in .csv" if path.is_dir() else "there is no such file"
        raise ConfigError(f"{given}: {what}; name past reports, or a folder of them")
    return found


def read_history(
    addresses: Mapping[str, str], services: Iterable[str], tell: Callable[[int], None]
) -> list[Month]:
    """Read every month's report, for the services asked for; tell(n) hears of n reports read.

    A report that is missing or broken is a month without one, and says why. Raises ConfigError
    for an address of an unknown kind.
    """
    wanted = sorted(set(services))

    def read(item: tuple[str, str]) -> Month:
        month, address = item
        if not address:
            return Month(month, None, "there is no report for this month")
        try:
            return Month(month, read_report(address, month, wanted))
        except ReportError as error:
            return Month(month, None, str(error))

    if not any("://" in address for address in addresses.values()):
        return _told(map(read, addresses.items()), tell)
    with ThreadPoolExecutor(_AT_ONCE) as pool:  # servers are waited for together
        try:
            return _told(pool.map(read, addresses.items()), tell)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _told(months: Iterable[Month], tell: Callable[[int], None]) -> list[Month]:
    history = []
    for month in months:
        history.append(month)
        tell(len(history))
    return history


def read_departments(path: str) -> tuple[Alert, ...]:
    """Read the alerts of a departments file, in the order of their topics, without their texts.

    Only what is written out can be read: text, numbers, lists and maps. Raises ConfigError for
    everything else, naming the place and what to write there.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        values = hcl2.loads(text + "\n")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; name one with --departments") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8; save it as UTF-8") from None
    except Exception as error:  # of the parser beneath; an expression can raise any
        number = getattr(error, "line", None)
        line = f" line {number}" if isinstance(number, int) and number > 0 else ""
        raise ConfigError(
            f"{path}{line}: can't be read as a file of variables; does `terraform validate` pass?"
        ) from None
    departments = _Part(f"{path}: departments", values.get("departments")).map()
    alerts = [
        Alert(f"{name}_{level}", name, level, services, *alert, "", "", "", "")
        for name, department in departments.items()
        for services in [department.at("services").texts()]
        for level, part in department.at("alerts").map().items()
        for alert in [(part.at("threshold").whole(), part.at("protocols").texts())]
    ]
    if not alerts:
        raise ConfigError(f"{path}: holds no alert; add one to departments")
    return tuple(sorted(alerts, key=lambda alert: alert.topic))


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


def read_coverage(path: str) -> dict[tuple[str, str], dict[str, int]]:
    """Read how many people hear each (department, level) by protocol, from Terraform's outputs.

    Raises ConfigError for what is not what `terraform output -json` prints.
    """
    try:
        outputs = json.loads(Path(path).read_text(encoding="utf-8"))
        alerts, coverage = (outputs[name]["value"] for name in ("alerts", "coverage"))
        return {
            (str(alerts[topic]["department"]), str(alerts[topic]["level"])): {
                str(protocol): int(number) for protocol, number in people.items()
            }
            for topic, people in coverage.items()
        }
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
        raise ConfigError(
            f"{path}: does not hold `alerts` and `coverage` as `terraform output -json` prints"
            " them; run `make apply` first"
        ) from None
