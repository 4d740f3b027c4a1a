"""The canary: every email and phone number is a known token, and no token comes out anywhere.

Terraform's state and `terraform show -json` hold addresses in clear by design; everything a
person or a log sees (plans, errors, progress, outputs, addresses, the runner) must not.
"""

import unicodedata
from collections.abc import Callable

import pytest

from runner.cli import main
from tests.e2e.workspace import Workspace
from tests.support.examples import an_alert, runner_config

TOKENS = ("canary", "55501", "flowers")
HEADER = "Name,Email,Phone,Department,Channels"
ROWS = [
    "Fiona Miller,canary1@example.com,+15555550101,water,",
    "Omar Haddad,canary2@example.com,(555) 555-0102,streets,",
    "Fiona Miller,canary3@example.com,+15555550103,streets,",  # warned about: two addresses
    "Grace Kim,canary4@example.com,+15555550104,streets,sms",
]
EXAMPLE = "-var-file=examples/multi-level/departments.tfvars"
CONTACTS = "-var=contacts_csv=contacts.csv"
NATIONAL = "-var=country_code=1"

DISGUISES = (
    *(
        "canary(at)example.com",
        "canary at example dot com",
        "canary[at]example",
        "canary%40example",
    ),
    *("⑤⑤⑤ ⑤⑤⑤ ⓪①⓪①", "⁵⁵⁵⁵⁵⁵⁰¹⁰¹", "1-800-FLOWERS", "1 800 flowers"),
)

# Files as they come about: columns shifted, no header, the wrong separator, half a row, a report.
BROKEN = {
    "every cell in the wrong column": [
        HEADER,
        "canary1@example.com,+15555550101,Fiona,canary2@example.com,canary3@example.com",
        "+15555550102,Omar,canary4@example.com,+15555550103,+15555550104",
        "Ann,canary5@example,+15555550105x,water,",
        "Ann canary6@example.com,,15555550106,5555550107,email+sms+fax",
        "555-550-1088 Bob,canary7@@example.com,+15555550108,wat canary8@example.com,",
    ],
    "the same person and the same addresses twice": [HEADER, *ROWS, *ROWS, "Bob" + ROWS[0][12:]],
    "cells missing, quotes open": [
        HEADER,
        "Fiona,canary1@example.com,+15555550101",
        '"Omar,canary2@example.com,+15555550102,water,',
        'Ann "x,canary3@example.com,+15555550103,water,,,',
    ],
    "no header": ROWS,
    "a header of addresses": ["canary1@example.com,+15555550101,Phone,Department", *ROWS],
    "addresses in disguise": [
        HEADER,
        *(f"{text},,,water," for text in DISGUISES),
        *(f"Ann,,,{text}," for text in DISGUISES),
    ],
    "a header of addresses in disguise": [f"canary at example dot com,{HEADER}", *ROWS],
    "pluses stripped": [HEADER, *(row.replace("+1", "1") for row in ROWS)],
    "digits missing": [HEADER, *(row.replace("+1555555", "+1555") for row in ROWS)],
    "semicolons": [row.replace(",", ";") for row in [HEADER, *ROWS]],
}


def leaks(text: str) -> list[str]:
    text = unicodedata.normalize("NFKC", text)  # wide, circled and raised digits are digits
    digits_joined = text.replace("-", "").replace(" ", "").replace("(", "").replace(")", "")
    return [token for token in TOKENS if token in text.lower() or token in digits_joined.lower()]


@pytest.fixture(scope="module")
def city(new_workspace: Callable[[], Workspace]) -> Workspace:
    workspace = new_workspace()
    workspace.write("contacts.csv", "\n".join([HEADER, *ROWS]) + "\n")
    return workspace


def test_the_canary_would_be_seen(city: Workspace) -> None:
    shown = city.run("console", EXAMPLE, NATIONAL, CONTACTS)
    assert leaks(shown.text) == []

    assert leaks("CANARY1@example.com") == ["canary"]
    assert leaks("+1 (555) 555-0102") == leaks("⑤⑤⑤⓪①") == ["55501"]


def test_no_address_is_shown_from_first_plan_to_destroy(city: Workspace) -> None:
    steps = [
        city.run("plan", "-no-color", EXAMPLE, NATIONAL, CONTACTS, "-out=saved.tfplan"),
        city.run("show", "-no-color", "saved.tfplan"),
        city.run("apply", "-no-color", "saved.tfplan"),
        city.run("output"),
        city.run("output", "-json"),
        city.run("state", "list"),
    ]
    corrected = ROWS[0].replace("canary1", "canary9").replace("0101", "0109")
    city.write("contacts.csv", "\n".join([HEADER, corrected]) + "\n")
    steps.append(city.run("plan", "-json", EXAMPLE, NATIONAL, CONTACTS))
    steps.append(city.run("apply", "-no-color", "-auto-approve", EXAMPLE, NATIONAL, CONTACTS))
    steps.append(city.run("destroy", "-no-color", "-auto-approve", EXAMPLE, NATIONAL, CONTACTS))

    assert [step.returncode for step in steps] == [0] * len(steps), steps[-1].text
    assert '["email/Fiona Miller"]' in steps[0].text
    assert "has another Email than row 2" in steps[0].text
    assert [leaks(step.text) for step in steps] == [[]] * len(steps)


@pytest.mark.parametrize("name", BROKEN)
def test_no_address_is_shown_for_a_broken_file(city: Workspace, name: str) -> None:
    city.write("broken.csv", "\n".join(BROKEN[name]) + "\n")

    result = city.run("plan", "-no-color", EXAMPLE, "-var=contacts_csv=broken.csv")

    assert result.returncode == 1
    assert "Fix these first" in result.text
    assert leaks(result.text) == []


@pytest.mark.parametrize("name", BROKEN)
def test_a_contacts_file_taken_for_a_report_is_not_repeated(
    city: Workspace, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    city.write("config.json", runner_config(an_alert(services=("Fiona Miller",))))
    city.write("broken.csv", "\n".join(BROKEN[name]) + "\n")
    arguments = ["--config", str(city.folder / "config.json")]

    code = main([*arguments, "--report", str(city.folder / "broken.csv")])

    shown = capsys.readouterr()
    assert code == 3
    assert leaks(shown.out + shown.err) == []
