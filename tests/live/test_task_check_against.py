"""`ape run task check --deployment`: what a client's start would find, and phases too short for the work."""

import pytest
import yaml
from click.testing import CliRunner
from live import CONFIGURATION
from own_tasks import SORTING, described, write_patients

from offchain.live.client import phases
from scripts.task import cli

pytestmark = pytest.mark.usefixtures("warm_processes")


@pytest.fixture
def asked_network(tmp_path):
    """A configuration of a module of the founders' own, and a member's rows."""
    (tmp_path / "sorting.py").write_text(SORTING)
    write_patients(tmp_path / "public.npz", seed=0)
    write_patients(tmp_path / "own.npz", seed=1)
    learning = described(tmp_path, tmp_path / "sorting.py", tmp_path / "public.npz")
    (tmp_path / "net.yaml").write_text(yaml.safe_dump(CONFIGURATION | {"learning": learning}))
    return tmp_path


def check(folder, *more):
    data = ["--data", str(folder / "own.npz")] if (folder / "own.npz").exists() else []
    return CliRunner().invoke(cli, ["check", "--deployment", str(folder / "net.yaml"), *data, *more])


def test_a_member_learns_what_its_client_would_find_and_how_long_it_takes(asked_network):
    said = check(asked_network)
    assert said.exit_code == 0, said.output
    assert "rules 0x" in said.output and "s to train here" in said.output
    proposers = phases._most_updates(phases_of(asked_network))
    assert f"to judge {proposers} updates here" in said.output and "can tell apart" in said.output
    assert "it would miss seats" not in said.output


@pytest.mark.parametrize(
    "members, bps, told, todo",
    [
        (8, 1000, "1 proposes", "up to 5000 before they deploy, which makes 4"),
        (8, 2500, "2 propose", "which makes 4"),
        (4, 1000, "1 proposes", "which makes 2"),
        (4, 5000, "2 propose", "only more members make more"),
        (8, 5000, "", ""),
    ],
)
def test_a_round_of_few_proposers_is_told_with_what_makes_more(asked_network, members, bps, told, todo):
    path = asked_network / "net.yaml"
    content = yaml.safe_load(path.read_text())
    content["protocol"] |= {"proposer_bps": bps, "min_members": members}
    path.write_text(yaml.safe_dump(content))
    said = check(asked_network)
    assert said.exit_code == 0, said.output
    assert (f"of {members} members {told} a round with proposer_bps {bps}" in said.output) is bool(told)
    assert todo in said.output and ("average nothing out" in said.output) is bool(told)


def phases_of(folder):
    from offchain.live.deploying.configuration import load_configuration

    return load_configuration(folder / "net.yaml")


@pytest.mark.parametrize("phase", ["propose_for", "vote_for"])
def test_a_phase_too_short_for_this_machine_is_told(asked_network, phase, monkeypatch):
    lasts = CONFIGURATION["protocol"][phase]
    taken = {"propose_for": (0.6 * lasts, 0.0), "vote_for": (0.0, 0.6 * lasts)}[phase]
    monkeypatch.setattr(phases, "_seconds", lambda learning, updates: taken)
    said = check(asked_network)
    assert said.exit_code == 0, said.output
    assert f"{phase} lasts {lasts} s and this machine needs" in said.output


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda folder: (folder / "sorting.py").write_text("1 / 0\n" + SORTING), "here has digest 0x"),
        (lambda folder: (folder / "net.genesis.safetensors").unlink(), "genesis .* cannot be read"),
        (lambda folder: write_patients(folder / "public.npz", seed=9), "the probe's rows .* have digest"),
        (lambda folder: write_patients(folder / "own.npz", seed=1, count=3), "3 rows are too few"),
        (lambda folder: (folder / "net.yaml").unlink(), "there is no configuration|net.yaml"),
    ],
    ids=["task", "genesis", "probe", "rows", "configuration"],
)
def test_what_a_client_would_refuse_is_one_sentence(asked_network, spoil, sentence):
    import re

    spoil(asked_network)
    said = check(asked_network)
    assert said.exit_code == 1 and re.search(sentence, said.output), said.output
    assert len(said.output.splitlines()) == 1


def test_neither_task_nor_deployment(asked_network):
    said = CliRunner().invoke(cli, ["check"])
    assert said.exit_code == 2 and "give --task, or --deployment" in said.output
