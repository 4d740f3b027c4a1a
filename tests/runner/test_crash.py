"""A check may be killed anywhere: no alert is lost, and only in one window one is sent twice."""

import random
from pathlib import Path

import pytest

from tests.support.killing import City, Kill, in_the_window

# What one check asks AWS for one alert that is due, in order.
STEPS = [
    "GET /city-ledger/ledger/report.json",
    "PUT /city-ledger/ledger/report.json",
    "GET /city-ledger/ledger/d0_high.json",
    "PUT /city-ledger/ledger/d0_high.json",  # the claim
    "POST /",  # the publish
    "PUT /city-ledger/ledger/d0_high.json",  # the mark
]
# Only between SNS having the message and the mark being there can it go out a second time.
WINDOW = [Kill(5, "after"), Kill(6, "before")]


def assert_recovers(city: City, killed_in: str) -> None:
    """After a crash: the next check sends what is owed, once, and the one after it nothing."""
    window, before = in_the_window(city), city.sent()
    assert all(number <= 1 for number in before.values())

    second, third = city.check(), city.check()

    assert (second.code, third.code) == (0, 0), killed_in
    assert city.sent() == {topic: 2 if topic in window else 1 for topic in city.topics}, killed_in
    assert set(third.statuses.values()) == {"already_sent"}
    assert not any(entry.claim for entry in city.entries().values())


def test_a_check_asks_in_this_order(tmp_path: Path) -> None:
    with City(tmp_path, 1) as city:
        outcome = city.check()

    assert (outcome.code, outcome.statuses) == (0, {"d0_high": "sent"})
    assert outcome.requests == STEPS


@pytest.mark.parametrize(
    "kill",
    [Kill(number, when) for number in range(1, 7) for when in ("before", "after")],
    ids=lambda kill: f"{kill.when}-{kill.number}",
)
def test_killed_at_every_step_an_alert_is_sent_once_but_for_the_one_window(
    tmp_path: Path, kill: Kill
) -> None:
    with City(tmp_path, 1) as city:
        assert city.killed(kill) == STEPS[: kill.number]

        assert (in_the_window(city) == {"d0_high"}) == (kill in WINDOW)
        assert_recovers(city, str(kill))


def crashes(number: int, seed: int) -> list[tuple[int, str, Kill]]:
    """Random kill points: departments, kind of ledger, and the request to be killed at."""
    draw = random.Random(seed)
    made = []
    for _ in range(number):
        departments = draw.choice([1, 3, 10])
        ledger = draw.choice(["bucket", "bucket", "folder"])
        requests = 2 + 4 * departments if ledger == "bucket" else departments
        when = draw.choice(["before", "after"])
        made.append((departments, ledger, Kill(draw.randint(1, requests), when)))
    return made


def crash(folder: Path, departments: int, ledger: str, kill: Kill) -> None:
    with City(folder, departments, ledger) as city:
        city.killed(kill)
        assert_recovers(city, f"{departments} departments, {ledger}, {kill}")


@pytest.mark.parametrize(("departments", "ledger", "kill"), crashes(6, seed=1))
def test_killed_anywhere(tmp_path: Path, departments: int, ledger: str, kill: Kill) -> None:
    crash(tmp_path, departments, ledger, kill)


@pytest.mark.soak
@pytest.mark.parametrize(("departments", "ledger", "kill"), crashes(200, seed=2))
def test_killed_anywhere_200_times(
    tmp_path: Path, departments: int, ledger: str, kill: Kill
) -> None:
    crash(tmp_path, departments, ledger, kill)


@pytest.mark.parametrize("ledger", ["bucket", "folder"])
@pytest.mark.parametrize("number", [2, 10])
def test_checks_at_the_same_instant_send_each_alert_once(
    tmp_path: Path, number: int, ledger: str
) -> None:
    with City(tmp_path, 5, ledger) as city:
        outcomes = city.checks_at_once(number)

        assert city.sent() == dict.fromkeys(city.topics, 1)
    assert [outcome.code for outcome in outcomes] == [0] * number
    for topic in city.topics:
        assert sorted(outcome.statuses[topic] for outcome in outcomes) == (
            ["already_sent"] * (number - 1) + ["sent"]
        )
