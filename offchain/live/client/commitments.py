"""What a client committed to, made again from its key, its data and the chain."""

from collections.abc import Iterator
from dataclasses import dataclass

from offchain.live.client.salts import Salts
from offchain.reference import commitments
from offchain.stores.permits import Place


@dataclass(frozen=True)
class Committer:
    """One client's commitments at one deployment.

    Attributes:
        place: The deployment.
        client: The client's address, lower-case hex.
        salts: Its salts.
    """

    place: Place
    client: str
    salts: Salts

    def update(self, round_: int, root: bytes, samples: int) -> bytes:
        """The 24 bytes that bind an update before it is shown."""
        place = self.place
        return commitments.update_commitment(
            place.chain_id, place.manager, round_, self.client, root, samples, self.salts.update(round_)
        )

    def ballot(self, round_: int, ballot: int) -> bytes:
        """The 24 bytes that bind a ballot before it is shown."""
        place = self.place
        return commitments.ballot_commitment(
            place.chain_id, place.manager, round_, self.client, ballot, self.salts.ballot(round_)
        )

    def ballot_of(self, round_: int, committed: bytes, published: int) -> int | None:
        """The ballot that was committed to, found by trying all on the bits of `published`.

        There are 65,536 at most, so no ballot needs to be remembered.
        """
        tries = (ballot for ballot in subsets(published) if self.ballot(round_, ballot) == committed)
        return next(tries, None)


def subsets(mask: int) -> Iterator[int]:
    """Yield every number whose bits are among those of `mask`, the largest first.

    >>> list(subsets(0b101))
    [5, 4, 1, 0]
    """
    subset = mask
    while True:
        yield subset
        if not subset:
            return
        subset = (subset - 1) & mask
