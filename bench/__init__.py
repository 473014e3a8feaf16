"""Measurements: `python -m bench` prints tables and writes JSON to bench/results/."""
