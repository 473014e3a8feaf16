"""`pubflow up` over two processes that only sleep. Run as `python up_of_sleepers.py HOME`."""

import json
import os
import sys
from pathlib import Path

from pubflow.service import supervisor
from pubflow.service.supervisor import Child, Ports, run_up

home = Path(sys.argv[1])
made: list[supervisor.Supervisor] = []


class Noted(supervisor.Supervisor):
    """A supervisor that this file can ask for the process ids."""

    def start(self) -> None:
        made.append(self)
        super().start()


def sleeper(name: str) -> Child:
    return Child(name, [sys.executable, "-c", "import time; time.sleep(60)"], dict(os.environ))


supervisor.Supervisor = Noted
write = supervisor._write_addresses
supervisor._write_addresses = lambda *given: ((home / "pids").write_text(json.dumps(made[0].pids())), write(*given))
sys.exit(run_up(home, ports=Ports(0, 0, 0), children=lambda _: [sleeper("one"), sleeper("two")]))
