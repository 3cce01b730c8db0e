"""A run's folder as a story."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

from ml.judging.policy import name_of
from ml.messages import counted
from offchain.page.story import Change, Fate, Proposal, Round, Story, Vote
from offchain.runs.run_folder import RunFolder
from offchain.settings import TOKEN, SimulationSettings
from offchain.simulation.cast import Cast
from offchain.simulation.records import RoundRecord


def story_of_run(path: Path) -> Story:
    """Return the story of a run, complete or not.

    Raises:
        RunFolderError: When the folder holds no run, a damaged one, or one that is going on.
    """
    with RunFolder.open(path) as folder:
        records, _ = folder.load()
        return run_story(folder.settings, records)


def run_story(settings: SimulationSettings, records: Sequence[RoundRecord]) -> Story:
    """Return the story of a run's rounds."""
    cast = Cast.of(settings)
    start = Decimal(settings.initial_balance)
    before: Sequence[int] = [int(start * TOKEN)] * settings.clients
    rounds = []
    for record in records:
        rounds.append(_round(record, before))
        before = record.balances
    removed = {client for record in records for client in record.removed}
    return Story(
        title=f"StakeFed: {settings.task}, policy {name_of(settings.policy)}, seed {settings.seed}",
        about=_about(settings, len(cast.proposers), len(cast.voters)) + _privacy(settings, records),
        now=[],
        symbol="tokens",
        members=[f"client {client}" for client in range(settings.clients)],
        marks={client: _mark(client, cast, removed) for client in sorted(cast.malicious | removed)},
        start=[start] * settings.clients,
        rounds=rounds,
    )


def _about(settings: SimulationSettings, proposers: int, voters: int) -> list[str]:
    return [
        f"{settings.clients} clients; {proposers} propose badly ({settings.attack}), {voters} vote falsely",
        f"voters compare {settings.metric}, tolerance {settings.tolerance}",
        f"stakes {settings.proposer_stake} and {settings.voter_stake} of {settings.initial_balance} tokens",
    ]


def _privacy(settings: SimulationSettings, records: Sequence[RoundRecord]) -> list[str]:
    privacy = settings.privacy_settings
    if privacy is None:
        return []
    spent = records[-1].epsilon if records else None
    return [
        f"honest clients train with noise: ε {spent or 0:.2f} spent by the one who sent most, of "
        f"{privacy.epsilon:g} for {counted(privacy.updates, 'update')}, at δ {privacy.delta:g}"
    ]


def _mark(client: int, cast: Cast, removed: Iterable[int]) -> str:
    words = ["malicious"] if client in cast.malicious else []
    return " ".join(words + (["removed"] if client in removed else []))


def _round(record: RoundRecord, before: Sequence[int]) -> Round:
    return Round(
        number=record.round,
        outcome="void" if record.void else "decided",
        proposals=[_proposal(record, client) for client in record.proposers],
        votes=[_vote(record, client) for client in record.voters],
        changes=[
            Change(client, Decimal(after - was) / TOKEN, _reason(record, client))
            for client, (was, after) in enumerate(zip(before, record.balances, strict=True))
            if after != was
        ],
        pool=Decimal(record.reward_pool) / TOKEN,
        scores={name: dict(s) for name, s in {"run": _scores(record), **record.baselines}.items()},
        gas={call: (use.transactions, use.gas) for call, use in record.gas.items()},
        model=record.model.removeprefix("0x"),
    )


def _scores(record: RoundRecord) -> dict[str, float]:
    spent = {} if record.epsilon is None else {"ε spent": record.epsilon}
    return {**record.scores, **spent}


def _proposal(record: RoundRecord, client: int) -> Proposal:
    if client not in record.updates:
        return Proposal(client, Fate.ABSENT)
    root = record.updates[client][0]
    if record.void:
        return Proposal(client, Fate.PUBLISHED, root)
    included = client in record.included_clients
    return Proposal(client, Fate.INCLUDED if included else Fate.EXCLUDED, root)


def _vote(record: RoundRecord, client: int) -> Vote:
    ballot = record.ballots.get(client)
    return Vote(client, Fate.ABSENT if ballot is None else Fate.REVEALED, ballot)


def _reason(record: RoundRecord, client: int) -> str:
    if client in record.included_clients:
        return "update included"
    if client in record.excluded_clients:
        return "update excluded"
    if client in record.ballots:
        return "ballot settled"
    return "seat not used"
