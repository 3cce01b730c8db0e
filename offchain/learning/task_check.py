"""A task tried on a member's rows before anyone stakes: what it is, what it costs, what it can tell apart."""

from collections.abc import Iterator
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.rows import Inputs, Targets, head, length, shape_of
from ml.data.splits import ClientData
from ml.judging.calibration import contrast_shown, least_rise, warnings
from ml.judging.constants import constant_loss, searched_constant_loss
from ml.judging.evidence import Evidence
from ml.judging.policy import DEFAULT, NAMED
from ml.judging.scoring import ValidationSets
from ml.messages import counted
from ml.settings import ScoringSettings, TrainingSettings
from ml.tasks.targets import Classes, Labels, Numbers, is_known
from ml.tasks.task import Task
from ml.training import Learner, TrainingJob, make_learner
from ml.training.checks import check_learner, outputs_of
from ml.training.trainers import trainer_of
from ml.updates.fixed_point import decode, encode, encode_named
from offchain import memory
from offchain.learning.catalogue import Sample
from offchain.learning.common import CommonLearning
from offchain.learning.describing import training_of
from offchain.learning.genesis import repeated_genesis
from offchain.learning.voting import Voters

_SOME = 128  # Rows whose outputs a search for the best constant begins with.


def page(sample: Sample, train: str | None = None) -> Iterator[tuple[str, str]]:
    """Yield name and text of each line; what fails is raised where a client's start would raise it.

    Raises:
        MLError: When nobody could judge by the task, or its code fails.
    """
    rows, task = sample.rows, sample.task
    yield "task", f"{sample.named.name}, digest 0x{sample.named.digest.hex()}"
    trainer, settings = trainer_of(task, train), training_of(task)
    learner = make_learner(task, shape_of(rows.X_train), shape_of(rows.y_train), trainer=trainer)
    yield "target", f"{task.target}; rows {learner.row_shape}, targets {learner.label_shape}"
    yield "update", f"{learner.schema.size:,} parameters, {4 * learner.schema.size:,} bytes"
    for sentence in sample.told:
        yield "file", sentence
    yield "rows", f"{length(rows.y_train)} to train on, {length(rows.y_validation)} to judge by"
    yield "targets", _balance(task.target, rows.y_train)
    genesis = decode(repeated_genesis(learner, sample.seed))
    checked = check_learner(learner, genesis, rows.X_train, rows.y_train)
    yield "start checks", "losses finite, at least 0, of their row only, the same each time"
    yield "training twice", "the same bytes" if checked.repeats else "OTHER bytes: the cache must be kept"
    yield from _learned(learner, genesis, rows, sample, settings)


def _is_probability(learner: Learner, task: Task, model: NDArray[np.float32], X: Inputs, y: Targets) -> bool:
    """Whether outputs that should be logits lie as probabilities do."""
    if type(task).losses is not Task.losses or not isinstance(task.target, Labels | Classes):
        return False
    found = np.asarray(outputs_of(learner, model, X, y))
    return bool(((found > 0) & (found < 1)).all())


def _learned(
    learner: Learner,
    genesis: NDArray[np.float32],
    rows: ClientData,
    sample: Sample,
    settings: TrainingSettings,
) -> Iterator[tuple[str, str]]:
    """What one training makes of the first model, and how long that and a judgement take."""
    validation = ValidationSets([(rows.X_validation, rows.y_validation)], learner, sample.metric)
    job = TrainingJob(rows.X_train, rows.y_train, sample.seed)
    started = perf_counter()
    (trained,) = learner.train(genesis, [job], settings)
    training = perf_counter() - started
    encode_named(trained, learner.schema, "a model after training")  # Raises what it cannot hold.
    started = perf_counter()
    (before,), (after,) = validation.losses(genesis, [0]), validation.losses(trained, [0])
    judging = (perf_counter() - started) / 2
    constant = _constant(learner, genesis, rows, sample.task)
    beside = "" if constant is None else f"; of the best constant {constant:.4f}"
    passes = counted(settings.local_epochs, "epoch")
    yield "loss", f"genesis {before.mean():.4f}, after {passes} {after.mean():.4f}{beside}"
    scores = [float(validation.scores(model, [0])[0]) for model in (genesis, trained)]
    yield sample.metric, "genesis {}, after {}".format(*map(_shown, scores))
    yield "seconds", f"{training:.2f} to train, {judging:.3f} to judge a model"
    yield "memory", f"{memory.peak() >> 20:,} MiB at most by now, libraries and rows included"
    knows = None if constant is None else constant - float(after.mean())
    yield from _told_apart(sample, genesis, trained, settings, knows)
    some = head(rows.X_train, _SOME), head(rows.y_train, _SOME)
    if all(_is_probability(learner, sample.task, model, *some) for model in (genesis, trained)):
        yield (
            "note",
            "the module's outputs lie as probabilities do, and the loss takes logits: leave out its last "
            "sigmoid or softmax",
        )


def _shown(score: float) -> str:
    """A score, and a likelihood that a loss of one's own makes tiny, in three digits.

    >>> _shown(0.5472), _shown(1.0), _shown(5.73e-6)
    ('0.547', '1.000', '5.73e-06')
    """
    return f"{score:.3f}" if score >= 0.001 or not score else f"{score:.3g}"


def _told_apart(
    sample: Sample,
    genesis: NDArray[np.float32],
    trained: NDArray[np.float32],
    settings: TrainingSettings,
    knows: float | None,
) -> Iterator[tuple[str, str]]:
    """What a vote on these rows finds of a trained model's change by the default policy."""
    voter = _voter(sample, genesis, settings)
    evidence = _seen(voter, trained)
    now, (made,) = evidence.current, evidence.at(0.5)
    finds = least_rise(made.losses[0] - now.losses[0])
    yield (
        "can tell apart",
        f"a rise of loss of {finds:.4f}, nine times in ten, on {len(now.losses[0])} rows at half a step",
    )
    if knows is not None:
        yield "knows", f"{knows:.4f} beyond the best constant after this little; see `ape run calibrate`"
    # Of a model that has learned, a flip takes back far more than one's own change adds.
    shown = contrast_shown(NAMED[DEFAULT], [_seen(voter, genesis)])
    for warning in warnings(NAMED[DEFAULT], knows, finds, shown=shown):
        yield "note", warning


def _voter(sample: Sample, genesis: NDArray[np.float32], settings: TrainingSettings) -> Voters:
    rows = sample.rows
    judging = make_learner(sample.task, shape_of(rows.X_train), shape_of(rows.y_train))
    common = CommonLearning(judging, encode(genesis), ScoringSettings(policy=DEFAULT, metric=sample.metric))
    return Voters(common, [rows], sample.task, settings, sample.seed)


def _seen(voter: Voters, model: NDArray[np.float32]) -> Evidence:
    """What the member's vote sees of what its own rows make of a model."""
    policy, parent = NAMED[DEFAULT], encode(model)
    own = encode(voter.references(policy, parent, [0])[0])
    return voter.evidence(policy, {0: own}, parent, [0])


def _constant(learner: Learner, genesis: NDArray[np.float32], rows: ClientData, task: Task) -> float | None:
    """What the best constant loses: known of a frame's losses, searched for under a task's own."""
    known = constant_loss(task, rows.y_train, rows.y_validation)
    if known is not None:
        return known
    outputs = outputs_of(learner, genesis, head(rows.X_train, _SOME), head(rows.y_train, _SOME))
    return searched_constant_loss(task, outputs, rows.y_train, rows.y_validation)


def _balance(target: Any, y: Targets) -> str:
    if isinstance(target, Labels):
        share = np.nanmean(np.asarray(y), axis=0).reshape(-1)
        labels = [f"{name} " for name in target.names] if target.names else [""] * len(share)
        return "positive " + ", ".join(f"{name}{part:.1%}" for name, part in zip(labels, share, strict=True))
    if isinstance(target, Classes):
        flat = np.asarray(y)
        counts = np.bincount(flat[is_known(flat)].ravel(), minlength=target.count)
        names = target.names or [f"class {k}" for k in range(target.count)]
        return ", ".join(
            f"{name} {part:.1%}" for name, part in zip(names, counts / counts.sum(), strict=True)
        )
    if isinstance(target, Numbers):
        flat = np.asarray(y)
        return f"mean {np.nanmean(flat):.3f}, deviation {np.nanstd(flat):.3f}"
    return "of the task's own kind"
