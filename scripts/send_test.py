"""Send one message marked [TEST] to a topic: `make send-test TOPIC=water_critical`.

It is sent like a real alert. The ledger stays as it is.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from runner.aws import client, publish
from runner.check import last_month
from runner.cli import read_config
from runner.config import Config
from runner.errors import BacklogError, ConfigError
from runner.messages import for_operators, publish_arguments
from runner.rules import Decision
from runner.text import printable

MARK = "[TEST] "


def main(argv: Sequence[str] | None = None) -> int:
    """Send the test; return 0, 1 when it was not sent, 2 for a topic or file that can't be used."""
    parser = argparse.ArgumentParser(prog="python -m scripts.send_test", description=__doc__)
    config = "what `terraform output -json runner_config` prints; - reads standard input"
    parser.add_argument("--config", required=True, metavar="FILE", help=config)
    parser.add_argument("--topic", required=True, help="the topic of an alert or of the operators")
    options = parser.parse_args(argv)
    try:
        message = marked_message(read_config(options.config), options.topic)
        message_id = publish(client("sns", message["TopicArn"].split(":")[3]), message)
    except BacklogError as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)
        return error.exit_code
    print(f'sent "{message["Subject"]}" to {options.topic} (message id {message_id})')
    print("`make subscriptions` says who receives it")
    return 0


def marked_message(config: Config, topic: str) -> dict[str, Any]:
    """Return the arguments of a publish to `topic` that is marked in every channel.

    An alert is shown as one case over its threshold. Raises ConfigError for an unknown topic.
    """
    operators = config.operators_topic_arn.rpartition(":")[2]
    if topic and topic == operators:
        text = f"{MARK}This is how the operators are notified when a check fails."
        return for_operators(config.operators_topic_arn, f"{MARK}Backlog check", text)
    for alert in config.alerts:
        if alert.topic == topic:
            marked = {name: MARK + getattr(alert, name) for name in ("subject", "message", "sms")}
            decision = Decision(replace(alert, **marked), "over", alert.threshold + 1)
            return publish_arguments(decision, last_month(datetime.now(timezone.utc)))
    topics = [*(alert.topic for alert in config.alerts), *([operators] if operators else [])]
    raise ConfigError(f'there is no topic "{topic}"; the topics are {", ".join(topics)}')


if __name__ == "__main__":
    raise SystemExit(main())
