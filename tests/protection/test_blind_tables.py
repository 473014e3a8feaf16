"""What protect returns passes an auditor whose author had not read the solver; a hundred of them in the bench."""

import pytest

from bench.blind.adapter import trial
from bench.blind.auditor import given_away, sensitive
from bench.blind.micro import KINDS

_SEEDS = 4


@pytest.mark.parametrize("kind", KINDS)
def test_no_pattern_gives_anybody_away(kind: str) -> None:
    patterns = caught = 0
    for seed in range(_SEEDS):
        table, _, made = trial(kind, seed, 0.3)
        if made is None:
            continue
        patterns += 1
        assert made.hidden >= table.hidden_before
        caught += bool(given_away(table, set(made.primary), sensitive(table)))
    assert patterns >= 1
    assert caught >= 1  # without the further cells the auditor says no
