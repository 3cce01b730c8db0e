"""Which node a command talks to."""

import pytest
from live import Node, free_port

from offchain.live.access.network import Nodes, connect
from offchain.live.errors import DeploymentError, NodeUnavailableError


def dead():
    return f"http://127.0.0.1:{free_port()}"


@pytest.mark.parametrize("form", ["ethereum:sepolia:{}", "ethereum:base-sepolia:{}", "{}"])
def test_apes_forms_of_a_node_are_taken(anvil_node, form):
    chain = connect(Nodes(form.format(anvil_node.url)))
    assert chain.rpc.urls == (anvil_node.url,) and chain.chain_id == 11_155_111


def test_other_nodes_stand_in_for_one_that_is_gone(anvil_node):
    gone = dead()
    chain = connect(Nodes(f"ethereum:sepolia:{gone}", (anvil_node.url,)), 11_155_111)
    assert chain.rpc.urls[0] == anvil_node.url and gone in chain.rpc.urls


def test_with_other_nodes_apes_random_ones_are_left_alone(anvil_node):
    assert connect(Nodes("ethereum:sepolia:node", (anvil_node.url,))).rpc.urls == (anvil_node.url,)


def test_a_node_of_another_chain_is_refused(anvil_node):
    with pytest.raises(
        DeploymentError, match="is a node of chain 11155111, the deployment is on chain 84532"
    ):
        connect(Nodes(f"ethereum:base-sepolia:{anvil_node.url}"), chain_id=84_532)


def test_a_node_that_comes_back_as_another_chains_is_passed_over(anvil_node):
    late = free_port()
    chain = connect(Nodes(f"ethereum:sepolia:http://127.0.0.1:{late}", (anvil_node.url,)), 11_155_111)
    here = chain.head().number
    other = Node(late, ["--chain-id", "5"])
    try:
        chain.rpc._urls.reverse()  # The one that answered last would be asked first.
        assert chain.head().number == here and chain.rpc.urls[0] == anvil_node.url
    finally:
        other.stop()


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (
            "ethereum:nowhere:node",
            "that Ape knows: No network in 'ethereum' named 'nowhere'; --",
        ),
        ("ethereum:base-sepolia:node", "names no HTTP node; give its URL"),
    ],
)
def test_what_names_no_node_is_said_so(network, words):
    with pytest.raises(NodeUnavailableError, match=words) as refused:
        connect(Nodes(network))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ("sepolia", "No ecosystem named 'sepolia'.*--network ethereum:sepolia:https://"),
        (
            "ethereum:sepolia",
            "names no HTTP node.*--network ethereum:sepolia:https://.*public nodes",
        ),
        ("ethereum:sepolia:", "names no HTTP node; give its URL"),
        ("ethereum:sepolia:node", "names no HTTP node; give its URL"),
        ("ethereum:nowhere:https://user:hidden99@node.example/v3/hidden99", "is no network that Ape knows"),
    ],
)
def test_no_stranger_is_asked_and_the_form_that_is_wanted_is_shown(network, words, monkeypatch):
    monkeypatch.delenv("WEB3_PROVIDER_URI", raising=False)
    monkeypatch.setattr("ape_ethereum.provider.get_random_rpc", lambda *asked: pytest.fail("a public node"))
    with pytest.raises(NodeUnavailableError, match=words) as refused:
        connect(Nodes(network))
    assert "hidden99" not in str(refused.value)


def test_the_environments_node_is_taken(anvil_node, monkeypatch):
    monkeypatch.setenv("WEB3_PROVIDER_URI", anvil_node.url)
    assert connect(Nodes("ethereum:sepolia:node")).rpc.urls == (anvil_node.url,)


def test_another_node_is_named_by_its_url():
    with pytest.raises(NodeUnavailableError, match="--rpc takes a URL, https://..., got 'node.example'"):
        connect(Nodes(None, ("node.example",)))
