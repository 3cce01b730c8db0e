"""Clients whose training adds noise: what they say, what they refuse, when they stop."""

import pytest
from click.testing import CliRunner
from live_game import game, keys_for

from scripts.client import cli

pytest.importorskip("opacus", reason="opacus is optional: requirements-privacy.txt")

NOISE = ["--dp-epsilon", "8", "--dp-updates", "1", "--dp-delta", "0.0001"]


def test_a_client_adds_noise_of_its_key_and_stops_when_its_epsilon_is_spent(
    tmp_path, compiled, tmp_path_factory
):
    keys_for(8, tmp_path_factory.mktemp("ape"))
    with game(tmp_path, compiled, clients=4, rows=600, salt=b"\x03" * 32) as network:
        network.fund()
        for member in network.members:
            member.arguments += NOISE
            member.start()
        network.everyone_joined()
        network.keeping.start()
        network.until(
            lambda v: any("no update is proposed" in member.said for member in network.members), 240
        )
        said = [member.said for member in network.members]
        published = [event.values["client"] for event in network.events("UpdatePublished")]
    assert len(published) == len(set(published)) >= 1  # One each, as --dp-updates says.
    assert all(
        "updates are trained with noise: ε at most 8 at δ 0.0001 for 1 of them" in each for each in said
    )
    (stopped,) = [number for number, each in enumerate(said) if "no update is proposed" in each]
    assert network.members[stopped].key.address in published
    assert "privacy spent by earlier updates" in said[stopped] and "epsilon=7.9" in said[stopped]
    assert said[stopped].count("no update is proposed") == 1


def refused(*options):
    result = CliRunner().invoke(cli, ["--deployment", "none", "--account", "none", *options])
    assert result.exit_code == 2
    return result.output


def test_options_that_need_an_epsilon_are_told():
    assert "--dp-updates needs --dp-epsilon, without which nothing is hidden" in refused("--dp-updates", "3")
    assert "--dp-delta needs --dp-epsilon" in refused("--dp-delta", "0.001")
    assert "0.0 is not in the range 0<x<=1000" in refused("--dp-epsilon", "0")
    assert "1.0 is not in the range 0<x<1" in refused("--dp-epsilon", "1", "--dp-delta", "1")
