"""Who really receives: Terraform's people beside an SNS that simulates what moto can't."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts import subscriptions
from scripts.state import read_state
from scripts.subscriptions import main
from tests.support.live import (
    ALLOW,
    LETS_SNS_IN,
    LIVE,
    PEOPLE,
    TOPIC,
    LiveAws,
    action_of,
    refuse,
    resource,
    result,
    state,
)
from tests.support.servers import Answer, Server, http, refused

# Said below the table wherever there are texts and no log of them; cut off by `ask`.
STOPPED = (
    "\nWho answered STOP to a toll-free number is known to the carriers alone. With sms_log_days,"
    " the next text shows it.\n"
)
Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Run the command against an SNS; everything it prints is searched for addresses."""

    def run(sns: Server, *options: str, text: str | None = None) -> tuple[int, str, str]:
        text_of = state() if text is None else text
        (tmp_path / "state.json").write_text(text_of)
        with sns:
            monkeypatch.setenv("AWS_ENDPOINT_URL", sns.url)
            code = main(["--state", str(tmp_path / "state.json"), *options])
        out, err = capsys.readouterr()
        assert "canary" not in out + err
        assert "555555" not in out + err
        assert out.endswith(STOPPED) == (bool(out) and " sms " in out and "sns/" not in text_of)
        return code, out.removesuffix(STOPPED), err

    return run


def test_each_condition_is_shown_by_name(ask: Ask) -> None:
    sns = LiveAws(LIVE[:5] + LIVE[6:], authenticated=(f"{TOPIC}:ana",))
    sns_with_stop = LiveAws(LIVE, opted_out=(PEOPLE["sms/Bo"],), authenticated=(f"{TOPIC}:ana",))
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
            "opted out                answered STOP; texting START to a toll-free number undoes it,"
            " for others the SNS console does, once in 30 days"
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
    code, out, _ = ask(LiveAws(LIVE_ANA), text=state(ANA))

    assert code == 0
    assert out.endswith("2 of 2 subscriptions receive messages\n")


def test_an_address_that_subscribed_again_receives(ask: Ask) -> None:
    """Its ARN is not Terraform's any more; the address is."""
    live = [("email", PEOPLE["email/Ana"], f"{TOPIC}:another")]

    code, _, _ = ask(LiveAws(live), text=state({"email/Ana": PEOPLE["email/Ana"]}))

    assert code == 0


def test_a_topic_that_was_deleted_took_everybody_with_it(ask: Ask) -> None:
    answers: dict[str, Answer] = {
        "ListSubscriptionsByTopic": [refused("404 Not Found", "NotFound", "canary")]
    }

    code, out, _ = ask(LiveAws([], answers=answers))

    assert code == 1
    assert out.count(" unsubscribed or expired ") == 6


REFUSED = {
    # The call that is refused -> what the table says instead, and the exit code.
    "ListSubscriptionsByTopic": (
        2,
        "water_critical  email    Ana     unknown    not allowed: sns:ListSubscriptionsByTopic\n"
        "water_critical  sms      Ana     unknown    not allowed: sns:ListSubscriptionsByTopic\n"
        "\n"
        "0 of 2 subscriptions receive messages, 2 unknown\n",
    ),
    "GetSubscriptionAttributes": (
        0,
        "water_critical  email    Ana     confirmed  authenticated unsubscribe unknown:"
        " not allowed: sns:GetSubscriptionAttributes\n"
        "water_critical  sms      Ana     confirmed\n"
        "\n"
        "2 of 2 subscriptions receive messages\n",
    ),
    **{
        action: (
            2,
            "water_critical  email    Ana     confirmed  a mail scanner's click can unsubscribe;"
            " see CONFIRM (--confirm)\n"
            f"water_critical  sms      Ana     unknown    not allowed: {service}:{action}\n"
            "\n"
            "1 of 2 subscriptions receive messages, 1 unknown\n",
        )
        for action, service in {
            "ListPhoneNumbersOptedOut": "sns",
            "GetSMSSandboxAccountStatus": "sns",
            "ListSMSSandboxPhoneNumbers": "sns",
            "GetSMSAttributes": "sns",
            "GetMetricStatistics": "cloudwatch",
            "DescribePhoneNumbers": "sms-voice",
        }.items()
    },
}
ANA = {key: PEOPLE[key] for key in ("email/Ana", "sms/Ana")}
LIVE_ANA = [subscription for subscription in LIVE if subscription[1] in ANA.values()]
HEADER = "TOPIC           CHANNEL  PERSON  CONDITION\n"


@pytest.mark.parametrize("action", REFUSED)
def test_a_call_that_is_refused_costs_what_it_would_have_said_alone(action: str, ask: Ask) -> None:
    needed = {
        "ListSMSSandboxPhoneNumbers": {"sandbox": ()},
        "DescribePhoneNumbers": {"senders": ()},
    }
    aws = LiveAws(LIVE_ANA, answers=refuse(action), **needed.get(action, {}))

    code, table = REFUSED[action]
    assert ask(aws, text=state(ANA)) == (code, HEADER + table, "")


def test_a_refused_list_of_numbers_is_made_up_for_by_the_other_service(ask: Ask) -> None:
    refused_list = refuse("ListOriginationNumbers")

    with_voice = ask(LiveAws(LIVE_ANA, answers=refused_list, **held()), text=state(ANA))
    without = ask(LiveAws(LIVE_ANA, answers=refused_list), text=state(ANA))

    assert with_voice[0] == 0
    assert without[0] == 2
    assert "  sms      Ana     unknown    not allowed: sns:ListOriginationNumbers\n" in without[1]


UNVERIFIED = "the account is in the SMS sandbox; this number is not verified"
LIMIT = "the month's SMS spend limit is reached"
NO_IDENTITY = "no origination identity for US numbers"
INACTIVE = "the origination identity for US numbers is not active yet"
SHUT = "the origination identity for US numbers does not let SNS use it"


def listed(*senders: tuple[str, str, str]) -> dict[str, Any]:
    """Numbers in SNS."""
    return {"senders": senders}


OWN_ACCOUNT = {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def a_policy(**changes: Any) -> str:
    """A resource policy that lets SNS send, changed."""
    return json.dumps({"Statement": {**ALLOW, **changes}})


def held(**number: Any) -> dict[str, Any]:
    """One number in End User Messaging SMS alone."""
    return {"senders": (), "voice": [{"Policy": LETS_SNS_IN, **number}]}


@pytest.mark.parametrize(
    ("account", "obstacle"),
    [
        ({}, ""),
        ({"sandbox": ()}, UNVERIFIED),
        ({"sandbox": (PEOPLE["sms/Bo"],)}, UNVERIFIED),
        ({"sandbox": (PEOPLE["sms/Ana"],)}, ""),
        ({"sandbox": (PEOPLE["sms/Ana"],), **listed()}, NO_IDENTITY),
        ({"spent": 19.99}, ""),
        ({"spent": 20}, LIMIT),
        ({"spent": None}, ""),
        ({"spent": 1, "limit": None}, LIMIT),
        (listed(), NO_IDENTITY),
        (listed(("DE", "ACTIVE", "SMS")), NO_IDENTITY),
        (listed(("US", "ACTIVE", "VOICE")), NO_IDENTITY),
        (listed(("US", "PENDING", "SMS")), INACTIVE),
        (listed(("US", "PENDING", "SMS"), ("US", "active", "SMS")), ""),
        (held(), ""),
        (held(Policy=None), SHUT),
        (held(Policy=LETS_SNS_IN.replace("Allow", "Deny")), SHUT),
        (held(Policy=LETS_SNS_IN.replace("sns.", "connect.")), SHUT),
        (held(Policy=None, PoolId="pool-1", PoolPolicy=LETS_SNS_IN), ""),
        (held(Policy=None, PoolId="pool-1"), SHUT),
        (held(Policy=a_policy(Action="sms-voice:*")), ""),
        (held(Policy=a_policy(Action=["sms-voice:SendVoiceMessage"])), SHUT),
        (held(Policy=a_policy(Principal="*")), ""),
        (held(Policy=a_policy(Principal={"AWS": "*"})), ""),
        (held(Policy=a_policy(Condition=OWN_ACCOUNT)), ""),
        (held(Policy=json.dumps({"Statement": [ALLOW, {**ALLOW, "Effect": "Deny"}]})), SHUT),
        # One for another country hides none for the US, in either service.
        ({**held(), **listed(("CA", "ACTIVE", "SMS"))}, ""),
        ({**held(IsoCountryCode="CA"), **listed(("US", "PENDING", "SMS"))}, INACTIVE),
        (held(Status="PENDING"), INACTIVE),
        (held(NumberType="SIMULATOR"), NO_IDENTITY),
        (held(IsoCountryCode="CA"), NO_IDENTITY),
        (held(NumberCapabilities=["VOICE"]), NO_IDENTITY),
    ],
)
def test_a_text_is_reachable_only_where_the_account_can_send_it(
    account: dict[str, Any], obstacle: str, ask: Ask
) -> None:
    people = {"sms/Ana": PEOPLE["sms/Ana"]}

    code, out, err = ask(LiveAws(LIVE[4:5], **account), text=state(people))

    said = f"not reachable  {obstacle}; see `make doctor`" if obstacle else "confirmed"
    assert (code, err) == (1 if obstacle else 0, "")
    assert out.splitlines()[1] == f"water_critical  sms      Ana     {said}"


def test_a_policy_that_is_none_makes_it_unknown(ask: Ask) -> None:
    aws = LiveAws(LIVE_ANA, **held(Policy="canary"))

    code, out, _ = ask(aws, text=state(ANA))

    assert code == 2
    assert "  sms      Ana     unknown    no whole answer from AWS (JSONDecodeError)\n" in out


def test_a_condition_that_only_aws_can_evaluate_makes_it_unknown(ask: Ask) -> None:
    condition = {"StringEquals": {"aws:SourceAccount": "999999999999"}}
    aws = LiveAws(LIVE_ANA, **held(Policy=a_policy(Condition=condition)))

    code, out, _ = ask(aws, text=state(ANA))

    assert code == 2
    assert " unknown    the number's resource policy has conditions; look at it\n" in out


def test_whether_a_number_outside_the_us_is_reached_is_unknown(ask: Ask) -> None:
    number = "+4955550100"
    aws = LiveAws([("sms", number, f"{TOPIC}:x")])

    assert ask(aws, text=state({"sms/Ana": number})) == (
        2,
        HEADER + "water_critical  sms      Ana     unknown    AWS can't be asked whether this"
        " country needs a registered sender\n\n0 of 1 subscriptions receive messages, 1 unknown\n",
        "",
    )


def test_without_texts_nothing_is_asked_about_them(ask: Ask) -> None:
    aws = LiveAws(LIVE_ANA)

    code, _, _ = ask(aws, text=state({"email/Ana": ANA["email/Ana"]}))

    asked = {action_of(request) for request in aws.requests}
    assert (code, asked) == (0, {"ListSubscriptionsByTopic", "GetSubscriptionAttributes"})


def test_a_pending_stranger_can_still_confirm_and_is_an_error(ask: Ask) -> None:
    stranger = ("email", "canary-stranger@example.com", "PendingConfirmation")

    assert ask(LiveAws([*LIVE_ANA, stranger]), text=state(ANA)) == (
        1,
        "TOPIC           CHANNEL  PERSON  CONDITION\n"
        "water_critical  email    Ana     confirmed                      a mail scanner's click can"
        " unsubscribe; see CONFIRM (--confirm)\n"
        "water_critical  sms      Ana     confirmed\n"
        "water_critical  email    (1)     pending, unknown to Terraform  not in the contacts, but"
        " can confirm for 48 hours after the invitation\n"
        "\n"
        "2 of 2 subscriptions receive messages\n",
        "",
    )


def test_who_is_in_the_contacts_and_receives_nothing_is_listed(ask: Ask) -> None:
    nobody = [{"department": "water", "name": "Eve\x1b[31m"}]
    others = [resource("terraform_data", "receive_nothing", input=nobody)]

    assert ask(LiveAws(LIVE_ANA), text=state(ANA, others=others)) == (
        1,
        "TOPIC           CHANNEL  PERSON    CONDITION\n"
        "water_critical  email    Ana       confirmed         a mail scanner's click can"
        " unsubscribe; see CONFIRM (--confirm)\n"
        "water_critical  sms      Ana       confirmed\n"
        "water                    Eve?[31m  receives nothing  no email and no phone for the"
        " channels that the department's alerts use\n"
        "\n"
        "2 of 2 subscriptions receive messages\n",
        "",
    )


def sent_text(status: str, day: str, number: str, answer: str) -> dict[str, Any]:
    """A record of a text's delivery, as SNS logs it."""
    return {
        "notification": {"messageId": "canary", "timestamp": f"{day} 07:00:01.559"},
        "delivery": {"destination": number, "providerResponse": answer},
        "status": status,
    }


GROUP = "sns/us-east-1/123456789012/DirectPublishToPhoneNumber"
LOGS = [resource("aws_cloudwatch_log_group", "texts", name=n) for n in (GROUP, f"{GROUP}/Failure")]


def test_whose_last_text_failed_is_named_without_a_number(ask: Ask) -> None:
    ana, bo = PEOPLE["sms/Ana"], PEOPLE["sms/Bo"]
    texts = {
        GROUP: [sent_text("SUCCESS", "2026-11-03", bo, "Message has been accepted")],
        f"{GROUP}/Failure": [
            sent_text("FAILURE", "2026-11-02", bo, "Unknown error"),
            sent_text("FAILURE", "2026-11-02", ana, "an older one"),
            sent_text("FAILURE", "2026-11-03", ana, "Phone +15555550101 is off | 555-555-0101"),
        ],
    }
    people = {"sms/Ana": ana, "sms/Bo": bo}

    assert ask(LiveAws(LIVE[4:6], texts=texts), text=state(people, others=LOGS))[:2] == (
        1,
        "TOPIC           CHANNEL  PERSON  CONDITION\n"
        "water_critical  sms      Ana     not reached last time  on 2026-11-03: Phone ... is off |"
        " ...\n"
        "water_critical  sms      Bo      confirmed\n"
        "\n"
        "1 of 2 subscriptions receive messages\n",
    )


@pytest.mark.parametrize("texts", [{}, {GROUP: []}])
def test_before_the_first_text_no_log_is_missed(texts: dict[str, Any], ask: Ask) -> None:
    assert ask(LiveAws(LIVE_ANA, texts=texts), text=state(ANA, others=LOGS))[0] == 0


def test_a_log_that_may_not_be_read_costs_a_remark(ask: Ask) -> None:
    aws = LiveAws(LIVE_ANA, answers=refuse("FilterLogEvents"))

    code, out, _ = ask(aws, text=state(ANA, others=LOGS))

    assert code == 0
    why = "not allowed: logs:FilterLogEvents"
    assert f"  sms      Ana     confirmed  the last text is unknown: {why}\n" in out


@pytest.mark.parametrize("odd", [{"canary": 1}, {"delivery": None}, [], None, "canary"])
def test_an_odd_record_hides_no_other(odd: Any, ask: Ask) -> None:
    failed = sent_text("FAILURE", "2026-11-03", PEOPLE["sms/Ana"], "Unknown error")
    failed["delivery"]["providerResponse"] = None
    texts = {GROUP: [odd, failed, odd]}

    code, out, _ = ask(LiveAws(LIVE_ANA, texts=texts), text=state(ANA, others=LOGS))

    assert code == 1
    assert "  sms      Ana     not reached last time  on 2026-11-03: no reason given\n" in out


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (refused("400 Bad Request", "Throttling", "canary"), "AWS answered Throttling"),
        (refused("500 Internal", "InternalError", "canary"), "AWS answered InternalError"),
        (http(b"<html>canary@example.com</html>"), "no whole answer from AWS (KeyError)"),
        (http(b""), "no whole answer from AWS (ResponseParserError)"),
        (b"", "no whole answer from AWS (ConnectionClosedError)"),
        (
            http(result("ListSubscriptionsByTopic", "<Subscriptions>canary@example.com")[:-40]),
            "no whole answer from AWS (ResponseParserError)",
        ),
    ],
)
def test_where_nothing_is_answered_nothing_is_shown(
    answer: bytes, why: str, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    answers: dict[str, Answer] = {"ListSubscriptionsByTopic": [answer]}

    assert ask(LiveAws(LIVE, answers=answers)) == (2, "", f"error: {why}\n")


@pytest.mark.parametrize(
    "action", ["GetSMSSandboxAccountStatus", "GetMetricStatistics", "ListPhoneNumbersOptedOut"]
)
@pytest.mark.parametrize("answer", [http(b""), http(b"<html>canary</html>"), b"", http(b"{}")])
def test_a_mangled_answer_costs_what_it_would_have_said_alone(
    answer: bytes, action: str, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    aws = LiveAws(LIVE_ANA, answers={action: [answer]})

    code, out, _ = ask(aws, text=state(ANA))

    assert code == 2
    assert "  sms      Ana     unknown    no whole answer from AWS (" in out
    assert "1 of 2 subscriptions receive messages, 1 unknown\n" in out


def test_a_throttled_question_is_asked_again(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    sns = LiveAws(LIVE)
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
    assert ask(LiveAws([]), text=text) == (
        2,
        "",
        "error: Terraform's state has no people in it; run `make apply` first\n",
    )


def test_what_is_left_over_from_a_replacement_is_nobody(ask: Ask) -> None:
    left_over = state().replace('"index": "email/Di"', '"index": "email/Di", "deposed_key": "x"')

    _, out, _ = ask(LiveAws(LIVE), text=left_over)

    assert " Di " not in out


def test_who_unsubscribes_while_we_ask_is_unsubscribed(ask: Ask) -> None:
    answers: dict[str, Answer] = {
        "GetSubscriptionAttributes": [refused("404 Not Found", "NotFound", "canary")]
    }

    code, out, _ = ask(LiveAws(LIVE[:1], answers=answers), text=state({"email/Ana": LIVE[0][1]}))

    assert (code, out.count(" unsubscribed or expired ")) == (1, 1)


def test_whoever_is_invited_a_second_time_after_confirming_receives(ask: Ask) -> None:
    address = PEOPLE["email/Ana"]
    live = [("email", address, "PendingConfirmation"), ("email", address, f"{TOPIC}:ana")]

    assert ask(LiveAws(live), text=state({"email/Ana": address}))[0] == 0


def test_a_failed_invitation_is_shown_with_its_reason(ask: Ask) -> None:
    answers: dict[str, Answer] = {
        "Subscribe": [refused("400 Bad Request", "FilterLimit", "canary")]
    }

    code, out, _ = ask(LiveAws(LIVE, answers=answers), "--reinvite")

    assert code == 1
    assert " pending confirmation     not invited again: AWS answered FilterLimit\n" in out


def test_a_link_in_the_wrong_place_is_not_repeated(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([LINK])

    assert ended.value.code == 2
    assert "canary" not in capsys.readouterr().err


def test_a_plan_is_no_state(ask: Ask) -> None:
    code, _, err = ask(LiveAws([]), text='{"resource_changes": [], "values": {}}')

    assert (code, err) == (
        2,
        "error: that is a plan; give `terraform show -json` of the state\n",
    )


def test_reinviting_reaches_only_those_who_are_pending(ask: Ask) -> None:
    sns = LiveAws(LIVE)

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
    sns = LiveAws([])

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
    sns = LiveAws([])

    code, out, err = ask(sns, "--confirm", link)

    assert (code, out) == (2, "")
    assert err.startswith("error: that is not the link of an invitation; copy")
    assert sns.requests == []


def test_a_link_that_is_too_old_is_said(ask: Ask) -> None:
    answers: dict[str, Answer] = {
        "ConfirmSubscription": [refused("400 Bad Request", "InvalidParameter", "canary token")]
    }

    assert ask(LiveAws([], answers=answers), "--confirm", LINK) == (
        2,
        "",
        "error: the link is cut short or older than 48 hours; invite again with REINVITE=1\n",
    )


def test_many_people_are_asked_about_at_once(ask: Ask) -> None:
    people = {f"email/P{n}": f"canary-{n}@example.com" for n in range(100)}
    live = [("email", endpoint, f"{TOPIC}:{key}") for key, endpoint in people.items()]
    sns = LiveAws(live)

    code, out, _ = ask(sns, text=state(people))

    assert code == 0
    assert out.endswith("100 of 100 subscriptions receive messages\n")
    assert len(sns.actions("GetSubscriptionAttributes")) == 100
    assert subscriptions.AT_ONCE == 8


def test_a_hostile_name_is_one_line(ask: Ask) -> None:
    people: dict[str, Any] = {"email/a\nb\x1b[31m": PEOPLE["email/Ana"]}

    _, out, _ = ask(LiveAws(LIVE[:1]), text=state(people))

    assert "a?b?[31m" in out


def test_operators_have_no_name_and_are_known_by_a_hash() -> None:
    people = read_state(state({"3f2a9c01d4e5": "ops@example.com"}))

    assert [person.name for person in people.people] == ["operator 3f2a9c01d4e5"]
