"""The benchmark's table judges each aim at its border, and shows it."""

import json
import os
import sys
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from scripts.bench.ledger import SlowS3AndSns
from scripts.bench.measure import Job, Row, as_text, expecting, medians
from scripts.bench.run import serve
from scripts.dev.sandbox import StepError


@pytest.mark.parametrize(
    ("ours", "aim", "is_met"),
    [
        (2.0, {"times": 2}, True),
        (2.1, {"times": 2}, False),
        (1.5, {"more": 0.5}, True),
        (1.6, {"more": 0.5}, False),
        (300, {"most": 300}, True),
        (301, {"most": 300}, False),
        (999, {}, True),
    ],
)
def test_an_aim_is_met_up_to_its_limit(ours: float, aim: dict[str, float], is_met: bool) -> None:
    assert Row("what", "s", ours, beside=1.0, **aim).is_met is is_met


def test_the_table_shows_each_aim_and_whether_it_is_met() -> None:
    rows = [
        Row("plan; floor", "s", 22.0, 20.0, times=1.2),
        Row("run; the imports alone", "s", 1.25, 0.5, more=0.5),
        Row("report; read_csv", "MB", 250, 200, most=300),
        Row("board; read_csv", "s", 3, 1),
    ]

    assert as_text(rows) == (
        "MEASURED; BESIDE IT          OURS     BESIDE   RATIO  AIM\n"
        "plan; floor               22.00 s    20.00 s  1.10 x  at most 1.2 x       met\n"
        "run; the imports alone     1.25 s     0.50 s  2.50 x  at most 0.5 s more  MISSED\n"
        "report; read_csv        250.00 MB  200.00 MB  1.25 x  at most 300 MB      met\n"
        "board; read_csv            3.00 s     1.00 s  3.00 x"
    )


def test_medians_are_of_every_figure_of_a_job(tmp_path: Path) -> None:
    """A process that counts its own runs: 1, 2, 3."""
    code = (
        "import json, pathlib; p = pathlib.Path('n'); n = p.write_text(p.read_text() + 'x')"
        "; print(json.dumps({'sent': 7, 'MB': n}))"
    )
    (tmp_path / "n").write_text("")
    job = Job("job", [sys.executable, "-c", code], tmp_path, os.environ, expecting("sent", 7))

    figures = medians([job], 3)["job"]

    assert figures["MB"] == 2
    assert 0 < figures["seconds"] < 10


def test_a_job_that_did_something_else_is_not_measured() -> None:
    with pytest.raises(StepError, match="sent: 6 instead of 7"):
        expecting("sent", 7)(json.dumps({"sent": 6}))


def test_the_slow_s3_keeps_what_conditions_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    key = {"Bucket": "b", "Key": "ledger.json"}
    with serve(SlowS3AndSns) as url:
        s3 = boto3.client("s3", region_name="us-east-1", endpoint_url=url)
        listed = s3.list_objects_v2(Bucket="b", Prefix="ledger/")
        first = s3.put_object(**key, Body=b"1", IfNoneMatch="*")["ETag"]
        second = s3.put_object(**key, Body=b"2", IfMatch=first)["ETag"]
        for condition in ({"IfNoneMatch": "*"}, {"IfMatch": first}):
            with pytest.raises(ClientError, match="412"):
                s3.put_object(**key, Body=b"3", **condition)
        kept = s3.get_object(**key)

    assert "Contents" not in listed
    assert (kept["Body"].read(), kept["ETag"]) == (b"2", second)
    assert len(SlowS3AndSns.requests) == 6
