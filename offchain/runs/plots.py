"""A picture of a run: scores, tokens and decisions by round."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ml.judging.policy import name_of
from offchain.picture_file import write_picture
from offchain.runs.scores import shown_score, title
from offchain.settings import TOKEN, SimulationSettings
from offchain.simulation.baselines import HONEST_ONLY, ORACLE, WITHOUT_ATTACK, WITHOUT_DEFENCE
from offchain.simulation.cast import Cast
from offchain.simulation.records import RoundRecord

_BLUE, _RED, _GREY, _GREEN = "#2a6fbb", "#c8442f", "#8a8a8a", "#3c8d5a"


def plot_run(path: Path, settings: SimulationSettings, cast: Cast, records: Sequence[RoundRecord]) -> None:
    """Write a PNG of a run's rounds, at least one."""
    figure = Figure(figsize=(10, 8), layout="constrained")
    scores, tokens, decisions = figure.subplots(3, 1, sharex=True)
    _plot_scores(scores, settings, records)
    _plot_tokens(tokens, cast, records)
    _plot_decisions(decisions, cast, records)
    decisions.set_xlabel("round")
    decisions.xaxis.get_major_locator().set_params(integer=True)  # No half rounds where they are few.
    for axes in (scores, tokens, decisions):
        _mark(axes, captured(cast, records))
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    write_picture(path, figure, dpi=120)


def captured(cast: Cast, records: Sequence[RoundRecord]) -> list[int]:
    """Return the rounds of which malicious voters had more than half of the ballots: theirs to decide."""
    return [each.round for each in records if 2 * len(cast.voters & set(each.ballots)) > len(each.ballots)]


def _mark(axes: Axes, rounds: Sequence[int]) -> None:
    for round_ in rounds:
        label = "committee captured" if round_ == rounds[0] else None
        axes.axvspan(round_ - 0.5, round_ + 0.5, color=_RED, alpha=0.12, linewidth=0, label=label)


def _plot_scores(axes: Axes, settings: SimulationSettings, records: Sequence[RoundRecord]) -> None:
    rounds = [record.round for record in records]
    shown = shown_score(settings.metric, records[0].scores)
    lines = {
        WITHOUT_ATTACK: ("without attack", _GREY, "--"),
        WITHOUT_DEFENCE: ("without defence", _RED, "-"),
        ORACLE: ("oracle", _GREEN, "--"),
        HONEST_ONLY: ("honest only", _GREEN, ":"),
    }
    for name, (label, colour, style) in lines.items():
        if name in records[0].baselines:
            values = [record.baselines[name][shown] for record in records]
            axes.plot(rounds, values, color=colour, linestyle=style, linewidth=1, label=label)
    values = [record.scores[shown] for record in records]
    axes.plot(
        rounds, values, color=_BLUE, linewidth=1.8, label=f"this run, policy {name_of(settings.policy)}"
    )
    axes.set_ylabel(f"test {title(shown)}")


def _plot_tokens(axes: Axes, cast: Cast, records: Sequence[RoundRecord]) -> None:
    rounds = [record.round for record in records]
    everyone = frozenset(range(len(records[0].balances)))
    groups = (("honest", everyone - cast.malicious, _BLUE), ("malicious", cast.malicious, _RED))
    for name, clients, colour in groups:
        if clients:
            means = [record.mean_tokens(clients) or 0.0 for record in records]
            axes.plot(rounds, means, color=colour, linewidth=1.8, label=f"{name} clients, mean")
    pool = [record.reward_pool / TOKEN for record in records]
    axes.plot(rounds, pool, color=_GREEN, linewidth=1, label="reward pool")
    axes.set_ylabel("tokens")
    axes.set_ylim(bottom=0)


def _plot_decisions(axes: Axes, cast: Cast, records: Sequence[RoundRecord]) -> None:
    rounds = [record.round for record in records]
    included = [record.included_clients for record in records]
    excluded = [record.excluded_clients for record in records]
    bars = (
        ("honest, included", included, False, 1, _BLUE),
        ("malicious, included", included, True, 1, _RED),
        ("honest, excluded", excluded, False, -1, "#9dbfe3"),
        ("malicious, excluded", excluded, True, -1, "#e7a79d"),
    )
    bottoms = {1: [0] * len(records), -1: [0] * len(records)}
    for label, decided, malicious, sign, colour in bars:
        counts = [sign * sum((c in cast.proposers) == malicious for c in clients) for clients in decided]
        axes.bar(rounds, counts, width=1, bottom=bottoms[sign], color=colour, label=label)
        bottoms[sign] = [b + c for b, c in zip(bottoms[sign], counts, strict=True)]
    axes.axhline(0, color="black", linewidth=0.6)
    axes.set_ylabel("updates excluded | included")
