"""The old way, for the benchmark alone: topics, people and messages in one script, in turn.

`python -m scripts.bench.old_way CONTACTS REPORT`, on whatever SNS the environment names.
"""

import json
import sys
from collections.abc import Sequence

import boto3
import pandas as pd


def main(argv: Sequence[str] | None = None) -> int:
    """Create every topic, subscribe every contact, publish what is over 100; return 0."""
    contacts, report = sys.argv[1:] if argv is None else argv
    sns = boto3.client("sns")
    counts = pd.read_csv(report, index_col="service_name")["count"]
    topics = {name: sns.create_topic(Name=f"{name}_critical")["TopicArn"] for name in counts.index}
    for _, person in pd.read_csv(contacts).iterrows():
        sns.subscribe(
            TopicArn=topics[person["Department"]], Protocol="email", Endpoint=person["Email"]
        )
    sent = 0
    for name, topic in topics.items():
        if counts[name] > 100:
            sns.publish(TopicArn=topic, Subject=name, Message=f"{counts[name]} open cases")
            sent += 1
    print(json.dumps({"sent": sent}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
