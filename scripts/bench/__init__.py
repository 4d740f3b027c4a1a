"""Measures the project beside the least that its work takes: `python -m scripts.bench`."""
