"""`make board` and `make backtest` in a copy of the project, beside what Terraform puts out."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from markupsafe import escape

from runner.config import parse_config
from scripts.backtest.departments import read_departments, read_outputs
from scripts.dev.sandbox import use_example
from scripts.samples import history as sample_history
from tests.e2e.project import Project, new_project, without_data_dir
from tests.e2e.workspace import Workspace


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, terraform_env: Mapping[str, str]) -> Project:
    project = new_project(tmp_path_factory.mktemp("project"), without_data_dir(terraform_env))
    sample_history.main([str(project.folder / "past reports")])
    return project


def test_make_board_writes_the_page_and_says_where(project: Project) -> None:
    done = project.run("make board REPORTS='past reports' TARGET=2 FROM=2025-03 CITY='St. Paul'")

    assert done.returncode == 0, done.stderr
    assert done.stderr == (
        "the board is in .cache/board.html\nthe picture is in .cache/board.png\n"
    )
    assert done.stdout.startswith("2025-03 to 2026-02, 12 months\n")
    assert "To be over in about 2 of 12 months, set\n" in done.stdout
    page = (project.folder / ".cache" / "board.html").read_text(encoding="utf-8")
    assert "2 of 2 departments are over a threshold" in page
    assert "<h1>St. Paul: backlog alerts</h1>" in page
    assert (project.folder / ".cache" / "board.png").read_bytes().startswith(b"\x89PNG")


def test_make_board_writes_the_page_when_a_month_is_unknown(project: Project) -> None:
    done = project.run("make board REPORTS='past reports' TO=2026-03")

    assert done.returncode == 0, done.stderr
    assert "  2026-03 all alerts: there is no report for this month\n" in done.stdout
    page = (project.folder / ".cache" / "board.html").read_text(encoding="utf-8")
    assert "no department is known to be over a threshold" in page


def test_make_backtest_prints_and_writes_no_page(project: Project) -> None:
    (project.folder / ".cache" / "board.html").unlink(missing_ok=True)

    done = project.run("make backtest REPORTS='past reports/2025-*.csv' FORMAT=json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["months"] == 12
    assert not (project.folder / ".cache" / "board.html").exists()


@pytest.mark.parametrize("target", ["board", "backtest"])
def test_without_reports_make_says_what_to_give(project: Project, target: str) -> None:
    done = project.run(f"make {target}")

    assert done.returncode == 2
    assert done.stderr.startswith(f"error: say which: make {target} REPORTS=FOLDER\n")


@pytest.mark.parametrize("name", ["REPORTS", "FROM", "TO", "TARGET", "FORMAT", "OUTPUTS"])
def test_what_a_user_gives_is_never_run(project: Project, name: str) -> None:
    given = "$(shell touch pwned)$$(touch pwned)`touch pwned`'\"; touch pwned #"
    reports = "" if name == "REPORTS" else "REPORTS='past reports'"

    done = project.run(f'make board {reports} {name}="$GIVEN"', GIVEN=given)

    assert done.returncode == 2
    assert not (project.folder / "pwned").exists()


def test_a_city_is_never_run(project: Project) -> None:
    given = "$(shell touch pwned)$$(touch pwned)`touch pwned`'\"; touch pwned #"

    done = project.run('make board REPORTS="past reports" CITY="$GIVEN"', GIVEN=given)

    assert done.returncode == 0, done.stderr
    assert not (project.folder / "pwned").exists()
    page = (project.folder / ".cache" / "board.html").read_text(encoding="utf-8")
    assert f"<h1>{escape(given)}: backlog alerts</h1>" in page


def test_reports_that_begin_with_a_dash_are_no_option(project: Project) -> None:
    done = project.run("make board REPORTS=--help")

    assert done.returncode == 2
    assert "--help: there is no such file" in done.stderr


def test_make_review_takes_past_reports(project: Project) -> None:
    (project.folder / "plan.json").write_text("{}")

    done = project.run("make review PLAN=plan.json HISTORY='nowhere at all'")

    assert done.returncode == 2
    assert "unrecognized" not in done.stderr
    given = "$(shell touch pwned)`touch pwned`"
    project.run('make review PLAN=plan.json HISTORY="$GIVEN"', GIVEN=given)
    assert not (project.folder / "pwned").exists()


@pytest.mark.usefixtures("in_aws")
@pytest.mark.parametrize("example", ["multi-level", "two-topic"])
def test_the_departments_file_is_read_as_terraform_reads_it(
    example: str, new_workspace: Callable[[], Workspace], tmp_path: Path
) -> None:
    workspace = new_workspace()
    use_example(workspace.folder, example)
    workspace.apply()
    outputs = workspace.run("output", "-json").stdout

    ours = read_departments(str(workspace.folder / "departments.auto.tfvars"))

    values = json.loads(outputs)
    theirs = parse_config(json.dumps(values["runner_config"]["value"]), "outputs").alerts
    fields = ("topic", "department", "level", "services", "threshold")
    assert [[getattr(a, f) for f in fields] for a in ours] == [
        [getattr(a, f) for f in fields] for a in theirs
    ]
    assert [set(a.protocols) for a in ours] == [set(a.protocols) for a in theirs]
    (tmp_path / "outputs.json").write_text(outputs)
    remind, coverage = read_outputs(str(tmp_path / "outputs.json"))
    assert remind == "month"
    assert coverage.keys() == {(a.department, a.level) for a in ours}
    workspace.run("destroy", "-auto-approve", "-input=false")
