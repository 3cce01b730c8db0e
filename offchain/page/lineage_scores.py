"""How good a deployment's global models were, round by round, on rows that everyone may know."""

from collections.abc import Callable, Mapping

from offchain.live.verifying.lineage import GlobalModel
from offchain.live.verifying.verification import Verification


def lineage_scores(
    verification: Verification, quality: Callable[[GlobalModel], Mapping[str, float]]
) -> Mapping[int, Mapping[str, float]]:
    """Verify a lineage and return the scores of each round's global model by name.

    A round that included nothing has its parent's scores; before the first inclusion there are none.

    Args:
        verification: That did not run yet.
        quality: Scores a model, on rows of somebody's.

    Raises:
        LineageError: When something does not fit.
    """
    found: dict[int, Mapping[str, float]] = {}

    def score(model: GlobalModel) -> None:
        found[model.round] = dict(quality(model))

    verification.on_model = score
    fault = verification.run()
    if fault is not None:
        raise fault
    return found
