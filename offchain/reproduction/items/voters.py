"""Fig. 4: what voting against honest proposals costs, by stake and share of malicious clients."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from offchain.reproduction import statements as decide
from offchain.reproduction.curves import Curves, rows
from offchain.reproduction.figures import bands, eta_panels
from offchain.reproduction.items.voters_game import Array, VotersRun, play
from offchain.reproduction.result import Comparison, Result, Statement
from offchain.reproduction.study import ETAS, STAKES, Study

CLIENTS, TOKENS = 50, 64
VOTING = 0.9
"""Chance of a voter's seat: all of 50 clients vote but the five that propose."""

PAPER_ROUNDS = 40
"""Rounds until the mean balance is 0, "approximately" (section V-B1)."""

PAPER_SLACK = 4
"""Rounds by which "approximately 40" is read: a tenth."""

INDEPENDENT = {
    2: {0.1: (36, 38, 41), 0.2: (37, 39, 42), 0.3: (37, 39, 42), 0.4: (38, 40, 42)},
    4: {0.1: (18, 19, 22), 0.2: (19, 20, 22), 0.3: (19, 21, 23), 0.4: (19, 21, 23)},
    8: {0.1: (9, 10, 12), 0.2: (9, 11, 12), 0.3: (10, 11, 13), 0.4: (10, 11, 13)},
    16: {0.1: (4, 5, 7), 0.2: (5, 6, 7), 0.3: (5, 6, 7), 0.4: (5, 6, 7)},
    32: {0.1: (2, 3, 4), 0.2: (2, 3, 4), 0.3: (3, 3, 4), 0.4: (3, 3, 5)},
}
"""First round after which no malicious client can stake, by γ_v and η: 5 %, median and 95 % of 1000 runs of
a simulation that shares no code with this project."""

_ROUNDING = 1e-9  # Tokens; balances are exact, their means as floats are not.

Runs = Mapping[tuple[int, float], Sequence[VotersRun]]
"""Runs, one a seed, by γ_v and η."""


def compute(study: Study) -> Result:
    """Play Fig. 4's game for every γ_v and η, one run a seed, on the reference.

    Tables: balances by η, γ_v, round and kind of client; and `ruin`, the first round after which no malicious
    client can stake.
    """
    runs = {
        (stake, eta): [play(stake, eta, seed) for seed in range(study.seeds)]
        for stake in STAKES
        for eta in ETAS
    }
    malicious, honest = _curves(runs, "malicious"), _curves(runs, "honest")
    figure, panels = eta_panels(ETAS, "mean tokens of malicious voters")
    bands(panels, malicious)
    table = pd.concat(
        pd.DataFrame(rows(curves)).assign(clients=name)
        for name, curves in (("malicious", malicious), ("honest", honest))
    ).reset_index(drop=True)
    return Result(
        tables={"": table, "ruin": _ruin_table(runs)},
        figure=figure,
        comparisons=[*_against_paper(runs), *_against_simulation(runs)],
        statements=_statements(runs),
    )


def _label(stake: int) -> str:
    return f"γ_v = {stake}"


def _curves(runs: Runs, who: str) -> Curves:
    return {
        (eta, _label(stake)): np.array([getattr(run, who) for run in of_seeds])
        for (stake, eta), of_seeds in runs.items()
    }


def _ruin(of_seeds: Sequence[VotersRun]) -> pd.Series:
    return pd.Series([run.ruin for run in of_seeds])


def _ruin_table(runs: Runs) -> pd.DataFrame:
    return pd.DataFrame(
        dict(
            eta=eta,
            series=_label(stake),
            mean=_ruin(of_seeds).mean(skipna=False),
            sd=_ruin(of_seeds).std(),
            low=_ruin(of_seeds).min(),
            median=_ruin(of_seeds).median(),
            high=_ruin(of_seeds).max(),
        )
        for (stake, eta), of_seeds in runs.items()
    )


def _against_paper(runs: Runs) -> list[Comparison]:
    why = "the last of the malicious clients; the mean balance is near 0 a few rounds before"
    return [
        Comparison(
            quantity=f"rounds until no malicious client can stake, γ_v = {min(STAKES)}, η = {eta:g}",
            paper=f"≈ {PAPER_ROUNDS}",
            ours=float(_ruin(runs[min(STAKES), eta]).mean()),
            spread=float(_ruin(runs[min(STAKES), eta]).std()),
            paper_mean=PAPER_ROUNDS,
            why=why,
        )
        for eta in ETAS
    ]


def _against_simulation(runs: Runs) -> list[Comparison]:
    found = []
    for (stake, eta), of_seeds in runs.items():
        low, median, high = INDEPENDENT[stake][eta]
        found.append(
            Comparison(
                quantity=f"the same, γ_v = {stake}, η = {eta:g}, median, against an independent simulation",
                paper=f"not given; simulated {median} ({low} to {high})",
                ours=float(_ruin(of_seeds).median()),
                spread=float(_ruin(of_seeds).std()),
                paper_mean=median,
                why="a median of few seeds, which share their seats across γ_v and η",
            )
        )
    return found


def _statements(runs: Runs) -> list[Statement]:
    return [_empty(runs), _ruined(runs), _sooner(runs), _straight(runs), _bounded(runs)]


def _empty(runs: Runs) -> Statement:
    after = PAPER_ROUNDS - 1
    return decide.every(
        f"After {PAPER_ROUNDS} rounds malicious voters hold less than a token on average, at every η and γ_v",
        [decide.less(_cell(*cell), float(_mean(runs[cell], "malicious")[after]), 1) for cell in runs],
    )


def _ruined(runs: Runs) -> Statement:
    latest = PAPER_ROUNDS + PAPER_SLACK
    return decide.every(
        f"No malicious client can stake after {latest} rounds, the mean over the seeds, at every η and γ_v",
        [decide.at_most(_cell(*cell), _ruin(runs[cell]).mean(skipna=False), latest) for cell in runs],
    )


def _sooner(runs: Runs) -> Statement:
    falling = sorted(STAKES, reverse=True)
    return decide.every(
        "A larger γ_v ruins malicious voters strictly sooner, at every η",
        [
            decide.below(f"η = {eta:g}", {_label(g): _ruin(runs[g, eta]).mean(skipna=False) for g in falling})
            for eta in ETAS
        ],
    )


def _straight(runs: Runs) -> Statement:
    return decide.every(
        f"While nobody is out of tokens, malicious voters hold {TOKENS} − {VOTING}·γ_v·t on average, within "
        "four standard errors, at every η and γ_v",
        [decide.at_most(_cell(*cell), _off_the_line(*cell, runs[cell]), 4) for cell in runs],
    )


def _bounded(runs: Runs) -> Statement:
    return decide.every(
        f"Honest voters never hold more than {TOKENS} / (1 − η) on average, at every η and γ_v",
        [
            decide.at_most(
                _cell(*cell), float(_mean(runs[cell], "honest").max()), TOKENS / (1 - cell[1]) + _ROUNDING
            )
            for cell in runs
        ],
    )


def _cell(stake: int, eta: float) -> str:
    return f"{_label(stake)}, η = {eta:g}"


def _mean(of_seeds: Sequence[VotersRun], who: str) -> Array:
    mean: Array = np.mean([getattr(run, who) for run in of_seeds], axis=0)
    return mean


def _off_the_line(stake: int, eta: float, of_seeds: Sequence[VotersRun]) -> float:
    """Return how far the mean strays from the straight line, in standard errors.

    A client is seated as voter by chance 0.9 in each of t rounds. Clients count as independent, which makes
    the error larger than it is: seats that some take are not taken by others.
    """
    t = np.arange(1, TOKENS // stake)
    observed = _mean(of_seeds, "malicious")[t - 1]
    count = round(eta * CLIENTS) * len(of_seeds)
    error = stake * np.sqrt(VOTING * (1 - VOTING) * t / count)
    return float(np.max(np.abs(observed - (TOKENS - VOTING * stake * t)) / error))
