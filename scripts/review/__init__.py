"""Says what a plan means for people, and which of it is risky: `python -m scripts.review`."""
