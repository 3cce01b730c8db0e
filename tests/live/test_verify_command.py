"""`ape run verify` on a deployment that played: what it prints, exports, how it fails; every `--json` too."""

import json
import re
import shutil
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from live import rewritten
from live_game import game, keys_for
from safetensors.numpy import load_file

import scripts.verify
from ml.updates.canonical import digest, to_bytes
from offchain.live.verifying.verification import Verification
from offchain.machine_json import VERSIONS


@pytest.fixture(scope="module")
def verifiable(tmp_path_factory, compiled):
    """Two rounds of four clients, long over; the node still answers."""
    keys_for(8, tmp_path_factory.mktemp("ape"))
    with game(tmp_path_factory.mktemp("verified"), compiled, 4, max_rounds=2) as network:
        network.enrol()
        for member in network.members:
            member.start()
        network.keeping.start()
        network.until(lambda v: v.is_over, 150, may_end=True)
        yield network


@pytest.fixture
def verify(verifiable):
    def run(*options, stores=None):
        arguments = ["--deployment", str(verifiable.path), "--network", verifiable.node.url, *options]
        for store in stores or verifiable.stores:
            arguments += ["--store", store]
        return CliRunner().invoke(scripts.verify.cli, arguments)

    return run


def test_it_shows_what_was_checked_and_ends_well(verify):
    result = verify()
    assert result.exit_code == 0, result.output
    assert "2 rounds checked: digests, weights, ballots, decisions; global model 0x" in result.output


def test_as_json_it_tells_every_round(verify, verifiable):
    told = json.loads(verify("--json").output)
    verification = Verification(verifiable.chain, verifiable.deployment, verifiable.stores)
    assert verification.run() is None and told["fault"] is None
    assert told["schema"] == "stakefed.verification/1"
    assert [each["number"] for each in told["rounds"]] == [1, 2]
    assert told["rounds"][0]["votes"].keys() == {str(j) for j in asdict(verification.checked[0])["votes"]}
    assert told["model"] == "0x" + verification.model.id.hex()


def test_what_kept_logs_lack_is_no_fault(verify, verifiable, tmp_path):
    verifiable.node.mine(100)
    assert verify("--cache", str(tmp_path)).exit_code == 0
    (kept,) = tmp_path.rglob("logs")

    def cut(content):
        content["logs"] = content["logs"][: len(content["logs"]) // 2]

    rewritten(kept, cut)
    result = verify("--cache", str(tmp_path))
    assert result.exit_code == 0 and "2 rounds checked" in result.output, result.output


def test_it_exports_the_model_of_any_round(verify, verifiable, tmp_path):
    for number in (0, 1, 2):
        out = tmp_path / f"model-{number}.safetensors"
        result = verify("--round", str(number), "--out", str(out))
        assert result.exit_code == 0, result.output
        told = json.loads(out.with_suffix(".json").read_text())
        assert told["round"] == number and told["manager"] == verifiable.deployment.manager.address
        assert {name: list(t.shape) for name, t in load_file(out).items()} == told["tensors"]
    verification = Verification(verifiable.chain, verifiable.deployment, verifiable.stores)
    verification.run()
    assert told["digest"] == "0x" + digest(to_bytes(verification.model.parameters), verification.schema).hex()


def test_an_artefact_that_is_missing_is_the_fault_and_nothing_is_exported(verify, verifiable, tmp_path):
    result = verify("--out", str(tmp_path / "m.safetensors"), stores=[str(tmp_path / "empty")])
    assert result.exit_code == 1
    made = [e.values["round"] for e in verifiable.events("RoundFinalised") if e.values["included"]]
    assert all(f"Gone: round {number}: no store has the included update" in result.output for number in made)
    assert f"Error: round {made[-1]}: no store has the included update" in result.output
    assert not (tmp_path / "m.safetensors").exists()


def test_an_inclusion_whose_bytes_are_gone_is_named_and_the_next_is_verified(verify, verifiable, tmp_path):
    first, last = (e.values["round"] for e in verifiable.events("RoundFinalised"))
    lost = [e.values["root"] for e in verifiable.events("UpdatePublished") if e.values["round"] == first]
    for path in Path(verifiable.stores[0]).iterdir():
        if path.stem not in {root.hex() for root in lost}:
            shutil.copy(path, tmp_path)
    out = tmp_path / "m.safetensors"
    result = verify("--out", str(out), stores=[str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert f"Gone: round {first}: no store has the included update" in result.output
    assert json.loads(out.with_suffix(".json").read_text())["round"] == last
    told = json.loads(verify("--json", stores=[str(tmp_path)]).output)
    assert told["gone"].keys() == {str(first)} and told["fault"] is None


def test_a_damaged_artefact_is_the_fault(verify, verifiable, tmp_path):
    store = tmp_path / "damaged"
    store.mkdir()
    for root in (e.values["root"] for e in verifiable.events("UpdatePublished")):
        (store / f"{root.hex()}.update").write_bytes(b"\0" * 4 * verifiable.schema.size)
    result = verify(stores=[str(store)])
    assert result.exit_code == 1 and "no store has the included update" in result.output


def test_what_cannot_be_written_is_said(verify, tmp_path):
    (tmp_path / "file").touch()
    result = verify("--out", str(tmp_path / "file" / "m.safetensors"))
    assert result.exit_code == 2 and "cannot be written" in result.output


def commands(command, *words):
    """A command, or those of a group, by the words that call it."""
    if isinstance(command, click.Group):
        return {
            w: c for name, one in command.commands.items() for w, c in commands(one, *words, name).items()
        }
    return {" ".join(words): command}


NAMES = [path.stem for path in Path(scripts.verify.__file__).parent.glob("[!_]*.py")]
ALL = {
    words: c for name in NAMES for words, c in commands(import_module(f"scripts.{name}").cli, name).items()
}
WITH_JSON = sorted(words for words, c in ALL.items() if any("--json" in each.opts for each in c.params))
AMOUNTS = {"free", "escrow", "reward_pool", "budget"}
"""Names under which amounts are told; whole tokens elsewhere would be above what a float holds."""


def leaves(told, name=""):
    if isinstance(told, dict | list):
        parts = told.items() if isinstance(told, dict) else ((name, each) for each in told)
        return [leaf for key, value in parts for leaf in leaves(value, key)]
    return [(name, told)]


@pytest.mark.parametrize("words", WITH_JSON)
def test_every_json_says_its_form_first_and_has_amounts_as_text(words, verifiable):
    member = verifiable.members[0].key.address
    stores = [word for store in verifiable.stores for word in ("--store", store)]
    own = {"status": ["--members"], "explain": [member], "verify": stores}[words]
    where = ["--deployment", str(verifiable.path), "--network", verifiable.node.url]
    result = CliRunner().invoke(ALL[words], [*own, *where, "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout, parse_constant=pytest.fail)
    kind, version = re.fullmatch(r"stakefed\.(\w+)/(\d+)", told["schema"]).groups()
    assert next(iter(told)) == "schema" and int(version) == VERSIONS[kind]
    for name, value in leaves(told):
        assert name not in AMOUNTS or re.fullmatch(r"-?\d+", value), (name, value)
        assert isinstance(value, bool) or not isinstance(value, int) or value < 2**53, (name, value)
    assert words == "verify" or AMOUNTS & {name for name, _ in leaves(told)}
