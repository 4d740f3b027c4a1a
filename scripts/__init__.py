"""Tools around the runner: one file, one job."""
