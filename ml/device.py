"""Where models compute."""

import torch

from ml.errors import SettingsError


def require_device(name: str) -> str:
    """Return `name`, "cpu" or "cuda", when this machine can compute there.

    Raises:
        SettingsError: When it cannot.
    """
    if name not in ("cpu", "cuda"):
        raise SettingsError(f"device {name!r} is unknown; use 'cpu' or 'cuda'")
    if name == "cuda" and not torch.cuda.is_available():
        raise SettingsError("device 'cuda' is not available here; use 'cpu'")
    return name


def use_threads(count: int) -> None:
    """Compute each of PyTorch's operations with `count` processor threads from here on.

    With one, float sums do not depend on how many cores a machine has.
    """
    torch.set_num_threads(count)
