from collections import Counter

import pytest

from tools.mutants import ROOT, MutantError, load

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
