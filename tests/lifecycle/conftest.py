"""Counts the cases that the walks over the tables really looked at, and says the number at the end."""

import pytest

_WALKED: list[str] = []


@pytest.fixture
def record_walk() -> list[str]:
    """Append one line a case."""
    return _WALKED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """`table of steps: 1350 cases ...` after the whole walk; fewer when only a part of it was run."""
    releases = sum(case.startswith("release ") for case in _WALKED)
    if _WALKED:
        terminalreporter.write_line(
            f"table of steps: {len(_WALKED) - releases} cases of stage x action x role, "
            f"{releases} of release state x action x role"
        )
