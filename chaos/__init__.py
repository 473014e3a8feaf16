"""Kills against a running office: `python -m chaos` prints a table and writes bench/results/chaos.json."""
