"""One person of the office as a process: `python -m chaos.people NAME NUMBER CONTROL SEED`, or from the nursery.

Looks at what waits, does one thing after the other through the API with a token, and tries again when nobody
answers. CONTROL holds `office.json` (home, tokens), `phase` (work, finish, stop) and a journal for each person; it
lies outside the workspace, because the journals quote the drafts.
"""

import json
import os
import random
import re
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from chaos.invariants import MARKER, PLANT_LENGTH
from pubflow.documents.report_text import ReportText

DRAFTER, HEAD, OFFICER, LEADER, OPERATOR = "lin_xiao", "fang_zhi", "wan_ning", "liao_jun", "gong_lei"
LETTERS = "春夏秋冬东西南北山水林田湖草云雨"
SUBJECT_CLASS = "国民经济管理、国有资产监管/统计"
OPEN_AT_ONCE = 4  # reports that one drafter keeps on the line
KEPT, TWICE, RETURNED, RECALLED, CHANGED, TOGETHER = 0.1, 0.15, 0.08, 0.03, 0.05, 0.25  # how often; a share each
LATER = 0.2  # how often a release is far away: signed and staged, and under embargo while everything is looked at
FAR = "3h"
# The same steps as verbs that a person types: {end of the path: words}.
VERBS: Mapping[str, Sequence[str]] = {
    "submit": ("report", "submit"),
    "approve": ("review", "approve"),
    "clear": ("check", "clear", "--all-no"),
    "sign": ("sign",),
}
Task = Callable[[], object]
PATIENCE = 0.4  # seconds between two looks


class Refused(Exception):
    """The office said no: somebody was faster, or an earlier try went through unheard. Look again."""


class Person(ABC):
    """What all of them do: ask, wait, write down."""

    def __init__(self, name: str, number: int, control: Path, seed: int) -> None:
        self.name, self.control, self.chance = name, control, random.Random(seed)  # noqa: S311 - no secret
        office = json.loads((control / "office.json").read_text("utf-8"))
        self.desk, token = office["desk"], office["tokens"][name]
        self.number, self.total = number, office["drafters"]
        self.journal = (control / f"{name}-{number}.jsonl").open("a", encoding="utf-8")
        self.http = httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=10, trust_env=False)
        self.kept: set[str] = set()
        self.types: float = office.get("types", 0.0)  # how often a verb is typed instead of asked for over HTTP
        self.environment = os.environ | {"PUBFLOW_URL": self.desk, "PUBFLOW_TOKEN": token} | office.get("verbs", {})

    @property
    def phase(self) -> str:
        """work, finish (no new reports) or stop."""
        return (self.control / "phase").read_text("utf-8")

    def note(self, **line: Any) -> None:
        self.journal.write(json.dumps(line, ensure_ascii=False) + "\n")
        self.journal.flush()

    def ask(self, method: str, path: str, **body: Any) -> Any:
        """An answer, however often the office has to be asked. Raises Refused for a 4xx."""
        found = re.fullmatch(r"/reports/([^/]+)/(\w+)", path)
        if found and found[2] in VERBS and self.often(self.types):
            return self.type(*VERBS[found[2]], found[1], **body)
        while True:
            try:
                answer = self.http.request(method, self.desk + path, json=body or None)
            except httpx.TransportError:
                self.note(unanswered=path)
            else:
                if answer.status_code < 500:
                    break
                self.note(failed=path, status=answer.status_code, said=answer.text[:300])
            if self.phase == "stop":
                sys.exit(0)
            time.sleep(PATIENCE)
        if not answer.is_success:
            self.note(refused=path, status=answer.status_code, said=answer.text[:300])
            raise Refused(answer.text)
        return answer.json() if answer.content else None

    def type(self, *words: str, **body: Any) -> None:
        """The same as a verb on the command line, a process of its own. Raises Refused; also when it was killed."""
        given = [word for name, value in body.items() if name != "answers" for word in (f"--{name}", str(value))]
        command = [sys.executable, "-m", "pubflow", *words, *given]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            said = done.stderr.strip()[-300:]
            self.note(**({"verb_killed": words} if done.returncode < 0 else {"refused": words, "said": said}))
            raise Refused(said)

    def often(self, share: float) -> bool:
        return self.chance.random() < share

    def work(self) -> None:
        """Until the storm is over."""
        while (phase := self.phase) != "stop":
            for task in self.tasks(phase):
                try:
                    task()
                except Refused:
                    continue
            time.sleep(PATIENCE)

    @abstractmethod
    def tasks(self, phase: str) -> list[Task]:
        """What this person may do now, each tried once a round."""


class Drafter(Person):
    """Brings new reports, writes, submits, mends what comes back, plans the release."""

    def tasks(self, phase: str) -> list[Task]:
        every = self.ask("GET", "/reports?open_only=true")
        mine = [one for one in every if int(one["id"][-4:]) % self.total == self.number and one["id"] not in self.kept]
        tasks: list[Task] = [partial(self.draft, one, phase) for one in mine if one["stage"] == "drafting"]
        ready = [one["id"] for one in mine if one["stage"] == "approval" and one["release"] is None]
        if ready:
            tasks.append(partial(self.plan, ready))
        if phase == "work" and len(mine) < OPEN_AT_ONCE:
            tasks.append(self.new)
        return tasks

    def new(self) -> None:
        report = self.ask("POST", "/reports", kind="news", title="东湖区统计局工作动态")["report"]
        self.note(started=report)

    def draft(self, line: Mapping[str, Any], phase: str) -> None:
        report = line["id"]
        if not line["version"]:
            return
        first = line["version"] == 1
        if first or self.often(TWICE):
            self.write(report)
        if first and phase == "work" and self.often(KEPT):
            self.kept.add(report)
            self.note(kept=report)
            return
        self.ask("POST", f"/reports/{report}/submit")

    def write(self, report: str) -> None:
        text = self.ask("GET", f"/reports/{report}/text")
        draft = ReportText.parse(text["text"])
        plant = MARKER + "".join(self.chance.choices(LETTERS, k=PLANT_LENGTH - len(MARKER)))
        self.note(report=report, plant=plant)  # before it is sent: what was sent and never answered counts too
        head = draft.head.model_copy(update={"subject_class": SUBJECT_CLASS})
        whole = ReportText(head=head, body=f"## 一、工作动态\n\n本月完成了统计数据发布。{plant}。\n").canonical()
        self.ask("PUT", f"/reports/{report}/text", text=whole, reason="写正文", seen=text["digest"])

    def plan(self, ready: list[str]) -> None:
        together = ready[:2] if self.often(TOGETHER) else ready[:1]
        if self.often(LATER) and self.phase == "work":
            self.ask("POST", "/releases", reports=ready[:1], wait=FAR)
            self.note(kept=ready[0])
        else:
            self.ask("POST", "/releases", reports=together, wait=f"{self.chance.randint(3, 12)}s")


class Decider(Person):
    """Section head, officer, leader: decide what waits in the inbox."""

    decision = ""
    offered = ""  # the action in the inbox that says the decision can be taken

    def tasks(self, phase: str) -> list[Task]:  # noqa: ARG002 - they decide in every phase
        inbox = self.ask("GET", "/inbox")
        return [partial(self.decide, one["report"], one["actions"]) for one in inbox]

    def decide(self, line: Mapping[str, Any], actions: list[str]) -> None:
        path = f"/reports/{line['id']}"
        if "return" in actions and self.often(RETURNED) and self.phase == "work":
            self.ask("POST", f"{path}/return", digest=line["digest"], reason="请核对", place="第一段")
        elif (self.offered or self.decision) in actions:
            self.ask("POST", f"{path}/{self.decision}", digest=line["digest"], **self.form())

    def form(self) -> dict[str, Any]:
        return {"reason": "同意"}


class Head(Decider):
    decision = "approve"


class Officer(Decider):
    decision = "clear"
    offered = "return"  # clearing is not offered before the form is filled, and the form comes with it

    def form(self) -> dict[str, Any]:
        answers = {one["id"]: False for one in self.ask("GET", "/checklist")}
        return {"result": "公开", "answers": answers, "opinion": "不涉密，可以公开"}


class Leader(Decider):
    """Signs; gives a release a new instant when it passed before all had signed; now and then takes one back."""

    decision = "sign"

    def tasks(self, phase: str) -> list[Task]:
        tasks = super().tasks(phase)
        every = self.ask("GET", "/reports?open_only=true")
        waiting = {one["release"] for one in every if one["stage"] != "scheduled" and one["release"]}
        for one in self.ask("GET", "/releases"):
            if one["id"] in waiting and one["missed"]:
                tasks.insert(0, partial(self.move, one["id"]))
        for one in every:
            if one["stage"] == "scheduled" and phase == "work" and self.often(RECALLED):
                tasks.append(partial(self.ask, "POST", f"/reports/{one['id']}/recall", reason="再看一遍"))
        return tasks

    def move(self, release: str) -> None:
        self.ask("POST", f"/releases/{release}/move", wait="10s", reason="审签未完成")


class Operator(Person):
    """Holds, resumes and moves releases; retries those that failed."""

    def tasks(self, phase: str) -> list[Task]:
        tasks: list[Task] = []
        for one in self.ask("GET", "/releases"):
            if one["state"] == "failed":
                tasks.append(partial(self.change, one["id"], "retry"))
            elif one["held"] and (phase != "work" or self.often(0.3)):
                tasks.append(partial(self.change, one["id"], "resume"))
            elif phase == "work" and one["state"] in ("planned", "confirmed", "staged") and self.often(CHANGED):
                tasks.append(partial(self.disturb, one["id"]))
        return tasks

    def disturb(self, release: str) -> None:
        if self.often(0.5):
            self.change(release, "hold")
        else:
            self.ask("POST", f"/releases/{release}/move", wait=f"{self.chance.randint(12, 18)}s", reason="改期")

    def change(self, release: str, verb: str) -> None:
        self.ask("POST", f"/releases/{release}/{verb}", reason="值班处理")


WHO: Mapping[str, type[Person]] = {
    DRAFTER: Drafter,
    HEAD: Head,
    OFFICER: Officer,
    LEADER: Leader,
    OPERATOR: Operator,
}


def main(words: Sequence[str]) -> int:
    """Work as the person named until the storm is over."""
    name, number, control, seed = words
    os.umask(0o077)
    WHO[name](name, int(number), Path(control), int(seed)).work()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
