"""Training with clipped gradients and noise: DP-SGD (Abadi et al. 2016), by Opacus.

Each row's gradient is cut down to a norm, noise of that size is added to their sum, and an accountant tells
what all steps together can give away of any one row. Rows of a step are drawn each by itself, as the
accountant assumes, rather than from a permutation.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from ml.data.rows import Rows, batch
from ml.errors import TrainingError
from ml.models.module_state import mixes_rows
from ml.settings import PrivacySettings, TrainingSettings
from ml.tasks.batches import as_tensors
from ml.tasks.context import Context
from ml.tasks.task import Task
from ml.training.secret_draws import SecretDraws

_MOST_NUMBERS = 2**25
"""In the gradients of rows that are held at once, 128 MB."""


def require_opacus() -> None:
    """Raise TrainingError where Opacus is not installed."""
    try:
        import opacus  # noqa: F401
    except ImportError as error:
        raise TrainingError(
            "training with --dp-epsilon needs Opacus, which is not installed: .venv/bin/python -m pip "
            "install --no-deps --require-hashes --requirement requirements-privacy.txt"
        ) from error


@dataclass(frozen=True)
class Plan:
    """What one client's training takes to stay within its ε.

    Attributes:
        privacy: What it is to stay within.
        rate: Probability with which a step draws a row.
        steps: Of one update.
        noise: Deviation of the noise of a step, as a multiple of the clipping norm.
    """

    privacy: PrivacySettings
    rate: float
    steps: int
    noise: float

    def spent(self, updates: int) -> float:
        """Return ε, at the plan's δ, of so many updates."""
        return _epsilon(self, updates) if updates else 0.0

    @property
    def told(self) -> str:
        """The plan in a sentence."""
        p = self.privacy
        return (
            f"updates are trained with noise: ε at most {p.epsilon:g} at δ {p.delta:g} for {p.updates} of "
            f"them, by noise of {self.noise:.3g} × the clipping norm {p.clip:g} in each of {self.steps} "
            "steps an update"
        )


@cache
def plan_of(privacy: PrivacySettings, rows: int, training: TrainingSettings) -> Plan:
    """Return how `rows` rows are trained on within an ε.

    Steps are as many as without, of as many rows on average.

    Raises:
        TrainingError: When Opacus is missing, δ is no smaller than a row's share, or ε is too small.
    """
    require_opacus()
    if privacy.delta * rows >= 1:
        raise TrainingError(
            f"--dp-delta is {privacy.delta:g}, and one of {rows} rows could be given away whole within it; "
            f"expected less than 1/{rows}"
        )
    from opacus.accountants.utils import get_noise_multiplier

    rate, steps = min(1.0, training.batch / rows), training.steps(rows)
    try:
        with _quiet():
            noise = get_noise_multiplier(
                target_epsilon=privacy.epsilon,
                target_delta=privacy.delta,
                sample_rate=rate,
                steps=steps * privacy.updates,
                accountant="rdp",  # A bound; others estimate.
            )
    except ValueError as error:
        raise TrainingError(
            f"--dp-epsilon {privacy.epsilon:g} is too small for {privacy.updates} updates of {steps} steps "
            f"each from {rows} rows: no noise is enough; raise it, or lower --dp-updates"
        ) from error
    return Plan(privacy, rate, steps, noise)


class PrivateTrainer:
    """A `Trainer`: what a task trains by default, with clipping and noise.

    The noise, and which rows a step takes, follow from the member's secret and the model that training starts
    from: whoever lacks the secret cannot take the noise away, and a client that is started again makes the
    same update.

    Args:
        task: What is learned.
        privacy: What its updates stay within.

    Raises:
        TrainingError: When the task trains in a way of its own.
    """

    def __init__(self, task: Task, privacy: PrivacySettings) -> None:
        if type(task).train is not Task.train:
            raise TrainingError(
                f"task {type(task).__name__} trains in a way of its own, and --dp-epsilon is of the default "
                "training: add noise there, or leave the option out"
            )
        require_opacus()
        self._task = task
        self._privacy = privacy

    def require_apart(self, model: nn.Module) -> None:
        """Raise TrainingError when a layer of a model that is to be trained mixes rows."""
        for name, layer in model.named_modules():
            if mixes_rows(layer):
                raise TrainingError(
                    f"layer {name!r} is {type(layer).__name__}, which mixes the rows of a batch, so that "
                    "noise cannot hide one: use GroupNorm or LayerNorm, or leave --dp-epsilon out"
                )

    def __call__(self, model: nn.Module, rows: Rows, context: Context) -> None:
        """Change the model in place; see `Trainer`."""
        self.require_apart(model)
        plan = plan_of(self._privacy, len(rows), context.settings)
        secret = context.secret or context.seed.to_bytes(8)
        trained = {name: each for name, each in model.named_parameters() if each.requires_grad}
        start = torch.cat([each.detach().cpu().flatten() for each in trained.values()])
        draws = SecretDraws(secret, start.numpy().tobytes())
        optimiser = _optimiser(trained, plan, draws, len(rows), context)
        most = max(1, _MOST_NUMBERS // len(start))
        for _ in range(plan.steps):
            parts = list(_drawn(draws, len(rows), plan.rate, most))
            for last, places in zip([False] * (len(parts) - 1) + [True], parts, strict=True):
                self._set_gradients(model, trained, rows, places, context.device)
                optimiser.signal_skip_step(not last)
                optimiser.step()
                optimiser.zero_grad()

    def _set_gradients(
        self, model: nn.Module, trained: dict[str, nn.Parameter], rows: Rows, places: Any, device: str
    ) -> None:
        """Note at each parameter the gradients of rows, [rows, ...]."""
        if not len(places):
            found = {name: each.new_zeros(0, *each.shape) for name, each in trained.items()}
        else:
            inputs, targets = (
                as_tensors(batch(part, places), device) for part in (rows.inputs, rows.targets)
            )
            found = self._gradients(model, trained, inputs, targets)
        for name, each in trained.items():
            each.grad_sample = found[name].detach()  # type: ignore[attr-defined]

    def _gradients(
        self, model: nn.Module, trained: dict[str, nn.Parameter], inputs: Any, targets: Any
    ) -> dict[str, Tensor]:
        def loss(parameters: dict[str, Tensor], inputs: Any, targets: Any) -> Tensor:
            one, wanted = (torch.utils._pytree.tree_map(_alone, of) for of in (inputs, targets))
            placed, named = ((), one) if isinstance(one, dict) else ((one,), {})
            outputs = functional_call(model, parameters, placed, named)
            return self._task.losses(outputs, wanted).sum()

        # Row by row by construction, where Opacus's hooks take a layer's first dimension for the rows.
        each_row = vmap(grad(loss), in_dims=(None, 0, 0), randomness="different")
        try:
            with _quiet():
                found: dict[str, Tensor] = each_row(
                    {name: each.detach() for name, each in trained.items()}, inputs, targets
                )
        except RuntimeError as error:
            raise TrainingError(
                "the module's gradients cannot be had row by row, which --dp-epsilon needs: PyTorch's vmap "
                f"has no way for nn.GRU, nn.RNN or a choice by values, among others ({str(error)[:80]} ...)"
            ) from error
        return found


def _optimiser(
    trained: dict[str, nn.Parameter], plan: Plan, draws: SecretDraws, rows: int, context: Context
) -> Any:
    """Opacus's, which clips and sums, around Adam.

    Its own noise is off, since it comes from PyTorch's generator.
    """
    from opacus.optimizers import DPOptimizer

    clip, expected = plan.privacy.clip, plan.rate * rows
    adam = torch.optim.Adam(trained.values(), lr=context.settings.learning_rate)
    optimiser = DPOptimizer(adam, noise_multiplier=0.0, max_grad_norm=clip, expected_batch_size=expected)

    def add_noise(stepping: Any) -> None:
        for each in stepping.params:
            noise = draws.normal(each.numel()).reshape(each.shape) * (plan.noise * clip / expected)
            each.grad += torch.from_numpy(noise).to(each)

    optimiser.attach_step_hook(add_noise)
    return optimiser


def _drawn(draws: SecretDraws, rows: int, rate: float, most: int) -> Iterator[Any]:
    """Places of the rows of one step, `most` at a time; one part at least, which may be empty."""
    chosen = np.flatnonzero(draws.uniform(rows) < rate)
    yield from (chosen[start : start + most] for start in range(0, max(1, len(chosen)), most))


def _alone(one: Tensor) -> Tensor:
    """A row as a batch of one."""
    return one.unsqueeze(0)


@cache
def _epsilon(plan: Plan, updates: int) -> float:
    from opacus.accountants import RDPAccountant

    accountant = RDPAccountant()
    accountant.history = [(plan.noise, plan.rate, plan.steps * updates)]
    with _quiet():
        return float(accountant.get_epsilon(delta=plan.privacy.delta))


def _quiet() -> Any:
    """Hide advice on orders, which never makes a bound wrong, and on speed."""
    return warnings.catch_warnings(action="ignore")
