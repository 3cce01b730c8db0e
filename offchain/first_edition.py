"""Settings as the first edition wrote them: read as today's, and told again for the runs kept under them.

Frozen: files, run folders and kept runs of that edition mean what its names and defaults meant. Nothing new
is added here.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

OPTIONS = ("features", "model", "image_size", "hidden", "cache")
"""What was a setting and is an option of those tasks that have one of the name."""

SHORT = ("features", "model", "image_size")
"""Those that the command line took."""

ENCODED = "lending-club"
"""The task whose encoding was written by a command that named none."""

DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "clients": 50,
        "malicious": 0.3,
        "malicious_voters": 0.0,
        "rounds": 100,
        "policy": "verdict",
        "attack": "label-flip",
        "dataset": "loans",
        "features": "application",
        "model": "mlp",
        "image_size": 64,
        "shares": "iid",
        "metric": "accuracy",
        "proposer_stake": 8,
        "voter_stake": 8,
        "tolerance": 0.05,
        "local_epochs": 1,
        "relay": False,
        "seed": 0,
        "device": "cpu",
        "threads": None,
        "hidden": 128,
        "initial_balance": 64,
        "proposer_bps": 1000,
        "voter_seats": None,
        "rows": None,
        "dirichlet_alpha": 0.5,
        "test_rows": 20_000,
        "batch": 128,
        "learning_rate": 1e-3,
        "divergence_weight": 1e-3,
        "baselines": True,
        "oracle": False,
    }
)
"""Its settings that a run's numbers follow from, with their defaults."""

_IMAGES: Mapping[str, Any] = {"model": "cnn", "shares": "dirichlet", "metric": "auroc"}
_BY_DATASET: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "loans": {},
        "lending-club": {"metric": "auroc"},
        "chest-xray": {**_IMAGES, "batch": 256},
        "digits": {**_IMAGES, "image_size": 16, "batch": 32, "local_epochs": 2},
    }
)
_OPTIONS_OF: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "loans": ("hidden", "rows"),
        "lending-club": ("features", "hidden"),
        "chest-xray": ("model", "image_size", "cache", "rows"),
        "digits": ("model", "image_size", "rows"),
    }
)


def read(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings by name as today's, of a mapping that may use the first edition's names.

    `dataset` is the task. What was a setting of some data sets goes to the options of the task; it is dropped
    where it is what that edition wrote for a data set that had no use for it.

    Raises:
        ValueError: When two names of one thing say different things.
    """
    given = dict(values)
    if "dataset" in given:
        dataset = given.pop("dataset")
        if given.setdefault("task", dataset) != dataset:
            raise ValueError(f"dataset is the former name of task: it is {dataset}, and task {given['task']}")
        given.setdefault("policy", DEFAULTS["policy"])  # It has another default since.
    task = given.get("task", DEFAULTS["dataset"])
    options = {}
    for name in (*OPTIONS, "rows"):
        has = name in _OPTIONS_OF.get(str(task), ())
        if name not in given or (name == "rows" and not has):
            continue
        value = given.pop(name)
        if name == "cache" and not has and task in _BY_DATASET:
            continue  # Where images are resized to; a data set that has none took it as well.
        if has or task not in _BY_DATASET or value != _default(task, name):
            options[name] = value
    if options:
        more = given.get("task_options", {})
        given["task_options"] = {**options, **more} if isinstance(more, Mapping) else more
    return given


def told(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of today's settings is not that edition's default, under its names, as JSON has it.

    Args:
        values: All of a run's settings as JSON has them; `task` one of that edition's.
    """
    given = dict(values)
    dataset, options = given.pop("task"), dict(given.pop("task_options"))
    for name in ("features", "model", "image_size", "hidden", *(["rows"] if "rows" in options else ())):
        given[name] = options.pop(name, _default(dataset, name))
    options.pop("cache", None)
    given |= {"dataset": dataset, **options}
    return {name: value for name, value in given.items() if name in DEFAULTS and value != DEFAULTS[name]}


def _default(dataset: str, name: str) -> Any:
    return {**DEFAULTS, **_BY_DATASET[dataset]}.get(name)
