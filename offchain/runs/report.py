"""The end of a run, in words and tables for somebody who sees it for the first time."""

from collections.abc import Iterable

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ml.judging.policy import name_of
from ml.messages import counted
from offchain.runs.scores import in_order, title
from offchain.runs.summary import Counts, Privacy, Summary
from offchain.settings import MIN_CLIENTS
from offchain.simulation.baselines import HONEST_ONLY, ORACLE, WITHOUT_ATTACK, WITHOUT_DEFENCE
from offchain.simulation.cast import Cast

_NAMES = {
    WITHOUT_DEFENCE: "plain averaging, no votes (without defence)",
    WITHOUT_ATTACK: "plain averaging, nobody attacks (without attack)",
    ORACLE: "the same rows in one place, nobody attacks (oracle)",
    HONEST_ONLY: "honest updates of the same seats (honest only)",
}
_CALLS = (
    *("propose", "publish", "commitBallot", "revealBallot"),
    *("relay propose", "relay publish", "relay commitBallots", "relay revealBallots"),
    *("finalise", "openRound", "draw", "markAbsent"),
)


def print_report(console: Console, summary: Summary) -> None:
    """Print what the run showed."""
    parts: list[RenderableType] = [Text(_headline(summary), style="bold"), _learning(summary), _game(summary)]
    parts += [_reasons(summary)] if summary.refusals else []
    parts += [Text(_privacy(summary.privacy))] if summary.privacy else []
    parts += [_time(summary)]
    if summary.transactions:
        parts.append(_gas(summary))
    console.print(Group(*(Group(part, Text()) for part in parts)))


def _headline(summary: Summary) -> str:
    config, cast = summary.config, Cast.of(summary.config)
    text = f"{config.clients} clients, "
    if config.attack == "none" or not cast.proposers:
        text += "nobody proposes badly"
    else:
        text += f"{len(cast.proposers)} that propose badly ({config.attack})"
    if cast.voters:
        text += f", {len(cast.voters)} that vote falsely"
    text += f"; policy {name_of(config.policy)}; {counted(summary.rounds, 'round')}"
    if summary.rounds < config.rounds:
        text += f" of {config.rounds}, then fewer than {MIN_CLIENTS} members were left"
    return text


def _learning(summary: Summary) -> Table:
    names = in_order(summary.scores)
    table = _table(
        "Test scores of the global model, mean of the last rounds", *(title(name) for name in names)
    )
    learned = {"this run, with stakes and votes": summary.scores}
    learned |= {_NAMES[name]: baseline.scores for name, baseline in summary.baselines.items()}
    for name, scores in learned.items():
        table.add_row(name, *(f"{scores[score].mean:.3f}" for score in names))
    return table


def _game(summary: Summary) -> Table:
    tokens = summary.tokens
    table = _table("What became of them", "honest", "malicious")
    table.add_row(
        f"tokens of a client, of {summary.config.initial_balance} at the start",
        _tokens(tokens.honest_mean),
        _tokens(tokens.malicious_mean),
    )
    rows: Iterable[tuple[str, Counts]] = (
        ("clients removed: they could not stake when seated", summary.removed),
        ("updates included in the global model", summary.included),
        ("updates excluded, their stakes lost", summary.excluded),
    )
    for name, counts in rows:
        table.add_row(name, str(counts.honest), str(counts.malicious))
    table.caption = f"{tokens.pool:.1f} tokens in the reward pool, {tokens.total:.1f} in all"
    table.caption_justify = "left"
    return table


def _reasons(summary: Summary) -> Table:
    table = _table("Why honest voters said no: ballots by the first test that failed", "honest", "malicious")
    for test, counts in summary.refusals.items():
        table.add_row(test, str(counts.honest), str(counts.malicious))
    table.caption = "of updates by honest and by malicious clients"
    table.caption_justify = "left"
    return table


def _privacy(privacy: Privacy) -> str:
    return (
        f"Honest clients train with noise: of any one row, one client's updates give away "
        f"ε {privacy.epsilon:.2f} at most, at δ {privacy.delta:g};\n"
        f"the noise is for ε {privacy.target:g} after {counted(privacy.updates, 'update')}"
    )


def _time(summary: Summary) -> Table:
    seconds = summary.seconds
    table = _table("Time waited for", "seconds", "a round")
    names = {
        "setup": "data, deployment, everyone joins",
        "train": "proposers train",
        "score": "voters judge",
        "chain": "transactions" if summary.transactions else "protocol, in memory",
        "baselines": "comparisons not done beside transactions",
        "total": "in all",
    }
    for part, name in names.items():
        each = "" if part == "setup" else f"{seconds[part] / summary.rounds:.3f}"
        table.add_row(name, f"{seconds[part]:.1f}", each)
    return table


def _gas(summary: Summary) -> Table:
    table = _table(f"Gas, of {summary.transactions} transactions", "mean")
    known = [call for call in _CALLS if call in summary.gas]
    others = [call for call in summary.gas if call not in (*_CALLS, "round")]
    for call in (*known, *others):
        table.add_row(call, f"{summary.gas[call]:,.0f}")
    table.add_row("a whole round", f"{summary.gas['round']:,.0f}")
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, show_edge=False)
    table.add_column("", min_width=50)
    for column in columns:
        table.add_column(column, justify="right", min_width=9)
    return table


def _tokens(mean: float | None) -> str:
    return "-" if mean is None else f"{mean:.1f}"
