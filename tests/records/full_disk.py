"""Run by test_full_disk.py inside a small tmpfs: saves a report on a full disk and says what happened, as JSON.

python full_disk.py FOLDER
"""

import json
import sys
from contextlib import suppress
from pathlib import Path

from builders import Given
from sqlalchemy import text

from pubflow.audit.verify import verify
from pubflow.errors import StorageFailed
from pubflow.lifecycle.stages import Stage
from pubflow.office.office import Office
from pubflow.office.reading import history, report_view
from pubflow.wiring import create_workspace

BODY = "## 一、工作动态\n\n磁盘已满时保存的一句话。\n"


def fill(folder: Path) -> Path:
    """Take every block that is left."""
    filler = folder / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    return filler


def attempt(given: Given, report_id: str) -> str:
    """Save a version; returns what a person reads when it cannot be had."""
    try:
        given.write(report_id, BODY)
    except StorageFailed as error:
        return str(error)
    return "saved"


def state(office: Office, given: Given, report_id: str) -> dict[str, object]:
    """What is in the register now."""
    with office.records.reading() as session:
        sound = session.execute(text("PRAGMA integrity_check")).scalar_one()
    events = history(office, limit=1000)
    return {
        "sound": sound,
        "versions": len(report_view(office, report_id, given.people["lin_xiao"], given.now).versions),
        "stage": given.edition(report_id).stage,
        "events": [event.action for event in events],
        "chain": verify(events).good,
        "waiting": [entry["action"] for entry in office.records.pending.waiting()],
    }


def main(folder: Path) -> None:
    """Before, on the full disk, and once space is back."""
    office = create_workspace(folder / "office", Given.now)
    given = Given(office)
    report_id = given.report(Stage.DRAFTING)
    with office.records.engine.connect() as connection:  # or a small write would fit into the log's old frames
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    before = state(office, given, report_id)
    filler = fill(folder)
    failed = attempt(given, report_id)
    office.refuse(given.people["lin_xiao"], report_id, "sign", given.tick(), {"codes": ["other_role"]})
    full = state(office, given, report_id)
    filler.unlink()
    saved = attempt(given, report_id)
    after = state(office, given, report_id)
    told = json.loads(history(office, limit=1000)[len(before["events"])].body)
    told_of = {"before": before, "failed": failed, "full": full, "saved": saved, "after": after, "told": told}
    sys.stdout.write(json.dumps(told_of))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
