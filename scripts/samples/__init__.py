"""Made-up reports, and two of them as files: `python -m scripts.samples`."""
