"""Institutions as processes on a node that mines by time: one model, which anybody can verify."""

import os

import pytest
from institutions import play
from live_game import keys_for


@pytest.fixture(scope="module")
def keyed(tmp_path_factory):
    return keys_for(8, tmp_path_factory.mktemp("ape"))


def test_a_small_network_makes_the_simulations_model_and_the_attacker_loses(tmp_path, compiled, keyed):
    play(tmp_path, compiled, clients=5, rounds=3, malicious=0.2, seed=0)


@pytest.mark.skipif(not os.environ.get("LIVE_BUDGET"), reason="minutes long; `make live` plays it")
def test_eight_institutions_of_which_two_attack_for_ten_rounds(tmp_path, compiled, keyed):
    play(tmp_path, compiled, clients=8, rounds=10, malicious=0.25, seed=2)
