"""What goes into the function's package, and that the same goes in the same way."""

import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from scripts.dev import package
from scripts.dev.package import PackageError, check_size, is_needed, main, wanted, write
from scripts.terraform import ROOT


@pytest.mark.parametrize(
    ("name", "is_in"),
    [
        ("runner/handler.py", True),
        ("six.py", True),
        ("numpy.libs/libscipy_openblas64_-4b78795a.so", True),
        ("pandas/_testing/asserters.py", True),  # pandas itself imports it
        ("numpy/testing/overrides.py", True),
        ("botocore/cacert.pem", True),
        ("pandas-3.1.1.dist-info/METADATA", True),
        ("pandas-3.1.1.dist-info/licenses/LICENSE", True),
        # tests, stubs, bytecode, programs, what hides
        ("pandas/tests/test_take.py", False),
        ("numpy/_core/tests/data/umath-validation-set-sin.csv", False),
        ("numpy/__init__.pyi", False),
        ("runner/__pycache__/cli.cpython-310.pyc", False),
        ("six.pyc", False),
        ("bin/f2py", False),
        ("numpy/bin/data.json", True),
        (".lock", False),
        ("runner/.cli.py.swp", False),
        ("runner/.idea/notes.xml", False),
        # what differs from one installation to the next
        ("pandas-3.1.1.dist-info/RECORD", False),
        ("pandas-3.1.1.dist-info/INSTALLER", False),
        ("pandas-3.1.1.dist-info/REQUESTED", False),
        ("pandas-3.1.1.dist-info/direct_url.json", False),
        ("pandas/io/RECORD", True),
        # AWS's services
        ("botocore/data/endpoints.json", True),
        ("botocore/data/_retry.json", True),
        ("botocore/data/sns/2010-03-31/service-2.json.gz", True),
        ("botocore/data/s3/2006-03-01/service-2.json.gz", True),
        ("botocore/data/sts/2011-06-15/service-2.json.gz", True),
        ("botocore/data/sso-oidc/2019-06-10/service-2.json.gz", True),
        ("botocore/data/s3control/2018-08-20/service-2.json.gz", False),
        ("botocore/data/ec2/2016-11-15/service-2.json.gz", False),
        ("boto3/data/sns/2010-03-31/resources-1.json", False),
        ("boto3/docs/docstring.py", True),  # boto3 itself imports it
    ],
)
def test_what_the_function_needs_is_in_the_package(name: str, is_in: bool) -> None:
    assert is_needed(name) is is_in


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    """Whatever their folder, their times, their modes and the order they were written in."""
    contents = {"b/one.py": b"1\n", "a.py": b"two\n" * 1000, "b/é.py": b"", "b.py": b"3\n"}
    folders = [tmp_path / "first", tmp_path / "second"]
    for number, folder in enumerate(folders):
        for name in sorted(contents, reverse=bool(number)):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(contents[name])
            path.chmod(0o600 + number * 0o155)
            os.utime(path, (number * 10**9, number * 10**9))

    sizes = [write(tmp_path / f"{folder.name}.zip", wanted(folder)) for folder in folders]

    first, second = (tmp_path / f"{folder.name}.zip" for folder in folders)
    assert first.read_bytes() == second.read_bytes()
    assert sizes == [(first.stat().st_size, 4004)] * 2
    with zipfile.ZipFile(first) as archive:
        entries = archive.infolist()
        assert [entry.filename for entry in entries] == ["a.py", "b.py", "b/one.py", "b/é.py"]
        assert {archive.read(entry) for entry in entries} == set(contents.values())
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {stat.filemode(entry.external_attr >> 16) for entry in entries} == {"-rw-r--r--"}


def test_files_are_named_below_the_root_of_the_package(tmp_path: Path) -> None:
    (tmp_path / "runner").mkdir()
    (tmp_path / "runner" / "cli.py").touch()
    (tmp_path / "terraform.tfstate").touch()

    assert wanted(tmp_path, "runner") == [("runner/cli.py", tmp_path / "runner" / "cli.py")]


@pytest.mark.parametrize(
    ("zipped", "unzipped", "problem"),
    [
        (0, 0, None),
        (50_000_000, 250_000_000, None),
        (52_345_678, 1, "52.3 MB zipped, 2.3 MB more than the 50 MB that Lambda takes"),
        (1, 260_000_000, "260.0 MB unzipped, 10.0 MB more than the 250 MB that Lambda takes"),
        (50_000_001, 250_000_001, "50.0 MB zipped, 0.0 MB more than the 50 MB that Lambda takes; "),
    ],
)
def test_a_package_too_large_is_rejected_with_its_arithmetic(
    zipped: int, unzipped: int, problem: str | None
) -> None:
    if problem is None:
        check_size(zipped, unzipped)
        return
    with pytest.raises(PackageError) as rejected:
        check_size(zipped, unzipped)

    assert str(rejected.value).startswith(f"the package is too large: {problem}")


@pytest.fixture
def only_fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all the PATH there is, with no uv in it."""
    fakes = tmp_path / "fakes"
    fakes.mkdir()
    monkeypatch.setenv("PATH", str(fakes))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "elsewhere" / "python"))
    return fakes


def test_without_uv_the_error_says_what_to_do(
    only_fakes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--output", str(tmp_path / "runner.zip")]) == 2

    assert capsys.readouterr().err == (
        f"error: no uv beside {tmp_path}/elsewhere/python or on the PATH; run `make package`\n"
    )


def test_without_a_network_the_error_says_what_to_do_and_the_last_package_stays(
    only_fakes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (only_fakes / "uv").write_text("#!/bin/sh\necho 'error: dns error' >&2\nexit 2\n")
    (only_fakes / "uv").chmod(0o755)
    output = tmp_path / "runner.zip"
    output.write_bytes(b"the last one")

    assert main(["--output", str(output)]) == 2

    assert capsys.readouterr().err == (
        "error: the packages of requirements-runner.txt for Python 3.13 on x86_64-manylinux_2_28"
        " can't be fetched; the network, or a mirror in UV_DEFAULT_INDEX, is needed. uv said:\n"
        "error: dns error\n"
    )
    assert output.read_bytes() == b"the last one"


def test_a_package_too_large_does_not_replace_the_last_one(
    only_fakes: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (only_fakes / "uv").write_text("#!/bin/sh\n")
    (only_fakes / "uv").chmod(0o755)
    monkeypatch.setattr(package, "MOST_ZIPPED", 100)
    output = tmp_path / "here" / "runner.zip"

    assert main(["--output", str(output)]) == 2

    assert "the package is too large: 0.0 MB zipped" in capsys.readouterr().err
    assert list(output.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "text", "is_built"),
    [
        ("terraform.tfvars", 'schedule_expression = "cron(0 7 2 * ? *)"', True),
        ("terraform.tfvars", '  schedule_expression\t="rate(1 day)"', True),
        ("ours.auto.tfvars", 'tags = {}\nschedule_expression = "rate(1 day)" # monthly', True),
        ("x.auto.tfvars.json", '{"tags": {}, "schedule_expression": "rate(1 day)"}', True),
        ("terraform.tfvars", "schedule_expression = null", False),
        ("terraform.tfvars", '# schedule_expression = "rate(1 day)"', False),
        ("terraform.tfvars", '// schedule_expression = "rate(1 day)"', False),
        ("terraform.tfvars", 'report_url = "https://example.com/{yyyy}.csv"', False),
        ("x.auto.tfvars.json", '{"schedule_expression": null}', False),
        ("examples.txt", 'schedule_expression = "rate(1 day)"', False),
        ("", "", False),
    ],
)
@pytest.mark.parametrize("target", ["plan", "apply"])
def test_the_package_is_built_first_where_a_schedule_is_wanted(
    tmp_path: Path, target: str, name: str, text: str, is_built: bool
) -> None:
    commands = commands_of(tmp_path, target, name, text)

    built, used = (text in commands for text in ("scripts.dev.package", f"scripts.plan {target}"))
    assert (built, used) == (is_built, True)


def test_a_schedule_from_the_environment_is_a_schedule(tmp_path: Path) -> None:
    assert "scripts.dev.package" in commands_of(tmp_path, "plan", schedule="rate(1 day)")


def test_a_package_that_is_up_to_date_is_not_built_again(tmp_path: Path) -> None:
    commands_of(tmp_path, "plan")  # which writes the files
    output = tmp_path / ".cache" / "package" / "runner.zip"
    output.parent.mkdir(parents=True)
    output.touch()

    up_to_date = commands_of(tmp_path, "plan", schedule="rate(1 day)")
    os.utime(tmp_path / "requirements-runner.txt", (2**31, 2**31))
    outdated = commands_of(tmp_path, "plan", schedule="rate(1 day)")

    assert ["scripts.dev.package" in commands for commands in (up_to_date, outdated)] == [
        False,
        True,
    ]


def commands_of(
    folder: Path, target: str, name: str = "", text: str = "", schedule: str = ""
) -> str:
    """Say what make would run in a folder with a variables file, and nothing set up yet."""
    locks = [f"requirements{suffix}.txt" for suffix in ("", "-dev", "-runner")]
    others = ("Makefile", "scripts/dev/package.py", "terraform/.terraform.lock.hcl")
    for path in (*locks, *others):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if not (folder / path).exists():
            shutil.copy(ROOT / path, folder / path)
    (folder / "runner").mkdir(exist_ok=True)
    if name:
        (folder / "terraform" / name).write_text(text + "\n")
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS", "TF_VAR"))}
    done = subprocess.run(
        ["make", "--dry-run", target],
        cwd=folder,
        env={**env, "TF_VAR_schedule_expression": schedule} if schedule else env,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
