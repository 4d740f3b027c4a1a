"""Build the package of the Lambda function: our runner/ and what it needs, in one zip.

`make package`. The packages are those of requirements-runner.txt for the function's Python and
machine, whatever builds it. The same sources give the same bytes, so that Terraform sees no change
in a package that was merely built again. There is no bytecode in it, which only the function's own
Python could write, and not always the same: a cold start takes two seconds longer for it.
"""

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from scripts.terraform import ROOT

OUTPUT = ROOT / ".cache" / "package" / "runner.zip"
# The function's, in terraform/. Lambda's Amazon Linux 2023 has glibc 2.34.
PYTHON, PLATFORM = "3.13", "x86_64-manylinux_2_28"
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: uploaded directly, and
# unzipped. Read as the smaller of the two megabytes.
MOST_ZIPPED, MOST_UNZIPPED = 50 * 10**6, 250 * 10**6

# botocore describes 400 services in 20 MB. The runner calls S3 and SNS; credentials may lead
# through the others.
_SERVICES = {"s3", "signin", "sns", "sso", "sso-oidc", "sts"}
# uv's own notes, which say how and from where it was installed, and hashes of what is left out.
_NOTES = {"INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_build.json", "uv_cache.json"}


class PackageError(Exception):
    """There is no package; the message says what to do."""


def main(argv: Sequence[str] | None = None) -> int:
    """Build the package and say where it is, its size and its SHA-256; return 0 or 2."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.dev.package",
        description="Build the package of the Lambda function.",
        allow_abbrev=False,
    )
    parser.add_argument("--output", type=Path, default=OUTPUT, metavar="ZIP")
    output: Path = parser.parse_args(argv).output
    try:
        with tempfile.TemporaryDirectory(prefix="backlog-package-") as name:
            install(Path(name))
            files = [*wanted(Path(name)), *wanted(ROOT, "runner")]
            output.parent.mkdir(parents=True, exist_ok=True)
            part = output.with_suffix(f".{os.getpid()}")
            try:
                sizes = write(part, files)
                check_size(*sizes)
                digest = hashlib.sha256(part.read_bytes()).hexdigest()
                part.replace(output)
            finally:
                part.unlink(missing_ok=True)
    except (PackageError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    zipped, unzipped = (f"{size / 1e6:.1f} MB" for size in sizes)
    print(f"{output}\n{zipped}, {unzipped} unzipped\nsha256 {digest}")
    return 0


def install(folder: Path) -> None:
    """Put the packages of requirements-runner.txt into `folder`, each with its pinned hash.

    Raises PackageError with uv's own words when it can't.
    """
    beside = Path(sys.executable).parent
    uv = shutil.which("uv", path=os.pathsep.join([str(beside), os.environ.get("PATH", "")]))
    if not uv:
        raise PackageError(f"no uv beside {sys.executable} or on the PATH; run `make package`")
    # pip would evaluate the lock's markers by the Python that runs it, not by PYTHON.
    command = [uv, "pip", "install", "--quiet", "--python", sys.executable, "--target", str(folder)]
    command += ["--python-version", PYTHON, "--python-platform", PLATFORM]
    command += ["--only-binary", ":all:", "--require-hashes"]
    command += ["--requirements", str(ROOT / "requirements-runner.txt")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackageError(
            f"the packages of requirements-runner.txt for Python {PYTHON} on {PLATFORM} can't be"
            " fetched; the network, or a mirror in UV_DEFAULT_INDEX, is needed. uv said:\n"
            + done.stderr.strip()
        )


def find_python() -> str | None:
    """Return the path of a Python that runs the package on this machine, if there is one."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        return None
    versions = Path.home() / ".pyenv" / "versions"
    found = [shutil.which(f"python{PYTHON}"), *map(str, versions.glob(f"{PYTHON}*/bin/python"))]
    ask = ["-c", "import sys; print(*sys.version_info[:2], sep='.')"]
    for python in filter(None, found):  # one on the PATH may be pyenv's, which only says no
        done = subprocess.run([python, *ask], capture_output=True, text=True, check=False)
        if done.stdout.strip() == PYTHON:
            return python
    return None


def wanted(root: Path, inside: str = "") -> list[tuple[str, Path]]:
    """Return the files of a folder that the function needs, by their name below `root`."""
    files = (path for path in (root / inside).rglob("*") if path.is_file())
    named = ((path.relative_to(root).as_posix(), path) for path in files)
    return [(name, path) for name, path in named if is_needed(name)]


def is_needed(name: str) -> bool:
    """Tell whether the function can need a file, by its name in the package.

    Left out are tests, type stubs, bytecode (another Python's, at another time), programs, notes
    of the installation, hidden files, and what boto3 and botocore know of services never called.
    """
    path = PurePosixPath(name)
    parents = path.parts[:-1]
    if parents[:2] == ("botocore", "data") and len(parents) > 2:
        return parents[2] in _SERVICES
    return not (
        parents[:1] == ("bin",)
        or parents[:2] == ("boto3", "data")  # of its resources; the runner uses clients alone
        or {"tests", "__pycache__"} & {*parents}
        or path.suffix in (".pyc", ".pyi")
        or any(part.startswith(".") for part in path.parts)
        or (parents[-1:] and parents[-1].endswith(".dist-info") and path.name in _NOTES)
    )


def write(target: Path, files: Iterable[tuple[str, Path]]) -> tuple[int, int]:
    """Write a zip that follows from names and contents alone; return its size and theirs.

    Sorted, with one time and mode for all. (Another zlib than the usual one, such as zlib-ng,
    may still compress to other bytes.)
    """
    unzipped = 0
    with zipfile.ZipFile(target, "w") as archive:
        for name, path in sorted(files):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system = 3  # Unix, on Windows too: the mode below is Unix's
            info.external_attr = 0o100644 << 16
            body = path.read_bytes()
            unzipped += len(body)
            archive.writestr(info, body, zipfile.ZIP_DEFLATED, 6)
    return target.stat().st_size, unzipped


def check_size(zipped: int, unzipped: int) -> None:
    """Raise PackageError unless Lambda takes a package of these sizes, in bytes."""
    limits = {"zipped": (zipped, MOST_ZIPPED), "unzipped": (unzipped, MOST_UNZIPPED)}
    problems = [
        f"{size / 1e6:.1f} MB {what}, {(size - most) / 1e6:.1f} MB more than the"
        f" {most / 1e6:.0f} MB that Lambda takes"
        for what, (size, most) in limits.items()
        if size > most
    ]
    if problems:
        raise PackageError(
            f"the package is too large: {'; '.join(problems)}. Leave more out in"
            " scripts/dev/package.py"
        )


if __name__ == "__main__":
    raise SystemExit(main())
