"""What a seat asks of a client: an update to commit to and open, a ballot to commit to and open."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import nan

from ml.errors import MLError
from ml.messages import cleaned
from ml.training.private import Plan
from ml.updates.canonical import digest, to_bytes
from offchain.errors import LineageError, OffchainError, RestingError, WorkerError
from offchain.live.client.apart import MemberLearning
from offchain.live.client.artefacts import ClientArtefacts
from offchain.live.client.commitments import Committer
from offchain.live.client.judging import Judging, Question
from offchain.live.client.known_models import Awaited, Known, KnownModel, KnownModels
from offchain.live.client.resting import Rest
from offchain.live.errors import CommitmentLostError, LogsError
from offchain.live.verifying.lineage import Lineage
from offchain.live.watching.decisions import Inclusion
from offchain.live.watching.history import History
from offchain.live.watching.own_votes import OwnVotes
from offchain.live.watching.rounds import RoundLog, rounds_of, sent_by
from offchain.live.watching.view import ClientView, View
from offchain.monitoring import measures
from offchain.reference import Phase, Seat

_log = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 15
"""Between two questions for bytes that nobody had; what a store gets that was asked late, at most."""

Place = tuple[int, bytes]
"""A round, and the global model that it builds on."""


@dataclass(frozen=True)
class Update:
    """An update as it is committed to and shown."""

    root: bytes
    data: bytes


class RoundWork:
    """One client's work in its seats.

    Everything in it can be made again from the chain, the stores, the client's rows and its key.

    Attributes:
        looks_again_at: When it asks again for bytes that nobody had, Unix time of the chain; None while all
            are there or some are coming.

    Args:
        history: The round manager's events.
        lineage: The global models.
        memory: How many of the last inclusions the rules count.
        learning: The client's rows and what it computes; None for one that leaves without its rows.
        artefacts: Its cache and the stores.
        committer: Its commitments.
        samples: Sample counts that it may have claimed; the first is the one that it claims.
        votes: Where it keeps what it found.
    """

    def __init__(
        self,
        history: History,
        lineage: Lineage,
        memory: int,
        learning: MemberLearning | None,
        artefacts: ClientArtefacts,
        committer: Committer,
        samples: Sequence[int],
        votes: OwnVotes,
    ) -> None:
        self._history = history
        self._lineage = lineage
        self._known = KnownModels(lineage, artefacts, memory)
        self._learning = learning
        self._judging = None if learning is None else Judging(learning, votes)
        self._artefacts = artefacts
        self._committer = committer
        self._samples = samples
        self._shown: set[int] = set()
        self._caught_up: Place | None = None
        self.looks_again_at: int | None = None
        self._is_coming = False
        self._reread: Place | None = None  # For which logs were read again.
        self._scored: Inclusion | None = None
        self._counted = 0  # The round for which spent privacy was told.
        # What was computed last: asked for again when a transaction was not mined, or waits at a relay.
        self._trained: tuple[Place, Update] | None = None
        self._judged: tuple[object, int] | None = None
        self._remade: dict[tuple[Place, int], bytes] = {}  # Roots by place and round of the base.
        self._at_hand: Inclusion | None = None
        # A phase that was looked at late, and until when what comes is awaited in it.
        self._late: tuple[tuple[int, Phase], int] | None = None
        self._rest = Rest()

    def catch_up(self, view: View) -> None:
        """Begin to fetch what the last models are made of, so that no seat has to wait for them.

        Whatever keeps it from that is told again by the seat that needs a model.
        """
        place = _place(view)
        is_due = self.looks_again_at is not None and view.now >= self.looks_again_at
        if not (is_due or self._is_coming or self._caught_up != place):
            return
        self._caught_up, self.looks_again_at, self._is_coming = place, view.now + LOOK_AGAIN_SECONDS, False
        try:
            self._check(view)
            known = self._known.gather(again=is_due)
            self._is_coming = bool(known.coming)
            if self._is_coming or not known.missing:
                self.looks_again_at = None
            if not self._is_coming:
                self._artefacts.prune(self._rounds(), self._known.needed())
                self._tell(view, known)
                self._score(view, known.there[0])
        except OffchainError as error:
            _log.info("the global model cannot be fetched yet: %s", error)

    def update_commitment(self, view: View, patience: int) -> bytes | None:
        """Return the 24 bytes with which the client proposes, of an update that it keeps by now.

        None while models to train from are missing until `patience`, and when its updates have spent the ε
        that its owner set: another would give away more.
        """
        if self._is_spent(view):
            return None
        update = self._train(view, patience)
        if update is None:
            return None
        self._artefacts.keep(view.round, update.root, update.data)
        return self._committer.update(view.round, update.root, self._samples[0])

    def update_opening(self, view: View, me: ClientView, patience: int) -> tuple[bytes, int, bytes] | None:
        """Return root, sample count and salt that open the client's commitment.

        None while models that it may have been trained from are missing until `patience`.

        Raises:
            CommitmentLostError: When neither the cache nor training has the update.
        """
        kept = self._artefacts.kept(view.round)
        samples = self._claimed(view, me, kept[0]) if kept else None
        if kept is None or samples is None:
            models = self._models(view, patience)
            if models is None:
                return None
            made = self._made_again(view, models, lambda root: self._claimed(view, me, root) is not None)
            samples = self._claimed(view, me, made.root) if made else None
            if made is None or samples is None:
                raise CommitmentLostError(
                    f"round {view.round}: training here comes to another update than the one committed to; "
                    "bring the cache folder of the machine that committed, or its stake is lost"
                )
            kept = made.root, made.data
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
        data = self._artefacts.get(own.root) or self._made_for_show(view, own.root)
        if data is not None and self._artefacts.show(own.root, data):
            _log.info("update shown", extra={"round": view.round, "artefact": own.root.hex()})
            self._shown.add(view.round)

    def is_settled(self, view: View, me: ClientView) -> bool:
        """Whether nothing is on its way from or to the stores that a later look would ask about."""
        shown = view.finalised or view.seat_of(me) is not Seat.PUBLISHED or view.round in self._shown
        waits = self._learning is not None and (self._is_coming or self._caught_up != _place(view))
        return shown and not waits

    def collect(self, view: View) -> None:
        """Begin to fetch what was published so far."""
        if log := self._round(view):
            self._artefacts.collect(log.published)

    def ballot_commitment(self, view: View, patience: int) -> bytes | None:
        """Return the 24 bytes with which the client votes.

        None while updates, or models to compare them with, are missing until `patience`.
        """
        log = self._round(view)
        if log is None:
            return None
        models, blobs = self._models(view, patience), self._artefacts.collect(log.published)
        missing = [position for position, blob in blobs.items() if blob is None]
        measures.MISSING.set(len(missing))
        if models is None or (missing and self._awaited(view, patience) is not Awaited.NOTHING):
            return None
        if missing:
            _log.warning("updates not to be had in time", extra={"round": view.round, "positions": missing})
        judged = *_place(view), tuple(log.published.values()), tuple(missing)
        if self._judged is None or self._judged[0] != judged:
            self._judged = judged, self._judge(view, log, blobs, models)
        self._artefacts.restore(log.published)
        return self._committer.ballot(view.round, self._judged[1])

    def judge_beside(self) -> None:
        """Ask the client's shadow policy about what it has just voted on."""
        if self._judging is not None:
            self._judging.beside()

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

    def _tell(self, view: View, known: Known) -> None:
        """Say that the global model is there, once for each."""
        if known.newest in known.there and known.newest != self._at_hand:
            self._at_hand = known.newest
            _log.info("global model at hand", extra={"round": view.round, "of": known.newest.round})

    def _score(self, view: View, inclusion: Inclusion) -> None:
        """Tell how good the global model is on the client's validation rows, once for each model."""
        if self._learning is None or inclusion == self._scored:
            return
        self._scored = inclusion
        try:
            with self._rest.between(_seconds_of_use(view)):
                quality = self._learning.quality(self._lineage.model(inclusion))
        except (WorkerError, MLError) as error:
            _log.warning("the global model is not scored: %s", error)
            return
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
        return sent_by(self._committer.client, (log for log in self._rounds() if log.number < round_))

    def _claimed(self, view: View, me: ClientView, root: bytes) -> int | None:
        """The sample count with which the client committed to `root`; None when it committed to another."""
        counts = (n for n in self._samples if self._committer.update(view.round, root, n) == me.content)
        return next(counts, None)

    def _train(self, view: View, patience: int) -> Update | None:
        """The client's update; None while models are missing until `patience`."""
        place = _place(view)
        if self._trained is None or self._trained[0] != place:
            models = self._models(view, patience)
            if models is None:
                return None
            self._trained = place, self._trained_from(view, models)
        return self._trained[1]

    def _made_again(
        self, view: View, models: Sequence[KnownModel], is_wanted: Callable[[bytes], bool]
    ) -> Update | None:
        """The update whose root is wanted, of whichever model it was trained from; None when it is of none.

        After a restart others may be there than when it was committed to.
        """
        place = _place(view)
        self._remade = {key: root for key, root in self._remade.items() if key[0] == place}
        for model in reversed(models):
            known = self._remade.get((place, model.round))
            if known is None or is_wanted(known):
                made = self._trained_from(view, [model])
                self._remade[place, model.round] = made.root
                if is_wanted(made.root):
                    return made
        return None

    def _made_for_show(self, view: View, root: bytes) -> bytes | None:
        """See `_own_again`; what else there is to do, such as to open a ballot, does not wait for it."""
        try:
            return self._own_again(view, root)
        except RestingError:
            return None
        except (WorkerError, MLError) as error:
            _log.warning("the update is not shown, and cannot be made again: %s", error)
            return None

    def _own_again(self, view: View, root: bytes) -> bytes | None:
        """The bytes of one's published update, trained again where this machine lacks them."""
        if self._learning is None:
            return None  # It is leaving without rows, and has nothing to show.
        models = self._models(view, view.patience(Phase.VOTE))
        made = self._made_again(view, models, lambda found: found == root) if models else None
        return made.data if made else None

    def _trained_from(self, view: View, models: Sequence[KnownModel]) -> Update:
        if self._learning is None:
            raise _without_rows(view)
        learning, salts = self._learning, self._committer.salts
        secret, noise = salts.training(view.round), salts.noise(view.round)
        with self._rest.between(_seconds_of_use(view)), measures.TRAINING.time():
            sent = learning.update([model.parameters for model in models], view.round, secret, noise)
        if sent.shortened:
            _log.info("update shortened: it went further than voters would let it")
        _log.info("trained", extra={"round": view.round, "from": models[sent.base].round})
        data = to_bytes(sent.update)
        return Update(digest(data, learning.schema), data)

    def _judge(
        self,
        view: View,
        log: RoundLog,
        blobs: Mapping[int, bytes | None],
        models: Sequence[KnownModel],
    ) -> int:
        """The client's ballot."""
        if self._judging is None:
            raise _without_rows(view)
        samples = {position: each.samples for position, each in log.published.items()}
        with self._rest.between(_seconds_of_use(view)):
            return self._judging.ballot(Question(view.round, blobs, samples, models))

    def _models(self, view: View, patience: int) -> list[KnownModel] | None:
        """What the open round can build on, oldest first; None while others are missing until `patience`."""
        self._check(view)
        return self._known.models(self._awaited(view, patience))

    def _awaited(self, view: View, patience: int) -> Awaited:
        """What a seat waits for: after `patience` only what comes, and soon.

        Who looks late for the first time, after a restart perhaps, has asked no store before, and would go on
        without what all others have.
        """
        if view.now < patience:
            return Awaited.NEWEST
        phase = view.round, view.phase
        if self._late is None or self._late[0] != phase:
            self._late = phase, view.now + min(LOOK_AGAIN_SECONDS, (view.time_left or 0) // 2)
        return Awaited.COMING if view.now < self._late[1] else Awaited.NOTHING

    def _check(self, view: View) -> None:
        """Check the rounds that are final; the newest one's model is the view's.

        Raises:
            LineageError: When something does not fit.
        """
        try:
            self._advance(view)
        except LineageError:
            # Perhaps for want of logs.
            place = _place(view)
            if self._reread != place and self._reaches(view):
                self._reread = place
                self._history.forget()
            raise

    def _advance(self, view: View) -> None:
        final = view.round if view.finalised else view.round - 1
        for checked in self._lineage.advance(self._rounds(), until=final):
            values = {
                "round": checked.number,
                "included": list(checked.included),
                "undecided": list(checked.undecided),
                "model": checked.model.hex(),
            }
            _log.info("round checked", extra=values)
        self._lineage.require_model(view.model)

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


def _seconds_of_use(view: View) -> float | None:
    """For which an answer of the task's code is waited for in this phase; None where nothing waits."""
    deadline = view.deadline(view.phase)
    if deadline is None or view.phase is Phase.REVEAL:
        return None
    until = view.patience(view.phase)
    return max(0, (until if view.now < until else deadline) - view.now)


def _without_rows(view: View) -> CommitmentLostError:
    return CommitmentLostError(
        f"round {view.round}: its update is not in the cache, and without rows it is not made again; "
        "give --data, or --cache of the machine that committed, or its stake is lost"
    )


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


def _place(view: View) -> Place:
    return view.round, view.model
