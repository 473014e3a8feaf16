"""A worker that starts again finds several runs waiting, and opens the office in several threads at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pubflow.records.engine import open_engine
from pubflow.records.schema import differences, migrate


def test_several_threads_may_bring_the_same_register_up_to_date_at_once(tmp_path: Path) -> None:
    engines = [open_engine(f"sqlite:///{tmp_path / 'register.db'}") for _ in range(8)]
    migrate(engines[0])
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(migrate, engines))  # raises what a thread raised
    assert differences(engines[0]) == []
    for engine in engines:
        engine.dispose()
