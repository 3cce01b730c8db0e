"""What a seat asks of a client: an update to commit to and open, a ballot to commit to and open."""

import logging
from collections.abc import Sequence
from math import inf, nan

from ml.judging.findings import told
from ml.judging.policies import bitmap
from ml.messages import cleaned
from ml.training.private import Plan
from ml.updates.canonical import digest, to_bytes
from offchain.errors import LineageError, OffchainError
from offchain.learning.common import Parameters
from offchain.live.client.artefacts import ClientArtefacts
from offchain.live.client.commitments import Committer
from offchain.live.client.local_learning import LocalLearning
from offchain.live.errors import CommitmentLostError, LogsError
from offchain.live.verifying.lineage import Inclusion, Lineage, Step
from offchain.live.watching.history import History
from offchain.live.watching.rounds import RoundLog, rounds_of
from offchain.live.watching.view import ClientView, View
from offchain.monitoring import measures
from offchain.reference import Seat

_log = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 15
"""Between two looks for what the global model is made of, while no seat waits for it."""


class RoundWork:
    """One client's work in its seats.

    Everything in it can be made again from the chain, the stores, the client's rows and its key.

    Args:
        history: The round manager's events.
        lineage: The global models.
        learning: The client's rows and what it computes; None for one that leaves without its rows.
        artefacts: Its cache and the stores.
        committer: Its commitments.
        samples: Sample counts that it may have claimed; the first is the one that it claims.
    """

    def __init__(
        self,
        history: History,
        lineage: Lineage,
        learning: LocalLearning | None,
        artefacts: ClientArtefacts,
        committer: Committer,
        samples: Sequence[int],
    ) -> None:
        self._history = history
        self._lineage = lineage
        self._learning = learning
        self._artefacts = artefacts
        self._committer = committer
        self._samples = samples
        self._shown: set[int] = set()
        self._fetching: tuple[object, float] = None, 0.0  # Round and model; when to look again, chain's time.
        self._reread: object = None  # Those for which logs were read again.
        self._scored: Inclusion | None = None
        self._counted = 0  # The round for which spent privacy was told.
        # What was computed last: asked for again when a transaction was not mined, or waits at a relay.
        self._trained: tuple[object, tuple[bytes, bytes]] | None = None
        self._judged: tuple[object, int] | None = None

    def catch_up(self, view: View) -> None:
        """Begin to fetch what the newest global model is made of, so that no seat has to wait for it.

        Whatever keeps it from that is told again by the seat that needs the model.
        """
        place = view.round, view.model
        if self._fetching[0] == place and view.now < self._fetching[1]:
            return
        self._fetching = place, view.now + LOOK_AGAIN_SECONDS
        try:
            inclusion = self._head(view).inclusion
            if self._artefacts.are_cached([each.root for each in inclusion.updates]):
                self._fetching = place, inf
                _log.info("global model at hand", extra={"round": view.round, "of": inclusion.round})
                self._artefacts.prune(self._rounds(), self._lineage.needed)
                self._score(view, inclusion)
        except OffchainError as error:
            _log.info("the global model cannot be fetched yet: %s", error)

    def update_commitment(self, view: View) -> bytes | None:
        """Return the 24 bytes with which the client proposes, of an update that is on its disk by now.

        None when its updates have spent the ε that its owner set: another would give away more.
        """
        if self._is_spent(view):
            return None
        root, data = self._train(view)
        self._artefacts.keep(view.round, root, data)
        return self._committer.update(view.round, root, self._samples[0])

    def update_opening(self, view: View, me: ClientView) -> tuple[bytes, int, bytes]:
        """Return root, sample count and salt that open the client's commitment.

        Raises:
            CommitmentLostError: When neither the cache nor training has the update.
        """
        kept = self._artefacts.kept(view.round)
        samples = self._claimed(view, me, kept[0]) if kept else None
        if kept is None or samples is None:
            kept = self._train(view)
            samples = self._claimed(view, me, kept[0])
            if samples is None:
                raise CommitmentLostError(
                    f"round {view.round}: training here comes to another update than the one committed to; "
                    "bring the cache folder of the machine that committed, or its stake is lost"
                )
            self._artefacts.keep(view.round, *kept)
        return kept[0], samples, self._committer.salts.update(view.round)

    def show(self, view: View, me: ClientView) -> None:
        """Bring the bytes of the client's published update into the stores while the round is open."""
        if view.finalised or view.seat_of(me) is not Seat.PUBLISHED or view.round in self._shown:
            return
        log = self._round(view)
        own = (
            next((each for each in log.published.values() if each.client == me.address), None)
            if log
            else None
        )
        if own is None:
            return
        data = self._artefacts.get(own.root)
        if data is None and self._learning is None:
            return  # It is leaving without rows, and has nothing to show.
        data = data or self._train(view)[1]
        if self._artefacts.show(own.root, data):
            _log.info("update shown", extra={"round": view.round, "artefact": own.root.hex()})
            self._shown.add(view.round)

    def is_settled(self, view: View, me: ClientView) -> bool:
        """Whether nothing is on its way from or to the stores that a later look would ask about."""
        shown = view.finalised or view.seat_of(me) is not Seat.PUBLISHED or view.round in self._shown
        waits = self._learning is not None and self._fetching != ((view.round, view.model), inf)
        return shown and not waits

    def collect(self, view: View) -> None:
        """Begin to fetch what was published so far."""
        if log := self._round(view):
            self._artefacts.collect(log.published)

    def ballot_commitment(self, view: View, patience: int) -> bytes | None:
        """Return the 24 bytes with which the client votes; None while updates are missing until `patience`.

        Raises:
            LineageError: When there is no global model to compare with.
        """
        log = self._round(view)
        if log is None:
            return None
        learning, parent = self._require_learning(view), self._parent(view)
        blobs = self._artefacts.collect(log.published)
        missing = [position for position, blob in blobs.items() if blob is None]
        measures.MISSING.set(len(missing))
        if missing and view.now < patience:
            return None
        if missing:
            _log.warning("updates not to be had in time", extra={"round": view.round, "positions": missing})
        samples = {position: each.samples for position, each in log.published.items()}
        judged = view.round, view.model, tuple(log.published.values()), tuple(missing)
        if self._judged is None or self._judged[0] != judged:
            with measures.JUDGING.time():
                found = learning.finding(blobs, samples, parent)
            self._judged = judged, bitmap(found.accepted)
            refused = {position: told(reason) for position, reason in sorted(found.reasons.items())}
            _log.info("judged", extra={"round": view.round, "ballot": f"{self._judged[1]:b}", "no": refused})
        self._artefacts.restore(log.published)
        return self._committer.ballot(view.round, self._judged[1])

    def ballot_opening(self, view: View, me: ClientView) -> tuple[int, bytes]:
        """Return ballot and salt that open the client's commitment.

        Raises:
            CommitmentLostError: When it was made with another key.
        """
        ballot = self._committer.ballot_of(view.round, me.content, view.published)
        if ballot is None:
            raise CommitmentLostError(
                f"round {view.round}: the ballot was committed to with other salts than this account's"
            )
        return ballot, self._committer.salts.ballot(view.round)

    def measure(self) -> None:
        """Tell what the cache takes."""
        try:
            measures.CACHE.set(self._artefacts.cached_bytes)
        except OffchainError:
            measures.CACHE.set(nan)  # Whoever needs the cache says what is wrong with it.

    def finish(self, seconds: float) -> None:
        """Wait, `seconds` at most for each, for what is on its way to the stores."""
        self._artefacts.finish(seconds)

    def _score(self, view: View, inclusion: Inclusion) -> None:
        """Tell how good the global model is on the client's validation rows, once for each model."""
        if self._learning is None or inclusion == self._scored:
            return
        self._scored = inclusion
        quality = self._learning.quality(self._lineage.latest.parameters)
        told = {name: round(value, 4) for name, value in quality.items()}
        _log.info("global model on own rows", extra={"round": view.round, "of": inclusion.round, **told})
        measures.MODEL_ROUND.set(inclusion.round)
        for name, value in quality.items():
            if name == "loss":
                measures.MODEL_LOSS.set(value)
            else:
                measures.MODEL_SCORE.labels(cleaned(name)).set(value)

    def _is_spent(self, view: View) -> bool:
        """Whether the client's updates of earlier rounds spent its ε; how much is told once a round."""
        plan = None if self._learning is None else self._learning.plan
        if plan is None:
            return False
        sent = self._sent_before(view.round)
        if self._counted != view.round:
            self._counted = view.round
            _tell_spent(plan, sent, view.round)
        return sent >= plan.privacy.updates

    def _sent_before(self, round_: int) -> int:
        """Updates that the client published: the chain counts them, so no restart forgets one."""
        earlier = [log for log in self._rounds() if log.number < round_]
        return sum(
            each.client == self._committer.client for log in earlier for each in log.published.values()
        )

    def _claimed(self, view: View, me: ClientView, root: bytes) -> int | None:
        """The sample count with which the client committed to `root`; None when it committed to another."""
        counts = (n for n in self._samples if self._committer.update(view.round, root, n) == me.content)
        return next(counts, None)

    def _require_learning(self, view: View) -> LocalLearning:
        if self._learning is None:
            raise CommitmentLostError(
                f"round {view.round}: its update is not in the cache, and without rows it is not made again; "
                "give --data, or --cache of the machine that committed, or its stake is lost"
            )
        return self._learning

    def _train(self, view: View) -> tuple[bytes, bytes]:
        learning, parent = self._require_learning(view), self._parent(view)
        if self._trained is None or self._trained[0] != (view.round, view.model):
            secret = self._committer.salts.training(view.round)
            noise = self._committer.salts.noise(view.round)
            with measures.TRAINING.time():
                data = to_bytes(learning.update(parent, view.round, secret, noise))
            self._trained = (view.round, view.model), (digest(data, learning.schema), data)
        return self._trained[1]

    def _parent(self, view: View) -> Parameters:
        """The global model that the open round builds on."""
        self._head(view)
        return self._lineage.latest.parameters

    def _head(self, view: View) -> Step:
        """The newest round that is final, checked; its model is the view's."""
        try:
            return self._checked(view)
        except LineageError:
            # Perhaps for want of logs.
            place = view.round, view.model
            if self._reread != place and self._reaches(view):
                self._reread = place
                self._history.forget()
            raise

    def _checked(self, view: View) -> Step:
        final = view.round if view.finalised else view.round - 1
        for checked in self._lineage.advance(self._rounds(), until=final):
            values = {
                "round": checked.number,
                "included": list(checked.included),
                "undecided": list(checked.undecided),
                "model": checked.model.hex(),
            }
            _log.info("round checked", extra=values)
        head = self._lineage.head
        if head.id != view.model:
            raise LineageError(
                f"the logs lead to global model {head.id.hex()}, the contract has {view.model.hex()}"
            )
        return head

    def _round(self, view: View) -> RoundLog | None:
        """The open round in the logs; None while they lag behind the view."""
        rounds = self._rounds()
        log = rounds[-1] if rounds and rounds[-1].number == view.round else None
        if log is None or len(log.published) < view.published.bit_count():
            if self._reaches(view):
                self._history.forget()
            return None
        return log

    def _reaches(self, view: View) -> bool:
        """Whether the logs go as far as the view: then a node left out what is not in them."""
        head = self._history.head
        return head is not None and head.number >= view.block.number

    def _rounds(self) -> list[RoundLog]:
        self._history.advance()
        try:
            return rounds_of(self._history.events)
        except LogsError:
            self._history.forget()
            raise


def _tell_spent(plan: Plan, sent: int, round_: int) -> None:
    spent = plan.spent(sent)
    measures.EPSILON.set(spent)
    told = {"round": round_, "updates": sent, "of": plan.privacy.updates, "epsilon": round(spent, 4)}
    _log.info("privacy spent by earlier updates", extra=told)
    if sent >= plan.privacy.updates:
        _log.warning(
            "no update is proposed: %s were sent, what --dp-updates allows; a proposer's seat now costs the "
            "deployment's absence_penalty, and --leave ends the membership",
            sent,
        )
