"""What clients rely on, whatever the stores do."""

import logging

import pytest
from store_parts import DOWN, SCHEMA, Scripted, Slow, artefact

from offchain.errors import SilentStoreError, StoreError
from offchain.stores.artefacts import Artefacts
from offchain.stores.memory import MemoryStore

ROOT, DATA = artefact()
WRONG = DATA[:-1] + bytes([DATA[-1] ^ 1])


def artefacts(*stores, **options):
    pauses = []
    made = Artefacts(stores, SCHEMA, sleep=pauses.append, **options)
    return made, pauses


def test_what_was_put_is_got_from_every_store():
    stores = MemoryStore("a"), MemoryStore("b")
    made, _ = artefacts(*stores)
    made.put(ROOT, DATA)
    assert made.get(ROOT) == stores[0].get(ROOT, len(DATA)) == stores[1].get(ROOT, len(DATA)) == DATA


def test_what_nobody_has_is_none_and_is_asked_for_once():
    empty = Scripted(None)
    made, pauses = artefacts(empty)
    assert made.get(ROOT) is None
    assert (empty.calls, pauses) == (1, [])


@pytest.mark.parametrize(
    "wrong",
    [WRONG, DATA + b"\0", DATA[:-4], b"", artefact(1)[1]],
    ids=["bit", "long", "short", "none", "other"],
)
def test_what_does_not_hash_to_its_name_is_no_artefact(wrong, caplog):
    made, _ = artefacts(Scripted(wrong, name="liar"))
    with caplog.at_level(logging.WARNING):
        assert made.get(ROOT) is None
    assert "liar holds bytes that are not the artefact they are kept as" in caplog.text


def test_who_fetched_it_puts_it_back_where_it_was_missing_or_wrong():
    empty, liar, honest, behind = MemoryStore(), MemoryStore(), MemoryStore(), MemoryStore()
    liar.put(ROOT, WRONG)
    honest.put(ROOT, DATA)
    made, _ = artefacts(empty, liar, honest, behind)
    assert made.get(ROOT) == DATA
    assert empty.get(ROOT, 0) == liar.get(ROOT, 0) == DATA
    assert behind.get(ROOT, 0) is None  # Not asked, so nobody knows whether it has it.


def test_a_store_that_is_starting_is_waited_for_and_one_that_refuses_is_not(caplog):
    silent = SilentStoreError("store x does not answer: refused")
    starting = Scripted(silent, silent, None)
    made, pauses = artefacts(starting)
    with caplog.at_level(logging.INFO):
        made.check(patience=5)
    assert (starting.calls, pauses) == (3, [1, 1])
    assert caplog.text.count("store x does not answer: refused; asking again for 5 seconds") == 1
    for answers, patience, calls in (([silent], 2, 3), ([silent], 0, 1), ([DOWN], 5, 1)):
        store = Scripted(*answers)
        with pytest.raises(StoreError):
            artefacts(store)[0].check(patience)
        assert store.calls == calls


def test_a_store_that_fails_is_tried_again_with_growing_pauses():
    flaky = Scripted(DOWN, DOWN, DATA)
    made, pauses = artefacts(flaky)
    assert made.get(ROOT) == DATA
    assert pauses == [0.25, 0.5]


def test_a_store_that_stays_down_hides_nothing_from_the_next(caplog):
    down, honest = Scripted(DOWN), MemoryStore()
    honest.put(ROOT, DATA)
    made, _ = artefacts(down, honest)
    with caplog.at_level(logging.WARNING):
        assert made.get(ROOT) == DATA
    assert down.calls == 3 + 3  # Asked three times, and three times to take it back.
    assert "artefact not put back: down" in caplog.text


def test_a_store_that_is_too_slow_counts_as_down():
    made, _ = artefacts(Slow(DATA, name="snail"), seconds=0.05, attempts=1)
    assert made.get(ROOT) is None
    with pytest.raises(StoreError, match="snail gave no answer within 0.05 seconds"):
        made.check()


def test_one_store_that_takes_it_is_enough(caplog):
    kept = MemoryStore()
    made, _ = artefacts(Scripted(DOWN), kept)
    with caplog.at_level(logging.WARNING):
        made.put(ROOT, DATA)
    assert kept.get(ROOT, 0) == DATA
    assert "artefact not stored: down" in caplog.text


def test_no_store_that_takes_it_is_an_error():
    made, _ = artefacts(Scripted(DOWN), Scripted(StoreError("full")))
    with pytest.raises(StoreError, match=f"no store took the artefact {ROOT.hex()}: down; full"):
        made.put(ROOT, DATA)


def test_what_is_no_artefact_is_not_put():
    kept = MemoryStore()
    made, _ = artefacts(kept)
    with pytest.raises(StoreError, match="are not the artefact"):
        made.put(ROOT, WRONG)
    assert kept.get(ROOT, 0) is None


def test_every_store_is_checked():
    made, _ = artefacts(MemoryStore(), Scripted(StoreError("read only")))
    with pytest.raises(StoreError, match="read only"):
        made.check()


def test_a_check_asks_for_room_for_an_artefact():
    asked = []
    store = MemoryStore()
    store.check = asked.append
    artefacts(store)[0].check()
    assert asked == [len(DATA)]
