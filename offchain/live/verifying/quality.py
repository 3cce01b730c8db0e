"""How good a verified model is on somebody's rows, by the deployment's task."""

from pathlib import Path

from ml.judging.evaluation import Evaluation, Quality
from ml.tasks.federating import read_rows
from ml.updates.fixed_point import decode
from offchain.learning.describing import common_learning
from offchain.learning.description import Learning
from offchain.learning.finding import Here
from offchain.learning.member_rows import require_path
from offchain.live.verifying.lineage import GlobalModel


class Scorer:
    """Somebody's rows, made ready to score any number of models.

    Attributes:
        rows: How many there are.

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
        self.rows = len(rows)
        self._evaluation = Evaluation(rows.inputs, rows.targets, common.learner)

    def quality(self, model: GlobalModel) -> Quality:
        """Return a model's scores, loss and the task's own figures."""
        return self._evaluation.quality(decode(model.parameters))
