"""The learners by the names of the paper's tables, and ours; the colour of each."""

from collections.abc import Mapping

from ml.settings import ScorePolicy

WITH_MAL, WITH_BLOCK, OURS, WITHOUT_MAL, CENTRAL = (
    "FedAvg w/ mal",
    "FedAvg w/ block",
    "verdict",
    "FedAvg w/o mal",
    "Oracle",
)

NAMES: Mapping[ScorePolicy, str] = {"aggregate": WITH_BLOCK, "verdict": OURS}

COLOUR_OF: Mapping[str, str] = {
    WITH_MAL: "#c8442f",
    WITH_BLOCK: "#2a6fbb",
    OURS: "#3c8d5a",
    WITHOUT_MAL: "#8a8a8a",
    CENTRAL: "#d99a2b",
}
