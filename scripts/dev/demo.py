"""The main job from end to end, on an AWS inside this process: `make demo`.

Real Terraform applies the example terraform/examples/multi-level in a throw-away folder, the real
runner reads sample reports, and moto's memory says who received what. Nothing of the user's is read
or written: no state, no credentials, no contacts. A board of made-up reports stays in .cache/.
"""

import io
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import boto3

from runner.text import table
from scripts.backtest import command as backtest
from scripts.dev.sandbox import (
    StepError,
    copy_terraform,
    deliveries,
    hasten,
    local_aws,
    people,
    run,
    use_example,
)
from scripts.review.evaluate import evaluate
from scripts.review.read import read_plan
from scripts.review.render import as_text
from scripts.samples import history as sample_history
from scripts.terraform import ROOT, TerraformError, find_terraform, init

REPORT, MONTH = "scripts/samples/2026-02.csv", "2026-02"
NEXT_REPORT, NEXT_MONTH = "scripts/samples/2026-03.csv", "2026-03"
EXAMPLE = "multi-level"
OUTPUT = ("output", "-json", "runner_config")
LEDGER = "demo-ledger"
BOARD = ROOT / ".cache" / "demo-board.html"
# What follows the table of a replay.
MORE = "\n\nSent in"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; return 0, or 1 when a step failed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the folder is removed
    try:
        with local_aws() as env, tempfile.TemporaryDirectory(prefix="backlog-demo-") as folder:
            show(Path(folder), env)
    except (StepError, TerraformError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def show(folder: Path, env: Mapping[str, str]) -> None:
    """Apply, check, list who received what, check twice more, apply again, review an edit."""
    print(f"1. Terraform turns the contacts of examples/{EXAMPLE} into topics and subscriptions\n")
    workspace = copy_terraform(folder)
    use_example(workspace, EXAMPLE)
    init(workspace, env)
    env = {**hasten(workspace, folder, env), "TF_VAR_ledger": "false"}
    apply = [find_terraform(), "apply", "-auto-approve", "-no-color", "-input=false"]
    print(_indent(_lines(run(apply, workspace, env), "Apply complete")))

    print(f"\n2. The runner reads the report for {MONTH}\n")
    config = with_ledger(run([find_terraform(), *OUTPUT], workspace, env), env)
    print(_indent(check(config, REPORT, MONTH, env)))

    print("\n3. Who received what\n")
    state = json.loads((workspace / "terraform.tfstate").read_text())
    rows = [(r.person, r.channel, r.topic, r.text) for r in deliveries(people(state))]
    print(_indent(table(("PERSON", "CHANNEL", "TOPIC", "TEXT"), rows)))

    print("\n4. The same check again: what was sent is not sent again\n")
    print(_indent(check(config, REPORT, MONTH, env)))

    print("\n5. The next month's report: a reminder of what is still over, and water is below\n")
    print(_indent(check(config, NEXT_REPORT, NEXT_MONTH, env)))

    print("\n6. Terraform again: nothing changed, so nobody is invited again\n")
    print(_indent(_lines(run(apply, workspace, env), "No changes", "Apply complete")))

    print("\n7. The clerk edits the contacts, and the plan is reviewed before anything is done:")
    print("   Ana Ruiz joins water, Grace Kim leaves, Omar Haddad's email is corrected,")
    print("   Priya Nair moves from streets to water\n")
    edit(workspace / "contacts.csv")
    plan = [find_terraform(), "plan", "-out=plan", "-no-color", "-input=false"]
    run(plan, workspace, env)
    shown = run([find_terraform(), "show", "-json", "plan"], workspace, env)
    print(_indent(as_text(evaluate(read_plan(shown.encode())))))
    print("\n8. What the thresholds would have meant for 24 months of made-up reports\n")
    print(_indent(draw(folder)))
    print("\nAll but that page was in memory. Next, with AWS credentials: edit")
    print("terraform/contacts.csv and terraform/departments.auto.tfvars, then `make plan`.")


def with_ledger(config: str, env: Mapping[str, str]) -> str:
    """Make a bucket for the ledger, and name it in a runner_config.

    Terraform makes it elsewhere; here its provider would wait a minute for the bucket's rules.
    """
    names = {"aws_access_key_id": "AWS_ACCESS_KEY_ID", "endpoint_url": "AWS_ENDPOINT_URL"}
    names |= {"aws_secret_access_key": "AWS_SECRET_ACCESS_KEY", "region_name": "AWS_REGION"}
    client = boto3.client("s3", **{option: env[name] for option, name in names.items()})
    client.create_bucket(Bucket=LEDGER)
    return json.dumps({**json.loads(config), "ledger_bucket": LEDGER})


def check(config: str, report: str, month: str, env: Mapping[str, str]) -> str:
    """Run the runner as a user does, and return what it prints."""
    command = [sys.executable, "-m", "runner", "--config", "-"]
    return run([*command, "--report", report, "--month", month], ROOT, env, stdin=config)


def draw(folder: Path) -> str:
    """Replay made-up reports, draw them as a page, and keep it; return the replay's table."""
    past, page = folder / "history", folder / "board.html"
    sample_history.main([str(past)])
    options = ["--departments", str(past / "departments.tfvars"), "--board", str(page)]
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()):
        # It exits with 3: one month of the made-up reports is broken.
        backtest.main([str(past), *options, "--caption", sample_history.CAPTION])
    shown = BOARD.relative_to(ROOT)
    try:
        BOARD.parent.mkdir(exist_ok=True)
        shutil.copyfile(page, BOARD)
        where = f"The page: {shown}"
    except OSError as error:
        where = f"The page could not be kept in {shown}: {error.strerror}"
    return f"{out.getvalue().partition(MORE)[0]}\n\n{where}"


def edit(contacts: Path) -> None:
    """Change the example's contacts as a clerk would: one in, one out, one corrected, one moved."""
    rows = contacts.read_text(encoding="utf-8").splitlines()
    kept = [row for row in rows if not row.startswith("Grace Kim")]
    kept.append("Ana Ruiz,ana.ruiz@example.com,+15555550106,water,")
    text = "\n".join([*kept, ""]).replace("omar.haddad@", "omar@")
    contacts.write_text(text.replace("0105,streets,sms", "0105,water,sms"), encoding="utf-8")


def _lines(text: str, *starts: str) -> str:
    return "\n".join(line for line in text.splitlines() if line.startswith(starts))


def _indent(text: str) -> str:
    return "\n".join(f"   {line}".rstrip() for line in text.strip().splitlines())


if __name__ == "__main__":
    raise SystemExit(main())
