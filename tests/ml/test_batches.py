"""Batches of a member's rows: how many there are, and that a training may go through them as scripts do."""

import numpy as np
import pytest
import torch
from torch import nn

from ml.data.rows import Rows
from ml.settings import TrainingSettings
from ml.tasks.batches import Batches
from ml.tasks.context import Context, train_with_adam
from ml.tasks.targets import Labels
from ml.tasks.task import Task


def rows_of(count):
    return Rows(np.arange(count, dtype=np.float32)[:, None], (np.arange(count) % 2).astype(np.float32))


def seen(batches):
    return [inputs[:, 0].int().tolist() for inputs, _ in batches]


@pytest.mark.parametrize(
    "rows, batch, epochs, least, steps",
    [
        *[(10, 5, 1, 0, 2), (11, 5, 1, 0, 2), (12, 5, 1, 0, 3), (11, 5, 3, 0, 6)],
        *[(4, 16, 1, 8, 8), (1, 16, 2, 0, 2), (5, 1, 2, 0, 10), (1, 1, 1, 0, 1), (17, 16, 1, 8, 4)],
    ],
)
def test_their_number_is_known_before_one_is_made(rows, batch, epochs, least, steps):
    settings = TrainingSettings(batch=batch, local_epochs=epochs, least_steps=least)
    batches = Context(3, settings=settings).batches(rows_of(rows))
    assert len(batches) == len(seen(batches)) == steps


def test_each_pass_has_all_rows_in_another_order_and_so_has_who_goes_through_them_again():
    batches = Batches(rows_of(40), 3, TrainingSettings(batch=8))
    passes = [sum(seen(batches), []) for _ in range(3)]
    assert all(sorted(one) == list(range(40)) for one in passes)
    assert len({tuple(one) for one in passes}) == 3
    assert seen(Batches(rows_of(40), 3, TrainingSettings(batch=8, local_epochs=3))) == [
        one[place : place + 8] for one in passes for place in range(0, 40, 8)
    ]


class Line(Task):
    target = Labels()


def test_batches_of_one_are_trained_on_where_they_are_asked_for():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(1, 1), nn.Flatten(0))
    alone = nn.Sequential(nn.Linear(1, 1), nn.Flatten(0))
    alone.load_state_dict(model.state_dict())
    settings, rows = TrainingSettings(batch=1, learning_rate=0.1), rows_of(3)
    train_with_adam(Line(), model, rows, Context(5, settings=settings))

    optimiser = torch.optim.Adam(alone.parameters(), lr=0.1)
    for place in torch.randperm(3, generator=torch.Generator().manual_seed(5)).tolist():
        optimiser.zero_grad()
        output = alone(torch.tensor([[float(place)]]))
        nn.functional.binary_cross_entropy_with_logits(output, torch.tensor([place % 2.0])).backward()
        optimiser.step()
    for one, other in zip(model.parameters(), alone.parameters(), strict=True):
        torch.testing.assert_close(one, other)
