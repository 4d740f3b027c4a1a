"""terraform/ -> where it differs from the configuration that this review knows.

A plan does not say all that an apply would do: the provisioner of a removed block, an ephemeral
resource and a function of an unknown value are not in it. So what is planned is known only if its
source is. `make lock` writes the checksums of the source, after `made.py` was changed with it.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import hcl2

from scripts.review.people import shown
from scripts.terraform import ROOT

TERRAFORM = ROOT / "terraform"
PINS = Path(__file__).with_name("source.json")


def checksums(folder: Path) -> dict[str, str]:
    """Map each file that Terraform reads as configuration to its SHA-256, by its path in folder."""
    files = [
        *(path for form in ("*.tf", "*.tf.json") for path in folder.glob(form)),
        *(path for form in ("*.tf", "*.tf.json") for path in (folder / "modules").rglob(form)),
    ]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(files)
        if not _is_a_backend(path, folder)
    }


def source_risks(folder: Path = TERRAFORM) -> Iterator[str]:
    """Name each file that is not as this review knows it, with its checksum."""
    known, found = json.loads(PINS.read_text(encoding="utf-8")), checksums(folder)
    for name in sorted(known.keys() | found.keys()):
        file = f"terraform/{shown(name)}"
        if name not in found:
            yield f"{file} is missing: this review does not know what that leaves undone"
        elif found[name] != known.get(name):
            what = "is changed" if name in known else "is not of this project"
            yield (
                f"{file} {what}: this review does not know what it makes or runs"
                f" (checksum {found[name][:16]})"
            )


def _is_a_backend(path: Path, folder: Path) -> bool:
    """Tell whether it is backend.tf, which each city writes, and says where the state is alone."""
    if path != folder / "backend.tf":
        return False
    try:
        content = hcl2.loads(path.read_text(encoding="utf-8"))
        (block,) = content["terraform"]
        named = [key for key in (*content, *block) if not key.startswith("__")]
        return named == ["terraform", "backend"]
    except Exception:  # what is no HCL is named like any other file
        return False


def main() -> int:
    """Write the checksums of the source as it is."""
    PINS.write_text(json.dumps(checksums(TERRAFORM), indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
