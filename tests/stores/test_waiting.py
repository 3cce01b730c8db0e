"""Calls that are waited for are not taken for calls that hang."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from offchain.errors import StoreError
from offchain.stores.waiting import within


def test_many_at_a_time_are_all_answered():
    together = threading.Barrier(12)
    with ThreadPoolExecutor(12) as threads:
        calls = [threads.submit(within, 30, "a place with many callers", together.wait) for _ in range(12)]
        assert sorted(call.result() for call in calls) == list(range(12))


def test_no_more_are_begun_than_a_few_once_they_hang():
    end = threading.Event()
    for _ in range(6):
        with pytest.raises(StoreError, match="gave no answer"):
            within(0.01, "a place that hangs", end.wait)
    with pytest.raises(StoreError, match="still hangs"):
        within(0.01, "a place that hangs", end.wait)
    end.set()
