"""All problems of a contacts file and the departments come at once, in exactly these words."""

from collections.abc import Callable

import boto3
import pytest

from tests.e2e.workspace import Workspace

DEPARTMENTS = """
departments = {
  water = {
    services = ["Water"]
    alerts = {
      critical = { threshold = 99.5, protocols = ["email", "pager"], message = "{cuont} issues" }
    }
  }
  trash = {
    services = []
    alerts   = { "over 30" = { threshold = 30, protocols = ["sms"], subject = "Müll" } }
  }
}
"""

CONTACTS = """Name,Email,Phone,Department

Fiona Miller,fiona@example.com,5555550101,water
Omar Haddad,omar@example,+15555550102,watr
Grace Kim,,,water
,x@example.com,,water
a@example.com,b@example.com,,c@example.com
Ann Lee,ann@example.com,1.55512E+10,water
Too,few
Bob Ray,bob@example.com,,water
Rob Ray,bob@example.com,,water
Bob Ray,bobo@example.com,,water
,,,
"""

MESSAGE = """\
broken.csv row 3 (Fiona Miller): Phone has no +, perhaps because a spreadsheet removed it; \
set country_code = "1" for numbers of the United States and Canada, or write it in full, \
such as +15551234567
broken.csv row 4 (Omar Haddad): Department "watr" is not one of trash, water
broken.csv row 4 (Omar Haddad): Email must be one address, such as name@example.com
broken.csv row 5 (Grace Kim): Email and Phone are both empty; fill in one, or delete the row
broken.csv row 6: Name is empty
broken.csv row 7: Name contains what looks like an email or a phone number; \
enter the person's name
broken.csv row 7: Department is not one of trash, water
broken.csv row 8 (Ann Lee): Phone was rounded by a spreadsheet to a number such as 1.55512E+10; \
format the column as text and type the phone number again, such as +15551234567
broken.csv row 9: must have 4 cells, as the header does; \
put double quotes around a cell with a comma in it, and use no other quotes or line breaks
broken.csv row 11 (Rob Ray): has the same Email as row 10 (Bob Ray) in department water; \
give each person their own, or empty one of the two cells
broken.csv row 12 (Bob Ray): is already in department water, in row 10; \
keep one of the two rows
departments, trash: has no services; name at least one, as the report spells it
departments, trash over 30: the topic name "trash_over 30" may only contain letters, digits, \
- and _, at most 256 of them
departments, trash over 30: subject must be plain ASCII on one line
departments, water critical: threshold must be a whole number, 0 or more
departments, water critical: protocols may only be "email" and "sms"
departments, water critical: message has the unknown placeholder {cuont}; \
the known ones are {count}, {threshold}, {department}, {level}, {services}, {month}"""


@pytest.fixture(scope="module")
def city(new_workspace: Callable[[], Workspace]) -> Workspace:
    workspace = new_workspace()
    workspace.write("city.auto.tfvars", DEPARTMENTS)
    workspace.write("broken.csv", CONTACTS)
    return workspace


def problems(city: Workspace, contacts_csv: str) -> list[str]:
    result = city.run("plan", "-no-color", f"-var=contacts_csv={contacts_csv}")
    assert result.returncode == 1, result.text
    assert "Planning failed" in result.stdout
    assert "will be created" not in result.stdout
    return [line.strip() for line in result.error.splitlines()]


def test_all_problems_come_at_once_in_the_order_of_the_rows(city: Workspace) -> None:
    assert "\n".join(problems(city, "broken.csv")) == MESSAGE


def test_a_missing_file_is_a_problem_that_says_what_paths_there_are(city: Workspace) -> None:
    assert problems(city, "gone.csv")[0] == (
        "gone.csv: there is no such file; give a path relative to the terraform folder, or s3://bucket/key"
    )


def test_a_file_that_is_not_utf8_says_how_to_save_it(city: Workspace) -> None:
    (city.folder / "latin.csv").write_bytes("Name,Email,Phone,Department\nJosé".encode("latin-1"))

    assert problems(city, "latin.csv")[0] == (
        "latin.csv: is not UTF-8, probably because a spreadsheet saved it as plain CSV, in which"
        ' letters such as é get lost; save it as "CSV UTF-8", or in LibreOffice as CSV with the'
        " character set Unicode (UTF-8)"
    )


def test_a_workbook_says_what_to_save_it_as(city: Workspace) -> None:
    (city.folder / "people.XLSX").write_bytes(b"PK\x03\x04\xff")

    assert problems(city, "people.XLSX")[0] == (
        'people.XLSX: is a spreadsheet\'s own format; save it as "CSV UTF-8", and name that file in'
        " contacts_csv"
    )


def test_of_many_problems_fifty_are_shown_and_the_others_counted(city: Workspace) -> None:
    rows = [f"P{number},,,water" for number in range(2, 72)]
    city.write("many.csv", "\n".join(["Name,Email,Phone,Department", *rows]))

    shown = problems(city, "many.csv")

    others = MESSAGE[MESSAGE.index("departments,") :].count("\n") + 1
    both = "Email and Phone are both empty; fill in one, or delete the row"
    assert shown == [
        *(f"many.csv row {number} (P{number}): {both}" for number in range(2, 52)),
        f"and {20 + others} more problems",
    ]


WARNED = """\
Name,Email,Phone,Department
Fiona Miller,fiona@example.com,,water
Fiona Miller,fiona.miller@example.com,,parks
Hugo Sand,,+15555550104,parks
"""


def test_who_receives_nothing_and_who_has_two_addresses_is_warned_about(
    new_workspace: Callable[[], Workspace],
) -> None:
    workspace = new_workspace()
    alerts = '{ critical = { threshold = 1, protocols = ["email"] } }'
    services = "".join(
        f'  {name} = {{ services = ["{name}"], alerts = {alerts} }}\n'
        for name in ("water", "parks")
    )
    workspace.write("city.auto.tfvars", f"departments = {{\n{services}}}\n")
    workspace.write("contacts.csv", WARNED)

    result = workspace.run("plan", "-no-color")

    assert result.returncode == 0
    shown = " ".join(result.stdout.replace("│", "").replace("╵", "").replace("╷", "").split())
    assert (
        "The same name has different addresses. If that is one person, correct the other rows,"
        " too: contacts.csv row 3 (Fiona Miller): has another Email than row 2 Warning:"
    ) in shown
    assert (
        "These people are in the contacts and receive nothing: Hugo Sand (parks). No alert of"
        " their department uses an address that their row allows. Fill in Email or Phone, or"
        " change Channels. With none, it is not reported."
    ) in shown


@pytest.mark.usefixtures("in_aws")
def test_a_file_on_s3_that_is_no_text_says_how_to_upload_it(city: Workspace) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="people")
    s3.put_object(Bucket="people", Key="c.csv", Body=b"x", ContentType="application/pdf")

    assert problems(city, "s3://people/c.csv")[0] == (
        "s3://people/c.csv: S3 says it is application/pdf;"
        " upload it again with --content-type text/csv"
    )
