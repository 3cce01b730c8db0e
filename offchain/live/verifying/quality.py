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


def quality_on(model: GlobalModel, learning: Learning, here: Here, path: Path) -> tuple[int, Quality]:
    """Return how many rows there are, and a model's scores, loss and the task's own figures on them.

    Raises:
        SettingsError: When there is no such file, or the task is not the deployment's.
        MLError: When the rows cannot be read or scored.
    """
    task, common = common_learning(learning, here)
    require_path(task, path)
    rows = read_rows(task, path)
    quality = Evaluation(rows.inputs, rows.targets, common.learner).quality(decode(model.parameters))
    return len(rows), quality
