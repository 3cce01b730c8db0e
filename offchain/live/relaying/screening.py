"""What can be told of an entry without asking a node: whether its member has that seat, and made it."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from offchain.chain import intents
from offchain.chain.signing import recovered
from offchain.live.access.chain import Chain
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.errors import LogsError, UnfitEntryError
from offchain.live.lately import Lately
from offchain.live.relaying.entries import Entry, Function, OpenedBallot, OpenedUpdate, Signed
from offchain.live.watching.history import History
from offchain.live.watching.roster import Roster
from offchain.live.watching.view import View, read_view
from offchain.reference import Phase, commitments
from offchain.reference.seats import position

SECONDS = 60.0
"""How old a reading may be that an entry fits; one that it does not fit is read again at once."""

_PHASES: dict[Function, Phase] = {
    "propose": Phase.PROPOSE,
    "publish": Phase.PUBLISH,
    "commitBallot": Phase.VOTE,
    "revealBallot": Phase.REVEAL,
}
_KINDS: dict[Function, intents.Kind] = {"propose": "Propose", "commitBallot": "CommitBallot"}
_COMMITTED: dict[Function, str] = {"publish": "UpdateCommitted", "revealBallot": "BallotCommitted"}
_ACTS = {"UpdateCommitted", "UpdatePublished", "BallotCommitted", "BallotRevealed", "MarkedAbsent"}


@dataclass(frozen=True, eq=False)
class _Round:
    """The open round at one block."""

    view: View
    opening: Mapping[str, int]  # index among the members, by address
    acts: Mapping[str, tuple[str, bytes]]  # the last event of a client's seat, and its commitment
    operators: Mapping[str, str]  # by client


class Screening:
    """Refuses what is not of a member with such a seat, by logs that are read once for all who ask.

    Signatures are recovered and openings hashed here: nobody can make the node be asked, or anything be paid
    for, in the name of somebody else.

    Args:
        chain: Where.
        deployment: For which.
        asking: Held while the chain is asked.
    """

    def __init__(self, chain: Chain, deployment: LiveDeployment, asking: threading.Lock) -> None:
        self._chain = chain
        self._asking = asking
        self._deployment = deployment
        self._place = (deployment.book.chain_id, deployment.manager.address)
        self._history = History(chain, [deployment.manager], deployment.first_block)
        self._roster = Roster()
        self._lately = Lately(self._read)

    def require(self, function: Function, entry: Entry) -> None:
        """Require an entry to fit the open round.

        Raises:
            UnfitEntryError: When it does not.
            ChainError: When no node answers.
        """
        known, _ = self._lately.get(SECONDS)
        try:
            self._require(known, function, entry)
        except UnfitEntryError:
            newer = self._lately.newer(known)
            if newer is known:
                raise
            self._require(newer, function, entry)

    def _require(self, known: _Round, function: Function, entry: Entry) -> None:
        view, phase = known.view, _PHASES[function]
        if view.phase is not phase:
            raise UnfitEntryError(
                f"WrongPhase: {function} belongs to {phase.name}, the round is in {view.phase.name}"
            )
        self._require_seat(known, function, entry.client)
        if isinstance(entry, Signed):
            self._require_signer(known, _KINDS[function], entry)
        else:
            self._require_opening(view.round, known.acts[entry.client][1], entry)

    def _require_seat(self, known: _Round, function: Function, client: str) -> None:
        view, index = known.view, known.opening.get(client)
        proposers = range(view.proposer_seats)
        voters = range(view.proposer_seats, view.proposer_seats + view.voter_seats)
        seats = proposers if function in ("propose", "publish") else voters
        if index is None or position(view.seed, index, len(known.opening)) not in seats:
            raise UnfitEntryError(f"NotSeated: {client} has no such seat in round {view.round}")
        act, _ = known.acts.get(client, ("", b""))
        if act != _COMMITTED.get(function, ""):
            raise UnfitEntryError(
                f"UnexpectedSeat: {client} has done something else with its seat ({act or 'nothing yet'})"
            )

    def _require_signer(self, known: _Round, kind: intents.Kind, entry: Signed) -> None:
        round_ = known.view.round
        message = intents.message(kind, *self._place, entry.client, round_, _bytes(entry.commitment))
        signer = recovered(message, _bytes(entry.r), _bytes(entry.vs))
        if signer is None or signer not in (entry.client, known.operators.get(entry.client)):
            raise UnfitEntryError(
                f"NotSigner: {signer or 'nobody'} signed this for round {round_}, neither {entry.client} nor "
                "its operator"
            )

    def _require_opening(self, round_: int, commitment: bytes, entry: Entry) -> None:
        if self._commitment(round_, entry) != commitment:
            raise UnfitEntryError(
                f"CommitmentMismatch: this does not open what {entry.client} committed to in round {round_}"
            )

    def _commitment(self, round_: int, entry: Entry) -> bytes:
        bound = (*self._place, round_, entry.client)
        if isinstance(entry, OpenedUpdate):
            return commitments.update_commitment(
                *bound, _bytes(entry.root), entry.samples, _bytes(entry.salt)
            )
        assert isinstance(entry, OpenedBallot), "there are three kinds"
        return commitments.ballot_commitment(*bound, entry.ballot, _bytes(entry.salt))

    def _read(self) -> _Round:
        try:
            with self._asking:
                return self._follow()
        except LogsError:
            # One of several nodes may have left some out: the next reading asks for all again.
            self._history.forget()
            self._roster.forget()
            raise

    def _follow(self) -> _Round:
        news = self._roster.keep_up(self._history)
        view = read_view(self._chain, self._deployment, at=news.head)
        self._roster.require(view.round, view.member_count)
        opening = {client: index for index, client in enumerate(self._roster.opening)}
        return _Round(view, opening, self._acts(view.round), dict(self._roster.operators))

    def _acts(self, round_: int) -> dict[str, tuple[str, bytes]]:
        acts: dict[str, tuple[str, bytes]] = {}
        for event in reversed(self._history.events):
            if event.name == "RoundOpened":
                break
            if event.name in _ACTS and event.values["round"] == round_:
                acts.setdefault(event.values["client"], (event.name, event.values.get("commitment", b"")))
        return acts


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])
