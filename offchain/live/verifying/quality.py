"""How good a verified model is on somebody's rows, by the deployment's task."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ml.judging.evaluation import Evaluation, Quality
from ml.tasks.federating import read_rows
from ml.updates.fixed_point import decode
from offchain.learning.describing import common_learning
from offchain.learning.description import Learning
from offchain.learning.finding import Here
from offchain.learning.member_rows import require_path
from offchain.live.verifying.lineage import GlobalModel
from offchain.live.verifying.verification import Verification


@dataclass(frozen=True)
class Scored:
    """How good a global model is on somebody's rows.

    Attributes:
        round: That the model was made in; 0 for the first one.
        rows: How many they are.
        quality: Scores, loss and the task's own figures by name.
    """

    round: int
    rows: int
    quality: Quality

    @property
    def told(self) -> str:
        """The scores in words."""
        return ", ".join(f"{name} {value:.4g}" for name, value in self.quality.items())


class Scorer:
    """Somebody's rows, made ready to score any number of models.

    Attributes:
        rows: How many there are.
        said: What became of those of the file.

    Args:
        learning: The deployment's rules.
        here: Where its task is.
        path: The rows, as the task reads them.

    Raises:
        SettingsError: When there is no such file, or the task is not the deployment's.
        MLError: When the rows cannot be read or scored.
    """

    def __init__(self, learning: Learning, here: Here, path: Path) -> None:
        task, common = common_learning(learning, here)
        require_path(task, path)
        rows = read_rows(task, path)
        self.rows, self.said = len(rows), rows.said
        self._evaluation = Evaluation(rows.inputs, rows.targets, common.learner)

    def scored(self, model: GlobalModel) -> Scored:
        """Return how good a model is, with what it was tried on."""
        return Scored(model.round, self.rows, self.quality(model))

    def quality(self, model: GlobalModel) -> Quality:
        """Return a model's scores, loss and the task's own figures."""
        return self._evaluation.quality(decode(model.parameters))


class NewestScores:
    """How good the newest global model is, asked again and again; computed when there is another.

    Args:
        begin: Begins to verify the lineage.
        scorer: Of somebody's rows.
    """

    def __init__(self, begin: Callable[[], Verification], scorer: Scorer) -> None:
        self._begin = begin
        self._scorer = scorer
        self._known: tuple[bytes, Scored] | None = None

    def of(self, model: bytes) -> Scored:
        """Return the scores of the newest model, which had the id `model` a moment ago.

        Raises:
            LineageError: When the lineage does not lead to it.
        """
        if self._known is None or self._known[0] != model:
            verification = self._begin()
            fault = verification.run()
            if fault is not None:
                raise fault
            self._known = verification.head.id, self._scorer.scored(verification.model)
        return self._known[1]
