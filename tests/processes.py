"""Real processes on one office: several at the same moment, or one that is killed in the middle of its work."""

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from multiprocessing.synchronize import Barrier
from typing import Any

from pubflow.errors import PubflowError
from pubflow.office.office import Office
from pubflow.wiring import open_workspace

Job = Callable[[Office], Any]
_FORK = multiprocessing.get_context("fork")  # the imports are done already: a process in 30 ms instead of 2 s


def at_once(office: Office, jobs: Sequence[Job]) -> list[Any]:
    """Run each job in a process of its own, all let go at the same moment.

    Returns what each returned (it must be picklable), or `refused: CODE` for one that raised a PubflowError.
    """
    office.close()  # an open SQLite connection must not be taken through a fork
    barrier, answers = _FORK.Barrier(len(jobs)), _FORK.SimpleQueue()
    children = [
        _FORK.Process(target=_answer, args=(office, job, barrier, answers, number)) for number, job in enumerate(jobs)
    ]
    for child in children:
        child.start()
    found = dict(answers.get() for _ in children)
    for child in children:
        child.join()
    return [found[number] for number in range(len(jobs))]


def _answer(office: Office, job: Job, barrier: Barrier, answers: Any, number: int) -> None:
    answer: Any = "broken"
    try:
        own = open_workspace(office.home.path)
        barrier.wait(20)
        answer = job(own)
    except PubflowError as error:
        answer = f"refused: {error.code}"
    except BaseException as error:
        answer = f"broken: {error!r}"
        raise
    finally:
        answers.put((number, answer))


def killed(office: Office, job: Job, chance: random.Random, *, within: float) -> bool:
    """Run a job in a process of its own and kill it with SIGKILL after up to `within` seconds of its work.

    True when it was killed, False when it was faster.
    """
    office.close()
    started = _FORK.Event()
    child = _FORK.Process(target=_work, args=(office, job, started))
    child.start()
    assert started.wait(20)
    time.sleep(chance.uniform(0, within))
    if child.pid is not None and child.is_alive():
        os.kill(child.pid, signal.SIGKILL)
    child.join()
    return child.exitcode == -signal.SIGKILL


def dies(office: Office, job: Job) -> bool:
    """Run a job in a process of its own that is to kill itself with SIGKILL; True when it did."""
    office.close()
    child = _FORK.Process(target=_work, args=(office, job, _FORK.Event()))
    child.start()
    child.join()
    return child.exitcode == -signal.SIGKILL


def _work(office: Office, job: Job, started: Any) -> None:
    own = open_workspace(office.home.path)
    started.set()
    job(own)
