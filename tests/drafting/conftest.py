"""One office for all refusals of a file of tests: whatever is refused leaves nothing behind, so it can be shared."""

from collections.abc import Iterator

import pytest
from builders import NOON, Given

from pubflow.wiring import create_workspace


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Given]:
    """An office to which nothing is written but refusals."""
    office = create_workspace(tmp_path_factory.mktemp("refusing") / "office", NOON)
    yield Given(office)
    office.close()
