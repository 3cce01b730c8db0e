"""A network whose one store hands updates to members alone, on a chain that takes the end of a phase back."""

import requests
from live_game import game, keys_for, serving_store

from offchain.live.verifying.verification import Verification
from offchain.reference import Phase


def test_members_play_on_a_chain_that_reorganises_and_strangers_read_nothing(
    tmp_path, compiled, tmp_path_factory
):
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
            # A fork without the last commitment becomes the chain: the phase that had ended goes on again.
            network.until(lambda v: v.phase > Phase.PROPOSE)
            last = network.events("UpdateCommitted")[-1]
            network.node.reorganise(last.block - 1)
            assert network.chain.block(last.block).hash != last.block_hash
            network.until(lambda v: v.is_over, 240, may_end=True)
            published = [event.values["root"] for event in network.events("UpdatePublished")]
            ballots, absent = network.events("BallotRevealed"), network.events("MarkedAbsent")
            answers = [requests.get(f"{url}/artefacts/{root.hex()}", timeout=10) for root in published]
    assert absent == [] and published and len(ballots) == 3, network.logs()
    assert not any("updates not to be had in time" in member.said for member in network.members)
    assert [answer.status_code for answer in answers] == [401] * len(published)
    assert sorted(path.stem for path in artefacts.iterdir()) == sorted(root.hex() for root in published)
    assert Verification(network.chain, network.deployment, [str(artefacts)]).schema == network.schema
