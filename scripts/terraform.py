"""Run Terraform: `python -m scripts.terraform ARGUMENTS...`.

Takes the one on the PATH if its version fits, else the pinned release, fetched once and
checked. `init` also works on machines that are cut off and carry a provider mirror.
"""

import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

from scripts.diagnostics import known

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"

# As terraform/versions.tf asks for it.
LOWEST, BELOW = (1, 10), (2, 0)
PINNED = "1.11.4"
# SHA-256 of the release archives, from the vendor's terraform_1.11.4_SHA256SUMS.
ARCHIVES = {
    "linux_amd64": "1ce994251c00281d6845f0f268637ba50c0005657eb3cf096b92f753b42ef4dc",
    "darwin_arm64": "867e0808fa971217043e25b7a792b10720c79b1546f8a68479b74f138be73e18",
    "darwin_amd64": "a56d5002b9f7647291faccc3dd1a70350e60fb61e4c45037629508b8fdc2575b",
}
RELEASES = "https://releases.hashicorp.com/terraform"
INSTALL = "install Terraform 1.10 or newer (below 2.0, not OpenTofu) and put it on the PATH"

# A folder that holds registry.terraform.io/hashicorp/aws/..., used before anything else.
MIRROR_VARIABLE = "BACKLOG_PROVIDER_MIRROR"
MIRROR_PARENTS = ("/opt", "/usr/local/share", "/usr/share", "~")


class TerraformError(Exception):
    """Terraform can't be had; the message says what to do."""


def find_terraform() -> str:
    """Return the path of a Terraform that fits, fetching the pinned release if none does.

    Raises TerraformError when there is none and the release can't be fetched or is not the one
    whose SHA-256 is pinned.
    """
    found = shutil.which("terraform")
    if found and LOWEST <= _version(found) < BELOW:
        return found
    cached = CACHE / f"terraform-{PINNED}" / "terraform"
    if not cached.exists():
        _fetch(cached)
    return str(cached)


def init(directory: Path, env: Mapping[str, str] | None = None) -> None:
    """Run `terraform init`: from a mirror that is named, else the registry, else a mirror found.

    Raises TerraformError when all of them fail: with Terraform's own words, or with what to do
    about credentials or the place of the state.
    """
    env = {**(os.environ if env is None else env)}
    if "TF_PLUGIN_CACHE_DIR" not in env:
        plugins = CACHE / "terraform-plugins"
        with suppress(OSError):  # in a read-only checkout no provider is kept
            plugins.mkdir(parents=True, exist_ok=True)
        if os.access(plugins, os.W_OK):
            env["TF_PLUGIN_CACHE_DIR"] = str(plugins)
    command = [find_terraform(), "init", "-input=false", "-no-color", "-lockfile=readonly"]
    named = env.get(MIRROR_VARIABLE)
    sources = [str(Path(named).resolve())] if named else [None, *_mirrors()]
    failures = []
    for mirror in sources:
        options = [f"-plugin-dir={mirror}"] if mirror else []
        result = subprocess.run(
            [*command, *options],
            cwd=directory,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode == 0:
            return
        failures.append(result.stdout + result.stderr)
        if sentence := known(failures[-1]):  # another mirror would not help
            raise TerraformError(sentence)
    raise TerraformError(
        f"{failures[0]}\nterraform init failed. Without the registry, put a provider mirror"
        f" into a folder and name it in {MIRROR_VARIABLE}."
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run Terraform in terraform/ with the given arguments; return its exit code."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    try:
        if arguments == ["init"]:
            init(ROOT / "terraform")
            return 0
        command = [find_terraform(), f"-chdir={ROOT / 'terraform'}", *arguments]
        return subprocess.run(command, check=False).returncode
    except TerraformError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _version(terraform: str) -> tuple[int, ...]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("TF_CLI_ARGS")}
    command = [terraform, "version", "-json"]
    try:
        result = subprocess.run(command, env=env, capture_output=True, check=False)
        answer = json.loads(result.stdout)
        if "terraform_outdated" not in answer:  # OpenTofu, which a review can't read
            return (0,)
        version = str(answer["terraform_version"])
        return tuple(int(part) for part in version.split("-")[0].split("."))
    except (OSError, ValueError, KeyError, TypeError):
        return (0,)


def _fetch(target: Path) -> None:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    name = f"{platform.system().lower()}_{machine}"
    if name not in ARCHIVES:
        raise TerraformError(
            f"no Terraform that fits on the PATH, none pinned for {name}: {INSTALL}"
        )
    url = f"{RELEASES}/{PINNED}/terraform_{PINNED}_{name}.zip"
    print(f"fetching Terraform {PINNED} from {url}", file=sys.stderr)
    try:
        with urllib.request.urlopen(url, timeout=60) as response:  # noqa: S310
            archive = response.read()
    except (OSError, HTTPException) as error:  # the latter for a body cut short
        raise TerraformError(f"{url}: can't be fetched ({error}): {INSTALL}") from None
    if hashlib.sha256(archive).hexdigest() != ARCHIVES[name]:
        raise TerraformError(f"{url}: the SHA-256 is not the pinned one; not used: {INSTALL}")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(f".{os.getpid()}")
    part.write_bytes(zipfile.ZipFile(io.BytesIO(archive)).read("terraform"))
    part.chmod(0o755)
    part.replace(target)


def _mirrors() -> list[str]:
    """Return the provider mirrors in the usual places, themselves or one folder down."""
    inside = Path("registry.terraform.io") / "hashicorp" / "aws"
    return [
        str(folder)
        for parent in (Path(os.path.expanduser(name)) for name in MIRROR_PARENTS)
        for folder in [parent, *sorted(path for path in parent.glob("*") if path.is_dir())]
        if (folder / inside).is_dir()
    ]


if __name__ == "__main__":
    raise SystemExit(main())
