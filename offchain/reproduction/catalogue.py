"""Every item of the paper by name: which runs it needs, and what it makes of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ml.settings import POLICIES
from offchain.reproduction.items import (
    ablation,
    cost,
    decisions,
    learning,
    survival,
    theorem1,
    tokens,
    voters,
)
from offchain.reproduction.kept_runs import KeptRuns
from offchain.reproduction.papers_data import Section
from offchain.reproduction.result import Result
from offchain.reproduction.shared_runs import TraceOf, attacked, clean, comparison_runs, policy_runs
from offchain.reproduction.study import STAKES, Study
from offchain.settings import SimulationSettings


@dataclass(frozen=True)
class Item:
    """A table, figure or calculation of the paper.

    Attributes:
        name: As on the command line.
        title: What it shows.
        runs: The simulations that it needs.
        compute: From those, once played and kept, to what it comes to.
        headline: Whether its runs go through the contracts unless told otherwise.
    """

    name: str
    title: str
    runs: Callable[[Study], Sequence[SimulationSettings]]
    compute: Callable[[Study, KeptRuns], Result]
    headline: bool = False


def _of_traces(
    compute: Callable[[Study, TraceOf], Result], section: Section = "V"
) -> Callable[[Study, KeptRuns], Result]:
    def found(study: Study, kept: KeptRuns) -> Result:
        result = compute(study, kept.trace)
        # What the paper found on its own data says nothing of what another task came to.
        return replace(result, comparisons=()) if study.is_of_another_task(section) else result

    return found


def _without_runs(compute: Callable[[Study], Result]) -> Callable[[Study, KeptRuns], Result]:
    return lambda study, kept: compute(study)


def _cost(study: Study, kept: KeptRuns) -> Result:
    return cost.compute(study, kept.records)


def _none(study: Study) -> list[SimulationSettings]:
    return []


def _all_stakes(study: Study) -> list[SimulationSettings]:
    return policy_runs(study, STAKES)


def _main_stake(study: Study) -> list[SimulationSettings]:
    return policy_runs(study, (None,))


def _against_stake(study: Study) -> list[SimulationSettings]:
    return [clean(study, seed) for seed in range(study.seeds)] + _all_stakes(study)


def _images(study: Study) -> list[SimulationSettings]:
    return comparison_runs(study, "VI")


def _image_tokens(study: Study) -> list[SimulationSettings]:
    return [
        attacked(study, policy, tokens.SHOWN, seed, section="VI")
        for policy in POLICIES
        for seed in range(study.seeds)
    ]


_ITEMS = (
    Item("fig4", "Tokens of malicious voters, honest proposers", _none, _without_runs(voters.compute)),
    Item("fig5", "Learning curves", comparison_runs, _of_traces(learning.figure_5)),
    Item("table3", "Scores after convergence", comparison_runs, _of_traces(learning.table_3), headline=True),
    Item("fig6", "Tokens of both kinds of client", _main_stake, _of_traces(tokens.figure_6), headline=True),
    Item("fig7", "Award and slash rounds", _main_stake, _of_traces(decisions.figure_7)),
    Item("fig8", "Tokens of malicious clients by stake", _all_stakes, _of_traces(tokens.figure_8)),
    Item("fig9", "Tokens of honest clients by stake", _all_stakes, _of_traces(tokens.figure_9)),
    Item("fig10", "Survival of malicious clients by stake", _all_stakes, _of_traces(survival.figure_10)),
    Item("fig11", "Survival of honest clients by stake", _all_stakes, _of_traces(survival.figure_11)),
    Item("fig12", "Learning curves by stake", _against_stake, _of_traces(learning.figure_12)),
    Item("table4", "Scores on images after convergence", _images, _of_traces(learning.table_4, "VI")),
    Item("fig13", "Learning curves on images", _images, _of_traces(learning.figure_13, "VI")),
    Item("fig14", "Tokens on images", _image_tokens, _of_traces(tokens.figure_14, "VI"), headline=True),
    Item("p_rej", "How often k malicious updates are rejected", _main_stake, _of_traces(decisions.rejection)),
    Item("ablation", "What moves plain averaging under attack", ablation.runs, _of_traces(ablation.compute)),
    Item("theorem1", "The expected loss of a dishonest voter", _none, _without_runs(theorem1.compute)),
    Item("cost", "Bytes and gas", cost.runs, _cost, headline=True),
)

ITEMS: Mapping[str, Item] = {item.name: item for item in _ITEMS}
"""In the paper's order."""
