"""In a worker: a client's rows and what it computes, of a task whose code is not the project's."""

from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, TypeAdapter

from ml.settings import AnyPolicy
from offchain.learning.description import Learning
from offchain.live.client.local_learning import LocalLearning, learning_of
from offchain.live.client.own_data import DataOptions
from offchain.worker.messages import Message

POLICY: TypeAdapter[Any] = TypeAdapter(AnyPolicy)


class Opening(BaseModel):
    """What `learning_of` takes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: Learning
    folder: Path
    data: DataOptions
    training: dict[str, Any]
    device: str
    shadow: AnyPolicy | None


class LearningService:
    """Answers by a `LocalLearning`: how an update is made, how good a model is, what of updates is found.

    Attributes:
        opened: What the client has to know of it.
    """

    def __init__(self, learning: LocalLearning) -> None:
        self._learning = learning
        plan = None if learning.plan is None else vars(learning.plan)
        self.opened = Message(
            {"samples": learning.samples, "told": learning.told, "plan": plan}, {"genesis": learning.genesis}
        )

    def answer(self, asked: Message) -> Message:
        """Return the answer to a question; `offchain.live.client.apart` asks."""
        models = [asked.arrays[f"model {place}"] for place in range(asked.values["models"])]
        return {"update": self._update, "quality": self._quality, "judged": self._judged}[
            asked.values["call"]
        ](asked, models)

    def _update(self, asked: Message, models: list[Any]) -> Message:
        noise = bytes.fromhex(asked.values["noise"])
        sent = self._learning.update(models, asked.values["round"], asked.values["secret"], noise)
        return Message({"base": sent.base, "shortened": sent.shortened}, {"update": sent.update})

    def _quality(self, asked: Message, models: list[Any]) -> Message:
        return Message({"quality": self._learning.quality(models[0])})

    def _judged(self, asked: Message, models: list[Any]) -> Message:
        samples = {int(position): count for position, count in asked.values["samples"].items()}
        blobs = {place: _bytes(asked.arrays.get(f"update {place}")) for place in asked.values["updates"]}
        policy = POLICY.validate_python(asked.values["policy"])
        judged = self._learning.judged(policy, blobs, samples, models)
        finding = judged.finding
        reasons = {position: vars(reason) for position, reason in finding.reasons.items()}
        told = {"accepted": finding.accepted, "reasons": reasons, "scorings": finding.scorings}
        return Message({"base": judged.base, "finding": told})


def opened(opening: Message) -> LearningService:
    """Return the service of an `Opening`.

    Raises:
        OffchainError: See `learning_of`; likewise MLError.
    """
    o = Opening.model_validate(opening.values)
    return LearningService(learning_of(o.rules, o.folder, o.data, o.training, o.device, o.shadow))


def _bytes(array: Any) -> bytes | None:
    return None if array is None else np.asarray(array).tobytes()
