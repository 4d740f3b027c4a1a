"""Which Terraform is run, where it comes from, and where its provider comes from."""

import hashlib
import io
import platform
import re
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from scripts import terraform
from scripts.terraform import MIRROR_VARIABLE, ROOT, TerraformError, find_terraform, init, main
from tests.support.servers import Server, http

INSTALL = "install Terraform 1.10 or newer (below 2.0, not OpenTofu) and put it on the PATH"
PINNED_NAME = f"terraform-{terraform.PINNED}/terraform"


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on its PATH, no mirror, no cache and no release to be had."""
    for name in ("bin", "opt", "cache", "terraform"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv(MIRROR_VARIABLE, raising=False)
    monkeypatch.delenv("TF_PLUGIN_CACHE_DIR", raising=False)
    monkeypatch.setattr(terraform, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(terraform, "MIRROR_PARENTS", (str(tmp_path / "opt"), "~/none"))
    monkeypatch.setattr(terraform, "RELEASES", "http://127.0.0.1:1/terraform")
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    return tmp_path


def executable(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def a_terraform(machine: Path, version: str = "1.11.4", then: str = "exit 0") -> Path:
    """A Terraform on the PATH that knows its version, logs its arguments and runs `then`."""
    return executable(
        machine / "bin" / "terraform",
        f"""
if [ "$1" = version ]; then
  echo '{{"terraform_version": "{version}", "terraform_outdated": false}}'; exit 0
fi
echo "$PWD|$TF_PLUGIN_CACHE_DIR|$*" >> '{machine}/log'
{then}""",
    )


def log(machine: Path) -> list[str]:
    file = machine / "log"
    return file.read_text().splitlines() if file.exists() else []


def a_release(monkeypatch: pytest.MonkeyPatch, name: str = "linux_amd64") -> bytes:
    """An archive that is pinned for one platform."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("LICENSE.txt", "...")
        archive.writestr("terraform", "#!/bin/sh\necho pinned $*\n")
    digest = hashlib.sha256(file.getvalue()).hexdigest()
    monkeypatch.setattr(terraform, "ARCHIVES", {name: digest})
    return file.getvalue()


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("version", ["1.10.0", "1.10.5", "1.11.4", "1.99.99", "1.12.0-beta1"])
def test_a_terraform_on_the_path_that_fits_is_taken(machine: Path, version: str) -> None:
    found = a_terraform(machine, version)

    assert find_terraform() == str(found)


@pytest.mark.parametrize("version", ["0.15.5", "1.9.8", "2.0.0", "2.0.0-beta1", "10.0.0", "new"])
def test_a_terraform_on_the_path_that_does_not_fit_is_passed_over(
    machine: Path, version: str
) -> None:
    a_terraform(machine, version)
    pinned = executable(machine / "cache" / PINNED_NAME, "exit 0")

    assert find_terraform() == str(pinned)


def test_it_asks_for_what_the_configuration_asks_for() -> None:
    versions = (ROOT / "terraform" / "versions.tf").read_text()

    lowest, below = (".".join(map(str, v)) for v in (terraform.LOWEST, terraform.BELOW))
    assert f'required_version = ">= {lowest}, < {below}"' in versions
    assert f"Terraform {lowest} or newer (below {below}, not OpenTofu)" in terraform.INSTALL
    assert f"Terraform {lowest} or newer" in (ROOT / "README.md").read_text()


def test_providers_that_change_the_ledgers_bucket_for_ever_are_left_out() -> None:
    """They plan `blocked_encryption_types` at every plan, from 6.22 on until 6.40."""
    versions = (ROOT / "terraform" / "versions.tf").read_text()
    (wanted,) = re.findall(r"^ +version += \"(.*)\"$", versions, re.MULTILINE)
    lock = (ROOT / "terraform" / ".terraform.lock.hcl").read_text()
    (locked, constraints) = re.findall(r"^  (?:version|constraints) += \"(.*)\"$", lock, re.M)

    released = [f"6.{minor}.0" for minor in range(51)] + ["6.22.1", "6.32.1", "6.35.1"]
    left_out = {v for v in released if v not in SpecifierSet(wanted)}
    assert left_out == {v for v in released if 22 <= int(v.split(".")[1]) < 40}
    assert all(v in SpecifierSet(wanted) for v in ("5.83.0", "5.100.0", locked))
    assert all(v not in SpecifierSet(wanted) for v in ("5.82.2", "7.0.0"))
    assert SpecifierSet(constraints) == SpecifierSet(
        wanted.replace("5.83", "5.83.0").replace("7.0", "7.0.0")
    )


@pytest.mark.parametrize(
    "text",
    [
        "#!/bin/sh\nexit 1\n",
        "#!/bin/sh\necho Terraform v1.11.4\n",
        "#!/bin/sh\necho '[]'\n",
        "#!/bin/sh\necho '{}'\n",
        # OpenTofu under Terraform's name: a review can't read its plans.
        """#!/bin/sh\necho '{"terraform_version": "1.11.4", "provider_selections": {}}'\n""",
        "#!/no/such/interpreter\n",
        "\x7fELF of another machine\n",
    ],
)
def test_a_terraform_on_the_path_that_is_broken_is_passed_over(machine: Path, text: str) -> None:
    executable(machine / "bin" / "terraform", "").write_text(text)
    pinned = executable(machine / "cache" / PINNED_NAME, "exit 0")

    assert find_terraform() == str(pinned)


def test_the_pinned_release_is_fetched_once(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = a_release(monkeypatch)
    with Server(lambda request: [http(archive)]) as server:
        monkeypatch.setattr(terraform, "RELEASES", server.url)
        found = [find_terraform(), find_terraform()]

    assert found == [str(machine / "cache" / PINNED_NAME)] * 2
    assert [request.path for request in server.requests] == [
        "/1.11.4/terraform_1.11.4_linux_amd64.zip"
    ]
    assert subprocess.check_output([found[0], "plan"], text=True) == "pinned plan\n"
    assert stat.S_IMODE(Path(found[0]).stat().st_mode) == 0o755
    assert files(machine / "cache") == [PINNED_NAME]
    assert capsys.readouterr().err == (
        f"fetching Terraform 1.11.4 from {server.url}/1.11.4/terraform_1.11.4_linux_amd64.zip\n"
    )


@pytest.mark.parametrize(
    ("system", "processor", "name"),
    [
        ("Linux", "x86_64", "linux_amd64"),
        ("Darwin", "arm64", "darwin_arm64"),
        ("Darwin", "x86_64", "darwin_amd64"),
        ("Linux", "aarch64", "linux_arm64"),
    ],
)
def test_the_release_is_the_one_for_this_platform(
    monkeypatch: pytest.MonkeyPatch, system: str, processor: str, name: str
) -> None:
    archive = a_release(monkeypatch, name)
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: processor)
    with Server(lambda request: [http(archive)]) as server:
        monkeypatch.setattr(terraform, "RELEASES", server.url)
        find_terraform()

    assert server.requests[0].path == f"/1.11.4/terraform_1.11.4_{name}.zip"


@pytest.mark.parametrize(
    ("system", "processor", "name"),
    [
        ("Windows", "AMD64", "windows_AMD64"),
        ("FreeBSD", "x86_64", "freebsd_amd64"),
        ("Linux", "riscv64", "linux_riscv64"),
    ],
)
def test_a_platform_without_a_pinned_release_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, system: str, processor: str, name: str
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: processor)

    with pytest.raises(TerraformError) as caught:
        find_terraform()

    assert str(caught.value) == (
        f"no Terraform that fits on the PATH, none pinned for {name}: {INSTALL}"
    )


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (http(b"PK not the archive"), "the SHA-256 is not the pinned one; not used"),
        (http(b""), "the SHA-256 is not the pinned one; not used"),
        (
            http(b"PK", length=99),
            "can't be fetched (IncompleteRead(2 bytes read, 97 more expected))",
        ),
        (http(b"no", "404 Not Found"), "can't be fetched (HTTP Error 404: Not Found)"),
        (b"", "can't be fetched (Remote end closed connection without response)"),
        (b"SSH-2.0-x\r\n\r\n", "can't be fetched (SSH-2.0-x\r\n)"),
    ],
)
def test_a_release_that_is_not_the_pinned_one_is_rejected_and_leaves_nothing(
    machine: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes, reason: str
) -> None:
    with Server(lambda request: [answer]) as server:
        monkeypatch.setattr(terraform, "RELEASES", server.url)
        with pytest.raises(TerraformError) as caught:
            find_terraform()

    url = f"{server.url}/1.11.4/terraform_1.11.4_linux_amd64.zip"
    assert str(caught.value) == f"{url}: {reason}: {INSTALL}"
    assert files(machine / "cache") == []


def test_without_a_network_it_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert message.startswith(
        "error: http://127.0.0.1:1/terraform/1.11.4/terraform_1.11.4_linux_amd64.zip:"
        " can't be fetched (<urlopen error "
    )
    assert message.endswith(f" Connection refused>): {INSTALL}")


INIT = "init -input=false -no-color -lockfile=readonly"


def mirror(machine: Path, *parts: str) -> Path:
    folder = machine.joinpath("opt", *parts)
    (folder / "registry.terraform.io" / "hashicorp" / "aws").mkdir(parents=True)
    return folder


def initialise(machine: Path, **env: str) -> list[str]:
    """Run init in terraform/; return the arguments of Terraform's runs."""
    init(machine / "terraform", env or None)
    return [line.split("|")[2] for line in log(machine)]


def test_the_registry_comes_before_a_mirror_that_is_found(machine: Path) -> None:
    a_terraform(machine)
    mirror(machine, "terraform-mirror")

    assert initialise(machine) == [INIT]


def test_a_mirror_that_is_found_helps_where_there_is_no_registry(machine: Path) -> None:
    a_terraform(machine, then='case "$*" in *-plugin-dir=*) exit 0;; *) exit 1;; esac')
    found = mirror(machine, "terraform-mirror")

    assert initialise(machine) == [INIT, f"{INIT} -plugin-dir={found}"]


def test_mirrors_are_tried_in_order_until_one_works(machine: Path) -> None:
    a_terraform(machine, then='case "$*" in */c) exit 0;; *) exit 1;; esac')
    top, c, b, _ = mirror(machine), mirror(machine, "c"), mirror(machine, "b"), mirror(machine, "d")
    (machine / "opt" / "a" / "registry.terraform.io").mkdir(parents=True)  # of other providers

    assert initialise(machine) == [
        INIT,
        f"{INIT} -plugin-dir={top}",
        f"{INIT} -plugin-dir={b}",
        f"{INIT} -plugin-dir={c}",
    ]


def test_a_mirror_in_the_home_folder_is_found(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_terraform(machine, then='case "$*" in *-plugin-dir=*) exit 0;; *) exit 1;; esac')
    found = mirror(machine, "terraform-mirror")
    monkeypatch.setattr(terraform, "MIRROR_PARENTS", ("~",))
    monkeypatch.setenv("HOME", str(machine / "opt"))

    assert initialise(machine)[-1] == f"{INIT} -plugin-dir={found}"


def test_a_mirror_that_is_named_comes_before_all_and_alone(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_terraform(machine, then="echo not in the mirror; exit 1")
    mirror(machine, "found")
    monkeypatch.setenv(MIRROR_VARIABLE, "/named mirror")

    with pytest.raises(TerraformError):
        initialise(machine)

    assert [line.split("|")[2] for line in log(machine)] == [f"{INIT} -plugin-dir=/named mirror"]


def test_a_mirror_named_in_the_given_environment_counts(machine: Path) -> None:
    a_terraform(machine)

    assert initialise(machine, **{MIRROR_VARIABLE: "/m"}) == [f"{INIT} -plugin-dir=/m"]


def test_an_empty_variable_names_no_mirror(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_terraform(machine)
    monkeypatch.setenv(MIRROR_VARIABLE, "")

    assert initialise(machine) == [INIT]


def test_init_runs_where_it_should_with_a_cache_for_providers(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_terraform(machine)
    init(machine / "terraform")
    monkeypatch.setenv("TF_PLUGIN_CACHE_DIR", "/own")
    init(machine / "terraform")

    assert log(machine) == [
        f"{machine}/terraform|{machine}/cache/terraform-plugins|{INIT}",
        f"{machine}/terraform|/own|{INIT}",
    ]
    assert (machine / "cache" / "terraform-plugins").is_dir()


def test_where_the_project_can_not_be_written_init_keeps_no_providers(machine: Path) -> None:
    a_terraform(machine)
    (machine / "cache").rmdir()
    (machine / "cache").touch()  # as a checkout that is read-only: nothing can be made in it

    assert initialise(machine) == [INIT]
    assert log(machine) == [f"{machine}/terraform||{INIT}"]


def test_init_that_fails_everywhere_ends_in_the_registrys_words_and_what_to_do(
    machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_terraform(
        machine,
        then='case "$*" in *-plugin-dir=*) echo no mirror;; *) echo a; echo b >&2;; esac; exit 1',
    )
    mirror(machine, "found")

    assert main(["init"]) == 2
    assert capsys.readouterr().err == (
        "error: a\nb\n\nterraform init failed. Without the registry, put a provider mirror into"
        " a folder and name it in BACKLOG_PROVIDER_MIRROR.\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "Error: No valid credential sources found",
            "Credentials: there are none; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and"
            " AWS_SECRET_ACCESS_KEY",
        ),
        (
            'Error: Failed to get existing workspaces: S3 bucket "city-state" does not exist.',
            'the bucket of the state, "city-state", does not exist; create it, or correct'
            " terraform/backend.tf",
        ),
    ],
)
def test_what_is_in_the_way_of_the_state_is_said_without_talk_of_mirrors(
    machine: Path, capsys: pytest.CaptureFixture[str], words: str, message: str
) -> None:
    a_terraform(machine, then=f"echo '{words}' >&2; exit 1")
    mirror(machine, "found")

    assert main(["init"]) == 2
    assert capsys.readouterr().err == f"error: {message}\n"
    assert len(log(machine)) == 1


@pytest.mark.parametrize("code", [0, 1, 2])
def test_other_commands_run_in_terraform_and_end_in_terraforms_exit_code(
    machine: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    a_terraform(machine, then=f"exit {code}")
    monkeypatch.setattr(sys, "argv", ["terraform.py", "plan", "-out=x y"])

    assert main() == main(["plan", "-out=x y"]) == code
    assert [line.split("|")[2] for line in log(machine)] == [
        f"-chdir={ROOT}/terraform plan -out=x y"
    ] * 2


def test_init_with_options_is_terraforms_own(machine: Path) -> None:
    a_terraform(machine)

    assert main(["init", "-upgrade"]) == 0
    assert log(machine)[0].endswith(f"|-chdir={ROOT}/terraform init -upgrade")
