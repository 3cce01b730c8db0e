"""Two deployments on one node, the second of which begins with what the first one learned."""

import copy
import json
from dataclasses import replace

import pytest
import yaml
from click.testing import CliRunner
from live import PASSPHRASE, SEPOLIA, keystore, signer, write_configuration
from live_game import CHAIN, PROTOCOL, Keeping, client_key, game, keys_for

import scripts.client
import scripts.deploy
import scripts.verify
from offchain.learning.genesis import genesis_in
from offchain.live.continuing.origin import Origin, retraced, root_of
from offchain.live.deploying.configuration import load_configuration
from offchain.live.deploying.deployment import load_deployment
from offchain.live.verifying.verification import Verification
from offchain.live.watching.history import History

MEMBERS = 4


@pytest.fixture(scope="module")
def old(tmp_path_factory, compiled, own_keystore):
    """One round of four clients, over; the node still answers, and the founder's account is there."""
    keys_for(8, tmp_path_factory.mktemp("ape"))
    keystore(own_keystore, founder=(1).to_bytes(32), client0=(1000).to_bytes(32))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("APE_ACCOUNTS_founder_PASSPHRASE", PASSPHRASE)
        with game(tmp_path_factory.mktemp("old"), compiled, MEMBERS, max_rounds=1) as network:
            network.enrol()
            for member in network.members:
                member.start()
            network.keeping.start()
            network.until(lambda v: v.is_over, 150, may_end=True)
            yield network


@pytest.fixture(scope="module")
def new(old, tmp_path_factory):
    """The configuration of a deployment that continues it with other phases."""
    path = configured(old, tmp_path_factory.mktemp("new"))
    result = deploying(old, path, "--continue", str(old.path), "--old-store", old.stores[0])
    assert result.exit_code == 0, result.output
    return path


def configured(old, folder, **changes):
    """What a founder makes of the old configuration."""
    content = yaml.safe_load(old.path.read_text())
    content["protocol"] = PROTOCOL | {"reveal_for": 1800, "max_rounds": 1}
    return write_configuration(folder, "new", **(content | changes))


def deploying(old, path, *options):
    arguments = ["--config", str(path), "--network", old.node.url, "--account", "founder"]
    return CliRunner().invoke(scripts.deploy.cli, [*arguments, "--confirmations", "1", *options])


def joining(old, path, *options):
    arguments = ["--deployment", str(path), "--network", old.node.url, "--account", "client0", "--dry-run"]
    return CliRunner().invoke(scripts.client.cli, [*arguments, "--join", *options])


def verified(old, path, *options):
    arguments = ["--deployment", str(path), "--network", old.node.url, "--json", *options]
    result = CliRunner().invoke(scripts.verify.cli, arguments)
    return result.exit_code, json.loads(result.stdout)


def as_game(old, path):
    """The network of a configuration that the command deployed, with clients of its own."""
    made = copy.copy(old)
    made.folder, made.path, made.stores = path.parent, path, [str(path.parent / "store")]
    made.deployment = load_deployment(str(path), old.contracts)
    made._history = History(old.chain, [made.deployment.manager, made.deployment.pool], 0)
    shares = [["--share", f"{number}/{MEMBERS}", "--old-store", old.stores[0]] for number in range(MEMBERS)]
    made.members = [made._member(number, MEMBERS, shares.__getitem__) for number in range(MEMBERS)]
    made.keeping = Keeping(made)
    return made


def test_the_same_command_goes_on_and_another_origin_is_refused(old, new):
    before = new.read_text()
    stores = ["--old-store", old.stores[0]]
    assert deploying(old, new, "--continue", str(old.path), *stores).exit_code == 0
    assert deploying(old, new, *stores).exit_code == 0
    told = deploying(old, new, "--continue", str(old.path), "--round", "2", *stores).output
    assert "continues round 1 of manager" in told and "already" in told
    assert new.read_text() == before


def test_nobody_joins_by_a_first_model_that_cannot_be_computed_again_unless_told_to(old, new, tmp_path):
    empty = ["--old-store", str(tmp_path)]
    told = joining(old, new, *empty)
    assert told.exit_code == 1
    assert "cannot be made, round 1: no store has the included update" in told.output
    assert "--accept-genesis" in told.output
    assert "no store has" not in joining(old, new, *empty, "--accept-genesis").output
    assert "no store has" not in joining(old, new, "--old-store", old.stores[0]).output


def test_what_was_learned_goes_on_in_another_deployment(old, new):
    first, written = Verification(old.chain, old.deployment, old.stores), load_configuration(new)
    assert first.run() is None
    assert written.continues.model_dump() == {
        "network": "ethereum:local",
        "chain_id": CHAIN,
        "manager": old.deployment.manager.address,
        "block": old.deployment.first_block,
        "round": 1,
    }
    root = root_of(first.model.parameters, first.schema)
    assert written.learning.genesis_root == root != old.deployment.configuration.learning.genesis_root
    handed = genesis_in(new.parent / written.learning.genesis, first.schema)
    assert handed.tolist() == first.model.parameters.tolist()

    network = as_game(old, new)
    network.fund()
    try:
        for member in network.members:
            member.start()
        network.everyone_joined()
        network.keeping.start()
        network.until(lambda v: v.is_over, 150, may_end=True)
    finally:
        network.keeping.stop()
        for member in network.members:
            member.process.kill()
            member.process.join(10)
    code, told = verified(old, new, "--store", network.stores[0], "--old-store", old.stores[0])
    assert code == 0 and told["fault"] is None and told["rounds"][0]["included"]
    assert told["continues"]["computed"] is True and told["continues"]["unseen"] is None


def test_a_deployment_continues_one_of_another_chain(old, tmp_path, anvil_node):
    """Founders, newcomers and verifiers each name a node of the other chain."""
    anvil_node.forget_hashes()
    for key in (signer(1), client_key(0)):
        anvil_node.give(key.address)
    other = {"chain_id": SEPOLIA, "network": "ethereum:sepolia", "seed_source": "prevrandao"}
    path = configured(old, tmp_path, protocol=PROTOCOL | {"seed_delay": 2, "max_rounds": 1}, **other)
    path.write_text("".join(line for line in path.open() if not line.startswith("seed_salt")))
    there = copy.copy(old)
    there.node = anvil_node
    stores, nodes = ["--old-store", old.stores[0]], ["--old-network", old.node.url]
    before = path.read_text()
    for wrong, told in (
        ([], f"is on chain {CHAIN}, of which --old-network names a node: "),
        (
            ["--old-network", anvil_node.url],
            f"is a node of chain {SEPOLIA}, the deployment is on chain {CHAIN}",
        ),
        (["--old-network", "nowhere"], "--old-network names a node: 'nowhere' is no network"),
    ):
        result = deploying(there, path, "--continue", str(old.path), *stores, *wrong)
        assert result.exit_code == 1 and told in " ".join(result.output.split()), result.output
        assert path.read_text() == before and not path.with_suffix(".json").exists()

    result = deploying(there, path, "--continue", str(old.path), *stores, *nodes)
    assert result.exit_code == 0, result.output
    written = load_configuration(path)
    assert (written.chain_id, written.continues.chain_id) == (SEPOLIA, CHAIN)
    assert deploying(there, path, *stores, *nodes).exit_code == 0, "the same command goes on"

    told = " ".join(joining(there, path, *stores, *nodes).output.split())
    assert "continues" not in told and "its wallet has 0" in told
    told = " ".join(joining(there, path, *stores).output.split())
    assert "--accept-genesis" in told
    code, told = verified(there, path, "--store", str(tmp_path), *stores, *nodes)
    assert code == 0 and told["continues"]["computed"] is True
    code, told = verified(there, path, "--store", str(tmp_path), *stores)
    assert code == 0 and told["continues"]["computed"] is False


def test_verify_says_what_it_could_not_compute_and_what_is_another_model(old, new, tmp_path):
    code, told = verified(old, new, "--round", "0", "--store", str(tmp_path))
    assert code == 0 and told["continues"]["computed"] is False
    assert "no store has the included update" in told["continues"]["unseen"]

    d = load_deployment(str(new), old.contracts)
    root = old.deployment.configuration.learning.genesis_root
    learning = d.configuration.learning.model_copy(update={"genesis_root": root})
    lied = d.configuration.model_copy(update={"learning": learning})
    found = retraced(lied, d.manager.interface, old.chain, Origin(stores=tuple(old.stores)), None)
    assert root in str(found.fault) and "round 1 of manager" in str(found.fault)
    assert replace(found, fault=None).plain["computed"] and not found.plain["computed"]


@pytest.mark.parametrize(
    ("changes", "options", "told"),
    [
        ({}, ["--continue", "nowhere", "--old-store", "{store}"], "there is no configuration deployments/no"),
        ({}, ["--continue", "{old}"], "no store of the deployment to be continued was named"),
        ({}, ["--continue", "{old}", "--old-store", "{empty}"], "cannot be made, round 1: no store has"),
        ({}, ["--continue", "{old}", "--old-store", "{store}", "--round", "2"], "round 2 of the deployment"),
        ({}, ["--round", "1"], "--round is one of the deployment that --continue names"),
        (
            {"parameters": [{"layer.weight": [4, 1]}]},
            ["--continue", "{old}", "--old-store", "{store}"],
            "only one of the same shape can be continued",
        ),
        (
            {"task_digest": "0x" + 64 * "1"},
            ["--continue", "{old}", "--old-store", "{store}"],
            "only the same task is continued",
        ),
    ],
)
def test_what_cannot_be_continued_is_said_before_anything_is_sent_or_written(
    old, tmp_path, changes, options, told
):
    learning = yaml.safe_load(old.path.read_text())["learning"]
    path = configured(old, tmp_path, learning=learning | changes)
    before = path.read_text(), old.chain.nonce(client_key(0).address)
    places = {"old": old.path, "store": old.stores[0], "empty": tmp_path / "empty"}
    result = deploying(old, path, *(option.format(**places) for option in options))
    assert result.exit_code != 0 and told in " ".join(result.output.split()), result.output
    assert (path.read_text(), old.chain.nonce(client_key(0).address)) == before
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["new.yaml"]


def test_a_founder_who_claims_another_model_deploys_nothing(old, tmp_path):
    origin = {
        "network": "ethereum:local",
        "chain_id": CHAIN,
        "manager": old.deployment.manager.address,
        "block": 0,
        "round": 1,
    }
    path = configured(old, tmp_path, continues=origin)
    told = deploying(old, path, "--old-store", old.stores[0])
    assert told.exit_code == 1 and "whose model has root 0x" in told.output
    path = configured(old, tmp_path, continues=origin | {"manager": "0x" + 40 * "1"})
    told = deploying(old, path, "--old-store", old.stores[0])
    assert "there is no contract at 0x" in told.output and "whose model is to be continued" in told.output
    path = configured(old, tmp_path, continues=origin | {"manager": old.deployment.pool.address})
    told = deploying(old, path, "--old-store", old.stores[0])
    assert "is no RoundManager of this version" in told.output
    assert not path.with_suffix(".json").exists()
