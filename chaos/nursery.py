"""A process that has loaded pubflow and forks office processes on request: a start in 50 ms instead of 3 s of CPU.

`python -m chaos.nursery` reads a request a line (JSON: module, words, environment, log, role) and answers a line:
{"pid": N} for a start, {"ended": N, "code": C} for an end; a code below zero is a signal. It has one thread, as a
process that forks should. What comes out of a fork is a process like any other: it opens its own files and database,
and shares nothing with its parent but the code that was loaded.
"""

import ctypes
import json
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
INSIDE = Path(__file__).with_name("inside")


def main() -> None:
    """Load, then fork until the harness closes our standard input."""
    sys.path.insert(0, str(INSIDE))
    import chaos_agent  # type: ignore[import-not-found]

    chaos_agent.install()
    _load()
    wake_up, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    _tell({"ready": os.getpid()})
    waiting = b""
    while True:
        ready, _, _ = select.select([0, wake_up], [], [])
        if wake_up in ready:
            os.read(wake_up, 4096)
            _tell_who_ended()
        if 0 in ready:
            more = os.read(0, 65536)
            if not more:
                return
            *requests, waiting = (waiting + more).split(b"\n")
            for request in requests:
                _tell({"pid": _forked(json.loads(request))})


def _load() -> None:
    """All that the processes of an office need. Threads or open files would not survive a fork: there are none."""
    import apprise  # noqa: F401
    import httpx  # noqa: F401
    import uvicorn  # noqa: F401

    import pubflow.cli.app
    import pubflow.cli.backup
    import pubflow.cli.looping
    import pubflow.cli.serving
    import pubflow.service.backing_up
    import pubflow.service.restoring
    import pubflow.wiring  # noqa: F401

    if threading.active_count() > 1:
        raise RuntimeError(f"threads before the first fork: {threading.enumerate()}")


def _forked(request: Mapping[str, Any]) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        os.setpgid(0, 0)
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # nothing is left when the harness is killed
        os.umask(0o077)
        _redirect(request["log"])
        os.environ.update(request["environment"])
        if request["role"]:
            import chaos_agent

            chaos_agent.attach(request["role"])
        code = _program(request["module"])(request["words"])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - reported whole in the log of this process
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _redirect(log: str) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, 0)
    os.dup2(said, 1)
    os.dup2(said, 2)


def _program(module: str) -> Callable[[list[str]], int]:
    if module == "pubflow":
        from pubflow.cli import main as run

        return lambda words: run(words)
    from importlib import import_module

    chosen: Callable[[list[str]], int] = import_module(module).main
    return chosen


def _tell_who_ended() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _tell({"ended": pid, "code": os.waitstatus_to_exitcode(status)})


def _tell(line: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
