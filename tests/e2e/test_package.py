"""The function's package as it is built, and run by the Python of the function alone."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from moto.backends import get_backend

from scripts.dev.package import MOST_UNZIPPED, MOST_ZIPPED, PYTHON, find_python
from scripts.dev.sandbox import ACCOUNT, REGION
from scripts.terraform import ROOT
from tests.e2e.project import new_project
from tests.support.examples import an_alert, runner_config

BUCKET = "backlog-alerts"
# As Lambda does: the package, the interpreter's own library, and nothing else.
CALL = """
import json, sys
sys.path.insert(0, sys.argv[1])
from runner.handler import handler
handler(json.loads(sys.argv[2]), None)
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory, aws: Mapping[str, str]) -> Path:
    """The package as `make package` builds it in a copy of the project."""
    project = new_project(tmp_path_factory.mktemp("project"), aws)
    done = project.run("make package")
    assert done.returncode == 0, done.stderr
    output = project.folder / ".cache" / "package" / "runner.zip"
    assert done.stdout.startswith(f"{output}\n")
    return output


@pytest.fixture(scope="module")
def function_python() -> str:
    python = find_python()
    if not python:
        pytest.skip(f"NOT TESTED: that the package runs, for want of Python {PYTHON} on Linux")
    return python


def test_the_package_is_the_same_bytes_wherever_it_is_built(package: Path, tmp_path: Path) -> None:
    again = tmp_path / "another place" / "runner.zip"
    subprocess.run(
        [sys.executable, "-m", "scripts.dev.package", "--output", str(again)],
        cwd=ROOT,
        env={**os.environ, "TZ": "Asia/Tokyo", "UV_LINK_MODE": "copy"},
        umask=0o077,
        check=True,
    )

    assert again.read_bytes() == package.read_bytes()


def test_lambda_takes_a_package_of_that_size(package: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        unzipped = sum(entry.file_size for entry in archive.infolist())

    assert package.stat().st_size < MOST_ZIPPED
    assert unzipped < MOST_UNZIPPED


@dataclass(frozen=True)
class Function:
    """The unpacked package, and the environment that Terraform gives the function."""

    python: str
    folder: Path
    env: Mapping[str, str]

    def call(self, event: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        # -I and -S: no PYTHONPATH, no current folder, no site-packages.
        command = [self.python, "-I", "-S", "-c", CALL, str(self.folder), json.dumps(event)]
        return subprocess.run(
            command,
            cwd=self.folder.parent,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def function(
    package: Path, function_python: str, aws: Mapping[str, str], in_aws: None, tmp_path: Path
) -> Function:
    """A function with two topics, and a report on S3 for 2026-02 alone."""
    for service in ("s3", "sns"):
        get_backend(service).reset()
    sns, s3 = boto3.client("sns", region_name=REGION), boto3.client("s3", region_name=REGION)
    alerts = [an_alert(topic) for topic in ("water_critical", "trash_critical")]
    assert [sns.create_topic(Name=a.topic)["TopicArn"] for a in alerts] == [
        alert.topic_arn for alert in alerts
    ]
    report_url = f"s3://{BUCKET}/{{yyyy}}-{{mm}}.csv"
    objects = {
        "config/runner_config.json": runner_config(
            *alerts, report_url=report_url, ledger_bucket=BUCKET
        ),
        "2026-02.csv": "service_name,count\nWater,101\nTrash,100\n",
        "later.csv": "service_name,count\nWater,101\nTrash,101\n",
    }
    s3.create_bucket(Bucket=BUCKET)
    for key, body in objects.items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=body.encode())
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path / "task")
    env = {name: value for name, value in aws.items() if name.startswith("AWS_")}
    env |= {"BACKLOG_CONFIG": f"s3://{BUCKET}/config/runner_config.json", "HOME": str(tmp_path)}
    env |= {"AWS_LAMBDA_FUNCTION_NAME": "backlog-alerts-check", "NO_PROXY": "127.0.0.1"}
    return Function(function_python, tmp_path / "task", env)


def published() -> dict[str, int]:
    topics = get_backend("sns")[ACCOUNT][REGION].topics.values()
    return {topic.name: len(topic.sent_notifications) for topic in topics}


def test_the_function_delivers_from_the_package_alone_and_raises_where_one_was_not_sent(
    function: Function,
) -> None:
    delivered = function.call({"month": "2026-02"})
    assert delivered.returncode == 0, delivered.stderr
    assert published() == {"water_critical": 1, "trash_critical": 0}

    missing = function.call({"month": "2026-01"})
    boto3.client("sns").delete_topic(TopicArn=an_alert("trash_critical").topic_arn)
    failed = function.call({"report": f"s3://{BUCKET}/later.csv"})

    assert missing.returncode == 0, missing.stderr
    assert "s3://backlog-alerts/2026-01.csv: there is no such object" in missing.stdout
    assert failed.returncode == 1
    assert "the check exits with 1; the log says why" in failed.stderr
