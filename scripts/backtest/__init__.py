"""Replays past reports with the runner's own rules: `python -m scripts.backtest`."""
