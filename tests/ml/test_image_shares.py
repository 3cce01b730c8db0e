"""Who holds which images: disjoint, equal, seeded; by labels and by patient."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml.data.rows import Rows
from ml.data.splits import gathered, split_members, split_rows
from ml.data.stored_images import StoredImages
from ml.errors import DataError
from ml.judging.metrics import has_both
from ml.settings import SplitSettings
from ml.tasks.federating import federate, kinds_of, own_rows
from ml.tasks.targets import Labels
from ml.tasks.task import Task


def images(count=600, patients=None, test=None, labels=4, seed=0):
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 256, (count, 8, 8), dtype=np.uint8)
    marks = (generator.random((count, labels)) < 0.2).astype(np.float32)
    columns = {} if patients is None else {"patient": patients}
    inputs = StoredImages(pixels, np.arange(count))
    return Rows(inputs, marks, test=test, apart=patients, columns=columns)


def split(of, shares="iid", clients=7, seed=0, alpha=0.5):
    settings = SplitSettings(shares=shares, clients=clients, dirichlet_alpha=alpha)
    return split_rows(of, kinds_of(Labels(of.targets.shape[1]), of), settings, np.random.default_rng(seed))


def held(parts):
    return [np.concatenate([a, b]) for a, b in zip(parts.train, parts.validation, strict=True)]


PATIENTS = np.sort(np.random.default_rng(1).integers(0, 90, 600))


@pytest.mark.parametrize("shares", ["iid", "dirichlet", "patient"])
def test_nobody_holds_what_another_holds_and_no_test_image_is_trained_on(shares):
    parts = split(images(patients=PATIENTS), shares)
    everything = np.concatenate([*held(parts), parts.test])
    assert len(np.unique(everything)) == len(everything)
    assert len(everything) > 600 - 7
    assert all(
        len(v) == round(0.2 * (len(t) + len(v))) for t, v in zip(parts.train, parts.validation, strict=True)
    )


@pytest.mark.parametrize("shares", ["iid", "dirichlet"])
def test_shares_are_equal_and_use_all_but_a_remainder(shares):
    parts = split(images(), shares)
    assert len(parts.test) == 120
    assert {len(share) for share in held(parts)} == {480 // 7}


@pytest.mark.parametrize("shares", ["iid", "dirichlet", "patient"])
def test_the_split_follows_from_the_seed(shares):
    first, again, other = (split(images(patients=PATIENTS), shares, seed=seed) for seed in (3, 3, 4))
    same = [np.array_equal(a, b) for a, b in zip(held(first), held(again), strict=True)]
    assert all(same)
    assert np.array_equal(first.test, again.test)
    assert not np.array_equal(first.test, other.test)
    assert not any(np.array_equal(a, b) for a, b in zip(held(first), held(other), strict=True))


def skew(alpha):
    """Mean distance of a client's label frequencies from everyone's."""
    of = images(2_000)
    return np.mean(
        [
            np.abs(of.targets[share].mean(0) - of.targets.mean(0)).mean()
            for share in held(split(of, "dirichlet", alpha=alpha))
        ]
    )


def test_labels_are_the_more_skewed_the_smaller_alpha_is():
    of = images(2_000)
    at_random = np.mean(
        [np.abs(of.targets[share].mean(0) - of.targets.mean(0)).mean() for share in held(split(of))]
    )
    assert skew(0.05) > 1.5 * skew(1.0) > 1.5 * 1.5 * skew(1000.0)
    assert skew(1000.0) < 2 * at_random


def test_an_alpha_next_to_nothing_still_shares_everything_equally():
    assert {len(share) for share in held(split(images(), "dirichlet", alpha=1e-4))} == {480 // 7}


@pytest.mark.parametrize("shares", ["iid", "dirichlet", "patient"])
def test_small_shares_are_drawn_until_every_client_can_score(shares):
    of = images(160, patients=np.arange(160) // 2)
    for seed in range(5):
        parts = split(of, shares, clients=8, seed=seed)
        assert all(has_both(of.targets[places] > 0.5).any() for places in parts.validation)


def test_a_patient_is_one_clients_or_the_tests_alone():
    parts = split(images(patients=PATIENTS), "patient")
    groups = [set(PATIENTS[share]) for share in [*held(parts), parts.test]]
    assert sum(map(len, groups)) == len(set().union(*groups)) == len(set(PATIENTS))
    sizes = [len(share) for share in held(parts)]
    assert max(sizes) - min(sizes) <= 2
    assert abs(len(parts.test) - 120) <= np.bincount(PATIENTS).max()


@pytest.mark.parametrize("shares", ["iid", "dirichlet"])
def test_known_patients_are_not_on_both_sides_of_the_test(shares):
    parts = split(images(patients=PATIENTS), shares)
    assert not set(PATIENTS[np.concatenate(held(parts))]) & set(PATIENTS[parts.test])


def test_test_images_that_the_data_set_names_are_the_test():
    named = np.arange(600) % 6 == 0
    parts = split(images(test=named, patients=PATIENTS))
    assert sorted(parts.test) == list(np.flatnonzero(named))
    assert list(parts.test) != sorted(parts.test)


def task_of(of):
    class Given(Task):
        target = Labels(of.targets.shape[1], names=tuple("abcdefgh"[: of.targets.shape[1]]))

        def rows(self, path):
            return of

    return Given()


def shared_out(of, **settings):
    return federate(task_of(of), None, SplitSettings(**{"clients": 4, **settings}))


def refused(message, of, **settings):
    with pytest.raises(DataError, match=message) as caught:
        shared_out(of, **settings)
    assert "\n" not in str(caught.value)


def grouped(groups):
    return replace(images(), groups=groups)


@pytest.mark.parametrize("shares", ["iid", "group"])
def test_who_would_hold_one_group_alone_could_not_train_and_judge(shares):
    few = grouped(np.arange(600) % 5)
    refused("a client's 120 rows are of one group, .* or let fewer than 4 clients", few, shares=shares)
    assert len(shared_out(few, shares=shares, clients=2).clients[0].y_train)
    refused("^these 600 rows are of one group, .* more groups, or none$", grouped(np.zeros(600)))


def test_a_member_whose_rows_are_one_group_is_told_so():
    of = grouped(np.arange(600) // 200)
    for first, rows in ((0, 200), (100, 100)):  # The second has a group to test by, and one that is left.
        own = of.taken(np.arange(first, first + 200))
        with pytest.raises(DataError, match=f"^these {rows} rows are of one group, .* more groups, or none$"):
            split_members(gathered([own]), np.random.default_rng(0))
    with pytest.raises(DataError, match="^these 200 rows are of one group"):
        own_rows(task_of(of), of.taken(np.arange(200)), 0)


def test_who_holds_one_outcome_alone_is_named_as_a_live_client_would_be_told():
    of = images(labels=1)

    class Held(Task):
        target = Labels(1, names=("ill",))

        def rows(self, path):
            return of if path.name == "a.csv" else replace(of, targets=np.ones_like(of.targets))

    with pytest.raises(
        DataError, match=r"^the 384 training rows of b.csv have one outcome only of 'ill' \(1\)"
    ):
        federate(Held(), [Path("a.csv"), Path("b.csv")], SplitSettings(clients=2))


def test_what_cannot_be_split_is_refused():
    refused("600 rows are too few for 100 clients: 4 training rows each, at least 5", images(), clients=100)
    refused(
        "these rows have no shares 'patient'; use iid, dirichlet, quantity; their task names no column",
        images(),
        shares="patient",
    )
    refused("quantity; did you mean 'dirichlet'?", images(), shares="dirichlett")
    few = images(patients=np.arange(600) % 4)
    refused(
        "training rows are of 3 values of patient, too few for 4 clients: let 3 take part at most, "
        "or share rows out by dirichlet or quantity, which part them",
        few,
        shares="patient",
    )
    uneven = images(patients=np.maximum(np.arange(600) - 588, 0))
    refused(r"600 rows are too few for 4 clients: \d training rows each", uneven, shares="patient")


def test_a_label_rarer_than_the_folds_is_refused():
    of = images()
    of.targets[:, 2] = 0
    of.targets[:2, 2] = 1
    refused("label c has 2 positives among 600 rows; .* at least 3", of)
    of.targets[2, 2] = 1
    assert len(shared_out(of).clients) == 4


def test_rows_are_the_images_normalised_with_their_labels():
    of = images()
    data = shared_out(of)
    assert data.label_names == ("a", "b", "c", "d")
    client = data.clients[2]
    assert client.X_train.shape == (96, 1, 8, 8)
    X = client.X_train[:]
    assert X.dtype == np.float32
    place = client.X_train.places[5]
    pixels = of.inputs.pixels[place].astype(np.float64)
    np.testing.assert_allclose(X[5, 0], (pixels - pixels.mean()) / pixels.std(), atol=1e-5)
    assert client.y_train[5].tolist() == of.targets[place].tolist()
