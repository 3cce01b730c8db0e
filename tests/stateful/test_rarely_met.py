"""What test_scripts leaves to the search, which meets some of it in no run: played for certain.

What Hypothesis draws follows from its seed and from the constants of all modules that are loaded.
"""

import pytest
from scenes import NAMES, PAPER

ALL = 0xFFFF


@pytest.fixture
def duel(arenas):
    with arenas[PAPER.name].duel() as duel:
        for client in range(9):
            duel.deposit(client, PAPER.parameters.bond)
            duel.join(client)
        yield duel


def test_tokens_for_another_and_for_nobody(duel):
    duel.deposit_for(0, 1, 5)
    duel.deposit_for(0, None, 5)
    duel.everybody_leaves()


def test_what_another_signed_binds_nobody(duel):
    others = [(client, (client + 1) % len(NAMES)) for client in range(len(NAMES))]
    duel.start_round()
    for client, other in others:
        duel.propose(client, signed_by=other)
    duel.proposers_act()
    duel.until("propose", 0)
    duel.proposers_publish()
    for client, other in others:
        duel.commit_ballot(client, ALL, signed_by=other)
    duel.everybody_leaves()


def test_what_another_signed_as_ones_operator_binds(duel):
    duel.set_operator(0, 1)
    duel.start_round()
    duel.proposers_act()
    duel.until("propose", 0)
    duel.proposers_publish()
    for client in range(len(NAMES)):
        duel.commit_ballot(client, ALL, signed_by=client)
        duel.commit_ballot(client, ALL, signed_by=client)
    duel.commit_ballot(0, ALL, signed_by=1)
    duel.everybody_leaves()


def test_without_an_open_round_nothing_is_anchored_anew(duel):
    duel.reanchor()
    duel.everybody_leaves()
