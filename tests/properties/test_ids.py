"""I21: two histories of inclusions never have one id, read forwards or backwards."""

from collections.abc import Iterator
from itertools import product

from offchain.reference.commitments import digest, extend

GENESIS = b"\7" * 32
UPDATES = [(b"A" * 32, 1), (b"B" * 32, 1), (b"A" * 32, 2)]


def rounds() -> Iterator[dict[int, tuple[bytes, int]]]:
    """What a round of two seats may include: nothing, or any of three updates at either, or at both."""
    for first, second in product([None, *UPDATES], repeat=2):
        yield {j: update for j, update in enumerate((first, second)) if update is not None}


def test_every_history_of_inclusions_has_an_id_of_its_own():
    ids: dict[bytes, tuple[dict[int, tuple[bytes, int]], ...]] = {}
    for history in product(list(rounds()), repeat=3):
        model = GENESIS
        for number, included in enumerate(history, 1):
            model = extend(model, number, included)
        assert model not in ids, f"{history} and {ids[model]} have one id"
        ids[model] = history
    assert len(ids) == 16**3


def test_no_link_of_a_rounds_list_is_an_id():
    ids = {extend(GENESIS, number, included) for number in (1, 2) for included in rounds() if included}
    links = {digest(start, *update) for start in (bytes(32), GENESIS, *ids) for update in UPDATES}
    assert not ids & links


def test_a_round_that_includes_nothing_has_no_link():
    assert extend(GENESIS, 1, {}) == GENESIS
