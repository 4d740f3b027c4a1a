"""What this configuration makes, and what a plan can hold instead: each difference is named."""

import json
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from runner.errors import BacklogError
from scripts.review.evaluate import Review, evaluate
from scripts.review.read import InvalidPlanError, read_plan
from scripts.review.render import as_text
from tests.support.plans import a_real_plan

Plan = dict[str, Any]
Mutation = tuple[str, Callable[[Plan], Any]]
SCHEDULE, TOPIC = 'module.schedule["this"].', 'module.alert_topic["water_critical"].'
SUBSCRIPTION = TOPIC + 'aws_sns_topic_subscription.this["email/Ana"]'
POLICY = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sns:*"}]})


def entry(plan: Plan, address: str) -> dict[str, Any]:
    (found,) = (c for c in plan["resource_changes"] if c["address"] == address)
    change: dict[str, Any] = found
    return change


def review(plan: Plan) -> Review:
    return evaluate(read_plan(json.dumps(plan).encode()))


def test_what_this_configuration_makes_is_no_risk_but_for_its_permissions() -> None:
    assert review(a_real_plan()).risks == (
        "permissions are given to GitHub Actions",
        "permissions are given to SNS, to log texts",
        "permissions are given to the scheduled check",
    )


def test_what_stays_as_it_is_is_no_risk() -> None:
    found = review(a_real_plan(made=False))

    assert (found.undetermined, found.risks, found.exit_code) == ((), (), 0)


# What a hostile pull request might add, and what it is called.


def add(plan: Plan, like: str, **fields: Any) -> dict[str, Any]:
    """Add a resource that is like another, but for its address or what else is given."""
    copy: dict[str, Any] = json.loads(json.dumps(entry(plan, like)))
    copy |= fields
    copy["change"] |= {"actions": ["create"], "before": None}
    plan["resource_changes"].append(copy)
    return copy


def set_value(address: str, **values: Any) -> Callable[[Plan], None]:
    """Change a resource's values, of one that stands or is made."""

    def change(plan: Plan) -> None:
        for name, value in values.items():
            differ(entry(plan, address), (name,), lambda _, v=value: v)

    return change


def add_person(**values: Any) -> Callable[[Plan], None]:
    """Subscribe one more person to a topic that stands, with other values."""

    def change(plan: Plan) -> None:
        bo = add(plan, SUBSCRIPTION, address=SUBSCRIPTION.replace("Ana", "Bo"), index="email/Bo")
        bo["change"] = entry(a_real_plan(), SUBSCRIPTION)["change"]
        known = {"endpoint": "bo@example.com", "topic_arn": OURS, **values}
        bo["change"]["after"] |= known
        for name in known.keys() & bo["change"]["after_unknown"].keys():
            del bo["change"]["after_unknown"][name]

    return change


def hide_protocol(plan: Plan) -> None:
    add_person()(plan)
    hide(plan["resource_changes"][-1], "protocol")


def add_like(address: str, name: str, **fields: Any) -> Callable[[Plan], Any]:
    """Add a resource of a known kind under another name."""
    kind, _, old = address.rpartition(".")
    new = f"{kind}.{name}" + (f"[{old.partition('[')[2]}" if "[" in old else "")
    return lambda plan: add(plan, address, address=new, name=name, **fields)


def delete_one_of_two(plan: Plan) -> None:
    twin = add(plan, SUBSCRIPTION, address=SUBSCRIPTION.replace("Ana", "Bo"), index="email/Bo")
    twin["change"] |= {"actions": ["delete"], "before": twin["change"]["after"], "after": None}


def new_alert(**values: Any) -> Callable[[Plan], None]:
    """Make the critical alert's topic a new one, with other values of the topic or its policy."""

    def change(plan: Plan) -> None:
        made = a_real_plan()
        for kind in ("aws_sns_topic", "aws_sns_topic_policy"):
            address = f"{TOPIC}{kind}.this"
            entry(plan, address)["change"] = entry(made, address)["change"]
            names = {"aws_sns_topic": {"name"}, "aws_sns_topic_policy": {"policy"}}[kind]
            for name in names & values.keys():
                differ(entry(plan, address), (name,), lambda _, v=values[name]: v)

    return change


def set_output(*path: str, value: Any) -> Callable[[Plan], None]:
    return lambda plan: put(plan["output_changes"]["runner_config"]["after"], path, value)


OURS = "arn:aws:sns:us-east-1:123456789012:water_critical"
FOREIGN = "arn:aws:sns:us-east-1:999999999999:water_critical"
ATTACKS: dict[str, tuple[Callable[[Plan], Any], str]] = {
    "a second object": (
        add_like(SCHEDULE + "aws_s3_object.configuration", "more"),
        "1 x aws_s3_object: create, a resource that this review does not know",
    ),
    "a second function": (
        add_like(SCHEDULE + "aws_lambda_function.check", "more"),
        "1 x aws_lambda_function: create, a resource that this review does not know",
    ),
    "the object elsewhere and public": (
        set_value(SCHEDULE + "aws_s3_object.configuration", bucket="x", acl="public-read"),
        "aws_s3_object at schedule configuration: acl and bucket are not what this configuration"
        " makes",
    ),
    "another configuration": (
        set_value(SCHEDULE + "aws_s3_object.configuration", content='{"alerts": {}}'),
        "aws_s3_object at schedule configuration: content is not what this configuration makes",
    ),
    "other code": (
        set_value(SCHEDULE + "aws_lambda_function.check", filename="./other.zip"),
        "aws_lambda_function at schedule check: filename is not what this configuration makes",
    ),
    "another address of the configuration": (
        set_value(
            SCHEDULE + "aws_lambda_function.check",
            environment=[{"variables": {"BACKLOG_CONFIG": "s3://x/config/runner_config.json"}}],
        ),
        "aws_lambda_function at schedule check: environment is not what this configuration makes",
    ),
    "a function of one second": (
        set_value(SCHEDULE + "aws_lambda_function.check", timeout=1),
        "aws_lambda_function at schedule check: timeout is not what this configuration makes",
    ),
    "an open queue": (
        set_value(SCHEDULE + "aws_sqs_queue.check_failed", policy=POLICY),
        "aws_sqs_queue at schedule check_failed: policy is not what this configuration makes",
    ),
    "a schedule in 2199": (
        set_value(SCHEDULE + "aws_scheduler_schedule.check", start_date="2199-01-01T00:00:00Z"),
        "aws_scheduler_schedule at schedule check: start_date is not what this configuration makes",
    ),
    "a foreign topic": (
        add_person(topic_arn=FOREIGN),
        "aws_sns_topic_subscription at water_critical email/Bo: topic_arn is not what this"
        " configuration makes",
    ),
    "a filter": (
        add_person(filter_policy='{"level": ["never"]}'),
        "aws_sns_topic_subscription at water_critical email/Bo: filter_policy is not what this"
        " configuration makes",
    ),
    "a channel that is known after the apply": (
        hide_protocol,
        "aws_sns_topic_subscription at water_critical email/Bo: protocol is not what this"
        " configuration makes",
    ),
    "a new alert's open policy": (
        new_alert(policy=POLICY),
        "aws_sns_topic_policy at water_critical: policy is not what this configuration makes",
    ),
    "a new alert under another's name": (
        new_alert(name="water_extreme"),
        "aws_sns_topic at water_critical: name is not what this configuration makes",
    ),
    "a foreign ARN": (
        set_output("alerts", "water_critical", "topic_arn", value=FOREIGN),
        "topic water_critical: its alert would be published to another topic",
    ),
    "an operator of an alert": (
        add_like('aws_sns_topic_subscription.operators["5da87e12d60d"]', "operators-mirror"),
        "1 x aws_sns_topic_subscription: create, a resource that this review does not know",
    ),
    "other operators": (
        add_like('aws_sns_topic.operators["this"]', "operators-new"),
        "1 x aws_sns_topic: create, a resource that this review does not know",
    ),
    "another ledger": (
        set_output("ledger_bucket", value="x"),
        "the ledger would be in another bucket than the one that is made for it",
    ),
    "another topic for operators": (
        set_output("operators_topic_arn", value=FOREIGN),
        "operators would be notified through another topic than theirs",
    ),
    "one of two equal subscriptions": (
        delete_one_of_two,
        "water critical: Bo has the same address for email as somebody else; at AWS the two are"
        " one, and they end together",
    ),
    "another provider": (
        lambda plan: put(
            plan["configuration"], ("provider_config",), {"aws": {"expressions": {"region": {}}}}
        ),
        "a provider is set otherwise: it may reach another account or region",
    ),
    "an output": (
        lambda plan: put(plan["output_changes"], ("people",), {"actions": ["create"]}),
        "there is an output that this review does not know",
    ),
}


def test_one_more_person_is_no_risk() -> None:
    plan = a_real_plan(made=False)
    add_person()(plan)

    assert review(plan).risks == ()


@pytest.mark.parametrize("name", ATTACKS)
def test_what_a_hostile_pull_request_adds_is_named(name: str) -> None:
    attack, risk = ATTACKS[name]
    plan = a_real_plan(made=False)
    attack(plan)

    assert risk in review(plan).risks


def test_a_plan_without_its_configuration_is_undetermined() -> None:
    plan = a_real_plan(made=False)
    del plan["configuration"]

    with pytest.raises(InvalidPlanError, match="the plan has no configuration"):
        review(plan)


# A campaign: every value, action, type, address and key of two real plans, changed one at a time.

ACTIONS = ("no-op", "create", "read", "update", "delete", "forget", "obliterate")


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each value in a tree that holds no others."""
    if isinstance(value, (dict, list)) and value:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*path, key))
    else:
        yield path


def put(tree: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        tree = tree[key]
    tree[path[-1]] = value


def at(tree: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def other(value: Any) -> Any:
    """Return another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    return f"{value}x" if isinstance(value, str) else "x"


def mutations(made: bool) -> Iterator[Mutation]:
    """Yield what to do to a plan, with a name that says it."""
    real = a_real_plan(made)
    for number, found in enumerate(real["resource_changes"]):
        name, change = found["address"], found["change"]
        for action in ACTIONS:
            if [action] != change["actions"]:
                yield (
                    f"{name}: action {action}",
                    lambda p, n=number, a=action: act(p["resource_changes"][n], a),
                )
        for field in ("address", "index", "mode", "module_address", "name", "type"):
            if field in found:
                yield (
                    f"{name}: {field}",
                    lambda p, n=number, f=field: put(
                        p["resource_changes"][n], (f,), other(p["resource_changes"][n][f])
                    ),
                )
        for old, new in (
            ("this", "mirror"),
            ("check", "more"),
            ("operators", "more"),
            ("sms", "x"),
        ):
            if old in name:
                yield (
                    f"{name}: {old} -> {new}",
                    lambda p, n=number, o=old, w=new: rename(p, n, o, w),
                )
        for field in ("deposed", "previous_address", "provider_name"):
            yield (
                f"{name}: {field} given",
                lambda p, n=number, f=field: put(p["resource_changes"][n], (f,), "x"),
            )
        for path in filter(None, places(change["after"] or {})):
            yield (
                f"{name}: {'.'.join(map(str, path))} another",
                lambda p, n=number, w=path: differ(p["resource_changes"][n], w, other),
            )
            yield (
                f"{name}: {path[0]} not known",
                lambda p, n=number, w=path: hide(p["resource_changes"][n], w[0]),
            )
            yield (
                f"{name}: {path[0]} empty",
                lambda p, n=number, w=path: differ(p["resource_changes"][n], w[:1], lambda _: None),
            )
        for attribute in ("policy", "filter_policy", "image_uri", "acl", "delivery_policy"):
            yield (
                f"{name}: {attribute} set",
                lambda p, n=number, a=attribute: differ(
                    p["resource_changes"][n], (a,), lambda _: POLICY
                ),
            )
    for where in ("runner_config", "coverage", "ci_role_arns", "runner_policy_arns"):
        after = real["output_changes"][where].get("after")
        for path in filter(None, places(after if isinstance(after, dict) else {})):
            yield (
                f"output {where}: {'.'.join(map(str, path))}",
                lambda p, o=where, w=path: put(
                    p["output_changes"][o]["after"],
                    w,
                    other(at(p["output_changes"][o]["after"], w)),
                ),
            )
    for number, check in enumerate(real["checks"]):
        for status in ("fail", "unknown", "error", "x"):
            yield (
                f"check {check['address'].get('name')}: {status}",
                lambda p, n=number, s=status: put(p["checks"], (n, "status"), s),
            )
    for field in real:
        yield f"without {field}", lambda p, f=field: p.pop(f)


def act(found: dict[str, Any], action: str) -> None:
    """Give a change another action, with what goes with it."""
    change = found["change"]
    values = change["after"] or change["before"]
    change["before"] = None if action == "create" else change.get("before") or values
    change["after"] = None if action in ("delete", "forget") else values
    change["actions"] = [action]


def rename(plan: Plan, number: int, old: str, new: str) -> None:
    found = plan["resource_changes"][number]
    for field in ("address", "module_address", "name", "index"):
        if isinstance(found.get(field), str):
            found[field] = found[field].replace(old, new)


def differ(found: dict[str, Any], path: tuple[Any, ...], how: Callable[[Any], Any]) -> None:
    """Change one value that the plan would make; what stood is then updated."""
    change = found["change"]
    if change["actions"] == ["no-op"]:
        change["actions"] = ["update"]
    change["after"] = json.loads(json.dumps(change["after"] or {}))
    change["after_unknown"] = {
        name: value for name, value in change["after_unknown"].items() if name != path[0]
    }
    put(change["after"], path, how(at(change["after"], path) if path[0] in change["after"] else ""))


def hide(found: dict[str, Any], attribute: str) -> None:
    differ(found, (attribute,), lambda _: None)
    del found["change"]["after"][attribute]
    found["change"]["after_unknown"] = {**found["change"]["after_unknown"], attribute: True}


# Why a mutation may change nothing that a review says.
HARMLESS = {
    "a text for people": r".*: (alarm_description|description|metric_query\.[01]\.label|"
    r"dashboard_body) \w+",
    "the provider's own, where nobody sets it": r".*: (?!policy)\w+ (empty|not known)",
    "each change of permissions is a risk of its own": r".*aws_iam_.*: (policy|assume_role_policy|"
    r"permissions_boundary)[\w.]* (another|set|not known|empty)",
    "the function's code, which nobody can compare": r".*check: source_code_hash another",
    "another person's address, which a plan never shows": r".*subscription.*: endpoint another",
    "it holds nothing at AWS": r"(.*\.)?terraform_data\..*",
    "an update that changes nothing": r".*: action update",
    "a text, or a service, of an alert that is new as a whole": r"output runner_config: alerts\..*",
    "an output that nothing reads": r"output (coverage|ci_role_arns|runner_policy_arns): .*",
    "no part that is read": r"without (terraform_version|resource_drift|variables)",
}
NOTHING_IS_DONE = (
    r".*: (address|index|mode|module_address|name|type|provider_name given|\w+ -> \w+)"
)


def survivors(made: bool, chosen: list[Mutation]) -> list[str]:
    """Return the mutations that change nothing in a review, and are not known to be harmless."""
    known = [*HARMLESS.values(), *([] if made else [NOTHING_IS_DONE])]
    same, found = seen(a_real_plan(made)), []
    for name, mutate in chosen:
        plan = a_real_plan(made)
        mutate(plan)
        if seen(plan) == same and not any(re.fullmatch(form, name) for form in known):
            found.append(name)
    return found


def seen(plan: Plan) -> str:
    """Return what people see of a review, without its checksum."""
    try:
        return re.sub(r"\b[0-9a-f]{16}\b", "", as_text(review(plan)))
    except BacklogError as error:
        return f"cannot determine: {error}"


@pytest.mark.parametrize("made", [True, False])
def test_a_sample_of_mutations_is_seen(made: bool) -> None:
    chosen = random.Random(7).sample([*mutations(made)], 75)

    assert survivors(made, chosen) == []


@pytest.mark.soak
@pytest.mark.parametrize("made", [True, False])
def test_every_mutation_is_seen(made: bool) -> None:
    every = [*mutations(made)]

    assert survivors(made, every) == []
    assert len(every) > 1500
