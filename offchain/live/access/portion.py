"""How much to ask of a node at once: less after it refused, and more again after it answered."""

_SETTLED = 16
"""Answers after which what was refused before is tried again: limits change, and logs lie unevenly."""


class Portion:
    """A number of blocks, or of requests, that a node takes at once.

    Attributes:
        size: What to ask for.

    Args:
        most: What to begin with, and never to exceed.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.size = most
        self._refused: int | None = None  # the least
        self._answers = 0  # since then

    def refuse(self, asked: int, told: int | None = None) -> None:
        """Take in that a node found `asked` too much.

        Args:
            asked: At least 2.
            told: What it would take, if it said so.
        """
        if told is not None and 0 < told < asked:
            self.size, self._refused = told, told + 1
        else:
            self.size, self._refused = max(1, asked // 2), asked
        self._answers = 0

    def take(self, asked: int) -> None:
        """Take in that a node answered `asked`; fewer than `size` say nothing."""
        if asked < self.size:
            return
        self._answers += 1
        if self._answers >= _SETTLED:
            self._refused = None
        bound = self._most + 1 if self._refused is None else self._refused
        self.size = max(self.size, min(2 * self.size, (self.size + bound) // 2, self._most))
