"""Puts the paper office in the place of `pubflow.wiring` in the worker that the tests start."""

import sys

import flow_runs.paper_office

sys.modules["pubflow.wiring"] = flow_runs.paper_office
