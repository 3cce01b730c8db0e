"""Institutions as processes that learn a module of their own from files of their own."""

import json
import re
import shutil
from math import prod

import pytest
from click.testing import CliRunner
from live_game import keys_for
from own_tasks import hospital_game, sorting_game

import scripts.page
import scripts.status
import scripts.verify
from ml.judging.kinds import Relation
from ml.judging.policy import DEFAULT
from offchain.learning.finding import Here
from offchain.live.verifying.quality import Scorer
from offchain.live.verifying.verification import Verification

pytestmark = pytest.mark.usefixtures("warm_processes")

FLIPPER = 0


@pytest.fixture(scope="module")
def keyed(tmp_path_factory):
    return keys_for(8, tmp_path_factory.mktemp("ape"))


@pytest.mark.parametrize("policy", ["verdict", "evidence"])
def test_five_institutions_learn_a_module_of_their_own_and_a_flipper_ends_poorer(
    tmp_path, compiled, keyed, policy
):
    with sorting_game(tmp_path, compiled, 5, "--policy", policy, proposer_bps=4000, max_rounds=3) as network:
        network.enrol()
        for member in network.members:
            member.start(attack=member.number == FLIPPER)
        network.keeping.start()
        view = network.until(lambda v: v.is_over, 150, may_end=True)
        learning = network.deployment.configuration.learning
        assert learning.task.endswith("sorting.py") and learning.edition == 2

        verification = Verification(network.chain, network.deployment, network.stores)
        assert verification.run() is None and verification.model.id == view.model
        here = Here(network.deployment.folder)
        scorer = Scorer(learning, here, tmp_path / "public.npz")
        after = scorer.quality(verification.model)
        assert verification.run(until=0) is None
        before = learning.probe.genesis
        assert scorer.rows == 160 and after["loss"] < sum(before) / len(before)

        verified = verify(network, "--data", str(tmp_path / "public.npz"), "--json")
        told = json.loads(verified.output)
        assert told["quality"]["sorted well"] == pytest.approx(after["sorted well"]) and told["rows"] == 160
        tokens = {m.number: view.clients[m.key.address] for m in network.members}
        held = {number: client.free + client.escrow for number, client in tokens.items()}
        assert held[FLIPPER] <= min(held.values()) and network.events("RoundFinalised")


def test_five_hospitals_learn_from_a_table_of_their_own_columns_without_code(tmp_path, compiled, keyed):
    with hospital_game(tmp_path, compiled, 5, proposer_bps=4000, max_rounds=2) as network:
        network.enrol()
        for member in network.members:
            member.start()
        network.keeping.start()
        view = network.until(lambda v: v.is_over, 150, may_end=True)
        learning = network.deployment.configuration.learning
        assert "loans" not in json.dumps(learning.model_dump(mode="json"))
        # The default's test of relations is asked here: the first layer is large enough for it.
        (weights,) = learning.parameters[0].values()
        (related,) = (test for test in learning.tests.updates if isinstance(test, Relation))
        assert learning.policy == DEFAULT and prod(weights) >= related.parameters
        verification = Verification(network.chain, network.deployment, network.stores)
        assert verification.run() is None and verification.model.id == view.model
        assert any(checked.included for checked in verification.checked), network.logs()
        verified = verify(network, "--data", str(tmp_path / "public.csv"), "--json")
        told = json.loads(verified.stdout)
        assert "public.csv: 400 of 400 rows are used" in verified.stderr
        assert told["quality"]["auroc"] > 0.6 and told["rows"] == 400

        public = ["--data", str(tmp_path / "public.csv")]
        status = json.loads(asked(scripts.status, network, *public, "--json").stdout)
        newest = verification.model.round
        assert status["scores"] == {"round": newest, "rows": 400, "quality": told["quality"]}
        words = " ".join(asked(scripts.status, network, *public).output.split())
        assert f"On 400 rows of yours the global model, made in round {newest}, has" in words
        assert f"auroc {told['quality']['auroc']:.4g}" in words
        assert "scores" not in json.loads(asked(scripts.status, network, "--json", stores=()).output)

        task = tmp_path / network.deployment.configuration.learning.task
        elsewhere = ["--task", str(shutil.copy(task, tmp_path / "copy.json")), *public]
        asked(scripts.page, network, *elsewhere, "--out", str(tmp_path / "site"))
        rounds = page_data(tmp_path / "site")["rounds"]
        assert [each["s"]["run"] for each in rounds if each["n"] == newest] == [
            {name: round(value, 4) for name, value in told["quality"].items()}
        ]
        for command in (scripts.status, scripts.page):
            refused(command, network, "--data", str(tmp_path / "no.csv"), told="there is no file")
            refused(command, network, *public, stores=(), told="--data needs --store")
            refused(command, network, "--task", "loans", *public, told="task loans here has digest")


def page_data(folder):
    text = (folder / "index.html").read_text()
    return json.loads(re.search(r'type="application/json">(.*?)</script>', text, re.DOTALL)[1])


def verify(network, *more):
    return asked(scripts.verify, network, *more)


def asked(command, network, *more, stores=None):
    result = invoked(command, network, *more, stores=stores)
    assert result.exit_code == 0, result.stderr
    return result


def refused(command, network, *more, told, stores=None):
    result = invoked(command, network, *more, stores=stores)
    assert result.exit_code != 0 and told in result.stderr and "Traceback" not in result.stderr, result.stderr


def invoked(command, network, *more, stores=None):
    arguments = ["--deployment", str(network.path), "--network", network.node.url, *more]
    for store in network.stores if stores is None else stores:
        arguments += ["--store", store]
    return CliRunner(mix_stderr=False).invoke(command.cli, arguments)


def test_killed_between_commit_and_publish_without_its_cache_a_module_with_dropout_loses_nothing(
    tmp_path, compiled, keyed
):
    deaths = tmp_path / "deaths"
    deaths.mkdir()
    (deaths / "propose-after").touch()
    with sorting_game(tmp_path, compiled, 4, max_rounds=1) as network:
        network.enrol()
        for member in network.members:
            member.start(deaths=str(deaths))
        network.keeping.start()
        dead = died(network)
        shutil.rmtree(tmp_path / f"cache-{dead.alias}")
        dead.start(deaths=str(deaths))
        view = network.until(lambda v: v.is_over, 120, may_end=True)
        (committed,) = network.events("UpdateCommitted")
        assert len(network.events("UpdatePublished")) == 1, network.logs()
        assert committed.values["client"].lower() == dead.key.address
        tokens = view.clients[dead.key.address]
        assert tokens.free + tokens.escrow >= network.deployment.parameters.bond
        assert Verification(network.chain, network.deployment, network.stores).run() is None


def died(network):
    """The client that killed itself."""
    ended = []

    def look(view):
        ended[:] = [member for member in network.members if member.process.exitcode is not None]
        return bool(ended)

    network.until(look, 120, may_end=True)
    return ended[0]
