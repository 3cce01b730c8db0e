"""The costs as a figure, beside the paper's, and as sentences that they decide."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from offchain.reproduction import statements as decide
from offchain.reproduction.figures import COLOURS
from offchain.reproduction.items.cost_bytes import storing_gas
from offchain.reproduction.items.cost_gas import BLOCK_GAS
from offchain.reproduction.result import Comparison, Statement

Tables = Mapping[str, pd.DataFrame]
"""As `cost.compute` names them."""

KB = 1024
PAPER_UPDATE = 587 * KB
"""The paper's update, bytes, its kB and MB taken as powers of 1024: 587 · 50 / 1024 is its 28.66."""

PAPER_CLIENTS = 50

NEAR = 0.02
"""By what share a larger round may differ from what calls of a smaller one say."""


def figure(tables: Tables) -> Figure:
    """Draw the gas of a round by members, for either committee, beside a block's."""
    result = Figure(figsize=(6, 4), layout="constrained")
    axes = result.subplots()
    for colour, (committee, rows) in zip(COLOURS, tables[""].groupby("committee"), strict=False):
        label = f"committee: {committee}"
        axes.errorbar(rows.members, rows["mean"], rows.sd, fmt="o-", color=colour, label=label)
    axes.axhline(BLOCK_GAS, color="#8a8a8a", linestyle="--", linewidth=1)
    axes.annotate("a block", (min(tables[""].members), BLOCK_GAS), va="bottom", color="#8a8a8a")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("members")
    axes.set_ylabel("gas of a round")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(0, 0.9))
    return result


def comparisons(tables: Tables) -> list[Comparison]:
    """Return bytes beside those of section V-C: a client's in kB, the chain's in MB."""
    ours, theirs = (_bytes(tables, model) for model in ("ours", "the paper's"))
    proposers = ours["all proposers send"] // ours["an update"]
    return [*_of_clients(ours, theirs, proposers), *_of_the_chain(ours, theirs, proposers)]


def _of_clients(ours: Mapping[str, int], theirs: Mapping[str, int], proposers: int) -> list[Comparison]:
    printed, paper = f"{PAPER_UPDATE / KB:.0f}", PAPER_UPDATE / KB
    inputs = "fewer inputs than the paper's, of which 587 kB in float32 are about 1,040"
    voters = f"it fetches all {proposers} updates, for nobody is trusted to average them"
    sent, fetched = "a proposer sends", "a voter fetches all updates"
    same = "as large as the paper's"
    return [
        Comparison("an update, kB", printed, ours["an update"] / KB, paper_mean=paper, why=inputs),
        Comparison("a proposer sends a round, kB", printed, ours[sent] / KB, paper_mean=paper, why=inputs),
        Comparison("a voter fetches a round, kB", printed, ours[fetched] / KB, paper_mean=paper, why=voters),
        Comparison(
            f"a voter fetches a round, updates {same}, kB",
            printed,
            theirs[fetched] / KB,
            paper_mean=paper,
            why=voters,
        ),
    ]


def _of_the_chain(ours: Mapping[str, int], theirs: Mapping[str, int], proposers: int) -> list[Comparison]:
    paper = PAPER_CLIENTS * PAPER_UPDATE / KB**2
    printed = f"{paper:.2f}"
    return [
        Comparison(
            "uploaded a round, updates as large as the paper's, MB",
            printed,
            theirs["all proposers send"] / KB**2,
            paper_mean=paper,
            why=f"the paper counts {PAPER_CLIENTS} uploads a round, where {proposers} clients propose",
        ),
        Comparison(
            "the chain keeps of a round, MB",
            printed,
            ours["the chain keeps for ever"] / KB**2,
            paper_mean=paper,
            why="models stay off chain, by digest; of a round two words stay: its tally, its pot and anchor",
        ),
    ]


def statements(tables: Tables) -> list[Statement]:
    """Decide what section IV-G claims of growth, and what it costs here."""
    return [*_about_bytes(_bytes(tables, "ours")), *_about_gas(tables)]


def _about_bytes(ours: Mapping[str, int]) -> list[Statement]:
    update = ours["an update"]
    return [
        decide.at_most(
            "A client sends and fetches O(M) a round: sixteen updates at most, for no more propose",
            ours["a voter fetches all updates"] / update,
            16,
        ),
        decide.at_most(
            "The chain keeps less than a thousandth of one update a round, against the paper's O(K·M)",
            ours["the chain keeps for ever"] / update,
            1e-3,
        ),
        decide.at_most(
            "All calls of a round together carry less than a tenth of one update",
            ours["the chain is given, arguments of all calls"] / update,
            0.1,
        ),
    ]


def _about_gas(tables: Tables) -> list[Statement]:
    check = tables["check"].iloc[0]
    stored, played = storing_gas(_bytes(tables, "ours")["an update"]), _gas(tables, 50, "all others")
    return [
        decide.at_most(
            "Gas of a call does not depend on the members: a round of "
            f"{check.members:.0f} costs what calls of 50 say, within {NEAR:.0%}",
            abs(float(check.relative)),
            NEAR,
        ),
        Statement(
            "Keeping one update in a contract's storage would cost more gas than a whole round of 50 members",
            stored > played,
            f"{stored:,} against {played:,.0f}",
        ),
        decide.at_most(
            "With 45 voters, a round of 10,000 members takes less than a fifth of a block",
            _gas(tables, 10_000, "45") / BLOCK_GAS,
            0.2,
        ),
        decide.at_least(
            "With all others voting, a round of 10,000 members takes more than ten blocks",
            _gas(tables, 10_000, "all others") / BLOCK_GAS,
            10,
        ),
    ]


def _bytes(tables: Tables, model: str) -> dict[str, int]:
    rows = tables["bytes"][tables["bytes"].model == model]
    return dict(zip(rows.what, rows.bytes, strict=True))


def _gas(tables: Tables, members: int, committee: str) -> float:
    table = tables[""]
    return float(table[(table.members == members) & (table.committee == committee)]["mean"].iloc[0])
