"""The scheduled check as AWS Lambda calls it: the command line's work, logged as lines of JSON."""

import os
from typing import Any

from runner.cli import main
from runner.errors import BacklogError


def handler(event: dict[str, Any] | None, context: object) -> None:
    """Check the report as Terraform configured it, in the object that BACKLOG_CONFIG names.

    event: may name `month` and `report`. Raises BacklogError wherever the command line exits with
    another code than 0, so that Lambda tries again and its alarm sees it.
    """
    given = {name: (event or {}).get(name) for name in ("report", "month")}
    options = [f"--{name}={value}" for name, value in given.items() if value is not None]
    if code := main([f"--config={os.environ.get('BACKLOG_CONFIG', '')}", "--format=log", *options]):
        raise BacklogError(f"the check exits with {code}; the log says why")
