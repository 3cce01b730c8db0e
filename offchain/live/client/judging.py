"""A client's judgement of a round: its ballot by the deployment's policy, and another's beside it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ml.errors import MLError
from ml.judging.findings import told
from ml.judging.policy import name_of
from ml.settings import AnyPolicy
from offchain.errors import WorkerError
from offchain.live.client.apart import MemberLearning
from offchain.live.client.known_models import KnownModel
from offchain.live.watching.own_votes import Found, OwnVote, OwnVotes, found
from offchain.monitoring import measures

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Question:
    """What a round asks a voter.

    Attributes:
        round: The round.
        blobs: Bytes of published updates by seat position; None where they could not be had.
        samples: Their weights.
        models: What can be built on, oldest first.
    """

    round: int
    blobs: Mapping[int, bytes | None]
    samples: Mapping[int, int]
    models: Sequence[KnownModel]


class Judging:
    """One client's; what it finds is logged, and kept for its owner.

    Args:
        learning: The client's rows and policies.
        votes: Where its votes are kept.
    """

    def __init__(self, learning: MemberLearning, votes: OwnVotes) -> None:
        self._learning = learning
        self._votes = votes
        self._open: tuple[Question, OwnVote] | None = None  # What the shadow policy has still to be asked.

    def ballot(self, question: Question) -> int:
        """Return the client's ballot."""
        with measures.JUDGING.time():
            binding = self._found(self._learning.policy, question, "judged")
        vote = OwnVote(round=question.round, binding=binding)
        self._votes.keep(vote)
        self._open = question, vote
        return binding.ballot

    def beside(self) -> None:
        """Ask the shadow policy, if there is one, about what was voted on last; the ballot is on its way.

        Nothing follows from it, nor from its failure.
        """
        opened, self._open = self._open, None
        if opened is None or self._learning.shadow is None:
            return
        question, vote = opened
        try:
            shadow = self._found(self._learning.shadow, question, "judged in shadow")
        except (MLError, WorkerError) as error:
            _log.warning("the shadow policy found nothing: %s", error)
            return
        self._votes.keep(vote.model_copy(update={"shadow": shadow}))

    def _found(self, policy: AnyPolicy, question: Question, said: str) -> Found:
        models = question.models
        parameters = [model.parameters for model in models]
        judged = self._learning.judged(policy, question.blobs, question.samples, parameters)
        against = models[judged.base].round
        reasons = {position: told(each) for position, each in sorted(judged.finding.reasons.items())}
        made = found(name_of(policy), against, judged.finding)
        about = {"round": question.round, "against": against}
        _log.info(said, extra={**about, "ballot": f"{made.ballot:b}", "no": reasons})
        return made
