"""A check may be killed anywhere: no alert is lost, and only one in the air is sent twice."""

import random
from pathlib import Path

import pytest

from tests.support.killing import City, Kill

# What the first check of one alert that is due asks AWS for, in order.
STEPS = [
    "GET ledger.json",
    "GET list",  # of the earlier form
    "GET ledger/report.json",
    "PUT ledger.json",  # the claim
    "POST d00_high",
    "PUT ledger.json",  # the record
]
# Only between SNS having the message and the record being there can it go out a second time.
IN_THE_AIR = [Kill(5, "after"), Kill(6, "before")]


def assert_recovers(city: City, killed_at: str) -> None:
    """After a crash: the next check sends what is due, once, and the one after it nothing."""
    in_the_air, before = city.in_the_air(), city.sent()
    assert all(number == 1 for number in before.values()), killed_at

    second, third = city.check(), city.check()

    assert (second.code, third.code) == (0, 0), killed_at
    twice = {topic: 2 if topic in in_the_air else 1 for topic in city.topics}
    assert city.sent() == twice, killed_at
    assert set(third.statuses.values()) == {"already_sent"}
    assert city.ledger.claim == ""


def test_a_check_asks_in_this_order(tmp_path: Path) -> None:
    with City(tmp_path, 1) as city:
        outcome = city.check()

    assert (outcome.code, outcome.statuses) == (0, {"d00_high": "sent"})
    assert outcome.requests == STEPS


@pytest.mark.parametrize(
    "kill",
    [Kill(number, when) for number in range(1, 7) for when in ("before", "after")],
    ids=lambda kill: f"{kill.when}-{kill.number}",
)
def test_killed_at_every_step_an_alert_is_sent_once_but_in_the_air(
    tmp_path: Path, kill: Kill
) -> None:
    with City(tmp_path, 1) as city:
        assert city.killed(kill) == STEPS[: kill.number]

        assert (city.in_the_air() == {"d00_high"}) == (kill in IN_THE_AIR)
        assert_recovers(city, str(kill))


@pytest.mark.parametrize(
    "kill",
    [Kill(number, when) for number in range(4, 9) for when in ("before", "after")],
    ids=lambda kill: f"{kill.when}-{kill.number}",
)
def test_killed_at_every_step_of_three_alerts_each_is_sent_once_but_in_the_air(
    tmp_path: Path, kill: Kill
) -> None:
    """From the claim on; publishes and records are in the order in which they happen to be."""
    with City(tmp_path, 3) as city:
        requests = city.killed(kill)

        assert requests[:4] == STEPS[:4][: len(requests)]
        assert_recovers(city, str(kill))


def crashes(number: int, seed: int) -> list[tuple[int, Kill]]:
    """Random numbers of departments, each with a request to be killed at."""
    draw = random.Random(seed)
    made = []
    for _ in range(number):
        departments = draw.choice([1, 3, 10, 40])
        # A record at least, and at most one for each alert.
        requests = 5 + departments
        made.append(
            (departments, Kill(draw.randint(1, requests), draw.choice(["before", "after"])))
        )
    return made


def crash(folder: Path, departments: int, kill: Kill) -> None:
    with City(folder, departments) as city:
        city.killed(kill)
        assert_recovers(city, f"{departments} departments, {kill}")


@pytest.mark.parametrize(("departments", "kill"), crashes(6, seed=1))
def test_killed_anywhere(tmp_path: Path, departments: int, kill: Kill) -> None:
    crash(tmp_path, departments, kill)


@pytest.mark.soak
@pytest.mark.parametrize(("departments", "kill"), crashes(200, seed=2))
def test_killed_anywhere_200_times(tmp_path: Path, departments: int, kill: Kill) -> None:
    crash(tmp_path, departments, kill)


@pytest.mark.parametrize("number", [2, 10])
def test_checks_at_the_same_instant_send_each_alert_once(tmp_path: Path, number: int) -> None:
    with City(tmp_path, 5) as city:
        outcomes = city.checks_at_once(number)

        assert city.sent() == dict.fromkeys(city.topics, 1)
    assert [outcome.code for outcome in outcomes] == [0] * number
    for topic in city.topics:
        assert sorted(outcome.statuses[topic] for outcome in outcomes) == (
            ["already_sent"] * (number - 1) + ["sent"]
        )
