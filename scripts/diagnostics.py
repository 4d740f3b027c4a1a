"""What Terraform says with -json -> what may be shown of it: no address, and what to do.

Terraform's own messages and ours hold no address. AWS's may: of those, the call and its code are
shown. https://developer.hashicorp.com/terraform/internals/machine-readable-ui
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

# The words of `make doctor`.
NO_CREDENTIALS = "there are none; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
REJECTED = "AWS does not take them; log in again, and check this machine's clock"
NO_PROFILE = "AWS_PROFILE names no profile of this machine"
NO_REGION = "there is none; set AWS_REGION"
WRONG_REGION = "that is no region; set AWS_REGION, such as us-east-1"
MOVE_STATE = (
    "Terraform is to keep its state in another place than before. To move it there, run"
    " `.venv/bin/python -m scripts.terraform init -migrate-state`. To begin there with what is"
    " there, run the same with -reconfigure"
)
UNREACHABLE = "AWS can't be reached; look at the network, AWS_REGION and AWS_ENDPOINT_URL"
STALE = "something changed since this plan was made; run `make plan` again"
# Terraform shows what these say as it stands in this configuration, where no message repeats what
# was found. Others may.
_OURS = re.compile(
    r"(Resource|Module output value|Output) (pre|post)condition failed"
    r"|Resource (pre|post)condition failed|Invalid value for variable"
)
_WRONG_TYPE = re.compile(r"value is not suitable for var\.(\w+) declared at [^:]+:[0-9,-]+: (.*)")
_ADDRESS = re.compile(r"[^\s@]@\w|%40|(?<![\w:/-])\+?(\d[ ().-]{0,2}){7,15}(?![\w:/-])")
_AWS = re.compile(
    r"operation error (?P<service>[\w ]+): (?P<call>\w+).*?StatusCode: (?P<status>\d+)"
    r"(?:.*?, (?:api error )?(?!RequestID|HostID)(?P<code>[A-Za-z.]+):)?",
    re.DOTALL,
)
_LOCK = re.compile(
    r"Lock Info: +ID: +(?P<id>\S+).*Who: +(?P<who>\S+).*Created: +(?P<at>.{16})", re.DOTALL
)
_BUCKET = re.compile(r'S3 bucket "([A-Za-z0-9.-]+)" does not exist')

# What a person meets on the way, by what Terraform says of it.
_KNOWN: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("Saved plan is stale", lambda _: STALE),
    ("Error acquiring the state lock", lambda text: _locked(text)),
    ("No valid credential sources", lambda _: f"Credentials: {NO_CREDENTIALS}"),
    (
        "ExpiredToken|InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch"
        "|InvalidAccessKeyId|SSO session",
        lambda _: f"Credentials: {REJECTED}",
    ),
    (
        "(?i)failed to get shared config profile",
        lambda _: f"Credentials: {NO_PROFILE}",
    ),
    (
        r"(?i)invalid AWS Region: \S",
        lambda _: f"Region: {WRONG_REGION}",
    ),
    ("(?i)invalid AWS Region|Missing region", lambda _: f"Region: {NO_REGION}"),
    ("operation error .*StatusCode: 0,", lambda _: UNREACHABLE),
    ("S3 bucket .* does not exist", lambda text: _no_bucket(text)),
    (
        "Backend initialization required|Backend configuration changed|state migration",
        lambda _: MOVE_STATE,
    ),
)


def messages(output: str) -> Iterator[Mapping[str, Any]]:
    """Yield Terraform's messages; lines that are none are left out."""
    for line in output.splitlines():
        try:
            message = json.loads(line)
        except ValueError:
            continue
        if isinstance(message, dict):
            yield message


def explained(output: str, severity: str = "error") -> list[str]:
    """Return what may be shown of each error or warning, without an address.

    A failing check is no warning here: the plan holds it, and the review says what it means. Of a
    warning's details, the first sentence is enough.
    """
    found = [m["diagnostic"] for m in messages(output) if "diagnostic" in m]
    found = [d for d in found if d.get("summary") != "Check block assertion failed"]
    if severity == "warning":
        found = [{**d, "detail": str(d.get("detail") or "").partition(". ")[0]} for d in found]
    return list(dict.fromkeys(explain(d) for d in found if d.get("severity") == severity))


def explain(diagnostic: Mapping[str, Any]) -> str:
    """Say what one diagnostic means, and where it is."""
    summary, detail = (str(diagnostic.get(name) or "") for name in ("summary", "detail"))
    text = f"{summary}\n{detail}"
    if sentence := known(text):
        return sentence
    if wrong := _WRONG_TYPE.search(text):
        return f"{wrong[1]}: {_safe([wrong[2]])}{_place(diagnostic)}"
    if _OURS.fullmatch(summary):
        return detail.partition("\n\nThis was checked by")[0].strip()
    where = _place(diagnostic)
    if aws := _AWS.search(text):
        lead = _safe(text[: aws.start()].splitlines()[-1:])  # such as "creating SNS Topic (a):"
        answer = ", ".join(filter(None, [aws["code"], f"status {aws['status']}"]))
        return f"{lead} {aws['service']} {aws['call']}: AWS answered {answer}{where}".strip()
    said = ": ".join(filter(None, map(_safe, (summary.splitlines(), detail.splitlines()))))
    return f"{said or 'what Terraform says of it may hold an address'}{where}"


def explained_text(output: str) -> list[str]:
    """Return what may be shown of an error in plain text: its last lines, without frames."""
    lines = [line.strip("\u2502\u2577\u2575 ") for line in output.splitlines()]
    return [_safe([line for line in lines if line][-5:]) or "Terraform failed without a word"]


def known(text: str) -> str:
    """Say what to do about what Terraform says, if it is one of the usual things; else nothing."""
    text = " ".join(text.split())
    return next((words(text) for pattern, words in _KNOWN if re.search(pattern, text)), "")


def _safe(lines: list[str]) -> str:
    """Join lines, without those that may hold an address."""
    return " ".join(line.strip() for line in lines if line.strip() and not _ADDRESS.search(line))


def _place(diagnostic: Mapping[str, Any]) -> str:
    if resource := str(diagnostic.get("address") or ""):
        return "" if _ADDRESS.search(resource) else f" ({resource})"
    start = diagnostic.get("range") or {}
    if not start:
        return ""
    return f" (terraform/{start['filename']} line {start['start']['line']})"


def _locked(text: str) -> str:
    lock = _LOCK.search(text)
    if lock is None:
        return "the state can't be locked; run `make doctor`"
    user, _, machine = lock["who"].partition("@")
    return (
        f"{user} on {machine} has been working with the state since {lock['at']} UTC: wait until"
        f" that has ended. If nobody is at it any more, run"
        f" `.venv/bin/python -m scripts.terraform force-unlock {lock['id']}`"
    )


def _no_bucket(text: str) -> str:
    bucket = _BUCKET.search(text)
    named = f', "{bucket[1]}",' if bucket else ""
    remedy = "create it, or correct terraform/backend.tf"
    return f"the bucket of the state{named} does not exist; {remedy}"
