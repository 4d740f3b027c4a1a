"""The scheduled check as AWS Lambda calls it: the command line's work, logged as lines of JSON."""

import os

from runner import cli, errors


def handler(event: dict[str, str] | None, context: object) -> None:
    """Check the report as Terraform configured it, in the object that BACKLOG_CONFIG names.

    event: may name `month` and `report`. Raises BacklogError where the command line exits with 1 or
    2, so that Lambda tries again and its alarm sees it. Not with 3: the report would be the same at
    the next try, and the check has notified the operators.
    """
    given = {name: (event or {}).get(name) for name in ("report", "month")}
    given |= {"config": os.environ.get("BACKLOG_CONFIG", ""), "format": "log"}
    code = cli.main([f"--{name}={value}" for name, value in given.items() if value is not None])
    if code not in (0, 3):
        raise errors.BacklogError(f"the check exits with {code}; the log says why")
