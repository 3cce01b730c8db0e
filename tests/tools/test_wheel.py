"""The wheel: one command with the commands of `ape run`, in an environment where this checkout is not."""

import json
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BUILT_FROM = ("ml", "offchain", "scripts", "stakefed", "contracts", "pyproject.toml", "setup.py", "README.md")
MANIFEST = Path(".build", "__local__.json")
BESIDE = ("privacy", "track")  # Extras of packages that `make install` leaves to whoever asks for them.


@pytest.fixture(scope="module")
def sources(tmp_path_factory, project):
    """A copy of what a wheel is built from, its contracts compiled: building leaves files in its folder."""
    project.load_contracts()
    copy = tmp_path_factory.mktemp("sources")
    for name in (*BUILT_FROM, "requirements.txt", MANIFEST):
        (copy / name).parent.mkdir(exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", ".cache"))
        else:
            shutil.copy(ROOT / name, copy / name)
    return copy


def build(sources, out):
    return subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
        + ["--wheel-dir", str(out), str(sources)],
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def stakefed(sources, tmp_path_factory):
    """Runs the wheel's command elsewhere; the packages that it needs are borrowed from this environment."""
    folder = tmp_path_factory.mktemp("wheel")
    built = build(sources, folder)
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("stakefed-*.whl")
    home = folder / "environment"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    site = Path(sysconfig.get_path("purelib", vars={"base": str(home)}))
    # A path in a .pth file brings packages, and not what their own .pth files point at: not this checkout.
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps"]
    subprocess.run([*install, "--no-index", str(wheel)], check=True, capture_output=True)
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()

    def run(*arguments, program=home / "bin" / "stakefed"):
        env = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "COLUMNS": "200"}
        return subprocess.run(
            [str(program), *arguments], cwd=elsewhere, env=env, capture_output=True, text=True
        )

    run.python = lambda code: run("-c", code, program=python)
    run.folder = elsewhere
    return run


def test_one_definition_serves_both(stakefed):
    said = stakefed("--help")
    assert said.returncode == 0, said.stderr
    commands = said.stdout.partition("Commands:")[2]
    for path in (ROOT / "scripts").glob("[!_]*.py"):
        assert f"\n  {path.stem} " in commands
    assert stakefed("--version").stdout == f"stakefed, version {version()}\n"
    unknown = stakefed("simulat")
    assert unknown.returncode == 2 and "No such command 'simulat'" in unknown.stderr


WATCHERS = ("explain", "grant", "keeper", "operator", "page", "relay", "status", "store", "withdraw")


def without_extras(*calls):
    """Python that runs commands, each given as words, where no package is that extras alone bring."""
    by_distribution = {}
    for module, distributions in packages_distributions().items():
        for each in distributions:
            by_distribution.setdefault(each.lower(), set()).add(module)
    extras = [Requirement(each) for group in PROJECT["optional-dependencies"].values() for each in group]
    names = {each.name.lower() for each in extras} - {"stakefed", "pandas"}  # Ape brings pandas.
    gone = sorted({module for name in names for module in by_distribution.get(name, ())})
    assert {"torch", "ape_foundry", "sklearn", "scipy", "matplotlib"} <= set(gone)
    return (
        f"import sys; sys.modules.update(dict.fromkeys({gone!r}))\n"
        f"from scripts.__main__ import stakefed\n"
        f"for words in {calls!r}: stakefed(words.split(), prog_name='stakefed', standalone_mode=False)"
    )


def test_without_extras_watchers_run_and_the_rest_says_what_it_needs(stakefed):
    said = stakefed.python(without_extras("--help", *(f"{name} --help" for name in WATCHERS)))
    assert said.returncode == 0, said.stderr
    for path in (ROOT / "scripts").glob("[!_]*.py"):
        assert f"\n  {path.stem} " in said.stdout
    said = stakefed.python(without_extras("simulate --clients 8 --rounds 1 --out bare"))
    assert (
        "ClickException: simulate needs the package" in said.stderr and "`stakefed[simulate]`" in said.stderr
    )


def test_a_simulation_in_memory_runs_from_it(stakefed):
    said = stakefed("simulate", "--engine", "reference", "--clients", "8", "--rounds", "2", "--out", "run")
    assert said.returncode == 0, said.stdout + said.stderr
    summary = json.loads((stakefed.folder / "run" / "summary.json").read_text())
    assert summary["rounds"] == 2
    page = stakefed("page", "--run", "run", "--out", "site")
    assert page.returncode == 0, page.stderr
    assert "<script" in (stakefed.folder / "site" / "index.html").read_text()


def test_it_brings_the_contracts_and_the_lock_and_nothing_of_this_checkout(stakefed, compiled_here):
    code = """
import json, offchain
from offchain.chain.compiled import compiled_contracts
from offchain.software import VERSION, lock_digest
told = {name: each.deployment_bytecode.bytecode for name, each in compiled_contracts().items()
        if each.deployment_bytecode}
print(json.dumps([offchain.__file__, told, VERSION, lock_digest()]))
"""
    said = stakefed.python(code)
    assert said.returncode == 0, said.stderr
    place, found, told_version, lock = json.loads(said.stdout)
    assert not Path(place).is_relative_to(ROOT)
    assert {"RoundManager", "StakePool", "StakeToken", "PrevrandaoSeed", "Relay"} <= set(found)
    assert all(compiled_here[name] == code for name, code in found.items())
    assert told_version == version()
    locked = subprocess.run(["sha256sum", ROOT / "requirements.txt"], capture_output=True, text=True)
    assert lock == locked.stdout.split()[0]


@pytest.fixture(scope="module")
def compiled_here(project):
    types = {name: each.contract_type for name, each in project.load_contracts().items()}
    return {name: t.deployment_bytecode.bytecode for name, t in types.items() if t.deployment_bytecode}


def test_contracts_that_changed_since_they_were_compiled_are_refused(sources, tmp_path):
    shutil.copytree(sources, tmp_path / "copy")
    changed = tmp_path / "copy" / "contracts" / "Relay.sol"
    changed.write_text(changed.read_text() + "// later\n")
    assert (
        "contracts/Relay.sol changed since it was compiled: run `make wheel`"
        in build(tmp_path / "copy", tmp_path).stderr
    )
    (tmp_path / "copy" / MANIFEST).unlink()
    assert "the contracts are not compiled: run `make wheel`" in build(tmp_path / "copy", tmp_path).stderr
    assert not list(tmp_path.glob("*.whl"))


def test_what_it_depends_on_is_what_the_lock_was_made_from():
    extras = {name: asked for name, asked in PROJECT["optional-dependencies"].items() if name not in BESIDE}
    wanted = [*PROJECT["dependencies"], *sum(extras.values(), [])]
    locked = (ROOT / "requirements.in").read_text() + (ROOT / "requirements-torch.txt").read_text()
    asked = [Requirement(line) for line in locked.splitlines() if line and line[0] not in "#-"]
    known = {each.name.lower(): str(each.specifier) for each in asked}
    for each in map(Requirement, wanted):
        if each.name == "stakefed":
            continue
        assert each.name.lower() in known, f"{each.name} is in pyproject.toml and not in requirements.in"
        if each.specifier and each.name != "torch":
            assert known[each.name.lower()] == str(each.specifier)


def version():
    from offchain.software import VERSION

    return VERSION
