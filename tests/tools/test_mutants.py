import subprocess
from collections import Counter

import pytest

from tools.mutant_list import ROOT, Mutant, MutantError, load
from tools.mutant_outcomes import Outcome, Outcomes
from tools.mutants import OUTCOMES, try_one

MUTANTS = load()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_still_finds_its_line(mutant):
    text = (ROOT / mutant.file).read_text()
    assert mutant.applied(text) != text
    for test in mutant.tests:
        assert (ROOT / test).exists(), f"{test} is named by {mutant.name!r} and is not there"


def test_names_are_unique_and_all_parts_have_mutants():
    assert max(Counter(mutant.name for mutant in MUTANTS).values()) == 1
    folders = Counter(mutant.file.split("/")[0] for mutant in MUTANTS)
    assert folders["contracts"] >= 40 and folders["offchain"] >= 8 and folders["ml"] >= 8


def test_a_line_that_is_gone_is_an_error():
    with pytest.raises(MutantError, match="0 times, expected once"):
        MUTANTS[0].applied("nothing of it")


@pytest.fixture
def broken(tmp_path):
    """Two mutants of a tree of two files and a test."""
    for name in ("one.py", "two.py", "test_both.py"):
        (tmp_path / name).write_text(name)
    return [Mutant(name, name, "a", "b", ("test_both.py",)) for name in ("one.py", "two.py")]


def kept(tmp_path, broken):
    return Outcomes(tmp_path / "kept.csv", tmp_path, broken)


def test_an_outcome_is_kept_until_its_file_or_its_tests_change(tmp_path, broken):
    one, two = broken
    caught = Outcome("ape", "test_both.py::test_it")
    for mutant in (two, one):
        kept(tmp_path, broken).add(mutant, caught)
    assert [kept(tmp_path, broken).of(mutant) for mutant in broken] == [caught, caught]
    (tmp_path / "two.py").write_text("other")
    assert [kept(tmp_path, broken).of(mutant) for mutant in broken] == [caught, None]
    assert kept(tmp_path, broken).summary().splitlines()[1] == "Python: 2 mutants, 1 ape, 1 untried"
    (tmp_path / "test_both.py").write_text("other")
    assert kept(tmp_path, broken).of(one) is None


@pytest.mark.parametrize(
    ("profile", "holds"),
    [("other", True), ("mutants", False), ("mutants.fuzz", False), ("default", False)],
)
def test_an_outcome_of_a_contract_holds_for_the_profiles_that_it_was_tried_with(tmp_path, profile, holds):
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts/One.sol").write_text("a")
    settings = tmp_path / "foundry.toml"
    settings.write_text("[profile.long]\nruns = 1\n")
    mutant, caught = Mutant("one", "contracts/One.sol", "a", "b", ()), Outcome("ape", "test_it")
    kept(tmp_path, [mutant]).add(mutant, caught)
    settings.write_text(settings.read_text() + f"[profile.{profile}]\nruns = 2\n")
    assert kept(tmp_path, [mutant]).of(mutant) == (caught if holds else None)


def test_the_table_has_the_lists_order_and_nothing_else(tmp_path, broken):
    one, two = broken
    for mutant in (two, one):
        kept(tmp_path, broken).add(mutant, Outcome(""))
    lines = (tmp_path / "kept.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["mutant", "one.py", "two.py"]
    assert kept(tmp_path, broken).summary().endswith("2 mutants, 2 survived")
    kept(tmp_path, [one]).add(one, Outcome("ape"))
    assert "two.py" not in (tmp_path / "kept.csv").read_text()


def test_a_contracts_outcome_holds_for_all_contracts(tmp_path):
    (tmp_path / "contracts" / ".cache").mkdir(parents=True)
    for name in ("A.sol", "B.sol"):
        (tmp_path / "contracts" / name).write_text(name)
    mutant = Mutant("a", "contracts/A.sol", "A", "B", ())
    kept(tmp_path, [mutant]).add(mutant, Outcome("forge", "test_a"))
    (tmp_path / "contracts" / ".cache" / "copy").write_text("made by a compiler")
    assert kept(tmp_path, [mutant]).of(mutant) == Outcome("forge", "test_a")
    (tmp_path / "contracts" / "B.sol").write_text("other")
    assert kept(tmp_path, [mutant]).of(mutant) is None


def test_a_contracts_outcome_holds_for_the_test_that_noticed_and_what_it_imports(tmp_path):
    files = {
        "contracts/A.sol": "",
        "tests/forge/units/Noticed.t.sol": 'import {B} from "../support/B.sol";\nfunction test_a() {}',
        "tests/forge/support/B.sol": 'import "./C.sol";',
        "tests/forge/support/C.sol": 'import {A} from "../../../contracts/A.sol";',
        "tests/forge/units/Other.t.sol": "function test_b() {}",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    mutant = Mutant("a", "contracts/A.sol", "A", "B", ())

    def holds(outcome, changed):
        kept(tmp_path, [mutant]).add(mutant, outcome)
        (tmp_path / changed).write_text(files[changed] + " ")
        found = kept(tmp_path, [mutant]).of(mutant)
        (tmp_path / changed).write_text(files[changed])
        return found == outcome

    others = "tests/forge/units/Other.t.sol"
    by_forge = Outcome("forge", "test_a")
    assert [holds(by_forge, name) for name in files] == [name == others for name in files]
    assert holds(Outcome("ape", "test_mutants.py"), others), "it went past all tests in Solidity"
    assert not holds(Outcome("time"), others) and not holds(Outcome(""), others)


@pytest.mark.parametrize(
    ("told", "noticed_by", "runs"),
    [
        ("FAILED test_both.py::test_it - assert False", "test_both.py::test_it", 1),
        ("ERROR: not found: test_both.py::test_it", "test_both.py::test_new", 2),
        ("1 passed", "test_both.py::test_new", 2),
    ],
    ids=["fails again", "is gone", "passes now"],
)
def test_the_test_that_noticed_before_is_tried_first(tmp_path, broken, monkeypatch, told, noticed_by, runs):
    met = []

    def run(copy, _, *tests):
        assert (copy / "one.py").read_text() == "b"
        met.append(tests[0])
        whole = tests[0] == "test_both.py"
        printed = "FAILED test_both.py::test_new - assert False" if whole else told
        return subprocess.CompletedProcess((), int("passed" not in printed), printed, "")

    (tmp_path / "one.py").write_text("a")
    monkeypatch.setattr("tools.mutants.run", run)
    assert try_one(broken[0], tmp_path, Outcome("ape", "test_both.py::test_it")) == Outcome("ape", noticed_by)
    assert met == ["test_both.py::test_it", "test_both.py"][:runs]
    assert (tmp_path / "one.py").read_text() == "a"


def test_proofs_tells_what_the_table_has():
    table = Outcomes(OUTCOMES, ROOT, MUTANTS).rows()
    told = (ROOT / "docs" / "PROOFS.md").read_text()
    parts = {
        whether: [by for file, by in table if file.startswith("contracts/") is whether]
        for whether in (True, False)
    }
    assert f"breaks {sum(m.in_contracts for m in MUTANTS)} lines of `contracts/`" in told
    assert (
        f"Of these contracts {len(parts[True])} lines were tried: {parts[True].count('forge')} noticed"
        in told
    )
    assert f"of Python {len(parts[False])}" in told
    assert ("None survived." in told) is all(by for _, by in table)
