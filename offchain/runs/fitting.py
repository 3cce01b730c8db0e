"""Whether rounds of a run add up: its clients, one round after another, no token more or less."""

from collections.abc import Iterator, Sequence

from offchain.settings import SimulationSettings, base_units
from offchain.simulation.records import RoundRecord


def first_misfit(settings: SimulationSettings, records: Sequence[RoundRecord]) -> tuple[int, str] | None:
    """Return the number of the first record, from 1, that does not add up, and why; None when all do."""
    for number, record in enumerate(records, start=1):
        for fault in _faults(settings, number, record):
            return number, fault
    return None


def _faults(settings: SimulationSettings, number: int, record: RoundRecord) -> Iterator[str]:
    if record.round != number:
        yield f"it is of round {record.round}, expected {number}"
    named = [*record.proposers, *record.voters, *record.unable, *record.updates, *record.ballots]
    named += [*record.included_clients, *record.excluded_clients, *record.removed]
    if strangers := sorted({client for client in named if not 0 <= client < settings.clients}):
        yield f"it names client {strangers[0]}, and there are clients 0 to {settings.clients - 1}"
    seated = [*record.proposers, *record.voters]
    if len(set(seated)) < len(seated):
        yield "a client has two of its seats"
    wide = 2 ** len(record.proposers)
    if odd := [ballot for ballot in record.ballots.values() if not 0 <= ballot < wide]:
        yield f"a ballot is {odd[0]}, of {len(record.proposers)} updates"
    if len(record.balances) != settings.clients:
        yield f"it has {len(record.balances)} balances of {settings.clients} clients"
    issued = settings.clients * base_units(settings.initial_balance) + base_units(settings.budget)
    held = [*record.balances, record.reward_pool, record.budget]
    if sum(held) != issued or min(held) < 0:
        yield f"balances, reward pool and budget are {sum(held)} base units together, {issued} were issued"
