"""Measures the project beside the plain ways to do the same: `python -m scripts.bench`."""
