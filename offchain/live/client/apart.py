"""What a client computes, in a worker: code of others never runs in the process that has the key."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from ml.judging.findings import Finding
from ml.settings import AnyPolicy
from ml.training.private import Plan
from offchain.errors import WorkerError
from offchain.learning.apart import SLACK_BYTES, WHAT
from offchain.learning.common import Parameters
from offchain.learning.genesis import require_bound
from offchain.learning.voting import Sent
from offchain.live.client.apart_service import POLICY, Opening
from offchain.live.client.local_learning import Judged, LocalLearning, learning_of
from offchain.worker.limits import START_SECONDS
from offchain.worker.messages import Message
from offchain.worker.process import Worker

_START = "loading the task, reading the rows and trying both"
_SERVICE = "offchain.live.client.apart_service:opened"
_FINDING: TypeAdapter[Finding] = TypeAdapter(Finding)
_PLAN: TypeAdapter[Plan | None] = TypeAdapter(Plan | None)
_QUALITY: TypeAdapter[dict[str, float]] = TypeAdapter(dict[str, float])
_TOLD: TypeAdapter[list[str]] = TypeAdapter(list[str])


@dataclass(frozen=True)
class Limits:
    """What a worker may not exceed, and not see.

    Attributes:
        train: Seconds of one training.
        judge: Seconds of judging a round, or of scoring a model.
        start: Seconds of loading the task and its rows, and of trying both.
        hidden: Files and folders, such as the one of keys.
    """

    train: float
    judge: float
    start: float = START_SECONDS
    hidden: tuple[Path, ...] = ()


class LearningApart:
    """A worker's `LocalLearning`, with the same attributes; its answers are held to what they have to be.

    Args:
        opening: What the worker learns.
        limits: What it may take.

    Raises:
        OffchainError: What `learning_of` refuses; and when the worker ended, or took too long.
        MLError: Likewise.
    """

    def __init__(self, opening: Opening, limits: Limits) -> None:
        rules = opening.rules
        self.schema, self.policy, self.shadow = rules.schema_, rules.scoring.policy, opening.shadow
        self._limits = limits
        most = SLACK_BYTES + 4 * self.schema.size
        told = Message(opening.model_dump(mode="json"))
        self._worker = Worker(
            _SERVICE, told, WHAT, most, limits.start, limits.hidden, _START, "--start-seconds"
        )
        with _expected("its opening"):
            opened = self._worker.open()
            said = opened.values
            self.samples, self.plan = int(said["samples"]), _PLAN.validate_python(said["plan"])
            self.told = [*_TOLD.validate_python(said["told"]), _place_told(bool(self._worker.is_confined))]
            self.genesis = opened.arrays["genesis"]
            _require(self._is_model(self.genesis))
        require_bound(rules, self.genesis, "the worker's")

    def update(self, models: Sequence[Parameters], round_: int, secret: int, noise: bytes = b"") -> Sent:
        """Return what the client's rows make, in a round, of its base; see `LocalLearning`.

        Raises:
            SimulationError: When training diverged.
            WorkerError: When the worker ended, took too long, or answers no update.
        """
        about = {"round": round_, "secret": secret, "noise": noise.hex()}
        answer = self._asked("update", models, about, {}, "training", self._limits.train)
        with _expected("an update"):
            base, update = answer.values["base"], answer.arrays["update"]
            _require(self._is_model(update))
            return Sent(_place(base, models), update, bool(answer.values["shortened"]))

    def quality(self, model: Parameters) -> dict[str, float]:
        """Return a global model's scores by name, `loss` among them; see `LocalLearning`.

        Raises:
            WorkerError: When the worker ended, took too long, or answers no scores.
        """
        answer = self._asked("quality", [model], {}, {}, "scoring", self._limits.judge)
        with _expected("scores"):
            return _QUALITY.validate_python(answer.values["quality"])

    def judged(
        self,
        policy: AnyPolicy,
        blobs: Mapping[int, bytes | None],
        samples: Mapping[int, int],
        models: Sequence[Parameters],
    ) -> Judged:
        """Return what the client finds of updates by a policy; see `LocalLearning`.

        Raises:
            WorkerError: When the worker ended, took too long, or answers no finding on these updates.
        """
        arrays = {
            f"update {position}": np.frombuffer(blob, dtype=np.uint8)
            for position, blob in blobs.items()
            if blob is not None
        }
        about = {
            "policy": POLICY.dump_python(policy, mode="json"),
            "updates": list(blobs),
            "samples": dict(samples),
        }
        answer = self._asked("judged", models, about, arrays, "judging", self._limits.judge)
        with _expected("a finding"):
            finding = _FINDING.validate_python(answer.values["finding"])
            _require(sorted([*finding.accepted, *finding.reasons]) == sorted(blobs))
            return Judged(_place(answer.values["base"], models), finding)

    def _is_model(self, array: NDArray[Any]) -> bool:
        return array.dtype == np.int32 and array.shape == (self.schema.size,)

    def _asked(
        self,
        call: str,
        models: Sequence[Parameters],
        about: Mapping[str, Any],
        arrays: Mapping[str, NDArray[Any]],
        doing: str,
        seconds: float,
    ) -> Message:
        named = {f"model {place}": model for place, model in enumerate(models)}
        values = {"call": call, "models": len(models), **about}
        return self._worker.ask(Message(values, {**named, **arrays}), doing, seconds)


MemberLearning = LocalLearning | LearningApart
"""What a client computes on its own rows: here, or in a worker."""


def member_learning(opening: Opening, limits: Limits) -> MemberLearning:
    """Return what a client computes: in a worker where the task's code is not the project's.

    Raises:
        OffchainError: See `learning_of`; likewise MLError.
    """
    o = opening
    if o.data.here(o.folder).named(o.rules.task, o.rules.task_options).is_foreign:
        return LearningApart(opening, limits)
    return learning_of(o.rules, o.folder, o.data, o.training, o.device, o.shadow)


def _place_told(is_confined: bool) -> str:
    where = "the task's code runs in a process of its own, without this one's environment and memory; "
    if is_confined:
        return where + "network and keystore it does not see"
    return where + "this system gives no namespaces, so network and files of this user it does see: read it"


def _place(base: Any, models: Sequence[Parameters]) -> int:
    _require(isinstance(base, int) and 0 <= base < len(models))
    return int(base)


def _require(holds: bool) -> None:
    if not holds:
        raise ValueError("it is another's")


@contextmanager
def _expected(what: str) -> Iterator[None]:
    """Of a worker's answer: code of others may have written it."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise WorkerError(f"{WHAT} answers what is not {what}: the task's code must not do that") from error
