"""Commands that read a file's rows say how many are used, how many are left out, and why."""

import csv

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from scripts.calibrate import cli as calibrate
from scripts.encoding import cli as encoding
from scripts.task import cli as task

USED = "ward.csv: 380 of 400 rows are used"
WHY = "stay is unreadable in 20, such as 'soon 0' in line 2"


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    """A table of 400 rows of which 20 have a word for a number, and its encoding."""
    folder = tmp_path_factory.mktemp("ward")
    draws = np.random.default_rng(3)
    stays = draws.uniform(1, 30, 400)
    with (folder / "ward.csv").open("w") as file:
        rows = csv.writer(file)
        rows.writerow(("stay", "age", "ill"))
        for place, stay in enumerate(stays):
            ill = "yes" if stay + draws.normal(0, 3) > 15 else "no"
            rows.writerow(
                (f"soon {place}" if place % 20 == 0 else f"{stay:.2f}", int(draws.integers(20, 90)), ill)
            )
    made = folder / "ward.json"
    wishes = ("--target", "ill", "--kind", "stay=number", "--out", made)
    done = said(encoding, "--data", folder / "ward.csv", *wishes)
    assert done.exit_code == 0, done.stderr
    return ["--task", made, "--data", folder / "ward.csv"]


def said(command, *options):
    return CliRunner(mix_stderr=False).invoke(command, [str(option) for option in options])


def test_a_check_tells_what_became_of_the_rows(ward):
    page = said(task, "check", *ward)
    assert page.exit_code == 0 and USED in page.stdout and WHY in page.stdout


def test_what_is_left_out_is_a_members_own_choice(ward):
    refused = said(task, "check", *ward, "--allow-missing", 0.01)
    assert refused.exit_code == 1 and "20 of 400 rows" in refused.stderr and WHY in refused.stderr


def test_who_describes_a_task_is_told_and_its_choices_bind_nobody(ward):
    plain = said(task, "describe", *ward)
    chosen = said(task, "describe", *ward, "--allow-missing", 0.06, "--accept-rows")
    assert USED in plain.stderr and WHY in plain.stderr
    assert yaml.safe_load(plain.stdout)["learning"]["task_options"] == {}
    assert plain.stdout == chosen.stdout


@pytest.mark.parametrize(
    "tolerance, code, told",
    [
        ("nan", 2, "'nan' is no finite number."),
        ("-0.1", 2, "-0.1 is not in the range"),
        ("1", 1, "tolerance: Input should be less than 1, got 1.0"),
    ],
)
def test_a_tolerance_that_is_none_is_one_sentence(ward, tolerance, code, told):
    refused = said(task, "describe", *ward, "--tolerance", tolerance)
    assert refused.exit_code == code and isinstance(refused.exception, SystemExit)
    assert told in refused.stderr


def test_rounds_that_only_measure_tell_it_too(ward):
    told = said(calibrate, *ward, "--clients", 6, "--rounds", 2)
    assert told.exit_code == 0 and USED in told.stderr and WHY in told.stderr
