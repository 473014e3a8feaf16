"""`pubflow up` with the paper office: Prefect server and resident worker under the real supervisor.

Run as `python tests/flow_runs/up_of_paper.py HOME`, with the checkout and tests/ on PYTHONPATH.
"""

import os
import sys
from pathlib import Path

from pubflow.service.supervisor import Addresses, Child, Ports, checkout, office_children, run_up

TESTS = Path(__file__).resolve().parent.parent


def prefect_and_worker(home: Path, addresses: Addresses) -> list[Child]:
    """The first two processes of an office, the worker with the paper office in its hands."""
    server, worker = office_children(home, checkout(), addresses, "127.0.0.1")[:2]
    paper = {"PYTHONPATH": os.pathsep.join([str(TESTS / "flow_runs" / "stand_in"), os.environ["PYTHONPATH"]])}
    return [server, Child(worker.name, worker.command, {**worker.environment, **paper}, worker.ready, worker.stops)]


if __name__ == "__main__":
    workspace = Path(sys.argv[1])
    sys.exit(run_up(workspace, ports=Ports(0, 0, 0), children=lambda found: prefect_and_worker(workspace, found)))
