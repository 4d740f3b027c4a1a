"""The main job from end to end, on an AWS inside this process: `make demo`.

Real Terraform applies the example terraform/examples/multi-level in a throw-away folder, the real
runner reads a sample report, and moto's memory says who heard what. Nothing of the user's is
read or written: no state, no credentials, no contacts.
"""

import json
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.sandbox import Heard, StepError, copy_terraform, deliveries, local_aws, people, run
from scripts.terraform import ROOT, TerraformError, find_terraform, init

REPORT = "scripts/sample_report.csv"
MONTH = "2026-02"
EXAMPLE = "-var-file=examples/multi-level/departments.tfvars"


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
    """Apply, check, list who heard what, apply again; print each step."""
    print("1. Terraform turns the contacts of examples/multi-level into topics and subscriptions\n")
    workspace = copy_terraform(folder)
    init(workspace, env)
    apply = [find_terraform(), "apply", "-auto-approve", "-no-color", "-input=false", EXAMPLE]
    print(_indent(_lines(run(apply, workspace, env), "Apply complete")))

    print(f"\n2. The runner reads the report for {MONTH}\n")
    outputs = run([find_terraform(), "output", "-json"], workspace, env)
    check = [sys.executable, "-m", "runner", "--outputs", "-", "--report", REPORT, "--month", MONTH]
    print(_indent(run(check, ROOT, env, stdin=outputs)))

    print("\n3. Who heard what\n")
    state = json.loads((workspace / "terraform.tfstate").read_text())
    print(_indent(table(deliveries(people(state)))))

    print("\n4. Terraform again: nothing changed, so nobody is invited anew\n")
    print(_indent(_lines(run(apply, workspace, env), "No changes", "Apply complete")))
    print("\nAll of it was in memory; nothing is left behind. Next, with AWS credentials: edit")
    print("terraform/contacts.csv and terraform/departments.auto.tfvars, then `make plan`.")


def table(heard: Sequence[Heard]) -> str:
    """Lay out who heard what, one line each."""
    lines = [("PERSON", "CHANNEL", "TOPIC", "TEXT")]
    lines += [(h.person, h.channel, h.topic, h.text) for h in heard]
    a, b, c = (max(len(line[i]) for line in lines) for i in range(3))
    return "\n".join(f"{w:<{a}}  {x:<{b}}  {y:<{c}}  {z}" for w, x, y, z in lines)


def _lines(text: str, *starts: str) -> str:
    return "\n".join(line for line in text.splitlines() if line.startswith(starts))


def _indent(text: str) -> str:
    return "\n".join(f"   {line}".rstrip() for line in text.strip().splitlines())


if __name__ == "__main__":
    raise SystemExit(main())
