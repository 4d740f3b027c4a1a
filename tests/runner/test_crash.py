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


def assert_recovers(city: City, kills: list[Kill]) -> None:
    """After crashes: the next check sends what is due, once, and the one after it nothing."""
    allowed = dict.fromkeys(city.topics, 1)
    for kill in kills:
        city.killed(kill)
        allowed |= {topic: city.sent()[topic] + 1 for topic in city.in_the_air()}

    second, third = city.check(), city.check()

    assert (second.code, third.code) == (0, 0), kills
    assert city.sent() == allowed, kills
    assert set(third.statuses.values()) == {"already_sent"}
    assert third.requests == ["GET ledger.json"]
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
        assert_recovers(city, [kill])

        assert city.sent() == {"d00_high": 2 if kill in IN_THE_AIR else 1}


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
        assert_recovers(city, [kill])


def crashes(number: int, seed: int) -> list[tuple[int, list[Kill]]]:
    """Numbers of departments, and the requests at which the first check is killed, or two are."""
    draw = random.Random(seed)
    made = []
    for _ in range(number):
        departments = draw.choice([1, 3, 10, 40])
        # A record at least, and at most one for each alert.
        last = 5 + departments
        requests = [draw.randint(1, last)]
        if requests[0] < last and draw.random() < 0.4:
            # What the second check asks for at least: all but one alert may be sent.
            requests.append(draw.randint(1, 4))
        kills = [Kill(request, draw.choice(["before", "after"])) for request in requests]
        made.append((departments, kills))
    return made


@pytest.mark.parametrize(("departments", "kills"), crashes(8, seed=1))
def test_killed_anywhere(tmp_path: Path, departments: int, kills: list[Kill]) -> None:
    with City(tmp_path, departments) as city:
        assert_recovers(city, kills)


@pytest.mark.soak
@pytest.mark.parametrize(("departments", "kills"), crashes(200, seed=2))
def test_killed_anywhere_200_times(tmp_path: Path, departments: int, kills: list[Kill]) -> None:
    with City(tmp_path, departments) as city:
        assert_recovers(city, kills)


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
