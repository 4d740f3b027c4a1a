"""Send one message marked [TEST] to a topic: `make drill TOPIC=water_critical`.

It goes the way of a real alert, to everybody who hears it, and leaves the ledger as it is.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from runner.check import last_month
from runner.config import Config, read_outputs
from runner.errors import BacklogError, ConfigError
from runner.messages import for_operators, publish_arguments
from runner.publish import publisher
from runner.render import printable
from runner.rules import Decision

MARK = "[TEST] "


def main(argv: Sequence[str] | None = None) -> int:
    """Send the test; return 0, 1 when it was not sent, 2 for a topic that can't be had."""
    parser = argparse.ArgumentParser(prog="python -m scripts.send_test", description=__doc__)
    outputs = "what `terraform output -json` prints; - reads it from standard input"
    parser.add_argument("--outputs", required=True, metavar="FILE", help=outputs)
    parser.add_argument("--topic", required=True, help="an alert's topic, or the operators'")
    arguments = parser.parse_args(argv)
    try:
        message = a_test(read_outputs(arguments.outputs), arguments.topic)
        message_id = publisher([message["TopicArn"]])(message)
    except BacklogError as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)
        return error.exit_code
    print(f"{arguments.topic}: sent, message id {message_id}")
    return 0


def a_test(config: Config, topic: str) -> dict[str, Any]:
    """Return the arguments of a publish to `topic` that is marked in every channel.

    An alert is shown as one case over its threshold. Raises ConfigError for an unknown topic.
    """
    if topic and config.operators_topic_arn.rpartition(":")[2] == topic:
        text = f"{MARK}This is how the operators hear when a check fails."
        return for_operators(config.operators_topic_arn, f"{MARK}Backlog check", text)
    for alert in config.alerts:
        if alert.topic == topic:
            marked = {name: MARK + getattr(alert, name) for name in ("subject", "message", "sms")}
            decision = Decision(replace(alert, **marked), "due", alert.threshold + 1)
            return publish_arguments(decision, last_month(datetime.now(timezone.utc)))
    known = ", ".join(alert.topic for alert in config.alerts)
    raise ConfigError(f"there is no topic {topic}; there are {known}")


if __name__ == "__main__":
    raise SystemExit(main())
