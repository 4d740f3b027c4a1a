"""Who really receives: Terraform's people beside an SNS that simulates what moto can't."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts import subscriptions
from scripts.subscriptions import main, read_people
from tests.support.servers import Answer, Request, Server, http, refused

TOPIC = "arn:aws:sns:us-east-1:123456789012:water_critical"
PEOPLE = {
    "email/Ana": "canary-ana@example.com",
    "email/Bo": "canary-bo@example.com",
    "email/Cy": "canary-cy@example.com",
    "email/Di": "canary-di@example.com",
    "sms/Ana": "+15555550101",
    "sms/Bo": "+15555550102",
}


def state(people: dict[str, str] = PEOPLE, topic: str = TOPIC) -> str:
    """What `terraform show -json` prints for a state, cut down to what is read."""
    resources = [
        {
            "type": "aws_sns_topic_subscription",
            "index": key,
            "values": {
                "topic_arn": topic,
                "protocol": key.partition("/")[0],
                "endpoint": endpoint,
            },
        }
        for key, endpoint in people.items()
    ]
    module = {"resources": [{"type": "aws_sns_topic", "values": {"arn": topic}}, *resources]}
    return json.dumps({"values": {"root_module": {"child_modules": [module]}}})


class LiveSns(Server):
    """An SNS with these subscriptions: (protocol, endpoint, ARN or PendingConfirmation)."""

    def __init__(
        self,
        live: list[tuple[str, str, str]],
        opted_out: tuple[str, ...] = (),
        authenticated: tuple[str, ...] = (),
        answers: dict[str, Answer] | None = None,
    ) -> None:
        super().__init__(self._answer_action)
        self._live, self._opted_out, self._authenticated = live, opted_out, authenticated
        self._answers = answers or {}

    def actions(self, name: str) -> list[dict[str, str]]:
        return [r.form for r in self.requests if r.form["Action"] == name]

    def _answer_action(self, request: Request) -> Answer:
        action = request.form["Action"]
        if action in self._answers:
            return self._answers[action]
        return [http(_result(action, getattr(self, f"_{action}")(request.form)))]

    def _ListSubscriptionsByTopic(self, form: dict[str, str]) -> str:  # noqa: N802
        """Two a page, as SNS gives a hundred."""
        start = int(form.get("NextToken", 0))
        members = "".join(
            f"<member><TopicArn>{TOPIC}</TopicArn><Protocol>{protocol}</Protocol>"
            f"<SubscriptionArn>{arn}</SubscriptionArn><Endpoint>{endpoint}</Endpoint></member>"
            for protocol, endpoint, arn in self._live[start : start + 2]
        )
        more = f"<NextToken>{start + 2}</NextToken>" if start + 2 < len(self._live) else ""
        return f"<Subscriptions>{members}</Subscriptions>{more}"

    def _ListPhoneNumbersOptedOut(self, _: dict[str, str]) -> str:  # noqa: N802
        members = "".join(f"<member>{phone}</member>" for phone in self._opted_out)
        return f"<phoneNumbers>{members}</phoneNumbers>"

    def _GetSubscriptionAttributes(self, form: dict[str, str]) -> str:  # noqa: N802
        authenticated = str(form["SubscriptionArn"] in self._authenticated).lower()
        return (
            "<Attributes><entry><key>ConfirmationWasAuthenticated</key>"
            f"<value>{authenticated}</value></entry></Attributes>"
        )

    def _Subscribe(self, _: dict[str, str]) -> str:  # noqa: N802
        return "<SubscriptionArn>pending confirmation</SubscriptionArn>"

    def _ConfirmSubscription(self, _: dict[str, str]) -> str:  # noqa: N802
        return f"<SubscriptionArn>{TOPIC}:new</SubscriptionArn>"


def _result(action: str, content: str) -> bytes:
    return (
        f'<{action}Response xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><{action}Result>'
        f"{content}</{action}Result></{action}Response>"
    ).encode()


LIVE = [
    ("email", PEOPLE["email/Ana"], f"{TOPIC}:ana"),
    ("email", PEOPLE["email/Bo"], f"{TOPIC}:bo"),
    ("email", PEOPLE["email/Cy"], "PendingConfirmation"),
    ("email", PEOPLE["email/Di"], "Deleted"),
    ("sms", PEOPLE["sms/Ana"], f"{TOPIC}:ana-sms"),
    ("sms", PEOPLE["sms/Bo"], f"{TOPIC}:bo-sms"),
    ("email", "canary-stranger@example.com", f"{TOPIC}:stranger"),
]
Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Run the command against an SNS; everything it prints is searched for addresses."""

    def run(sns: Server, *options: str, text: str | None = None) -> tuple[int, str, str]:
        (tmp_path / "state.json").write_text(state() if text is None else text)
        with sns:
            monkeypatch.setenv("AWS_ENDPOINT_URL", sns.url)
            code = main(["--state", str(tmp_path / "state.json"), *options])
        out, err = capsys.readouterr()
        assert "canary" not in out + err
        assert "555555" not in out + err
        return code, out, err

    return run


def test_each_condition_is_shown_by_name(ask: Ask) -> None:
    sns = LiveSns(LIVE[:5] + LIVE[6:], authenticated=(f"{TOPIC}:ana",))
    sns_with_stop = LiveSns(LIVE, opted_out=(PEOPLE["sms/Bo"],), authenticated=(f"{TOPIC}:ana",))
    shared = (
        "TOPIC           CHANNEL  PERSON  CONDITION\n"
        "water_critical  email    Ana     confirmed                authenticated unsubscribe\n"
        "water_critical  email    Bo      confirmed                a mail scanner's click can"
        " unsubscribe; see CONFIRM (--confirm)\n"
        "water_critical  email    Cy      pending confirmation     must confirm within 48 hours of"
        " the invitation\n"
        "water_critical  email    Di      unsubscribed or expired  `make apply` invites again; to"
        " stop that, set Channels in the contacts\n"
        "water_critical  sms      Ana     confirmed\n"
        "water_critical  sms      Bo      {}\n"
        "water_critical  email    (1)     unknown to Terraform     not in the contacts\n"
        "\n"
        "3 of 6 subscriptions receive messages\n"
    )

    assert ask(sns_with_stop) == (
        1,
        shared.format(
            "opted out                answered STOP; the SNS console undoes it, once in 30 days"
        ),
        "",
    )
    assert ask(sns) == (
        1,
        shared.format(
            "unsubscribed or expired  `make apply` subscribes again; to stop that, set Channels in"
            " the contacts"
        ),
        "",
    )


def test_when_everybody_receives_the_exit_code_says_so(ask: Ask) -> None:
    people = {key: PEOPLE[key] for key in ("email/Ana", "sms/Ana")}

    code, out, _ = ask(LiveSns(LIVE), text=state(people))

    assert code == 0
    assert out.endswith("2 of 2 subscriptions receive messages\n")


def test_an_address_that_subscribed_again_receives(ask: Ask) -> None:
    """Its ARN is not Terraform's any more; the address is."""
    live = [("email", PEOPLE["email/Ana"], f"{TOPIC}:another")]

    code, _, _ = ask(LiveSns(live), text=state({"email/Ana": PEOPLE["email/Ana"]}))

    assert code == 0


def test_a_topic_that_was_deleted_took_everybody_with_it(ask: Ask) -> None:
    answers: dict[str, Answer] = {
        "ListSubscriptionsByTopic": [refused("404 Not Found", "NotFound", "canary")]
    }

    code, out, _ = ask(LiveSns([], answers=answers))

    assert code == 1
    assert out.count(" unsubscribed or expired ") == 6


@pytest.mark.parametrize(
    ("status", "name", "said"),
    [
        ("400 Bad Request", "Throttling", "error: SNS answered Throttling\n"),
        ("403 Forbidden", "AuthorizationError", "error: SNS answered AuthorizationError\n"),
        ("500 Internal Server Error", "InternalError", "error: SNS answered InternalError\n"),
    ],
)
@pytest.mark.parametrize(
    "action",
    ["ListSubscriptionsByTopic", "ListPhoneNumbersOptedOut", "GetSubscriptionAttributes"],
)
def test_where_sns_does_not_answer_nothing_is_shown(
    action: str, status: str, name: str, said: str, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    answers: dict[str, Answer] = {action: [refused(status, name, "canary@example.com")]}

    assert ask(LiveSns(LIVE, answers=answers)) == (2, "", said)


def test_a_throttled_question_is_asked_again(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    sns = LiveSns(LIVE)
    real, times = sns._answer, iter(range(100))
    throttled = [refused("400 Bad Request", "Throttling")]
    sns._answer = lambda request: throttled if next(times) < 2 else real(request)

    code, out, _ = ask(sns)

    assert (code, out.count("\n")) == (1, 10)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{"format_version": "1.0"}',
        "[1]",
        '{"values": {"root_module": {}}}',
        '{"values": {"root_module": {"resources": 1}}}',
        "[" * 100_000,
        state(topic="canary"),
        state().replace(f'"{TOPIC}"', "null"),
        state().replace('"+15555550101"', "[]"),
        state().replace('"values": {"topic_arn"', '"values": null, "x": {"topic_arn"'),
    ],
)
def test_without_a_state_nothing_is_shown(text: str, ask: Ask) -> None:
    assert ask(LiveSns([]), text=text) == (
        2,
        "",
        "error: Terraform's state has no people in it; run `make apply` first\n",
    )


def test_what_is_left_over_from_a_replacement_is_nobody(ask: Ask) -> None:
    left_over = state().replace('"index": "email/Di"', '"index": "email/Di", "deposed_key": "x"')

    _, out, _ = ask(LiveSns(LIVE), text=left_over)

    assert " Di " not in out


@pytest.mark.parametrize(
    "answer",
    [
        http(b"<html>canary@example.com</html>"),
        http(b""),
        http(_result("ListSubscriptionsByTopic", "<Subscriptions>canary@example.com")[:-40]),
        http(_result("ListSubscriptionsByTopic", "<Subscriptions><member>canary</member>")),
        b"",
    ],
)
def test_an_answer_that_is_none_is_not_repeated(
    answer: bytes, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)

    code, out, err = ask(LiveSns(LIVE, answers={"ListSubscriptionsByTopic": [answer]}))

    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("error: SNS ")


def test_who_unsubscribes_while_we_ask_is_unsubscribed(ask: Ask) -> None:
    answers: dict[str, Answer] = {
        "GetSubscriptionAttributes": [refused("404 Not Found", "NotFound", "canary")]
    }

    code, out, _ = ask(LiveSns(LIVE[:1], answers=answers), text=state({"email/Ana": LIVE[0][1]}))

    assert (code, out.count(" unsubscribed or expired ")) == (1, 1)


def test_whoever_is_invited_a_second_time_after_confirming_receives(ask: Ask) -> None:
    address = PEOPLE["email/Ana"]
    live = [("email", address, "PendingConfirmation"), ("email", address, f"{TOPIC}:ana")]

    assert ask(LiveSns(live), text=state({"email/Ana": address}))[0] == 0


def test_a_failed_invitation_is_shown_with_its_reason(ask: Ask) -> None:
    answers: dict[str, Answer] = {
        "Subscribe": [refused("400 Bad Request", "FilterLimit", "canary")]
    }

    code, out, _ = ask(LiveSns(LIVE, answers=answers), "--reinvite")

    assert code == 1
    assert " pending confirmation     not invited again: SNS answered FilterLimit\n" in out


def test_a_link_in_the_wrong_place_is_not_repeated(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([LINK])

    assert ended.value.code == 2
    assert "canary" not in capsys.readouterr().err


def test_a_plan_is_no_state(ask: Ask) -> None:
    code, _, err = ask(LiveSns([]), text='{"resource_changes": [], "values": {}}')

    assert (code, err) == (
        2,
        "error: that is a plan; give `terraform show -json` of the state\n",
    )


def test_reinviting_reaches_only_those_who_are_pending(ask: Ask) -> None:
    sns = LiveSns(LIVE)

    code, out, _ = ask(sns, "--reinvite")

    assert code == 1
    assert [form["Endpoint"] for form in sns.actions("Subscribe")] == [PEOPLE["email/Cy"]]
    (line,) = (line for line in out.splitlines() if " Cy " in line)
    assert "invited again; must confirm before 20" in line


LINK = (
    "https://sns.us-east-1.amazonaws.com/confirmation.html"
    f"?TopicArn={TOPIC}&Token=abc123&Endpoint=canary@example.com"
)


def test_confirming_asks_for_authenticated_unsubscribe(ask: Ask) -> None:
    sns = LiveSns([])

    code, out, _ = ask(sns, "--confirm", LINK)

    assert (code, out) == (
        0,
        "water_critical: confirmed, authenticated unsubscribe; no click in an email ends it\n",
    )
    (form,) = sns.actions("ConfirmSubscription")
    assert (form["TopicArn"], form["Token"]) == (TOPIC, "abc123")
    assert form["AuthenticateOnUnsubscribe"] == "true"


@pytest.mark.parametrize(
    "link",
    [
        "https://canary.example.com",
        LINK.replace("Token=abc123", ""),
        LINK.replace(TOPIC, "canary"),
        LINK.partition("&")[0],  # what a shell makes of it without quotes
        "http://[::1",
    ],
)
def test_another_link_confirms_nothing(link: str, ask: Ask) -> None:
    sns = LiveSns([])

    code, out, err = ask(sns, "--confirm", link)

    assert (code, out) == (2, "")
    assert err.startswith("error: that is not the link of an invitation; copy")
    assert sns.requests == []


def test_a_link_that_is_too_old_is_said(ask: Ask) -> None:
    answers: dict[str, Answer] = {
        "ConfirmSubscription": [refused("400 Bad Request", "InvalidParameter", "canary token")]
    }

    assert ask(LiveSns([], answers=answers), "--confirm", LINK) == (
        2,
        "",
        "error: the link is cut short or older than 48 hours; invite again with REINVITE=1\n",
    )


def test_many_people_are_asked_about_at_once(ask: Ask) -> None:
    people = {f"email/P{n}": f"canary-{n}@example.com" for n in range(100)}
    live = [("email", endpoint, f"{TOPIC}:{key}") for key, endpoint in people.items()]
    sns = LiveSns(live)

    code, out, _ = ask(sns, text=state(people))

    assert code == 0
    assert out.endswith("100 of 100 subscriptions receive messages\n")
    assert len(sns.actions("GetSubscriptionAttributes")) == 100
    assert subscriptions.AT_ONCE == 8


def test_a_hostile_name_is_one_line(ask: Ask) -> None:
    people: dict[str, Any] = {"email/a\nb\x1b[31m": PEOPLE["email/Ana"]}

    _, out, _ = ask(LiveSns(LIVE[:1]), text=state(people))

    assert "a?b?[31m" in out


def test_operators_have_no_name_and_are_known_by_a_hash() -> None:
    people = read_people(state({"3f2a9c01d4e5": "ops@example.com"}))

    assert [person.name for person in people] == ["operator 3f2a9c01d4e5"]
