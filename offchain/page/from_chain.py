"""A deployment's logs as a story."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from ml.messages import counted
from offchain.live.deploying.amounts import Unit
from offchain.live.watching.explain import Change as Explained
from offchain.live.watching.history import LoggedEvent
from offchain.live.watching.rounds import RoundLog
from offchain.live.watching.status import Status
from offchain.page.gas import Use
from offchain.page.story import Change, Fact, Fate, Proposal, Round, Story, Vote
from offchain.reference.tally import is_void

_SEATS_ACTS = {"stake on an update", "stake on a ballot", "settled"}
"""Changes between free and escrow, which leave a member's tokens as they were."""


def chain_story(
    status: Status,
    events: Sequence[LoggedEvent],
    at: float,
    explorer: str = "",
    uses: Mapping[int, Mapping[str, Use]] = {},
    scores: Mapping[int, Mapping[str, float]] = {},
) -> Story:
    """Return the story that a deployment's logs tell, from the first one on.

    Args:
        status: Where it stands, with everybody's changes.
        events: All of round manager and pool that the status was made of.
        at: Unix seconds, when that was.
        explorer: What a transaction's hash is appended to for a link; empty for none.
        uses: Gas and coin by round and call, where they were asked for.
        scores: Of the global model by the round that made it, where there are rows to score on.
    """
    told, logs, unit = status.told or {}, status.rounds, status.unit
    numbers = {client: number for number, client in enumerate(told)}
    changes = _changes_by_round(told.items(), numbers, unit, logs[-1].number if logs else 0)
    acts = _acts_by_round(events)
    rounds = [
        replace(
            _round(log, acts[log.number], numbers, changes),
            gas={call: (use.transactions, use.gas) for call, use in uses.get(log.number, {}).items()},
            coin={call: use.coin for call, use in uses.get(log.number, {}).items()},
            scores={"run": scores[log.number]} if log.number in scores else {},
        )
        for log in logs
    ]
    joined = len({event.values["client"] for event in events if event.name == "Joined"})
    return Story(
        title=f"StakeFed: {status.name}",
        about=[f"{counted(len(rounds), 'round')}, {counted(joined, 'member')} so far"],
        now=_now(status, at),
        symbol=unit.symbol,
        members=list(numbers),
        marks=_marks(events, numbers),
        start=[Decimal(0)] * len(numbers),
        rounds=rounds,
        explorer=explorer,
    )


def _now(status: Status, at: float) -> list[Fact]:
    """What a status says of this moment."""
    view, unit = status.view, status.unit
    deadline = view.deadline(view.phase)
    left = [] if deadline is None else [Fact("Phase ends at the latest", "", deadline)]
    spent = [] if status.spent is None else [Fact(f"Privacy of {status.spent.client}", status.spent.told)]
    return [
        Fact("Round", str(view.round)),
        Fact("Phase", view.phase.name.lower()),
        *left,
        Fact("Waits for", status.waits_for),
        Fact("Last block", str(view.block.number), view.now),
        Fact("Told", datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC"), int(at)),
        Fact("Members", str(view.member_count)),
        Fact("Reward pool", unit.named(view.reward_pool)),
        Fact("Budget of rewards", unit.named(view.budget)),
        Fact("Chain", str(status.chain_id)),
        Fact("Model", "0x" + view.model.hex()),
        *spent,
    ]


def _acts_by_round(events: Iterable[LoggedEvent]) -> dict[int, list[LoggedEvent]]:
    acts: dict[int, list[LoggedEvent]] = {}
    for event in events:
        acts.setdefault(event.values.get("round", 0), []).append(event)
    return acts


def _round(
    log: RoundLog,
    acts: Sequence[LoggedEvent],
    numbers: Mapping[str, int],
    changes: Mapping[int, Sequence[Change]],
) -> Round:
    outcome = log.outcome
    finalised = [event for event in acts if event.name == "RoundFinalised"]
    return Round(
        number=log.number,
        outcome="open" if outcome is None else "void" if is_void(outcome.tally) else "decided",
        proposals=_proposals(log, acts, numbers),
        votes=_votes(log, acts, numbers),
        changes=changes.get(log.number, ()),
        model="" if outcome is None else outcome.model.hex(),
        link=finalised[0].transaction if finalised else "",
    )


def _proposals(log: RoundLog, acts: Sequence[LoggedEvent], numbers: Mapping[str, int]) -> list[Proposal]:
    links = {a.values["position"]: a.transaction for a in acts if a.name == "UpdatePublished"}
    shown = [
        Proposal(numbers[update.client], _fate(log, position), update.root.hex(), links.get(position, ""))
        for position, update in sorted(log.published.items())
    ]
    published = {update.client for update in log.published.values()}
    hidden = [Proposal(numbers[each], Fate.COMMITTED) for each in log.proposers if each not in published]
    return shown + hidden


def _fate(log: RoundLog, position: int) -> Fate:
    if log.outcome is None or is_void(log.outcome.tally):
        return Fate.PUBLISHED
    if log.outcome.undecided >> position & 1:
        return Fate.UNDECIDED
    return Fate.INCLUDED if log.outcome.included >> position & 1 else Fate.EXCLUDED


def _votes(log: RoundLog, acts: Sequence[LoggedEvent], numbers: Mapping[str, int]) -> list[Vote]:
    absent = [act.values["client"] for act in acts if act.name == "MarkedAbsent"]
    opened = [Vote(numbers[c], Fate.REVEALED, log.ballots[c]) for c in log.voters if c in log.ballots]
    silent = [Vote(numbers[c], Fate.SILENT) for c in log.voters if c not in log.ballots]
    return [*opened, *silent, *(Vote(numbers[client], Fate.ABSENT) for client in absent)]


def _changes_by_round(
    told: Iterable[tuple[str, Sequence[Explained]]], numbers: Mapping[str, int], unit: Unit, last: int
) -> dict[int, list[Change]]:
    """What members gained or lost under its round; what is of none under the next one's, if there is one."""
    found: dict[int, list[Change]] = {}
    for client, changes in told:
        for change in changes:
            if change.total and change.reason not in _SEATS_ACTS:
                amount = unit.tokens(change.total)
                place = change.round or min(change.after + 1, last)
                found.setdefault(place, []).append(Change(numbers[client], amount, change.reason))
    return found


def _marks(events: Iterable[LoggedEvent], numbers: Mapping[str, int]) -> dict[int, str]:
    marks = dict.fromkeys(numbers.values(), "no member")  # A treasury, or one that only deposited.
    for event in events:
        if event.name in ("Joined", "Left", "Removed"):
            marks[numbers[event.values["client"]]] = "" if event.name == "Joined" else event.name.lower()
    return {member: mark for member, mark in marks.items() if mark}
