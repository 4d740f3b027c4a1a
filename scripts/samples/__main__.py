"""Writes the made-up reports: see scripts.samples.history."""

from scripts.samples.history import main

if __name__ == "__main__":
    raise SystemExit(main())
