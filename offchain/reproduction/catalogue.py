"""Every item of the paper by name: which runs it needs, and what it makes of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from offchain.reproduction.items import decisions, learning, survival, tokens
from offchain.reproduction.result import Result
from offchain.reproduction.shared_runs import (
    POLICIES,
    TraceOf,
    attacked,
    clean,
    comparison_runs,
    policy_runs,
)
from offchain.reproduction.study import STAKES, Study
from offchain.settings import SimulationSettings


@dataclass(frozen=True)
class Item:
    """A table, figure or calculation of the paper.

    Attributes:
        name: As on the command line.
        title: What it shows.
        runs: The simulations that it needs.
        compute: From those, once played, to what it comes to.
        headline: Whether its runs go through the contracts unless told otherwise.
    """

    name: str
    title: str
    runs: Callable[[Study], Sequence[SimulationSettings]]
    compute: Callable[[Study, TraceOf], Result]
    headline: bool = False


def _none(study: Study) -> list[SimulationSettings]:
    return []


def _all_stakes(study: Study) -> list[SimulationSettings]:
    return policy_runs(study, STAKES)


def _main_stake(study: Study) -> list[SimulationSettings]:
    return policy_runs(study, (None,))


def _against_stake(study: Study) -> list[SimulationSettings]:
    return [clean(study, seed) for seed in range(study.seeds)] + _all_stakes(study)


def _images(study: Study) -> list[SimulationSettings]:
    return comparison_runs(study, "images")


def _image_tokens(study: Study) -> list[SimulationSettings]:
    return [
        attacked(study, policy, tokens.SHOWN, seed, subject="images")
        for policy in POLICIES
        for seed in range(study.seeds)
    ]


_ITEMS = (
    Item("fig5", "Learning curves", comparison_runs, learning.figure_5),
    Item("table3", "Scores after convergence", comparison_runs, learning.table_3, headline=True),
    Item("fig6", "Tokens of honest and malicious clients", _main_stake, tokens.figure_6, headline=True),
    Item("fig7", "Award and slash rounds", _main_stake, decisions.figure_7),
    Item("fig8", "Tokens of malicious clients by stake", _all_stakes, tokens.figure_8),
    Item("fig9", "Tokens of honest clients by stake", _all_stakes, tokens.figure_9),
    Item("fig10", "Survival of malicious clients by stake", _all_stakes, survival.figure_10),
    Item("fig11", "Survival of honest clients by stake", _all_stakes, survival.figure_11),
    Item("fig12", "Learning curves by stake", _against_stake, learning.figure_12),
    Item("table4", "Scores on images after convergence", _images, learning.table_4),
    Item("fig13", "Learning curves on images", _images, partial(learning.figure_5, subject="images")),
    Item("fig14", "Tokens on images", _image_tokens, tokens.figure_14, headline=True),
    Item("p_rej", "How often k malicious proposals are rejected", _main_stake, decisions.rejection),
)

ITEMS: Mapping[str, Item] = {item.name: item for item in _ITEMS}
"""In the paper's order."""
