"""A file shaped like the `task.py` of a Flower quickstart; the ten lines that differ are its last.

ape run simulate --network foundry --task examples/flower_task.py:Digits --clients 8
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from stakefed import Classes, Context, Rows, Task

Batches = Any  # A DataLoader, or a context's batches.


class Net(nn.Module):
    """A small convolutional network on 8 × 8 pictures of digits."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 16, 3, padding=1)
        self.fc1 = nn.Linear(16 * 4 * 4, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Return ten logits [rows, 10] of pictures [rows, 1, 8, 8]."""
        x = nn.functional.max_pool2d(self.conv(x).relu(), 2)
        return torch.as_tensor(self.fc2(self.fc1(x.flatten(1)).relu()))


def load_arrays() -> tuple[np.ndarray, np.ndarray]:
    """Return all pictures [rows, 1, 8, 8] and digits [rows]."""
    images, digits = load_digits(return_X_y=True)
    return images.reshape(-1, 1, 8, 8).astype(np.float32) / 16, digits


def load_data(partition_id: int, num_partitions: int) -> tuple[DataLoader, DataLoader]:
    """Return batches to train on and to test on of one partition; Flower's clients ask for them."""
    images, digits = (torch.from_numpy(array[partition_id::num_partitions]) for array in load_arrays())
    split = len(digits) * 4 // 5
    train, test = (TensorDataset(images[part], digits[part]) for part in (slice(split), slice(split, None)))
    return DataLoader(train, batch_size=32, shuffle=True), DataLoader(test, batch_size=32)


def train(net: nn.Module, trainloader: Batches, epochs: int, lr: float, device: str) -> float:
    """Train the network in place, and return the mean loss of a batch."""
    net.to(device).train()
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    running_loss = 0.0
    for _ in range(epochs):
        for images, labels in trainloader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(images.to(device)), labels.to(device))
            loss.backward()
            optimizer.step()
            running_loss += loss.item()
    return running_loss / len(trainloader)


def test(net: nn.Module, testloader: Batches, device: str) -> tuple[float, float]:
    """Return mean loss of a batch and accuracy."""
    net.to(device).eval()
    losses, right = [], []
    with torch.no_grad():
        for images, labels in testloader:
            outputs, wanted = net(images.to(device)), labels.to(device)
            losses.append(nn.functional.cross_entropy(outputs, wanted).item())
            right += (outputs.argmax(1) == wanted).tolist()
    return sum(losses) / len(losses), sum(right) / len(right)


class Digits(Task):
    """What differs: voters test, by the target's losses; a simulation shares rows out."""

    target = Classes(10)
    takes = ""
    simulation = {"batch": 32, "local_epochs": 2, "learning_rate": 0.05}
    module = staticmethod(Net)

    def rows(self, path: Path | None) -> Rows:
        """Return all pictures; a simulation shares them out, a live member reads its own."""
        return Rows(*load_arrays())

    def train(self, model: nn.Module, rows: Rows, context: Context) -> None:
        """Train as above; the context's batches go through the rows as often as the settings say."""
        train(model, context.batches(rows), 1, context.settings.learning_rate, context.device)
