"""What a departments file and Terraform's outputs say."""

import json
from pathlib import Path
from typing import Any

import pytest

from runner.errors import ConfigError
from scripts.backtest.departments import read_departments, read_outputs
from tests.support.examples import an_alert, runner_config
from tests.support.reports import write_departments


def test_departments_are_read_with_what_counts_and_without_their_texts(tmp_path: Path) -> None:
    path = write_departments(
        tmp_path,
        """
        # a comment
        name_prefix = "x-"  # another
        departments = {
          "street lights" = {
            services = [" Pothole ", "Caf\\u00e9 \\"5\\" $${x}",]
            alerts = {
              critical : { threshold = 100.0, protocols = ["email"], message = "{count} ${"x"}" }
              extreme = { protocols = ["sms", "email"], threshold = 0 }
            }
          }
          water = { services = ["Water"], alerts = { a = { threshold = 5, protocols = ["sms"] } } }
        }
        """,
    )

    alerts = read_departments(str(path))

    services = ("Pothole", 'Café "5" ${x}')
    assert [(a.topic, a.department, a.level, a.services, a.threshold) for a in alerts] == [
        ("street lights_critical", "street lights", "critical", services, 100),
        ("street lights_extreme", "street lights", "extreme", services, 0),
        ("water_a", "water", "a", ("Water",), 5),
    ]
    assert alerts[1].protocols == ("sms", "email")


WATER = "departments = {{ water = {{ services = {}, alerts = {{ a = {} }} }} }}"
ALERT = '{ threshold = 1, protocols = ["email"] }'


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "departments: write a map"),
        ("departments = {}", "holds no alert; add one to departments"),
        ("departments = var.departments", "departments: write a map"),
        ("departments {\n}", "departments: write a map"),
        (
            WATER.format('"Water"', ALERT),
            'water, services: write a list of texts, such as ["Water"',
        ),
        (WATER.format("[]", ALERT), "water, services: write a list of texts"),
        (WATER.format("[5]", ALERT), 'water, services: write a text in quotes, such as "Water"'),
        (WATER.format('["a ${b}"]', ALERT), "water, services: write a text in quotes"),
        (WATER.format('["a %{if true}b%{endif}"]', ALERT), "water, services: write a text in"),
        (WATER.format("[local.x]", ALERT), "water, services: write a text in quotes"),
        (WATER.format('[" "]', ALERT), "water, services: write a text in quotes"),
        (WATER.format('["W"]', "{}"), "water, alerts, a, threshold: write a whole number"),
        (WATER.format('["W"]', ALERT.replace("1", "10 * 10")), "a, threshold: write a whole num"),
        (WATER.format('["W"]', ALERT.replace("1", "-1")), "a, threshold: write a whole number"),
        (WATER.format('["W"]', ALERT.replace("1", "1.5")), "a, threshold: write a whole number"),
        (WATER.format('["W"]', ALERT.replace("1", "true")), "a, threshold: write a whole number"),
        (WATER.format('["W"]', ALERT.replace("1", '"1"')), "a, threshold: write a whole number"),
        (WATER.format('["W"]', "null"), "water, alerts, a: write a map"),
        (
            "a = 1\ndepartments = ]\n",
            "line 2: can't be read; put text in double quotes, and close each bracket",
        ),
        (
            'a = 1\n{"departments": {}}',
            "can't be read; put text in double quotes, and close each bracket",
        ),
    ],
)
def test_what_a_departments_file_leaves_open_is_named_with_its_place(
    text: str, error: str, tmp_path: Path
) -> None:
    path = write_departments(tmp_path, text)

    with pytest.raises(ConfigError) as raised:
        read_departments(str(path))

    assert str(raised.value).startswith(str(path))
    assert error in str(raised.value)


def test_a_departments_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"no.tfvars: No such file.*; name one with --departments"
    ):
        read_departments(str(tmp_path / "no.tfvars"))


# Terraform's outputs.


def outputs(coverage: object, **settings: Any) -> str:
    """What `terraform output -json` prints for one alert, whose topic has a prefix."""
    alert = an_alert("x-water_a", department="water", level="a")
    config = json.loads(runner_config(alert, **settings))
    return json.dumps({"runner_config": {"value": config}, "coverage": {"value": coverage}})


def test_recipients_go_by_department_and_level_whatever_the_topics_prefix(tmp_path: Path) -> None:
    path = tmp_path / "outputs.json"
    path.write_text(outputs({"x-water_a": {"email": 3, "sms": 0}}, remind="never"))

    remind, coverage = read_outputs(str(path))

    assert (remind, coverage) == ("never", {("water", "a"): {"email": 3, "sms": 0}})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        runner_config(an_alert()),  # what `terraform output -json runner_config` prints
        outputs(2),
        outputs({}),
        outputs({"x-water_a": {"email": "many"}}),
        outputs({"x-water_a": {"email": 1}}).replace("1}", "1e400}"),
    ],
)
def test_what_are_no_outputs_is_rejected(text: str, tmp_path: Path) -> None:
    path = tmp_path / "outputs.json"
    path.write_text(text)

    with pytest.raises(ConfigError) as raised:
        read_outputs(str(path))

    assert str(raised.value) == (
        f"{path}: does not hold `runner_config` and `coverage` as `terraform output -json` prints"
        " them; run `make apply` first"
    )
