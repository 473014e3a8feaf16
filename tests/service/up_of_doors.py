"""`pubflow up` over three doors that open late and say whose they are: `python up_of_doors.py HOME PORT,PORT,PORT`."""

import os
import sys
from pathlib import Path

import httpx

from pubflow.service.supervisor import Addresses, Child, Ports, run_up

DOOR = """
import http.server, sys, time

class Door(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(sys.argv[2].encode())

time.sleep(0.5)  # as long as nobody listens, another office could take the port
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Door).serve_forever()
"""

home = Path(sys.argv[1])
(home / "prefect").mkdir(parents=True)
(home / "prefect" / "prefect.db").touch()  # prepared already: no copy of the migrated one is needed here


def door(name: str, address: str) -> Child:
    port = str(httpx.URL(address).port)
    return Child(name, [sys.executable, "-c", DOOR, port, home.name], dict(os.environ), lambda: answers(address))


def answers(address: str) -> bool:
    try:
        return httpx.get(address).is_success
    except httpx.TransportError:
        return False


def doors(found: Addresses) -> list[Child]:
    return [door("prefect", found.prefect), door("desk", found.desk), door("portal", found.portal)]


ports = Ports(*(int(port) for port in sys.argv[2].split(",")))
sys.exit(run_up(home, ports=ports, children=doors))
