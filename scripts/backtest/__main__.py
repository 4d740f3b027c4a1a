"""Replays past reports: see scripts.backtest.command."""

from scripts.backtest.command import main

if __name__ == "__main__":
    raise SystemExit(main())
