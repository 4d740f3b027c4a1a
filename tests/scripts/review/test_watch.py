"""What a review says of the ledger, the schedule and the operators."""

from typing import Any

import pytest

from scripts.review.evaluate import Review, evaluate
from scripts.review.read import (
    HAS_LEDGER,
    HAS_OPERATORS,
    IS_FREQUENT,
    LIMIT_HAS_OPERATORS,
    read_plan,
)
from scripts.review.render import as_text
from tests.support.plans import a_change, a_plan, a_subscription, a_topic

UNCHANGED = [
    a_topic("water_critical"),
    a_topic("water_extreme"),
    a_subscription("water_critical", "email/Ana"),
    a_subscription("water_extreme", "sms/Ana"),
]
BUCKET, TOPIC, SUB = "aws_s3_bucket", "aws_sns_topic", "aws_sns_topic_subscription"
SCHEDULE, FUNCTION = "aws_scheduler_schedule", "aws_lambda_function"
ALARM, QUEUE = "aws_cloudwatch_metric_alarm", "aws_sqs_queue"
LOG, PREFERENCES = "aws_cloudwatch_log_group", "aws_sns_sms_preferences"
RETRIES = "aws_lambda_function_event_invoke_config"
RULES = [
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_policy",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
]
SCHEDULED = [
    SCHEDULE,
    FUNCTION,
    RETRIES,
    ALARM,
    QUEUE,
    "aws_cloudwatch_log_group",
    "aws_cloudwatch_dashboard",
    "aws_s3_object",
]
NAMES = {
    ALARM: "not_run",
    QUEUE: "check_failed",
    "aws_cloudwatch_dashboard": "this",
    "aws_s3_object": "configuration",
}
ASLEEP = "the check does not run by itself"
COSTS = "nobody is notified when texts cost nearly as much as their limit"
RESET = "its other settings for texts are reset, too: spend limit, type and sender"
UNNOTICED = "nobody is notified when the check fails or does not run"


def ledger(kind: str, action: str, *changed: str) -> dict[str, Any]:
    return changing(a_change(kind, action, part="ledger"), changed)


def scheduled(kind: str, action: str, *changed: str, key: str = "") -> dict[str, Any]:
    name = "this" if key else NAMES.get(kind, "check")
    return changing(a_change(kind, action, part="schedule", key=key, resource=name), changed)


def sms(kind: str, action: str, *changed: str, key: str = "this") -> dict[str, Any]:
    return changing(a_change(kind, action, key=key, resource="sms"), changed)


def operators(kind: str, action: str, *changed: str) -> dict[str, Any]:
    return changing(a_change(kind, action, key="this", resource="operators"), changed)


def operator(key: str, action: str, *, confirmed: bool = True, **values: Any) -> dict[str, Any]:
    values = {"protocol": "email", "endpoint": f"canary-{key}@example.com", **values}
    entry = a_change(SUB, action, key=key * 6, resource="operators", **values)
    if entry["change"]["before"]:
        entry["change"]["before"]["pending_confirmation"] = not confirmed
    return entry


def changing(entry: dict[str, Any], changed: tuple[str, ...]) -> dict[str, Any]:
    """Give some attributes another value than this configuration makes."""
    after = entry["change"]["after"]
    if changed:
        entry["change"]["after"] = {**after, **dict.fromkeys(changed, "canary")}
    return entry


def repaired(entry: dict[str, Any], *changed: str) -> dict[str, Any]:
    """Give some attributes the value that this configuration makes, instead of another."""
    before = entry["change"]["before"]
    entry["change"]["before"] = {**before, **dict.fromkeys(changed, "canary")}
    return entry


def review(*changes: dict[str, Any], **options: Any) -> Review:
    """Review a plan in which nothing changes for people."""
    return evaluate(read_plan(a_plan(*UNCHANGED, *changes, **options)))


LEDGER_MADE = [ledger(kind, "create") for kind in (BUCKET, *RULES)]
SCHEDULE_MADE = [scheduled(kind, "create") for kind in SCHEDULED]
OPERATORS_MADE = [
    operators(TOPIC, "create"),
    operators("aws_sns_topic_policy", "create"),
    operator("a1", "create"),
    operator("b2", "create"),
]
STAYS = [scheduled(kind, "no-op") for kind in SCHEDULED]
OPERATORS_STAY = [operators(TOPIC, "no-op"), operator("a1", "no-op")]


@pytest.mark.parametrize(
    ("changes", "settings", "notes"),
    [
        ([], {}, []),
        (
            LEDGER_MADE,
            {"ledger_bucket": (None, True)},  # not known yet
            [
                "ledger: no -> yes",
                "The ledger is created: it keeps what was sent, so that each alert is sent once.",
            ],
        ),
        (
            LEDGER_MADE,
            {},
            ["A bucket is created for the schedule's configuration."],
        ),
        (
            [*SCHEDULE_MADE, scheduled(ALARM, "create", key="errors")],
            {},
            [
                "A schedule is created: from now on the check runs by itself.",
                "Scheduled check: 2 alarms, 1 configuration, 1 dashboard, 1 function, 1 log,"
                " 1 queue, 1 retry rule and 1 schedule created.",
            ],
        ),
        (
            [scheduled(SCHEDULE, "create"), *OPERATORS_STAY],
            {},
            [
                "A schedule is created: from now on the check runs by itself.",
                "Scheduled check: 1 schedule created.",
            ],
        ),
        (
            [*STAYS, scheduled(ALARM, "create", key="errors")],
            {},
            ["Scheduled check: 1 alarm created."],
        ),
        (
            OPERATORS_MADE,
            {},
            [
                "Operators, who are notified of failures: 0 -> 2, 2 of them must confirm.",
            ],
        ),
        (
            [*OPERATORS_STAY, operator("b2", "create"), operator("c3", "delete")],
            {},
            ["Operators, who are notified of failures: 2 -> 2, 1 of them must confirm."],
        ),
        (
            [*OPERATORS_STAY, operator("c3", "delete")],
            {},
            ["Operators, who are notified of failures: 2 -> 1."],
        ),
        (
            [
                repaired(scheduled(FUNCTION, "update", "source_code_hash"), "environment"),
                repaired(scheduled(QUEUE, "update"), "policy"),
                repaired(scheduled(LOG, "update"), "retention_in_days"),
                scheduled("aws_cloudwatch_dashboard", "update", "dashboard_body"),
                repaired(scheduled("aws_s3_object", "update"), "bucket"),
                repaired(scheduled(SCHEDULE, "update"), "schedule_expression"),
                scheduled(ALARM, "update", "tags", "tags_all", "alarm_description"),
                ledger(BUCKET, "update", "tags", "tags_all"),
            ],
            {},
            [
                "Scheduled check: 1 alarm, 1 configuration, 1 dashboard, 1 function, 1 log, 1 queue"
                " and 1 schedule modified.",
            ],
        ),
        (
            [
                sms(LOG, "create", key="water_extreme"),
                sms(LOG, "create", key="water_extreme/Failure"),
                sms(PREFERENCES, "create"),
            ],
            {},
            [
                "Texts: 2 logs and 1 setting of the account created.",
                "From now on AWS logs which texts of this account arrived, with their phone"
                " numbers.",
            ],
        ),
        (
            [
                repaired(sms(ALARM, "update", "alarm_description"), "threshold"),
                repaired(sms(PREFERENCES, "update"), "delivery_status_iam_role_arn"),
                repaired(sms(LOG, "update", key="water_extreme"), "retention_in_days"),
                sms(LOG, "delete", key="water_extreme/Failure"),
            ],
            {},
            [
                "Texts: 1 alarm, 1 log and 1 setting of the account modified.",
                "Texts: 1 log deleted.",
            ],
        ),
        (
            [
                repaired(a_change(TOPIC, "update", "water_critical"), "display_name"),
                repaired(operators(TOPIC, "update", "tags"), "display_name"),
            ],
            {},
            ["Emails and texts show another sender: 2 topics."],
        ),
        (  # the first operators are those that the alarms begin to notify
            [
                *OPERATORS_MADE[:3],
                repaired(scheduled(ALARM, "update"), "ok_actions"),
            ],
            {},
            [
                "Scheduled check: 1 alarm modified.",
                "Operators, who are notified of failures: 0 -> 1, 1 of them must confirm.",
            ],
        ),
        (
            [],
            {
                "remind": ("month", "never"),
                "notify_recovery": (False, True),
                "max_report_age_days": (None, 40),
                "operators_topic_arn": ("canary", None),
            },
            [
                "reminders: month -> never",
                "back-to-normal messages: no -> yes",
                "days until a report is stale: no -> 40",
                "operators: yes -> no",
            ],
        ),
        (
            [],
            {
                "remind": ("30", "canary@example.com"),
                "max_report_age_days": (40, 5555550100),
            },
            ["reminders: 30 -> another", "days until a report is stale: 40 -> another"],
        ),
    ],
)
def test_what_is_created_or_modified_is_noted_and_no_risk(
    changes: list[dict[str, Any]], settings: dict[str, tuple[Any, Any]], notes: list[str]
) -> None:
    found = review(*changes, settings=settings)

    assert list(found.watch) == notes
    assert found.risks == ()
    assert "canary" not in as_text(found)
    assert "5555550100" not in as_text(found)


@pytest.mark.parametrize(
    ("changes", "risks"),
    [
        # the ledger
        (
            [ledger(kind, "delete") for kind in (BUCKET, *RULES)],
            ["the ledger is deleted: every alert that is over is sent once more"],
        ),
        (
            [ledger(kind, "replace") for kind in (BUCKET, *RULES)],
            ["the ledger is replaced: every alert that is over is sent once more"],
        ),
        (
            [ledger(BUCKET, "update", "force_destroy", "tags")],
            [
                "aws_s3_bucket at ledger: force_destroy is not what this configuration makes",
                "the ledger's bucket is modified: force_destroy",
            ],
        ),
        *(
            (
                [ledger(BUCKET, stays), ledger(rule, action)],
                [
                    "who may use the ledger, or what it keeps, changes: "
                    + rule.removeprefix("aws_s3_bucket_")
                ],
            )
            for rule in RULES
            for action in ("create", "update", "replace", "delete")
            for stays in ("no-op", "update")
        ),
        ([ledger(BUCKET, "forget")], ["1 x aws_s3_bucket: forgotten; AWS keeps it and nobody"]),
        # the schedule
        (
            [scheduled(kind, "delete") for kind in SCHEDULED],
            [
                f"scheduled check: 1 alarm deleted; {UNNOTICED}",
                f"scheduled check: 1 function deleted; {ASLEEP}",
                f"scheduled check: 1 schedule deleted; {ASLEEP}",
            ],
        ),
        (
            [scheduled(kind, "replace") for kind in SCHEDULED],
            [
                f"scheduled check: 1 alarm replaced; meanwhile {UNNOTICED}",
                f"scheduled check: 1 function replaced; meanwhile {ASLEEP}",
                f"scheduled check: 1 schedule replaced; meanwhile {ASLEEP}",
            ],
        ),
        (
            [*STAYS, *(scheduled(ALARM, "delete", key=key) for key in ("errors", "throttles"))],
            [f"scheduled check: 2 alarms deleted; {UNNOTICED}"],
        ),
        *(
            (
                [*(c for c in STAYS if c["type"] != kind), scheduled(kind, "delete")],
                [f"scheduled check: 1 {word} deleted, and the schedule stays"],
            )
            for kind, word in [
                (RETRIES, "retry rule"),
                (QUEUE, "queue"),
                ("aws_cloudwatch_log_group", "log"),
                ("aws_cloudwatch_dashboard", "dashboard"),
                ("aws_s3_object", "configuration"),
            ]
        ),
        *(
            (
                [scheduled(kind, "update", name), *OPERATORS_STAY],
                [
                    f"{kind} at schedule {NAMES.get(kind, 'check')}: {name} is not what this"
                    " configuration makes"
                ],
            )
            for kind, name in [
                (SCHEDULE, "state"),
                (SCHEDULE, "target"),
                (SCHEDULE, "end_date"),
                (FUNCTION, "reserved_concurrent_executions"),
                (FUNCTION, "role"),
                (FUNCTION, "timeout"),
                (FUNCTION, "environment"),
                (ALARM, "actions_enabled"),
                (ALARM, "alarm_actions"),
                (ALARM, "treat_missing_data"),
                (RETRIES, "maximum_retry_attempts"),
                (QUEUE, "policy"),
                ("aws_s3_object", "bucket"),
                ("aws_s3_object", "content"),
                ("aws_s3_object", "acl"),
            ]
        ),
        # the texts
        ([sms(ALARM, "delete")], [f"texts: 1 alarm deleted; {COSTS}"]),
        ([sms(ALARM, "replace")], [f"texts: 1 alarm replaced; meanwhile {COSTS}"]),
        (
            [sms(ALARM, "update", "threshold", "alarm_actions"), *OPERATORS_STAY],
            [f"{ALARM} at sms: alarm_actions and threshold are not what this configuration makes"],
        ),
        (
            [sms(PREFERENCES, "delete"), sms(LOG, "delete")],
            [f"texts: 1 setting of the account deleted; {RESET}"],
        ),
        ([sms("aws_iam_role", "create")], ["permissions are given to SNS, to log texts"]),
        # the operators
        (
            [operators(TOPIC, "delete"), operator("a1", "delete"), operator("b2", "delete")],
            ["the operators' topic is deleted; 2 operators unsubscribed"],
        ),
        (
            [operators(TOPIC, "replace"), operator("a1", "replace")],
            ["the operators' topic is replaced; 1 operator must confirm again"],
        ),
        (
            [operators(TOPIC, "update", "kms_master_key_id", "tags")],
            [
                f"{TOPIC} at operators: kms_master_key_id is not what this configuration makes",
                "the operators' topic is modified: kms_master_key_id",
            ],
        ),
        *(
            (
                [operators(TOPIC, "no-op"), operators("aws_sns_topic_policy", action)],
                ["who may use the operators' topic changes"],
            )
            for action in ("create", "update", "replace", "delete")
        ),
        (
            [operators(TOPIC, "no-op"), operator("a1", "delete")],
            ["no operator is left to notify of failures; 1 of 1 unsubscribed"],
        ),
        (
            [operators(TOPIC, "no-op"), operator("a1", "delete"), operator("b2", "create")],
            ["no operator is notified until somebody confirms; 1 confirmed before"],
        ),
        (
            [operators(TOPIC, "no-op"), operator("a1", "create", protocol="https")],
            [
                f"{SUB} at operators a1a1a1a1a1a1: protocol is not what this configuration makes",
            ],
        ),
        (
            [operators(TOPIC, "no-op"), operator("a1", "update")],
            [f"1 x {SUB}: update, an action that this review does not know"],
        ),
        # of another place or shape
        *(
            (
                [a_change(kind, "create")],
                [f"1 x {kind}: create, a resource that this review does not know"],
            )
            for kind in (BUCKET, *RULES, *SCHEDULED, TOPIC, SUB, "terraform_data", PREFERENCES)
        ),
        (
            [scheduled("aws_s3_bucket", "create")],
            ["1 x aws_s3_bucket: create, a resource that this review does not know"],
        ),
        (
            [ledger("aws_s3_bucket_policy", "create") | {"address": "module.other.x"}],
            ["1 x aws_s3_bucket_policy: create, a resource that this review does not know"],
        ),
        (
            [{**(made := ledger(BUCKET, "create")), "address": f"module.x.{made['address']}"}],
            ["1 x aws_s3_bucket: create, a resource that this review does not know"],
        ),
        (
            [scheduled(SCHEDULE, "read")],
            [f"1 x {SCHEDULE}: read, an action that this review does not know"],
        ),
        (
            [scheduled(SCHEDULE, "no-op") | {"previous_address": "x"}],
            [f"1 x {SCHEDULE}: moved, imported or left over from a replacement"],
        ),
        (
            [scheduled("aws_iam_role", "create")],
            ["permissions are given to the scheduled check"],
        ),
    ],
)
def test_what_lets_the_check_forget_stop_or_fail_unnoticed_is_a_risk(
    changes: list[dict[str, Any]], risks: list[str]
) -> None:
    found = review(*changes)

    assert len(found.risks) == len(risks), found.risks
    assert all(r.startswith(risk) for r, risk in zip(found.risks, risks, strict=True)), found.risks
    assert "canary" not in as_text(found)


def test_a_ledger_that_is_switched_off_though_its_bucket_stays_is_a_risk() -> None:
    off = {"ledger_bucket": ("canary", None)}

    for stays in (ledger(BUCKET, "no-op"), ledger(BUCKET, "update", "tags")):
        assert review(stays, settings=off).risks == (
            "the ledger is switched off: every check sends what is over once more",
        )
    assert review(ledger(BUCKET, "delete"), settings=off).risks == (
        "the ledger is deleted: every alert that is over is sent once more",
    )


def test_what_somebody_deleted_is_created_again_without_what_it_knew() -> None:
    made = [ledger(BUCKET, "create"), operator("a1", "create"), scheduled(SCHEDULE, "create")]
    gone = [ledger(BUCKET, "delete"), operator("a1", "delete"), scheduled(SCHEDULE, "delete")]

    assert review(*made, operators(TOPIC, "no-op"), drift=gone).risks == (
        "the ledger was deleted by somebody and is created again: every alert that is over is sent"
        " once more",
        "1 operator unsubscribed or never confirmed, and would be invited again",
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            HAS_LEDGER,
            "the schedule has no ledger: every run sends what is over once more",
        ),
        (
            HAS_OPERATORS,
            f"the schedule has no operators: {UNNOTICED}",
        ),
        (
            IS_FREQUENT,
            "the schedule pauses for longer than its alarm waits: operators would be notified"
            " between runs",
        ),
        (
            LIMIT_HAS_OPERATORS,
            "the limit for texts has no operators: nobody is notified of their costs",
        ),
    ],
)
def test_what_terraform_warns_of_is_a_risk_at_first_and_then_a_note(name: str, words: str) -> None:
    made, stays = (scheduled(SCHEDULE, action) for action in ("create", "no-op"))
    expression = repaired(scheduled(SCHEDULE, "update"), "schedule_expression")

    assert review(made, checks=[(name, "fail")]).risks == (words,)
    assert not any(words[1:] in note for note in review(made, checks=[(name, "fail")]).watch)
    assert review(expression, checks=[(name, "fail")]).risks == (words,)
    assert review(stays, checks=[(name, "fail")]).risks == ()
    assert review(stays, checks=[(name, "fail")]).watch == (f"T{words[1:]}.",)
    assert review(made, checks=[(name, "pass")]).risks == ()
    assert review(stays, checks=[(name, "unknown")]).watch == ()
    assert review(stays, checks=[(name, "unknown")]).undetermined == (f"check {name}: unknown",)


@pytest.mark.parametrize(
    ("unknown", "code"),
    [
        ({"layers": [False], "tracing_config": [{}], "version": True}, 0),
        ({"timeout": [{"a": {"b": [False, True]}}]}, 1),
        ({"timeout": True}, 1),
        ({"role": True}, 0),  # set from the role that is made for it
    ],
)
def test_only_what_is_not_known_yet_counts_as_a_change(unknown: dict[str, Any], code: int) -> None:
    function = scheduled(FUNCTION, "update")
    before = function["change"]["before"]
    known = {k: v for k, v in before.items() if unknown.get(k) is not True}
    function["change"] |= {"after": known, "after_unknown": unknown}

    assert review(function).exit_code == code


def test_harmless_data_is_no_risk() -> None:
    data = [
        {**a_change(f"aws_{kind}", "read"), "mode": "data", "address": f"data.aws_{kind}.{name}"}
        for kind, name in {"caller_identity": "current", "service": "sns"}.items()
    ]

    assert review(*data).risks == ()


def test_at_the_beginning_no_setting_has_changed() -> None:
    made = [
        a_topic("water_critical", "create"),
        a_subscription("water_critical", "email/A", "create"),
    ]
    plan = a_plan(
        *made,
        *LEDGER_MADE,
        before=[],
        settings={"remind": (None, "month")},
        unknown={"ledger_bucket": True},
    )

    assert evaluate(read_plan(plan)).watch == (
        "The ledger is created: it keeps what was sent, so that each alert is sent once.",
    )


def test_the_end_of_everything_is_still_one_risk() -> None:
    ended = [
        *(a_topic(topic, "delete") for topic in ("water_critical", "water_extreme")),
        *(ledger(kind, "delete") for kind in (BUCKET, *RULES)),
        *(scheduled(kind, "delete") for kind in SCHEDULED),
        *(operators(kind, "delete") for kind in (TOPIC, "aws_sns_topic_policy")),
        operator("a1", "delete"),
    ]

    settings = {"remind": ("month", None), "ledger_bucket": ("canary", None)}

    found = evaluate(read_plan(a_plan(*ended, after=[], settings=settings)))

    assert found.risks == ("everything is destroyed: 2 topics, 0 people unsubscribed",)
    assert not any("->" in note for note in found.watch if "Operators" not in note)


def test_the_end_of_everything_names_what_else_it_resets() -> None:
    ended = [
        *(a_topic(topic, "delete") for topic in ("water_critical", "water_extreme")),
        *(sms(kind, "delete") for kind in (ALARM, LOG, PREFERENCES)),
    ]

    assert evaluate(read_plan(a_plan(*ended, after=[]))).risks == (
        "everything is destroyed: 2 topics, 0 people unsubscribed",
        f"texts: 1 setting of the account deleted; {RESET}",
    )


def test_operators_are_counted_in_a_section_of_their_own() -> None:
    found = review(*OPERATORS_STAY, operator("b2", "create"))

    assert as_text(found) == (
        "Backlog alerts: nothing risky\n"
        "  Nobody is subscribed or unsubscribed, and no alert changes.\n\n"
        "Who receives what\n"
        "  alert           channel  subscribers  confirmed\n"
        "  water critical  email    1            1\n"
        "  water extreme   sms      1            not needed\n\n"
        "The check itself\n"
        "  Operators, who are notified of failures: 1 -> 2, 1 of them must confirm."
    )
