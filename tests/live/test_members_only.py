"""A network whose one store hands updates to members alone."""

import requests
from live_game import game, keys_for, serving_store

from offchain.live.verifying.verification import Verification


def test_members_play_and_strangers_read_nothing(tmp_path, compiled, tmp_path_factory):
    keys_for(8, tmp_path_factory.mktemp("ape"))
    artefacts = tmp_path / "artefacts"
    with game(tmp_path, compiled, clients=4, rows=600, salt=b"\x07" * 32, max_rounds=1) as network:
        with serving_store(network, artefacts, "--members-only") as url:
            network.use_stores([url])
            network.fund()
            for member in network.members:
                member.start()
            network.everyone_joined()
            network.keeping.start()
            network.until(lambda v: v.is_over, 240, may_end=True)
            published = [event.values["root"] for event in network.events("UpdatePublished")]
            ballots = network.events("BallotRevealed")
            answers = [requests.get(f"{url}/artefacts/{root.hex()}", timeout=10) for root in published]
    assert published and len(ballots) == 3, network.logs()
    assert not any("updates not to be had in time" in member.said for member in network.members)
    assert [answer.status_code for answer in answers] == [401] * len(published)
    assert sorted(path.stem for path in artefacts.iterdir()) == sorted(root.hex() for root in published)
    assert Verification(network.chain, network.deployment, [str(artefacts)]).schema == network.schema
