"""Institutions as processes with a folder of X-rays each: made pictures, in the layout of NIH's release."""

import csv

import numpy as np
import pytest
from live_game import game, keys_for
from own_tasks import described
from PIL import Image

from ml.tasks.built_in.chest_xray.nih import DISEASES, LABELS_FILES
from offchain.learning.finding import Here
from offchain.live.verifying.quality import Scorer
from offchain.live.verifying.verification import Verification

pytestmark = pytest.mark.usefixtures("warm_processes")

SIDE, PATIENTS = 24, 40


@pytest.fixture(scope="module")
def keyed(tmp_path_factory):
    return keys_for(8, tmp_path_factory.mktemp("ape"))


def write_xrays(folder, seed):
    """A hospital's folder: two pictures of each patient, a bright square where each disease has its place."""
    draws = np.random.default_rng(seed)
    (folder / "images").mkdir(parents=True)
    with (folder / LABELS_FILES[0]).open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("Image Index", "Finding Labels", "Follow-up #", "Patient ID"))
        for number in range(2 * PATIENTS):
            found = draws.random(len(DISEASES)) < 0.3
            pixels = draws.integers(0, 90, (SIDE, SIDE), dtype=np.uint8)
            for place in np.flatnonzero(found):
                row, column = divmod(int(place), 4)
                pixels[8 * row : 8 * row + 6, 6 * column : 6 * column + 6] += 150
            name = f"{seed:04}{number // 2:04}_{number % 2:03}.png"
            Image.fromarray(pixels).save(folder / "images" / name)
            told = "|".join(np.array(DISEASES)[found]) or "No Finding"
            lines.writerow((name, told, number % 2, number // 2))


def test_four_hospitals_learn_from_folders_of_their_own(tmp_path, compiled, keyed):
    write_xrays(tmp_path / "public", seed=100)
    for number in range(4):
        write_xrays(tmp_path / f"own{number}", seed=1 + number)
    options = ["--task-option", f"image_size={SIDE}"]
    learning = described(tmp_path, "chest-xray", tmp_path / "public", *options, "--metric", "likelihood")
    with game(
        tmp_path,
        compiled,
        4,
        learning=learning,
        shown=lambda number: [
            *("--data", str(tmp_path / f"own{number}"), "--local-epochs", "3", "--batch", "16"),
            *("--task-option", f"cache={tmp_path / 'resized'}"),
        ],
        proposer_bps=4000,
        max_rounds=2,
    ) as network:
        network.enrol()
        for member in network.members:
            member.start()
        network.keeping.start()
        view = network.until(lambda v: v.is_over, 150, may_end=True)
        verification = Verification(network.chain, network.deployment, network.stores)
        assert verification.run() is None and verification.model.id == view.model
        assert any(checked.included for checked in verification.checked), network.logs()
        rules = network.deployment.configuration.learning
        scorer = Scorer(rules, Here(network.deployment.folder), tmp_path / "public")
        after = scorer.quality(verification.model)
        assert scorer.rows == 2 * PATIENTS and after["loss"] < np.mean(rules.probe.genesis)
