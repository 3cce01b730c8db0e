"""A status as people read it."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ml.messages import counted
from offchain.live.watching.own_votes import OwnVote
from offchain.live.watching.rewarding import rounds_covered
from offchain.live.watching.rounds import RoundLog
from offchain.live.watching.statement_report import moment
from offchain.live.watching.status import Status
from offchain.reference.tally import is_void


def render(status: Status, rounds: int) -> RenderableType:
    """Return a status with its last `rounds` rounds, for a rich console."""
    parts: list[RenderableType] = [_summary(status)]
    if status.rounds and rounds:
        parts.append(_rounds(status.rounds[-rounds:]))
    if status.votes and rounds:
        parts.append(_votes(status, status.votes[-rounds:]))
    if status.seats:
        parts.append(_seats(status))
    if status.members and status.has_members:
        parts.append(_members(status))
    return Group(*parts)


def duration(seconds: int) -> str:
    """Seconds in words.

    >>> duration(3725)
    '1 h 2 min'
    >>> duration(45)
    '45 s'
    """
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours = seconds // 60 % 60, seconds // 3600
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds % 60} s"


def _summary(status: Status) -> Text:
    view, unit = status.view, status.unit
    left = "" if view.time_left is None else f", {duration(view.time_left)} left at most"
    where = f"Round {view.round}: {view.phase.name.lower()}{left}" if view.round else "No round yet"
    budget = ""
    if view.budget or view.parameters.proposer_reward or view.parameters.voter_reward:
        covered = counted(rounds_covered(view), "round")
        budget = f", {unit.text(view.budget)} in the budget of rewards ({covered})"
    return Text(
        f"{status.name} on chain {status.chain_id}, block {view.block.number}, {moment(view.now)} UTC, "
        f"says {status.node}\n"
        f"{where}; waits for {status.waits_for}.\n"
        f"{counted(view.member_count, 'member')}, {unit.named(view.reward_pool)} in the reward pool"
        f"{budget}, model 0x{view.model.hex()[:16]}...\n"
        f"Joining is for {status.who_joins}." + _scores(status) + _spent(status)
    )


def _scores(status: Status) -> str:
    scores = status.scores
    if scores is None:
        return ""
    made = f"made in round {scores.round}" if scores.round else "the first one"
    return f"\nOn {counted(scores.rows, 'row')} of yours the global model, {made}, has {scores.told}"


def _spent(status: Status) -> str:
    return "" if status.spent is None else f"\n{status.spent.client}: {status.spent.told}"


def _rounds(rounds: tuple[RoundLog, ...]) -> Table:
    table = Table("round", "members", "published", "ballots", "revealed", "included", title="Rounds")
    for column in table.columns:
        column.justify = "right"
    for log in rounds:
        values = (log.number, log.members, len(log.published), log.committed, len(log.ballots))
        table.add_row(*map(str, values), _decided(log))
    return table


def _decided(log: RoundLog) -> str:
    """How many updates a round included, and how many silence left undecided, if any."""
    outcome = log.outcome
    if outcome is None:
        return "open"
    if is_void(outcome.tally):
        return "void"
    undecided = outcome.undecided.bit_count()
    return f"{outcome.included.bit_count()}" + (f", {undecided} undecided" if undecided else "")


def _votes(status: Status, votes: Sequence[OwnVote]) -> Table:
    """What one's own client found of each update, beside what the round decided."""
    has_shadow = any(vote.shadow for vote in votes)
    shadow = ["in shadow"] if has_shadow else []
    table = Table("round", "position", "client", "included", "found", *shadow, title="Your client's votes")
    logs = {log.number: log for log in status.rounds}
    for vote, log in ((vote, logs[vote.round]) for vote in votes if vote.round in logs):
        for position, published in sorted(log.published.items()):
            found = [each.told(position) if each else "" for each in (vote.binding, vote.shadow)]
            values = str(vote.round), str(position), published.client, _is_in(log, position)
            table.add_row(*values, *found[: 1 + has_shadow])
    return table


def _is_in(log: RoundLog, position: int) -> str:
    if log.outcome is None:
        return "open"
    return "yes" if log.outcome.included >> position & 1 else "no"


def _seats(status: Status) -> Table:
    view = status.view
    table = Table("position", "seat", "client", "did", title=f"Seats of round {view.round}")
    for place, address in enumerate(status.seats):
        did = view.did(view.clients[address])
        kind = "proposer" if place < view.proposer_seats else "voter"
        table.add_row(str(place), kind, address, "" if did == "none" else did)
    return table


def _members(status: Status) -> Table:
    table = Table("member", "free", "escrow", "strikes", title="Members")
    for column in table.columns[1:]:
        column.justify = "right"
    for address in status.members:
        client = status.view.clients[address]
        free, escrow = status.unit.text(client.free), status.unit.text(client.escrow)
        table.add_row(address, free, escrow, str(client.strikes))
    return table
