"""A client's start tried without chain and key: its checks, and whether phases are long enough."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

from ml.messages import counted
from ml.updates.canonical import to_bytes
from offchain.live.client.local_learning import LocalLearning, learning_of
from offchain.live.client.own_data import DataOptions
from offchain.live.deploying.configuration import Configuration, Protocol
from offchain.reference.parameters import MOST_PROPOSER_BPS
from offchain.reference.seats import MAX_PROPOSERS, counts

_ROOM = 2
"""Times that a phase should be as long as the work in it: stores, blocks and other programs take time."""

_FEW = 3


def against(
    configuration: Configuration, folder: Path, options: DataOptions, training: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Yield name and text of each line on what a client would find at its start.

    Args:
        configuration: The deployment's.
        folder: Of its file, beside which the founders' others are.
        options: The rows, and what trains on them.
        training: Where the client trains otherwise than the task says, by the names of `TrainingSettings`.

    Raises:
        OffchainError: When task, module, first model or probe are not the founders', or options do not fit.
        MLError: When the rows cannot be read or scored.
    """
    rules, protocol = configuration.learning, configuration.protocol
    learning = learning_of(rules, folder, options, training, "cpu")
    yield "deployment", f"rules 0x{rules.rules.hex()}: task, module, first model and probe are as they say"
    for sentence in learning.told:
        yield "rows", sentence
    updates = _most_updates(configuration)
    seconds = _seconds(learning, updates)
    work = {"propose_for": "to train", "vote_for": f"to judge {counted(updates, 'update')}"}
    for (phase, what), taken in zip(work.items(), seconds, strict=True):
        yield "phase", f"{phase} {getattr(protocol, phase)} s; {taken:.2f} s {what} here"
    yield from _too_short(protocol, dict(zip(work, seconds, strict=True)))
    yield from _too_few(configuration)


def _too_few(configuration: Configuration) -> Iterator[tuple[str, str]]:
    """A note where so few propose that the average of a round is skewed as their rows are."""
    p = configuration.protocol
    members = len(configuration.listed) or p.min_members
    proposers, _ = counts(members, p.proposer_bps, p.voter_seats)
    most, _ = counts(members, MOST_PROPOSER_BPS, p.voter_seats)
    if proposers < _FEW:
        verb = "proposes" if proposers == 1 else "propose"
        todo = (
            f"ask the founders for up to {MOST_PROPOSER_BPS} before they deploy, which makes {most}"
            if most > proposers
            else "only more members make more"
        )
        yield (
            "note",
            f"of {members} members {proposers} {verb} a round with proposer_bps {p.proposer_bps}: so few "
            f"updates average nothing out, and where rows are unlike voters refuse honest ones; {todo}",
        )


def _most_updates(configuration: Configuration) -> int:
    """How many a round may have, as far as it is known who joins."""
    p, listed = configuration.protocol, len(configuration.listed)
    return counts(listed, p.proposer_bps, p.voter_seats)[0] if listed else MAX_PROPOSERS


def _seconds(learning: LocalLearning, updates: int) -> tuple[float, float]:
    """Seconds to train once, and to judge as many different updates."""
    begun = perf_counter()
    update = learning.update([learning.genesis], 1, secret=0).update
    trained = perf_counter()
    blobs: dict[int, bytes | None] = {}
    for position in range(updates):
        other = update.copy()
        other[0] += position  # Copies would be refused unread.
        blobs[position] = to_bytes(other)
    learning.judged(learning.policy, blobs, dict.fromkeys(blobs, 1), [learning.genesis])
    return trained - begun, perf_counter() - trained


def _too_short(protocol: Protocol, seconds: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    for phase, taken in seconds.items():
        lasts = getattr(protocol, phase)
        if _ROOM * taken > lasts:
            yield (
                "note",
                f"{phase} lasts {lasts} s and this machine needs {taken:.1f} s of it: it would miss seats "
                "and pay for them; use a faster machine, or ask the founders for a longer phase",
            )
