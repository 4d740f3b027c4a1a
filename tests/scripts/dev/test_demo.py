"""The page that the demo leaves behind, or does not. The demo itself is run with the README."""

from pathlib import Path

import pytest

from scripts.dev import demo


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(demo, "ROOT", tmp_path)
    monkeypatch.setattr(demo, "BOARD", tmp_path / ".cache" / "demo-board.html")
    return tmp_path


def test_the_page_is_kept_and_named(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    said = demo.draw(tmp_path_factory.mktemp("demo"))

    assert said.splitlines()[0] == "2024-03 to 2026-02, 24 months"
    assert said.endswith("\n\nThe page: .cache/demo-board.html")
    assert demo.BOARD.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_page_that_can_not_be_kept_is_not_named_as_if_it_were(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (project / ".cache").touch()  # as in a checkout that is read-only

    said = demo.draw(tmp_path_factory.mktemp("demo"))

    assert said.splitlines()[0] == "2024-03 to 2026-02, 24 months"
    assert said.endswith("\n\nThe page could not be kept in .cache/demo-board.html: File exists")
