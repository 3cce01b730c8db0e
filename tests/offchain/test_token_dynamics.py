"""Figure 4 of the paper: malicious voters against honest ones that never err, without any learning."""

from statistics import median

import pytest

from offchain.reproduction.items.voters import INDEPENDENT
from offchain.reproduction.items.voters_game import play
from offchain.reproduction.study import ETAS, STAKES

RUNS = {2: 12, 4: 12, 8: 16, 16: 20, 32: 20}  # 320 in all; fewer where a run is long.


@pytest.mark.parametrize("eta", ETAS)
@pytest.mark.parametrize("stake", STAKES)
def test_malicious_voters_are_ruined_as_fast_as_in_figure_4(stake, eta):
    low, middle, high = INDEPENDENT[stake][eta]
    rounds = [play(stake, eta, seed).ruin for seed in range(RUNS[stake])]
    assert abs(median(rounds) - middle) <= 1
    assert low - 1 <= min(rounds) and max(rounds) <= high + 1
