"""Which acts of a seat came too late; and a small network whose programs are asked for their measures."""

import pytest
import requests
from live import free_port
from live_game import game, keys_for
from prometheus_client.parser import text_string_to_metric_families
from views import NEITHER, PROPOSER, VOTER, client, view

from offchain.live.watching.measuring import SeatKind, kind_of, missed_act
from offchain.reference import Phase, Seat


@pytest.mark.parametrize(
    ("phase", "position", "seat", "published", "act"),
    [
        (Phase.PROPOSE, PROPOSER, Seat.NONE, 0, None),
        (Phase.PUBLISH, PROPOSER, Seat.NONE, 0, "propose"),
        (Phase.VOTE, PROPOSER, Seat.ABSENT, 1, "propose"),
        (Phase.PUBLISH, PROPOSER, Seat.COMMITTED, 0, None),
        (Phase.VOTE, PROPOSER, Seat.COMMITTED, 1, "publish"),
        (Phase.VOTE, PROPOSER, Seat.PUBLISHED, 1, None),
        (Phase.VOTE, VOTER, Seat.NONE, 1, None),
        (Phase.REVEAL, VOTER, Seat.NONE, 1, "vote"),
        (Phase.CLOSE, VOTER, Seat.NONE, 0, None),
        (Phase.REVEAL, VOTER, Seat.VOTED, 1, None),
        (Phase.CLOSE, VOTER, Seat.VOTED, 1, "reveal"),
        (Phase.IDLE, VOTER, Seat.VOTED, 1, "reveal"),
        (Phase.IDLE, VOTER, Seat.REVEALED, 1, None),
        (Phase.IDLE, PROPOSER, Seat.NONE, 0, "propose"),
        (Phase.IDLE, NEITHER, Seat.NONE, 1, None),
        (Phase.DRAW, NEITHER, Seat.NONE, 0, None),
    ],
)
def test_an_act_came_too_late_when_its_phase_is_over(phase, position, seat, published, act):
    assert missed_act(view(phase, published=published), client(position, seat)) == act


@pytest.mark.parametrize("position", [PROPOSER, VOTER, NEITHER])
def test_a_seat_that_is_settled_was_not_missed(position):
    settled, idle = client(position, Seat.NONE, round_=7), view(Phase.IDLE)
    assert missed_act(idle, settled) is None and idle.did(settled) == "settled"
    assert view(Phase.IDLE, round_=0).did(client(position, Seat.NONE, round_=0)) == "none"
    before = client(position, Seat.NONE, round_=6)
    assert idle.did(before) == "none" and idle.did(client(position, Seat.REVEALED)) == "revealed"


def test_the_kind_of_a_seat_follows_from_its_position():
    kinds = [kind_of(view(Phase.PROPOSE), client(position)) for position in (PROPOSER, VOTER, NEITHER, 9)]
    assert kinds == [SeatKind.PROPOSER, SeatKind.VOTER, SeatKind.NONE, SeatKind.NONE]


def measured(port):
    """Values by name, and by name and label where there is one."""
    found = {}
    for family in text_string_to_metric_families(
        requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
    ):
        for sample in family.samples:
            found[(sample.name, *sample.labels.values())] = sample.value
    return found


def test_clients_of_a_small_network_tell_what_they_do(tmp_path, compiled, tmp_path_factory):
    keys_for(8, tmp_path_factory.mktemp("ape"))
    with game(tmp_path, compiled, clients=4, rows=600, salt=b"\x03" * 32) as network:
        ports = [free_port() for _ in network.members]
        network.fund()
        for member, port in zip(network.members, ports, strict=True):
            member.arguments += ["--metrics", str(port)]
            member.start()
        network.everyone_joined()
        network.keeping.start()
        network.until(lambda v: v.round > 1 and v.model != v.parameters.rules)
        told = [member.said for member in network.members]
        network.until(lambda v: all("of=1" in member.said for member in network.members))
        found = [measured(port) for port in ports]
        health = [requests.get(f"http://127.0.0.1:{port}/health", timeout=10) for port in ports]
    assert [answer.status_code for answer in health] == [200] * 4, [answer.text for answer in health]
    assert sum(each[("stakefed_training_seconds_count",)] for each in found) >= 1, told
    assert sum(each[("stakefed_judging_seconds_count",)] for each in found) >= 3
    node = network.node.url.removeprefix("http://")
    for each in found:
        assert each[("stakefed_round_number",)] >= 1
        assert sum(value for name, value in each.items() if name[0] == "stakefed_round_phase") == 1
        assert each[("stakefed_node_requests_total", node)] > 20
        assert each[("stakefed_transactions_total", "join")] == 1
        assert each[("stakefed_gas_used_total", "join")] > 50_000
        assert 0 < each[("stakefed_model_score", "accuracy")] <= 1 and each[("stakefed_model_loss",)] > 0
        assert each[("stakefed_cache_bytes",)] % 4 == 0
        assert each[("stakefed_free_tokens",)] + each[("stakefed_escrow_tokens",)] > 0
        assert each[("stakefed_account_coins",)] == pytest.approx(100, abs=1)
        assert each[("stakefed_budget_tokens",)] == 0  # Nobody funded it.
        assert each[("stakefed_member",)] == 1 and each[("stakefed_members",)] == 4
        assert not any(name[0] == "stakefed_seats_missed_total" for name in each)
    assert "global model on own rows" in network.members[0].said
