"""The review of a plan: what it says of people, what is risky, what it cannot determine."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scripts.review.__main__ import main
from scripts.review.evaluate import Review, evaluate
from scripts.review.read import InvalidPlanError, read_plan
from scripts.review.render import as_markdown, as_text
from scripts.terraform import ROOT
from tests.support.examples import a_report, an_alert
from tests.support.plans import WATER, a_change, a_plan, a_subscription, a_topic

TOPICS = [a_topic("water_critical"), a_topic("water_extreme")]
SUB = "aws_sns_topic_subscription"


def review(*changes: dict[str, Any], **options: Any) -> Review:
    """Review a plan in which both of water's topics stay."""
    return evaluate(read_plan(a_plan(*TOPICS, *changes, **options)))


def emails(number: int, action: str, first: int = 0) -> list[dict[str, Any]]:
    return [
        a_subscription("water_critical", f"email/P{n:04}", action)
        for n in range(first, first + number)
    ]


def noticed(*changes: dict[str, Any], **options: Any) -> list[str]:
    found = review(*changes, **options).people
    return [" ".join(filter(None, (c.person, c.kind, c.other, c.detail))) for c in found]


# What people notice.


def test_who_starts_must_confirm_an_email_and_not_a_text() -> None:
    assert noticed(
        a_subscription("water_critical", "email/Ana", "create"),
        a_subscription("water_extreme", "sms/Ana", "create"),
    ) == ["Ana subscribed critical by email (must confirm), extreme by sms"]


def test_who_stops_is_named_with_what_ends() -> None:
    assert noticed(a_subscription("water_critical", "email/Ana", "delete")) == [
        "Ana unsubscribed critical by email"
    ]


def test_a_corrected_address_must_be_confirmed_again_and_a_phone_not() -> None:
    def corrected(topic: str, key: str) -> dict[str, Any]:
        return a_subscription(topic, key, "replace", replaced_for=["endpoint"])

    assert noticed(corrected("water_critical", "email/Ana")) == [
        "Ana corrected email (must confirm again)"
    ]
    assert noticed(corrected("water_extreme", "sms/Ana")) == ["Ana corrected sms"]


def test_another_channel_or_level_is_no_beginning_and_no_end() -> None:
    assert noticed(
        a_subscription("water_critical", "email/Ana", "delete"),
        a_subscription("water_extreme", "sms/Ana", "create"),
    ) == ["Ana channels_changed unsubscribed from critical by email; subscribed to extreme by sms"]


def test_who_ends_in_one_department_and_begins_in_another_moves() -> None:
    trash = an_alert("trash_many", protocols=("email",))

    moved = noticed(
        a_topic("trash_many"),
        a_subscription("water_critical", "email/Ana", "delete"),
        a_subscription("trash_many", "email/Ana", "create"),
        before=[*WATER, trash],
        after=[*WATER, trash],
    )

    assert moved == [
        "Ana moved_in water many by email (must confirm)",
        "Ana moved_out trash critical by email",
    ]


def test_a_topic_that_is_created_again_keeps_its_people_in_every_number() -> None:
    ana = a_subscription("water_critical", "email/Ana", "create")
    gone = [
        a_topic("water_critical", "delete"),
        a_subscription("water_critical", "email/Ana", "delete"),
    ]
    plan = a_plan(a_topic("water_critical", "create"), TOPICS[1], ana, SMS, drift=gone)

    found = evaluate(read_plan(plan))

    assert [(c.kind, c.detail) for c in found.people] == [("confirm_again", "critical by email")]
    critical = found.subscribers[0]
    assert (critical.before, critical.after, critical.confirmed_after) == (1, 1, 0)


def test_who_is_unchanged_is_not_named() -> None:
    assert noticed(a_subscription("water_critical", "email/Ana")) == []


def test_subscribers_are_counted_with_who_confirmed_before_and_after() -> None:
    found = review(
        a_subscription("water_critical", "email/Ana"),
        a_subscription("water_critical", "email/Bo", confirmed=False),
        a_subscription("water_critical", "email/Cy", "delete"),
        a_subscription("water_critical", "email/Di", "create"),
    ).subscribers[0]

    assert (found.level, found.channel) == ("critical", "email")
    assert (found.before, found.confirmed_before) == (3, 2)
    assert (found.after, found.confirmed_after) == (3, 1)


# Risks.


def test_nobody_left_is_a_risk() -> None:
    found = review(*emails(2, "delete"), a_subscription("water_extreme", "sms/Ana"))

    assert found.risks == ("water critical: no subscriber is left; 2 of 2 unsubscribed",)
    assert (found.notes, found.exit_code) == ((), 1)


@pytest.mark.parametrize(
    ("leave", "of", "risky"),
    [
        (0, 10, False),
        (1, 5, False),
        (1, 4, False),
        (1, 3, False),  # a handover
        (2, 3, True),
        (1, 2, True),
        (4, 14, False),  # under 30 %
        (6, 20, False),  # at 30 %
        (4, 13, True),
        (7, 20, True),
    ],
)
def test_more_than_a_share_leaving_is_a_risk(leave: int, of: int, risky: bool) -> None:
    found = review(
        *emails(leave, "delete"),
        *emails(of - leave, "no-op", first=leave),
        a_subscription("water_extreme", "sms/Ana"),
    )

    expected = f"water critical: {leave} of {of} unsubscribed, {leave / of:.0%}; the limit is 30%"
    assert found.risks == ((expected,) if risky else ())


@pytest.mark.parametrize(("share", "code"), [("0", 1), ("0.8", 0), ("0.79", 1), ("1", 0)])
def test_the_share_that_may_leave_can_be_set(share: str, code: int, tmp_path: Path) -> None:
    four_of_five = [*emails(4, "delete"), *emails(1, "no-op", first=4), SMS]
    (tmp_path / "plan.json").write_bytes(a_plan(*TOPICS, *four_of_five))

    assert main([str(tmp_path / "plan.json"), "--max-removed", share]) == code


@pytest.mark.parametrize("share", ["1.01", "-0.1", "x", "", "1/0", "nan"])
def test_a_share_that_is_none_is_an_error(share: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["plan.json", f"--max-removed={share}"])

    assert ended.value.code == 2
    assert f'"{share}" is not a share between 0 and 1' in capsys.readouterr().err


def test_a_person_who_keeps_one_channel_of_an_alert_does_not_leave_it() -> None:
    both = an_alert("water_critical")
    changes = [a_subscription("water_critical", f"sms/P{n:04}", "delete") for n in range(5)]

    found = review(*changes, *emails(5, "no-op"), before=[both, WATER[1]], after=[both, WATER[1]])

    assert found.risks == ()


def replaced_topic(action: str, *, after: list[Any]) -> Review:
    plan = a_plan(
        a_topic("water_critical", action),
        *[
            a_subscription("water_critical", f"email/{n}", action, replaced_for=["topic_arn"])
            for n in "AB"
        ],
        a_topic("water_extreme"),
        a_subscription("water_extreme", "sms/A"),
        after=after,
    )
    return evaluate(read_plan(plan))


def test_a_replaced_topic_is_a_risk_and_counts_who_must_confirm() -> None:
    found = replaced_topic("replace", after=[*WATER])

    assert found.risks == ("topic water_critical is replaced; 2 people must confirm again",)
    assert [(c.person, c.kind) for c in found.people] == [
        ("A", "confirm_again"),
        ("B", "confirm_again"),
    ]


def test_a_destroyed_topic_is_a_risk_and_counts_whom_it_unsubscribes() -> None:
    found = replaced_topic("delete", after=[WATER[1]])

    assert found.risks == ("topic water_critical is destroyed; 2 people unsubscribed",)


def test_a_replaced_topic_is_one_risk_however_many_must_confirm_and_has_no_arn_yet() -> None:
    after = [an_alert("water_critical", protocols=("email",), topic_arn=""), WATER[1]]
    plan = a_plan(
        a_topic("water_critical", "replace"), TOPICS[1], *emails(9, "replace"), SMS, after=after
    )

    assert evaluate(read_plan(plan)).risks == (
        "topic water_critical is replaced; 9 people must confirm again",
    )


def test_other_services_without_a_report_are_a_risk() -> None:
    """A mistyped one makes its alert unknown, and nobody is alerted."""
    plan = a_plan(a_topic("water_critical"), after=[replace(WATER[0], services=("Watter",))])

    said = "its services change, and no report says what that means: give REPORT"
    assert f"water critical: {said}" in evaluate(read_plan(plan)).risks


@pytest.mark.parametrize(
    ("arn", "said"),
    [
        (
            "arn:aws:sns:eu-west-1:123456789012:water_critical",
            "the topics are in eu-west-1, and this plan is for us-east-1; set AWS_REGION=eu-west-1",
        ),
        (
            "arn:aws:sns:us-east-1:999999999999:water_critical",
            "the topics are in account 999999999999, and this plan is for account 123456789012; set"
            " AWS_PROFILE to one of 999999999999",
        ),
    ],
)
def test_a_plan_for_another_place_is_no_plan(arn: str, said: str) -> None:
    """There, every topic seems to have been deleted by somebody."""
    plan = a_plan(a_topic("water_critical"), before=[replace(WATER[0], topic_arn=arn)])

    with pytest.raises(InvalidPlanError) as caught:
        read_plan(plan)

    assert str(caught.value) == said


def test_the_plan_itself_is_not_its_json() -> None:
    with pytest.raises(InvalidPlanError) as caught:
        read_plan(b"PK\x03\x04")

    assert str(caught.value) == "that is the plan itself; give its JSON, .cache/plan/plan.json"


def test_a_topic_renamed_is_a_replaced_one() -> None:
    renamed = an_alert(
        "x-water_critical", department="water", services=("Water",), protocols=("email",)
    )
    plan = a_plan(
        a_topic("water_critical", "delete"),
        a_topic("x-water_critical", "create"),
        a_subscription("water_critical", "email/Ana", "delete"),
        a_subscription("x-water_critical", "email/Ana", "create"),
        before=[WATER[0]],
        after=[renamed],
    )

    found = evaluate(read_plan(plan))

    assert found.risks == ("topic water_critical is replaced; 1 person must confirm again",)
    assert [(c.person, c.kind, c.detail) for c in found.people] == [
        ("Ana", "confirm_again", "critical by email")
    ]


def test_the_end_of_everything_is_one_risk() -> None:
    plan = a_plan(
        a_topic("water_critical", "delete"),
        a_topic("water_extreme", "delete"),
        a_subscription("water_critical", "email/Ana", "delete"),
        a_subscription("water_extreme", "sms/Ana", "delete"),
        after=[],
        checks=[("every_alert_reaches_somebody", "unknown"), ("topics", "unknown")],
    )

    found = evaluate(read_plan(plan))

    assert (found.undetermined, found.exit_code) == ((), 1)  # Terraform evaluates no check then
    assert found.risks == ("everything is destroyed: 2 topics, 1 person unsubscribed",)


def test_inviting_whoever_unsubscribed_is_a_risk() -> None:
    gone = a_subscription("water_critical", "email/Ana", "delete")

    found = review(a_subscription("water_critical", "email/Ana", "create"), drift=[gone])

    assert found.risks == (
        "water critical: Ana unsubscribed or never confirmed, and would be invited again; to"
        " prevent it, set Channels in the contacts",
    )
    assert [(c.kind, c.detail) for c in found.people] == [
        ("invited_again", "critical by email (must confirm)")
    ]
    assert (found.subscribers[0].before, found.subscribers[0].after) == (0, 1)


def test_a_topic_that_somebody_deleted_is_replaced_and_nobody_left() -> None:
    gone = [
        a_topic("water_critical", "delete"),
        a_subscription("water_critical", "email/Ana", "delete"),
    ]
    plan = a_plan(
        a_topic("water_critical", "create"),
        a_topic("water_extreme"),
        a_subscription("water_critical", "email/Ana", "create"),
        a_subscription("water_extreme", "sms/Ana"),
        drift=gone,
    )

    found = evaluate(read_plan(plan))

    assert found.risks == (
        "topic water_critical was deleted by somebody and is created again; 1 person must confirm"
        " again",
    )
    assert [(c.kind, c.detail) for c in found.people] == [("confirm_again", "critical by email")]


RUNNER_POLICY = a_change(
    "aws_iam_policy", "update", key="backlog-alerts-runner-1", resource="runner", policy="{}"
)
RUNNER_POLICY["change"]["after"] = {
    **RUNNER_POLICY["change"]["after"],
    "policy": '{"Statement": []}',
}


@pytest.mark.parametrize(
    ("change", "risk"),
    [
        (a_change("aws_lambda_function", "create"), "1 x aws_lambda_function: create, a resource"),
        (RUNNER_POLICY, "permissions change for whoever runs the check"),
        (a_change("aws_iam_policy", "update"), "permissions change: aws_iam_policy: update"),
        (a_change("aws_iam_user", "create"), "permissions change: aws_iam_user: create"),
        (
            a_change("aws_sns_topic_policy", "update", "water_critical"),
            "who may use a topic changes for water_critical",
        ),
        (
            a_subscription("water_critical", "email/Ana", "obliterate"),
            f"1 x {SUB}: obliterate, an action that this review does not know",
        ),
        (
            a_subscription("water_critical", "email/Ana", "forget"),
            f"1 x {SUB}: forgotten; AWS keeps it and nobody manages it",
        ),
        (
            a_subscription("", "email/Ana", "create"),
            f"1 x {SUB}: create, a resource that this review does not know",
        ),
        (
            a_change("terraform_data", "create", "water_critical", "something"),
            "1 x terraform_data: create, a resource that this review does not know",
        ),
        (
            {**a_change("external", "read"), "mode": "data"},
            "1 x data.external: read, a resource that this review does not know",
        ),
    ],
)
def test_what_the_review_does_not_know_is_a_risk(change: dict[str, Any], risk: str) -> None:
    found = review(change)

    assert [r for r in found.risks if r.startswith(risk)], found.risks
    assert found.exit_code == 1


def test_a_policy_whose_topic_is_not_in_the_plan_is_a_risk() -> None:
    policy = a_change("aws_sns_topic_policy", "update", "water_critical")

    found = evaluate(read_plan(a_plan(policy, TOPICS[1], SMS, after=[WATER[1]], before=[WATER[1]])))

    assert found.risks == ("who may use a topic changes for water_critical",)


def test_new_tags_are_no_change_of_permissions() -> None:
    tagged = with_change(RUNNER_POLICY, after={**RUNNER_POLICY["change"]["before"], "tags": {}})

    assert review(tagged, ANA, SMS).risks == ()


def test_a_new_topic_is_no_change_of_permissions_and_another_policy_is() -> None:
    assert review(RUNNER_POLICY).risks != ()
    policy = a_change("aws_iam_policy", "create", key="backlog-alerts-runner-1", resource="runner")
    policy["change"]["after"]["name"] = "backlog-alerts-runner-1"
    first = [a_topic("water_critical", "create"), policy]
    others = [*first, a_change("aws_iam_user", "create")]

    def risks(changes: list[dict[str, Any]]) -> list[str]:
        plan = a_plan(*changes, a_subscription("water_critical", "email/Ana", "create"), before=[])
        return [r for r in evaluate(read_plan(plan)).risks if "permissions" in r]

    assert risks(first) == []  # where nothing existed, a note says so
    assert risks(others) == ["permissions change: aws_iam_user: create"]


# What would silence people, or lead alerts elsewhere, though nobody leaves.

ELSEWHERE = an_alert(
    "water_critical",
    protocols=("email",),
    topic_arn="arn:aws:sns:us-east-1:999999999999:water_critical",
)
ANA = a_subscription("water_critical", "email/Ana")
SMS = a_subscription("water_extreme", "sms/Ana")


def with_change(entry: dict[str, Any], **change: Any) -> dict[str, Any]:
    return {**entry, "change": {**entry["change"], **change}}


@pytest.mark.parametrize(
    ("changes", "options", "risk"),
    [
        (
            [a_subscription("water_critical", "email/Ana", "update"), SMS],
            {},
            f"1 x {SUB}: update, an action that this review does not know",
        ),
        (
            [a_subscription("water_critical", "email/Ana", "read"), SMS],
            {},
            f"1 x {SUB}: read, an action that this review does not know",
        ),
        (
            [a_subscription("water_critical", "https/Eve", "create"), ANA, SMS],
            {},
            f"1 x {SUB}: create, a resource that this review does not know",
        ),
        (
            [a_subscription("water_critical", "email/Eve", "create", protocol="https"), ANA, SMS],
            {},
            f"{SUB} at water_critical email/Eve: protocol is not what this configuration makes",
        ),
        (
            [ANA, SMS],
            {"after": [ELSEWHERE, WATER[1]]},
            "topic water_critical: its alert would be published to another topic",
        ),
        (
            [ANA, SMS],
            {"after": [WATER[1]]},
            "topic water_critical: no alert in runner_config names it, so nothing is published to"
            " it",
        ),
        (
            [ANA, SMS],
            {"after": [an_alert("water_critical", level="minor", protocols=("email",)), WATER[1]]},
            "topic water_critical is another department's or level's alert than before",
        ),
        (
            [{**ANA, "previous_address": "x"}, SMS],
            {},
            f"1 x {SUB}: moved, imported or left over from a replacement",
        ),
        (
            [with_change(ANA, importing={"id": "x"}), SMS],
            {},
            f"1 x {SUB}: moved, imported or left over from a replacement",
        ),
        (
            [a_subscription("water_critical", "email/Bo", "delete") | {"deposed": "x"}, ANA, SMS],
            {},
            f"1 x {SUB}: moved, imported or left over from a replacement",
        ),
        (
            [ANA, SMS],
            {"action_invocations": [{"type": "x"}]},
            "the configuration would run programs on the machine that applies it",
        ),
        (
            [ANA, SMS],
            {
                "configuration": {
                    "root_module": {
                        "module_calls": {
                            "a": {"module": {"resources": [{"address": "x", "provisioners": [{}]}]}}
                        }
                    }
                }
            },
            "the configuration would run programs on the machine that applies it",
        ),
    ],
)
def test_what_would_silence_people_in_another_way_is_a_risk(
    changes: list[dict[str, Any]], options: dict[str, Any], risk: str
) -> None:
    found = review(*changes, **options)

    assert risk in found.risks
    assert found.exit_code == 1
    assert review(ANA, SMS).risks == ()


def test_a_topic_with_other_tags_is_no_risk_and_one_that_is_modified_is() -> None:
    def updated(**after: Any) -> tuple[str, ...]:
        topic = a_topic("water_critical", "update")
        topic = with_change(topic, after={**topic["change"]["after"], **after})
        return evaluate(read_plan(a_plan(topic, TOPICS[1], ANA, SMS))).risks

    assert updated(tags={"a": "b"}, tags_all={"a": "b"}) == ()
    assert updated(policy="x", kms_master_key_id="y") == (
        "topic water_critical is modified: kms_master_key_id and policy",
        "aws_sns_topic at water_critical: kms_master_key_id and policy are not what this"
        " configuration makes",
    )


@pytest.mark.parametrize("why", [(), ("endpoint",)])
def test_many_who_must_confirm_again_are_a_risk(why: tuple[str, ...]) -> None:
    def tainted(number: int) -> list[dict[str, Any]]:
        kept = emails(6 - number, "no-op", first=number)
        changed = [
            a_subscription("water_critical", f"email/P{n}", "replace", replaced_for=why)
            for n in range(number)
        ]
        return [*changed, *kept, SMS]

    assert review(*tainted(1)).risks == ()
    assert review(*tainted(2)).risks == (
        "water critical: 2 of 6 must confirm again, 33%; the limit is 30%",
    )


def test_an_alert_that_nobody_is_sure_to_receive_is_a_risk() -> None:
    corrected = a_subscription("water_critical", "email/Ana", "replace", replaced_for=["endpoint"])
    invited = a_subscription("water_critical", "email/Bo", confirmed=False)
    risk = "water critical: nobody receives it until somebody confirms; 1 received it"

    assert review(corrected, invited, SMS).risks == (risk,)
    assert review(corrected, a_subscription("water_critical", "email/Bo"), SMS).risks == ()
    assert review(corrected, a_subscription("water_critical", "sms/Bo"), SMS).risks == ()


def test_people_of_a_topic_that_no_alert_names_are_counted_all_the_same() -> None:
    found = review(*emails(5, "delete"), SMS, before=[WATER[1]], after=[WATER[1]])

    assert "water_critical: no subscriber is left; 5 of 5 unsubscribed" in found.risks


@pytest.mark.parametrize(
    ("before", "after", "notes"),
    [
        ("https://a", "https://b", ("The report will be read from another address.",)),
        (None, "https://b", ("The report will be read from another address.",)),
        ("https://a", "https://a", ()),
    ],
)
def test_a_report_that_moves_is_named(before: Any, after: Any, notes: tuple[str, ...]) -> None:
    assert review(ANA, SMS, settings={"report_url": (before, after)}).notes == notes


def test_contacts_that_are_elsewhere_are_not_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    variables = {"contacts_csv": {"value": "s3://canary/canary.csv"}}
    (tmp_path / "plan.json").write_bytes(a_plan(*TOPICS, ANA, SMS, variables=variables))

    code = main([str(tmp_path / "plan.json"), "--contacts-before", "nowhere.csv"])

    out = capsys.readouterr().out
    assert code == 0
    assert "The contacts are not in this repository; who edited what is not compared." in out


def test_what_comes_with_every_edit_is_no_risk() -> None:
    marker = a_change(
        "terraform_data", "replace", "water_critical", resource="destroy_before_create"
    )
    contacts = {**a_change("aws_s3_object", "read"), "mode": "data"}
    contacts["address"] = "data.aws_s3_object.contacts[0]"

    found = review(marker, contacts)

    assert (found.risks, found.exit_code) == ((), 0)


def test_a_new_topic_with_its_policy_is_no_risk() -> None:
    trash = an_alert("trash_many", protocols=("email",))

    found = review(
        a_topic("trash_many", "create"),
        a_change("aws_sns_topic_policy", "create", "trash_many"),
        a_subscription("trash_many", "email/Ana", "create"),
        after=[*WATER, trash],
    )

    assert found.risks == ()
    assert found.settings == ("trash many: new, alerts over 100",)


def test_a_new_alert_without_subscribers_is_a_risk() -> None:
    trash = an_alert("trash_many")
    made = a_topic("trash_many", "create")

    assert review(made, after=[*WATER, trash]).risks == (
        "trash many: is new and has no subscriber",
    )
    assert review(after=[*WATER, trash]).risks == (
        "trash many: is new and has no subscriber",
        "topic trash_many: an alert in runner_config names it, and it is not there",
    )


def test_more_invitations_than_an_account_may_hold_are_a_risk() -> None:
    limit = [("invitations_fit_the_quota", "fail")]

    assert review(*emails(5001, "no-op"), checks=limit).risks == (
        "5001 email subscriptions; 5000 may be pending confirmation",
    )
    assert review(*emails(5000, "no-op"), checks=limit).undetermined == (
        "check invitations_fit_the_quota: fail",
    )


def test_the_topic_of_a_new_alert_has_no_arn_yet() -> None:
    plan = json.loads(a_plan(unknown={"alerts": {"water_critical": {"topic_arn": True}}}))
    del plan["output_changes"]["runner_config"]["after"]["alerts"]["water_critical"]["topic_arn"]

    alerts = read_plan(json.dumps(plan).encode()).alerts_after

    assert alerts["water", "critical"].topic_arn == ""
    assert alerts["water", "extreme"].topic_arn == WATER[1].topic_arn


def test_what_an_earlier_version_said_in_an_output_each_is_known_before() -> None:
    plan = json.loads(a_plan(*TOPICS, ANA, SMS, settings={"remind": ("month", "never")}))
    outputs = plan["output_changes"]
    for name, value in outputs["runner_config"]["before"].items():
        outputs[name] = {"actions": ["delete"], "before": value, "after": None}
    outputs["runner_config"] |= {"actions": ["create"], "before": None}

    found = evaluate(read_plan(json.dumps(plan).encode()))

    assert (found.settings, found.risks) == ((), ())
    assert found.watch == ("reminders: month -> never",)


# Thresholds, with and without the last report.


@pytest.mark.parametrize(
    ("count", "settings", "risks"),
    [
        (
            120,
            "threshold 100 -> 150. Count 120: alerted before, silent after",
            ["water critical: the threshold is raised from 100 to 150; the last report's"
             " count of 120 would no longer alert"],
        ),
        (150, "threshold 100 -> 150. Count 150: alerted before, silent after", ["..."]),
        (151, "threshold 100 -> 150. Count 151: alerted before, alerted after", []),
        (100, "threshold 100 -> 150. Count 100: silent before, silent after", []),
        (
            "n/a",
            'threshold 100 -> 150. Count unknown: row 2: count "n/a" is not a whole number',
            ["water critical: the threshold is raised from 100 to 150, and the last report's"
             ' count is unknown: row 2: count "n/a" is not a whole number'],
        ),
        (
            None,
            "threshold 100 -> 150",
            ["water critical: the threshold is raised from 100 to 150, and no report says what"
             " that means: give REPORT"],
        ),
    ],
)  # fmt: skip
def test_a_raised_threshold_is_evaluated_by_the_last_report(
    count: Any,
    settings: str,
    risks: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    raised = an_alert("water_critical", protocols=("email",), threshold=150)
    after = [raised, WATER[1]]
    (tmp_path / "plan.json").write_bytes(a_plan(*TOPICS, before=WATER, after=after))
    (tmp_path / "report.csv").write_text(f"service_name,count\nWater,{count}\n")
    options = [] if count is None else ["--report", str(tmp_path / "report.csv")]

    code = main([str(tmp_path / "plan.json"), "--format", "json", *options])

    found = json.loads(capsys.readouterr().out)
    assert found["settings"] == ["water critical: " + settings]
    assert found["risks"] == risks or (risks == ["..."] and len(found["risks"]) == 1)
    assert code == (1 if risks else 0)


def test_an_alert_that_becomes_unknown_is_a_risk() -> None:
    renamed = an_alert("water_critical", protocols=("email",), services=("Watr",))
    plan = read_plan(a_plan(*TOPICS, after=[renamed, WATER[1]]))

    assert evaluate(plan, report=a_report(water=120)).risks == (
        'water critical: its services change, and the last report\'s count is unknown: "Watr" is'
        " not in the report",
    )


def test_changed_texts_are_named_and_not_repeated() -> None:
    changed = an_alert(
        "water_critical",
        protocols=("email", "sms"),
        services=("Water", "Sewer"),
        subject="canary",
        message="canary",
        sms="canary",
    )

    assert review(after=[changed, WATER[1]]).settings == (
        "water critical: channels email -> email and sms, services: Sewer added, text of the"
        " subject changed, text of the message changed, text of the sms changed",
    )


# What cannot be determined.

INVALID: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "the plan is not JSON, or cut short"),
    "not JSON": (b"Plan: 2 to add", "the plan is not JSON, or cut short"),
    "truncated": (a_plan(*TOPICS)[:-200], "the plan is not JSON, or cut short"),
    "a list": (b"[]", "the plan does not have the form of Terraform's plans"),
    "a number": (b"1", "the plan does not have the form of Terraform's plans"),
    "another object": (b"{}", "the plan's format version is unknown"),
    "version 2.0": (a_plan(format_version="2.0"), "the plan's format version is 2.0"),
    "version 0.2": (a_plan(format_version="0.2"), "the plan's format version is 0.2"),
    "version 10.0": (a_plan(format_version="10.0"), "the plan's format version is 10.0"),
    "version of another kind": (
        a_plan(format_version="canary@example.com"),
        "the plan's format version is unknown",
    ),
    "a state": (
        b'{"format_version": "1.0", "values": {}}',
        "the plan does not have the form of Terraform's plans",
    ),
    "no changes listed": (a_plan(resource_changes=None), "the plan has no resource_changes"),
    "no outputs": (a_plan(output_changes=None), "the plan has no output_changes"),
    "no checks": (a_plan(checks=[]).replace(b'"checks"', b'"x"'), "the plan has no checks"),
    "errored": (a_plan(errored=True), "Terraform stopped with an error while it planned"),
    "errored, without changes": (
        a_plan(errored=True, resource_changes=None),
        "Terraform stopped with an error while it planned",
    ),
    "errored, who knows": (a_plan(errored=None), "the plan does not have the form"),
    "incomplete": (a_plan(complete=False), "the plan is of a part alone"),
    "OpenTofu's": (
        a_plan(complete=None, applyable=None),
        "the plan does not say whether it is complete, as OpenTofu's never do; use Terraform",
    ),
    "complete, who knows": (a_plan(complete=None), "the plan does not say whether it is complete"),
    "applyable, who knows": (
        a_plan(applyable=None),
        "the plan does not say whether it is complete",
    ),
    "deferred": (a_plan(deferred_changes=[{"reason": "x"}]), "the plan is of a part alone"),
    "not applyable": (
        a_plan(a_topic("water_critical", "create"), applyable=False),
        "Terraform says that this plan can't be applied",
    ),
    "changes are no list": (a_plan(resource_changes={"a": 1}), "the plan does not have the form"),
    "a change without actions": (
        a_plan(resource_changes=[{"type": "x", "mode": "managed", "name": "x", "change": {}}]),
        "the plan does not have the form",
    ),
    "no configuration": (
        a_plan(output_changes={"coverage": {"actions": ["no-op"]}}),
        "the plan does not say what becomes of the output runner_config",
    ),
    "the configuration is not known yet": (
        a_plan(unknown=True),
        "the plan does not say what becomes of the output runner_config",
    ),
    "the alerts are not known yet": (
        a_plan(unknown={"alerts": True}).replace(b'"alerts"', b'"x"'),
        "the plan does not say what becomes of the output runner_config",
    ),
    "the configuration ends unsaid": (
        a_plan(output_changes={"runner_config": {"actions": ["update"], "before": {}}}),
        "the plan does not say what becomes of the output runner_config",
    ),
    "an alert without a level": (
        a_plan().replace(b'"level"', b'"x"'),
        "the plan does not have the form",
    ),
    "changes are nothing": (a_plan(resource_changes={}), "the plan has no resource_changes"),
    "outputs are nothing": (a_plan(output_changes={}), "the plan has no output_changes"),
    "two topics of one alert": (
        a_plan(after=[WATER[0], an_alert("other", department="water", level="critical")]),
        "the plan does not have the form",
    ),
    "a replacement for nothing": (
        a_plan(a_subscription("water_critical", "email/Ana", "replace", replaced_for=[""])).replace(
            b'[[""]]', b"[[]]"
        ),
        "the plan does not have the form",
    ),
    "an endless threshold": (
        a_plan(after=[an_alert("water_critical", threshold=float("inf"))]),
        "the plan does not have the form",
    ),
    "a threshold between two numbers": (
        a_plan(after=[an_alert("water_critical", threshold=100.7)]),
        "the plan does not have the form",
    ),
    "a threshold that is no number": (
        a_plan(after=[an_alert("water_critical", threshold="many")]),
        "the plan does not have the form",
    ),
    "a check failed": (a_plan(checks=[("mine", "fail")]), "check mine: fail"),
    "a check is unknown": (a_plan(checks=[("mine", "unknown")]), "check mine: unknown"),
    "our check is unknown": (
        a_plan(checks=[("every_alert_reaches_somebody", "unknown")]),
        "check every_alert_reaches_somebody: unknown",
    ),
    "our check failed for another reason": (
        a_plan(
            *TOPICS,
            a_subscription("water_critical", "email/Ana"),
            a_subscription("water_extreme", "sms/Ana"),
            checks=[("every_alert_reaches_somebody", "fail")],
        ),
        "check every_alert_reaches_somebody: fail",
    ),
}


@pytest.mark.parametrize("name", INVALID)
@pytest.mark.parametrize("style", ["markdown", "text", "json"])
def test_what_is_not_whole_is_no_plan_without_changes(
    name: str, style: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body, reason = INVALID[name]
    (tmp_path / "plan.json").write_bytes(body)

    code = main([str(tmp_path / "plan.json"), "--format", style])

    out = capsys.readouterr().out
    assert code == 2
    assert re.sub("&#([0-9]+);", lambda m: chr(int(m[1])), out).count(reason) == 1, out
    assert "nothing risky" not in out
    assert "no alert changes" not in out


def test_somebody_who_stays_in_the_contacts_and_loses_every_alert_is_a_risk() -> None:
    nothing = a_change("terraform_data", "update", resource="receive_nothing")
    bo, cy = ({"department": "water", "name": name} for name in ("Bo", "Cy"))
    nothing = with_change(nothing, before={"input": [cy]}, after={"input": [cy, bo]})
    left = a_subscription("water_critical", "email/Bo", "delete")
    kept = [a_subscription("water_critical", f"email/{name}") for name in ("Di", "Ed", "Fay")]

    found = review(left, *kept, ANA, SMS, nothing)

    assert found.risks == ("water: Bo stays in the contacts, and loses every alert",)
    assert found.notes == (
        "In the contacts, and receives nothing, from now on: Bo (water).",
        "In the contacts, and receives nothing, as before: Cy (water).",
    )
    assert review(*kept, ANA, SMS, nothing).risks == ()  # never received anything


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (101, "new, alerts over 100. Count 101: would alert"),
        (100, "new, alerts over 100. Count 100: would be silent"),
        (None, 'new, alerts over 100. Count unknown: "Water" is not in the report'),
    ],
)
def test_a_new_alert_is_evaluated_by_the_last_report(count: int | None, said: str) -> None:
    report = a_report(**({} if count is None else {"water": count}))

    found = evaluate(read_plan(a_plan(*TOPICS, ANA, SMS, before=[WATER[1]])), report=report)

    assert found.settings == (f"water critical: {said}",)
    assert found.risks == (
        ()
        if count is not None
        else (
            'water critical: is new, and the last report\'s count is unknown: "Water" is not in'
            " the report",
        )
    )


def test_services_that_come_and_go_are_named() -> None:
    other = an_alert("water_critical", protocols=("email",), services=("Sewer",))
    plan = read_plan(a_plan(*TOPICS, ANA, SMS, after=[other, WATER[1]]))

    assert evaluate(plan).settings == ("water critical: services: Sewer added, Water removed",)
    assert evaluate(plan, report=a_report(water=50, sewer=150)).settings == (
        "water critical: services: Sewer added, Water removed. Before, count 50: silent. After,"
        " count 150: alerted",
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["--format", "json"],
        ["--format=json", "x", "--max-removed", "2"],
        ["x", "--nonesuch", "--format", "json"],
        ["nowhere.json", "--format", "json"],
        ["--format", "json", "."],
    ],
)
def test_json_is_one_object_whatever_goes_wrong(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2

    out, err = capsys.readouterr()
    found = json.loads(out)
    assert (found["exit_code"], len(found["undetermined"]), err) == (2, 1, "")


def test_what_terraform_warns_of_is_repeated() -> None:
    plan = json.loads(a_plan(*TOPICS, ANA, SMS))
    problems = [{"problems": [{"message": "The same name has different\n addresses."}]}]
    plan["checks"] = [
        {"address": {"name": name}, "status": "fail", "instances": problems}
        for name in ("a_person_has_one_email_and_one_phone", "everybody_receives_something")
    ]
    found = evaluate(read_plan(json.dumps(plan).encode()))

    assert (found.undetermined, found.exit_code) == ((), 0)
    assert found.notes == ("Terraform warns: The same name has different addresses.",)


def test_what_terraform_says_of_a_check_is_repeated_without_an_address() -> None:
    check = {"address": {"name": "mine"}, "status": "fail"}

    def said(message: str) -> Review:
        problems = [{"problems": [{"message": message}]}]
        plan = json.loads(a_plan(*TOPICS, ANA, SMS))
        plan["checks"] = [{**check, "instances": problems}]
        return evaluate(read_plan(json.dumps(plan).encode()))

    assert said("Give it.").undetermined == ("check mine: fail: Give it.",)
    assert "canary" not in "".join(said("For canary@example.com.").undetermined)


PARTS = [None, [], {}, "", 1, -1.5, True, "canary@example.com", [[]], {"a": {"b": []}}]


def positions(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from positions(item, (*path, key))


def test_whatever_stands_wherever_in_a_plan_there_is_a_report_and_no_address(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ana = a_subscription("water_critical", "email/Ana", "replace", replaced_for=["endpoint"])
    plan = json.loads(a_plan(*TOPICS, ana, SMS, drift=[ana]))
    replacements = [(path, part) for path in [*positions(plan)][1:] for part in PARTS]
    for path, part in replacements[:: len(replacements) // 400]:  # all of them take minutes
        copy = json.loads(json.dumps(plan))
        place = copy
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = part
        (tmp_path / "plan.json").write_text(json.dumps(copy))

        code = main([str(tmp_path / "plan.json")])

        out, err = capsys.readouterr()
        assert code in (0, 1, 2), path
        assert out.startswith("Backlog alerts: "), path
        assert "canary" not in out + err, path
    assert len(replacements) > 1000


def test_a_plan_without_changes_is_not_applyable_and_whole_all_the_same() -> None:
    assert review(ANA, SMS, applyable=False).exit_code == 0


def test_the_last_one_who_left_and_is_let_go_leaves_nobody() -> None:
    gone = a_subscription("water_extreme", "sms/Bo", "delete")

    found = review(ANA, drift=[gone])

    assert found.risks == ("water extreme: no subscriber is left; 1 of 1 unsubscribed",)
    assert [(c.person, c.kind) for c in found.people] == [("Bo", "unsubscribed")]


def test_an_alert_that_nobody_has_confirmed_is_noted() -> None:
    found = review(a_subscription("water_critical", "email/Bo", confirmed=False), SMS)

    assert found.notes == ("No subscriber has confirmed yet: water critical.",)


def test_an_alert_that_reaches_somebody_from_now_on_is_not_noted() -> None:
    both = [an_alert("water_critical"), WATER[1]]
    pending = a_subscription("water_critical", "email/Bo", confirmed=False)
    begun = a_subscription("water_critical", "sms/Bo", "create")

    assert review(pending, begun, SMS, before=both, after=both).notes == ()


def test_only_what_somebody_took_away_is_an_invitation_again() -> None:
    begun = a_subscription("water_critical", "email/Bo", "create")
    confirmed = a_subscription("water_critical", "email/Bo", "update")

    found = review(ANA, SMS, begun, drift=[confirmed])

    assert [c.kind for c in found.people] == ["subscribed"]


def test_a_file_that_is_not_there_is_undetermined(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nowhere.json"]) == 2

    assert "nowhere.json: No such file or directory" in capsys.readouterr().out


def test_a_report_that_can_not_be_read_is_undetermined(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plan.json").write_bytes(a_plan(*TOPICS))

    assert main([str(tmp_path / "plan.json"), "--report", "/nowhere.csv"]) == 2
    assert "the report can't be read: /nowhere.csv: No such file" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (None, "No such file or directory"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"Name," + b"x" * 200_000, "the contacts before or after are no CSV"),
    ],
)
def test_contacts_that_can_not_be_read_are_undetermined(
    body: bytes | None, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plan.json").write_bytes(a_plan(*TOPICS))
    if body is not None:
        (tmp_path / "old.csv").write_bytes(body)

    code = main([str(tmp_path / "plan.json"), "--contacts-before", str(tmp_path / "old.csv")])

    assert (code, capsys.readouterr().out.count(reason)) == (2, 1)


def test_a_check_that_fails_for_a_reason_the_review_names_is_no_riddle() -> None:
    failed = [("every_alert_reaches_somebody", "fail")]

    left = review(*emails(1, "delete"), checks=failed)
    assert (left.undetermined, left.exit_code) == ((), 1)

    standing = review(checks=failed)
    assert (standing.undetermined, standing.exit_code) == ((), 0)
    assert standing.notes == ("Without subscribers, as before: water critical and water extreme.",)


@pytest.mark.parametrize(
    "name", ["everybody_receives_something", "a_person_has_one_email_and_one_phone"]
)
def test_a_warning_about_the_contacts_leaves_a_plan_reviewable(name: str) -> None:
    assert review(*emails(1, "no-op"), SMS, checks=[(name, "fail")]).exit_code == 0
    assert review(*emails(1, "no-op"), SMS, checks=[(name, "unknown")]).exit_code == 2


def test_a_repository_whose_ids_are_not_set_is_noted() -> None:
    noted = review(*emails(1, "no-op"), SMS, checks=[("github_actions_has_ids", "fail")])

    assert (noted.undetermined, noted.exit_code) == ((), 0)
    assert noted.notes == (
        "github_actions has no owner_id and repository_id: a repository made, renamed or"
        " transferred on GitHub since July 15, 2026 can't log in.",
    )


# Accepting.


def run(tmp_path: Path, plan: bytes, *options: str) -> int:
    (tmp_path / "plan.json").write_bytes(plan)
    return main([str(tmp_path / "plan.json"), "--format", "json", *options])


def test_only_the_digest_of_this_plan_accepts_its_risks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    risky = a_plan(*TOPICS, *emails(1, "delete"))
    assert run(tmp_path, risky) == 1
    digest = json.loads(capsys.readouterr().out)["digest"]

    assert run(tmp_path, risky, "--accept", digest) == 0
    assert json.loads(capsys.readouterr().out)["accepted"] is True

    assert run(tmp_path, risky, "--accept", "0" * 16) == 1
    assert json.loads(capsys.readouterr().out)["risks"][0] == (
        f"this plan is not the accepted one; its checksum is {digest}"
    )


def test_how_to_accept_is_said_where_there_is_something_to_accept() -> None:
    risky = review(*emails(1, "delete"), SMS)
    open_check = review(*emails(1, "delete"), SMS, checks=[("mine", "fail")])

    assert f"ACCEPT={risky.digest} with make" in as_text(risky)
    for other in (replace(risky, accepted=True), open_check, review(ANA, SMS)):
        assert "To accept" not in as_text(other)
    assert as_text(replace(risky, accepted=True)).startswith("Backlog alerts: 1 risk, accepted\n")


def test_a_wrong_digest_is_rejected_where_nothing_is_risky_and_does_not_help_where_all_is_open(
    tmp_path: Path,
) -> None:
    assert run(tmp_path, a_plan(*TOPICS)) == 0
    assert run(tmp_path, a_plan(*TOPICS), "--accept", "0" * 16) == 1
    assert run(tmp_path, a_plan(errored=True), "--accept", "0" * 16) == 2


def test_the_digest_is_of_what_the_plan_does_and_of_nothing_else() -> None:
    def digest(*changes: dict[str, Any], **options: Any) -> str:
        return review(*changes, **options).digest

    ana = a_subscription("water_critical", "email/Ana", "create")
    same = digest(ana)
    bo, invited = (a_subscription("water_critical", "email/Bo", confirmed=c) for c in (True, False))

    assert digest(ana, terraform_version="1.14.0", timestamp="2026-11-21") == same
    assert digest(ana, bo) == digest(invited, ana)
    other_address = json.loads(json.dumps(ana).replace("canary-", "other-"))
    raised = [an_alert("water_critical", protocols=("email",), threshold=101), WATER[1]]
    others = [
        digest(),
        digest(other_address),
        digest(a_subscription("water_critical", "email/Ana", "delete")),
        digest(ana, after=raised),
    ]
    others += [  # nobody can test a guess of one address without knowing all of them
        digest(ana, bo),
        digest(ana, configuration={"root_module": {"variables": {"x": {}}}}),
        digest({**ana, "change": {**ana["change"], "after_unknown": {"filter_policy": True}}}),
        digest({**ana, "deposed": "abc"}),
        digest(ana, settings={"report_url": ("x", "y")}),
    ]
    assert len({same, *others}) == 10


def test_what_an_update_leaves_as_it_is_does_not_count_in_the_digest() -> None:
    def digest(policy_id: str, policy: str) -> str:
        update = a_change("aws_iam_policy", "update", policy_id=policy_id)
        after = {"policy_id": policy_id, "policy": policy}
        return review(ANA, SMS, with_change(update, after=after)).digest

    assert digest("1", "x") == digest("2", "x") != digest("1", "y")


def test_somebody_in_two_departments_is_counted_once() -> None:
    trash = an_alert("trash_many", protocols=("email",))
    found = review(
        ANA,
        SMS,
        a_topic("trash_many", "create"),
        a_subscription("trash_many", "email/Bo", "create"),
        a_subscription("water_critical", "email/Bo", "create"),
        after=[*WATER, trash],
    )

    assert as_text(found).splitlines()[1] == "  People: 1 subscribed. Alerts: 1 changed."


def test_more_risks_than_a_comment_holds_are_cut_and_say_so() -> None:
    alerts = [an_alert(f"department{n:04}_critical") for n in range(1500)]
    changes = [a_subscription(f"{alert.topic}", "email/Ana", "delete") for alert in alerts]
    changes += [a_topic(alert.topic) for alert in alerts]

    shown = as_markdown(evaluate(read_plan(a_plan(*changes, before=alerts, after=alerts))))

    assert len(shown) <= 60_000
    assert shown.startswith("## Backlog alerts: 1500 risks\n")
    assert shown.endswith("\n\n... cut here; --format json holds all of it")


def test_a_plan_that_is_risky_for_another_reason_by_now_is_not_the_accepted_one() -> None:
    raised = an_alert("water_critical", protocols=("email",), threshold=150)
    plan = read_plan(a_plan(*TOPICS, ANA, SMS, after=[raised, WATER[1]]))

    def digest(count: int) -> str:
        return evaluate(plan, report=a_report(water=count)).digest

    assert digest(120) != digest(130)  # the reason names the count
    assert digest(90) == digest(95)  # nothing risky


def test_a_review_reads_like_this() -> None:
    after = [an_alert("water_critical", protocols=("email",), threshold=150), WATER[1]]
    found = review(
        *(a_subscription("water_critical", f"email/{name}", "delete") for name in ("Bo", "Cy")),
        a_subscription("water_critical", "email/Di", "replace", replaced_for=["endpoint"]),
        a_subscription("water_critical", "email/Ed", "create"),
        a_subscription("water_extreme", "sms/Ana", "delete"),
        a_subscription("water_extreme", "sms/Bo", "create"),
        RUNNER_POLICY,
        after=after,
    )

    assert (
        as_text(found)
        == f"""\
Backlog alerts: 5 risks
  People: 1 subscribed, 2 unsubscribed, 1 with channels changed, 1 with a corrected address. \
Alerts: 1 changed.

Risks
  water critical: nobody receives it until somebody confirms; 3 received it
  water critical: 2 of 3 unsubscribed, 67%; the limit is 30%
  water extreme: 1 of 1 unsubscribed, 100%; the limit is 30%
  water critical: the threshold is raised from 100 to 150, and no report says what that means: \
give REPORT
  permissions change for whoever runs the check
  To accept exactly this plan: ACCEPT={found.digest} with make, --accept {found.digest} with the \
script, the label accept-{found.digest} on a pull request

water
  Ana is unsubscribed from extreme by sms
  Bo changes channels: unsubscribed from critical by email; subscribed to extreme by sms
  Cy is unsubscribed from critical by email
  Di has a corrected address: email (must confirm again)
  Ed is subscribed to critical by email (must confirm)

Thresholds and texts
  water critical: threshold 100 -> 150

Who receives what
  alert           channel  subscribers  confirmed
  water critical  email    3 -> 2       3 -> 0
  water extreme   sms      1            not needed"""
    )


# Private, inert, and never too long.


def canaried(value: Any) -> Any:
    """Put a token into every string in which an address could stand."""
    if isinstance(value, dict):
        return {key: canaried(item) for key, item in value.items()}
    if isinstance(value, list):
        return [canaried(item) for item in value]
    return "canary@example.com +15555550100" if isinstance(value, str) else value


def canary_plan() -> bytes:
    plan = json.loads(
        a_plan(
            *TOPICS,
            a_subscription("water_critical", "email/Ana", "create"),
            a_subscription("water_critical", "email/Bo", "replace", replaced_for=["endpoint"]),
            a_subscription("water_extreme", "sms/Bo", "delete"),
            a_change("aws_thing", "create", "", "canary@example.com"),
        )
    )
    for change in plan["resource_changes"]:
        change["change"] |= canaried({k: change["change"][k] for k in ("before", "after")})
        change["change"]["before_sensitive"] = True
    for config in (plan["output_changes"]["runner_config"][side] for side in ("before", "after")):
        for alert in config["alerts"].values():
            alert |= canaried({k: alert[k] for k in ("subject", "message", "sms", "topic_arn")})
    plan["output_changes"]["more"] = canaried({"before": "x", "after": "x"})
    plan["output_changes"]["more"]["actions"] = ["update"]
    plan["resource_drift"] = canaried(plan["resource_changes"][:1])
    plan["resource_drift"][0] |= {"mode": "managed", "type": "x", "name": "x"}
    plan["resource_drift"][0]["change"]["actions"] = ["update"]
    others = ("planned_values", "variables", "relevant_attributes")
    plan |= {name: canaried({"a": {"value": ["x", {"b": "x"}]}}) for name in others}
    plan["configuration"]["root_module"]["variables"] = canaried({"a": {"default": "x"}})
    plan["prior_state"] = canaried(plan["prior_state"])
    plan["checks"][0]["instances"] = canaried([{"problems": [{"message": "x"}]}])
    return json.dumps(plan).encode()


@pytest.mark.parametrize("style", ["markdown", "text", "json"])
def test_no_address_comes_out_wherever_one_stands(
    style: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plan.json").write_bytes(canary_plan())
    (tmp_path / "old.csv").write_text(
        "Name,Email,Phone,Department\nAna,canary@example.com,+15555550100,water\n"
        "canary@example.com,canary,+15555550100,canary@example.com\n"
    )
    options = ["--contacts-before", str(tmp_path / "old.csv")]
    options += ["--contacts-after", str(tmp_path / "old.csv")]

    code = main([str(tmp_path / "plan.json"), "--format", style, *options])

    output = "".join(capsys.readouterr())
    assert code == 1
    assert "Ana" in output
    assert "canary" not in output
    assert "5555550100" not in output


@pytest.mark.parametrize("style", ["markdown", "text", "json"])
def test_no_address_comes_out_of_a_plan_that_is_cut_at_any_place(
    style: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = canary_plan()
    for size in range(0, len(whole), 997):
        (tmp_path / "plan.json").write_bytes(whole[:size])

        assert main([str(tmp_path / "plan.json"), "--format", style]) == 2
    assert "canary" not in "".join(capsys.readouterr())


HOSTILE = [
    "@everyone <b>|x|",
    "`rm -rf`",
    "[x](https://example.com)",
    "![x](//example.com/x.png)",
    "<script>alert(1)</script>",
    "a\nb\r\n\n# c",
    "1. one",
    "- - x",
    "*bold* _thin_ ~~gone~~",
    "www.example.com",
    "#1 and :smile: and GH-1",
    "\u202eevil\u202c\u200b\u0000\x1b[31m",
    "&lt;b&gt; &amp;",
    "$x^2$",
    "www.\N{GRINNING FACE}.ws",
    "> quote",
    "    code",
    "\\",
    "x" * 500,
    "\N{PILE OF POO}" * 3,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_inert_text(name: str) -> None:
    found = review(
        a_subscription("water_critical", f"email/{name}", "create"),
        a_change(f"aws_{name}", "create"),
        a_subscription("water_extreme", "sms/Ana"),
    )

    markdown, text = as_markdown(found), as_text(found)

    line = next(line for line in markdown.splitlines() if "is subscribed to critical" in line)
    assert line.startswith("- ")
    assert not re.search(r"[@<`|*\\\[\]~$#](?![0-9]+;)|\b_|_\b", line[2:]), line
    assert not re.search(r"&(?!#[0-9]+;)", line)
    assert not re.search(r"www\.|https?:|^- [0-9]+[.)]|^- [-+*>]|^-  ", line)
    assert all(c.isprintable() or c == "\n" for c in markdown + text)
    assert len(line) < 800
    assert "x" * 61 not in line
    shown = re.sub("&#([0-9]+);", lambda m: chr(int(m[1])), line).replace("\u200b", "")
    if name.isprintable() and len(name) <= 60:
        assert shown == f"- {name.strip()} is subscribed to critical by email (must confirm)"
    assert len(text.splitlines()) == 14, "no name begins a line of its own"


@pytest.mark.parametrize("render", [as_markdown, as_text])
def test_a_review_of_thousands_keeps_every_risk_and_fits_into_a_comment(render: Any) -> None:
    alerts = [an_alert(f"d{n}_critical") for n in range(200)]
    changes = [
        a_subscription(f"d{n % 200}_critical", f"{channel}/{'Name ' * 8}{n}", action)
        for n in range(5000)
        for channel, action in (("email", "delete"), ("sms", "delete"))
    ]
    changes += [a_topic(alert.topic) for alert in alerts]
    found = evaluate(read_plan(a_plan(*changes, before=alerts, after=alerts)))
    assert len(found.risks) == 200

    shown = render(found)

    assert 40_000 < len(shown) <= 60_000
    lines = [re.sub("&#[0-9]+;|_", "", line).strip("- ") for line in shown.splitlines()]
    assert all(risk.replace("_", "") in lines for risk in found.risks)
    assert "cut here" not in shown
    assert "more, left out here" in shown


def test_a_review_that_can_not_be_written_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_bytes(a_plan(*TOPICS, ANA, SMS))
    command = [sys.executable, "-m", "scripts.review", str(tmp_path / "plan.json")]
    read, write = os.pipe()
    os.close(read)

    done = subprocess.run(
        command, cwd=ROOT, stdout=write, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(write)

    assert done.returncode == 2
    assert done.stderr == "error: the review could not be written: Broken pipe\n"


def test_a_terminal_without_an_alphabet_still_gets_the_review(tmp_path: Path) -> None:
    zoe = a_subscription("water_critical", "email/Zo\xeb", "create")
    (tmp_path / "plan.json").write_bytes(a_plan(*TOPICS, ANA, SMS, zoe))
    command = [sys.executable, "-m", "scripts.review", str(tmp_path / "plan.json")]
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}

    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert r"Zo\xeb is subscribed to" in done.stdout
