"""The walls of the house: who may know whom, read off every import statement."""

import ast
import doctest
import functools
import importlib
import linecache
import pkgutil
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import ml
import offchain
from ml.tasks.built_in.lending_club.columns import required
from ml.tasks.loading import built_in_names

ROOT = Path(__file__).parent.parent
CHAIN = {"ape", "ape_foundry", "ape_solidity", "coincurve", "ethpm_types", "evm_trace", "rlp", "web3"}
LEARNING = {"ml", "torch", "sklearn", "pandas"}
DANGEROUS = {"pickle", "shelve", "marshal", "subprocess", "dill"}

WALLS = {
    "ml": CHAIN | DANGEROUS | {"offchain", "scripts"},
    "stakefed": CHAIN | DANGEROUS | {"offchain", "scripts"},
    "examples": CHAIN | DANGEROUS | {"ml", "offchain", "scripts"},
    "offchain": DANGEROUS | {"scripts", "stakefed"},
    "scripts": DANGEROUS | {"torch", "sklearn", "pandas", "web3"},
}
MAY_START_PROCESSES = {"offchain/worker/process.py"}
"""What starts a process of ours without an environment; it reads nothing from there but plain values."""
NODE_TALKERS = {
    "chain/compiled.py",  # Of Ape's compiler alone.
    "chain/network_option.py",
    "chain/nodes.py",
    "live/access/account.py",
    "live/access/network.py",
}
REFERENCE_MAY_USE = {"offchain", "ml", "collections", "dataclasses", "enum", "functools", "math", "typing"}
WALL_CLOCK = {
    "offchain/live/access/answers.py",  # Of a Retry-After that is a date, beside no other.
    "offchain/live/service.py",  # A word on a clock that is off.
    "offchain/monitoring/vitals.py",  # The first block's age, and a measure.
    "offchain/page/watching.py",  # When a page was told.
}
"""Who reads this machine's clock, which may jump: for people, never for a deadline or a pause."""
DOCTESTED = [
    package.__name__ + module.name.removeprefix(package.__name__)
    for package in (ml, offchain)
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
]


def sources(folder):
    return sorted((ROOT / folder).rglob("*.py"))


@functools.cache
def imported(path):
    """The modules that a file imports, whole."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.relative_to(ROOT)} imports relatively"
            names.append(node.module)
    return names


def tops(path):
    return {name.split(".")[0] for name in imported(path)}


@pytest.mark.parametrize("folder", WALLS)
def test_nobody_looks_over_a_wall(folder):
    seen = {path.relative_to(ROOT).as_posix(): tops(path) & WALLS[folder] for path in sources(folder)}
    starting = {path: seen.pop(path) for path in MAY_START_PROCESSES & {*seen}}
    assert {path: names for path, names in seen.items() if names} == {}
    assert all(names == {"subprocess"} for names in starting.values())


def test_ml_knows_no_part_of_ethereum():
    assert [p.name for p in sources("ml") if any(name.startswith("eth") for name in tops(p))] == []


def test_only_the_nodes_talk_to_a_node():
    root = ROOT / "offchain"
    talkers = {
        path.relative_to(root).as_posix() for path in sources("offchain") if tops(path) & {"ape", "web3"}
    }
    assert talkers == NODE_TALKERS


def test_the_reference_needs_neither_chain_nor_models():
    for path in sources("offchain/reference"):
        assert tops(path) <= REFERENCE_MAY_USE, path.name
        inner = {name for name in imported(path) if name.startswith(("ml", "offchain"))}
        assert all(n == "ml.updates.hashing" or n.startswith("offchain.reference") for n in inner), path.name


def folders_imported(parent):
    """What each folder of `parent` imports of the others, by name."""
    prefix, names = parent.replace("/", ".") + ".", {path.name for path in (ROOT / parent).glob("[!_]*/")}
    return {
        name: {
            part
            for path in sources(f"{parent}/{name}")
            for module in imported(path)
            if module.startswith(prefix)
            and (part := module.removeprefix(prefix).split(".")[0]) in names - {name}
        }
        for name in names
    }


def test_folders_of_the_live_network_do_not_import_each_other():
    imports = folders_imported("offchain/live")
    # A CycleError names the folders that import each other.
    assert set(TopologicalSorter(imports).static_order()) == set(imports) >= {"deploying", "watching"}


KNOW_DATA_SETS = ("ml/tasks/built_in/", "offchain/first_edition.py", "offchain/reproduction/paper")
"""The tasks themselves; what the first edition wrote; what the paper reports, and on which data."""
DATA_SETS = re.compile(r"lending.?club|chest|x-?rays?\b|mnist|\bnih\b|kaggle|\bloans?\b", re.IGNORECASE)
NAMES_OF_DATA = {*built_in_names(), *(name.replace("-", "_") for name in built_in_names())} | {
    column for column in required("all") if "_" in column
}

A_WORD_ONLY = {"ml/data/text/cells.py": {"digits"}}  # A group of a pattern.


def said(path):
    """The texts that a file's code holds; what it says of itself in docstrings does nothing."""
    tree = ast.parse(path.read_text())
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in alone)
    return {node.value for node in constants if isinstance(node.value, str)}


def test_nothing_outside_a_task_knows_the_name_of_a_data_set():
    found = {}
    for path in (path for folder in ("ml", "offchain", "scripts", "stakefed") for path in sources(folder)):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(KNOW_DATA_SETS):
            continue
        texts = {text for text in said(path) if text in NAMES_OF_DATA or DATA_SETS.search(text)}
        texts -= A_WORD_ONLY.get(name, set())
        tasks = {module for module in imported(path) if module.startswith("ml.tasks.built_in.")}
        if texts or tasks:
            found[name] = texts | tasks
    assert found == {}


def test_who_may_know_data_sets_does():
    for place in KNOW_DATA_SETS:
        texts = {text for path in ROOT.glob(f"{place}*") if path.suffix == ".py" for text in said(path)}
        texts |= {text for path in sources(place.rstrip("/")) for text in said(path)}
        assert any(DATA_SETS.search(text) or text in NAMES_OF_DATA for text in texts), place


def test_contracts_import_openzeppelin_and_each_other_only():
    for path in sorted((ROOT / "contracts").glob("[!.]*/**/*.sol")) + sorted(
        (ROOT / "contracts").glob("*.sol")
    ):
        for target in re.findall(r'^import .*"(.+)";$', path.read_text(), re.MULTILINE):
            assert target.startswith(("@openzeppelin/contracts/", "./", "../")), f"{path.name}: {target}"


def test_contracts_know_no_models():
    words = re.compile(r"\b(accuracy|auroc|gradient|tensor|loss|layer|label|torch)\b", re.IGNORECASE)
    found = {
        path.name: words.findall(path.read_text())
        for path in (ROOT / "contracts").rglob("*.sol")
        if ".cache" not in path.parts
    }
    assert {name: hits for name, hits in found.items() if hits} == {}


def test_no_deadline_is_of_a_clock_that_jumps():
    read = re.compile(
        r"\btime\.time(_ns)?\b|\b(datetime|date)\.(now|utcnow|today)\b|CLOCK_REALTIME|import .*\btime_ns\b"
    )
    files = [path for folder in ("ml", "offchain", "scripts", "stakefed") for path in sources(folder)]
    assert {str(path.relative_to(ROOT)) for path in files if read.search(path.read_text())} == WALL_CLOCK


def test_joblib_starts_workers_and_reads_no_file():
    users = [p.relative_to(ROOT).as_posix() for f in WALLS for p in sources(f) if "joblib" in tops(p)]
    assert users == ["offchain/reproduction/cluster.py", "offchain/reproduction/grid.py"]


def test_no_foreign_file_is_unpickled():
    # A model's own `.eval()` switches it from training to scoring.
    calls = re.compile(
        r"torch\.load|joblib\.(load|dump)|allow_pickle\s*=\s*True|shell\s*=\s*True|os\.system|(?<!\.)\beval\("
    )
    for folder in (*WALLS, "tools"):
        for path in sources(folder):
            assert not calls.search(path.read_text()), path.relative_to(ROOT)


@pytest.mark.parametrize("name", DOCTESTED)
def test_examples_in_docstrings_hold(name):
    linecache.clearcache()  # The debugger of each example looks at all files in there.
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0
