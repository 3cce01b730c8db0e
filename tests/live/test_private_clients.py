"""Clients whose training adds noise: what they say, what they refuse, when they stop."""

import json

import pytest
from click.testing import CliRunner
from live_game import game, keys_for

from scripts.client import cli
from scripts.page import cli as page_of
from scripts.status import cli as status

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
        (stopped,) = [number for number, each in enumerate(said) if "no update is proposed" in each]
        told, shown, page = what_others_tell_of(network, network.members[stopped], tmp_path / "site")
        published = [event.values["client"] for event in network.events("UpdatePublished")]
    assert len(published) == len(set(published)) >= 1  # One each, as --dp-updates says.
    assert all(
        "updates are trained with noise: ε at most 8 at δ 0.0001 for 1 of them" in each for each in said
    )
    assert network.members[stopped].key.address in published
    assert "privacy spent by earlier updates" in said[stopped] and "epsilon=7.9" in said[stopped]
    assert said[stopped].count("no update is proposed") == 1
    assert told.pop("client") == network.members[stopped].key.address and 7.9 < told.pop("epsilon") <= 8
    assert told == {"updates": 1, "of": 1, "at_most": 8.0, "delta": 0.0001}
    words = "of 8 spent by 1 update of 1, at δ 0.0001"
    assert words in page and f"{network.members[stopped].key.address}: ε" in shown and words in shown


def what_others_tell_of(network, member, folder):
    """What status and page tell of a member's ε from the options of its client."""
    share = member.arguments[member.arguments.index("--share") + 1]
    where = ["--deployment", str(network.path), "--network", network.node.url, "--share", share, *NOISE]
    where += ["--privacy-of", member.key.address]
    asked = [(status, "--json"), (status, "--rounds=1"), (page_of, f"--out={folder}")]
    told, shown, paged = (CliRunner().invoke(command, [*where, more]) for command, more in asked)
    assert not any(each.exit_code for each in (told, shown, paged)), told.output + shown.output + paged.output
    page = (folder / "index.html").read_text()
    return json.loads(told.stdout)["privacy"], " ".join(shown.stdout.split()), page


def refused(*options, command=cli, first=("--account", "none")):
    result = CliRunner().invoke(command, ["--deployment", "none", *first, *options])
    assert result.exit_code == 2
    return result.output


def test_options_that_need_an_epsilon_are_told():
    assert "--dp-updates needs --dp-epsilon, without which nothing is hidden" in refused("--dp-updates", "3")
    assert "--dp-delta needs --dp-epsilon" in refused("--dp-delta", "0.001")
    assert "0.0 is not in the range 0<x<=1000" in refused("--dp-epsilon", "0")
    assert "1.0 is not in the range 0<x<1" in refused("--dp-epsilon", "1", "--dp-delta", "1")


@pytest.mark.parametrize("command", [status, page_of])
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--dp-epsilon", "3"], "are of whom --privacy-of names"),
        (["--share", "0/4"], "are of whom --privacy-of names"),
        (["--privacy-of", f"0x{1:040x}", "--share", "0/4"], "--privacy-of needs --dp-epsilon"),
        (["--privacy-of", f"0x{1:040x}", "--dp-epsilon", "3"], "needs the client's rows, --data FILE or"),
        (["--privacy-of", "0x12", "--dp-epsilon", "3"], "0x12"),
    ],
)
def test_whose_epsilon_it_is_has_to_be_said_whole(command, options, told):
    assert told in refused(*options, command=command, first=())
