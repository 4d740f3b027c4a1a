"""Past reports -> months. What can't be read is a month without a report.

A report's month is in its file's name: 2026-02, 2026_02, 2026.02, 202602, feb-2026, 2026-february,
or 02.csv in a folder named 2026.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from runner.errors import ConfigError, ReportError
from runner.fetch import display
from runner.report import MONTH, months_in, read_report, resolve
from scripts.backtest.replay import Month

# A century: more is a slip of the finger in --from.
MOST_MONTHS = 1200
_AT_ONCE = 8


def is_month(text: str) -> bool:
    """Return whether text is a month as YYYY-MM."""
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
    """Return the month, YYYY-MM, in a file's name; raises ConfigError when there is none.

    The folder counts only where the file's own name holds no year, as in 2026/02.csv.
    """
    file = Path(path)
    found = months_in(file.stem) or months_in(f"{file.absolute().parent.name}_{file.stem}")
    if len(found) != 1:
        problem = "names more than one month" if found else "does not name its month"
        raise ConfigError(
            f"{path}: the file's name {problem}; rename it to the month it is about, such as"
            " 2026-02.csv or report-feb-2026.csv"
        )
    return found.pop()


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
    """Return whether an address is to be filled in; a file's name may hold a brace, too."""
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
    addresses: Mapping[str, str], services: Iterable[str], progress: Callable[[int], None]
) -> list[Month]:
    """Read every month's report, for the services asked for; call progress(n) after each.

    A report that is missing or broken is a month without one, and says why. Raises ConfigError
    for an address of an unknown kind.
    """
    wanted = set(services)

    def read(item: tuple[str, str]) -> Month:
        month, address = item
        if not address:
            return Month(month, None, "there is no report for this month")
        try:
            return Month(month, read_report(address, month, wanted))
        except ReportError as error:
            return Month(month, None, str(error))

    if not any("://" in address for address in addresses.values()):
        return _counted(map(read, addresses.items()), progress)
    with ThreadPoolExecutor(_AT_ONCE) as pool:  # servers are waited for together
        try:
            return _counted(pool.map(read, addresses.items()), progress)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _counted(months: Iterable[Month], progress: Callable[[int], None]) -> list[Month]:
    history = []
    for month in months:
        history.append(month)
        progress(len(history))
    return history
