"""MedMNIST's chestmnist.npz, made here in its layout."""

import zipfile

import numpy as np
import pytest
from federations import load

from ml.errors import DataError
from ml.tasks.built_in.chest_xray.medmnist import read
from ml.tasks.built_in.chest_xray.nih import DISEASES, FINDINGS

COUNTS = {"train": 70, "val": 11, "test": 22}


def arrays(counts=COUNTS, side=28, seed=0):
    generator = np.random.default_rng(seed)
    found = {}
    for part, count in counts.items():
        found[f"{part}_images"] = generator.integers(0, 256, (count, side, side), dtype=np.uint8)
        found[f"{part}_labels"] = (generator.random((count, 14)) < 0.3).astype(np.int64)
    return found


def write(path, content):
    np.savez_compressed(path, **content)
    return path


@pytest.fixture
def file(tmp_path):
    return write(tmp_path / "chestmnist.npz", arrays())


def test_a_fifth_is_tested_on_and_comes_from_the_files_test_images(file):
    found = read(file, 100, 28, file.parent)
    parts = arrays()
    assert found.test.sum() == 20
    assert np.array_equal(found.inputs.pixels[found.test], parts["test_images"][:20])
    training = np.concatenate([parts["train_images"], parts["val_images"]])
    assert np.array_equal(found.inputs.pixels[~found.test], training[:80])
    columns = [FINDINGS.index(disease) for disease in DISEASES]
    assert np.array_equal(found.targets[found.test], parts["test_labels"][:20, columns])
    assert np.array_equal(found.targets[~found.test][:70], parts["train_labels"][:, columns])
    assert found.apart is None


@pytest.mark.parametrize("rows", [10, 90, 103, None])
def test_as_many_as_asked_for_or_all_are_read(file, rows):
    found = read(file, rows, 28, file.parent)
    assert len(found) == len(found.inputs.pixels) == (rows or 103)


def test_images_are_resized_and_cached(file):
    assert read(file, 50, 16, file.parent).inputs.pixels.shape == (50, 16, 16)
    first = read(file, None, 16, file.parent / "cache").inputs.pixels
    assert np.array_equal(read(file, None, 16, file.parent / "cache").inputs.pixels, first)
    assert len(list((file.parent / "cache").glob("*.npy"))) == 1


def test_clients_get_shares_of_it(file):
    data = load("chest-xray", path=file, clients=4, cache=file.parent, shares="dirichlet")
    assert data.X_test.shape == (22, 1, 64, 64)
    assert {len(client.y_train) for client in data.clients} == {16}


def refused(path, message, **changes):
    values = {"task": "chest-xray", "clients": 4, "cache": path.parent / "cache", **changes}
    with pytest.raises(DataError, match=message) as caught:
        load(path=path, **values)
    assert "\n" not in str(caught.value)
    assert not list((path.parent / "cache").glob("*.npy"))


def test_it_names_no_patients(file):
    with pytest.raises(DataError, match="have no shares 'patient'; use iid, dirichlet, quantity; their task"):
        load(task="chest-xray", path=file, clients=4, cache=file.parent, shares="patient")


def test_more_images_than_there_are_are_refused(file):
    refused(file, "has 103 images, 104 were asked for", rows=104)


@pytest.mark.parametrize(
    "change",
    [
        {"test_labels": None},
        {"train_images": None},
        {"train_labels": np.zeros((70, 10), np.int64)},
        {"train_labels": np.full((70, 14), 2)},
        {"train_labels": np.zeros((69, 14), np.int64)},
        {"train_images": np.zeros((70, 28, 28, 3), np.uint8)},
        {"train_images": np.zeros((70, 28, 28), np.float32)},
        {"train_labels": np.array([[object()] * 14] * 70)},
        {"train_images": np.array([object()] * 70)},
    ],
    ids=lambda change: "-".join(
        f"{k} {getattr(v, 'dtype', None)} {getattr(v, 'shape', '')}" for k, v in change.items()
    ),
)
def test_arrays_that_are_not_medmnists_are_refused(tmp_path, change):
    content = {name: value for name, value in {**arrays(), **change}.items() if value is not None}
    refused(write(tmp_path / "chestmnist.npz", content), "is not MedMNIST's chestmnist.npz, or is damaged")


@pytest.mark.parametrize("kept", [0, 0.5, 0.999])
def test_a_file_cut_off_is_refused(file, kept):
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * kept)])
    refused(file, "is damaged")


def test_a_file_damaged_inside_is_refused(file):
    with zipfile.ZipFile(file) as archive:
        place = archive.getinfo("train_images.npy").header_offset + 5_000
    whole = bytearray(file.read_bytes())
    whole[place : place + 50] = bytes(50)
    file.write_bytes(whole)
    refused(file, "is damaged")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"train_images": np.zeros((70, 0, 0), np.uint8)}, r"\(70, 0, 0\), not uint8 \(70, height, width\)"),
        ({"train_images": np.zeros((28, 28, 70), np.uint8)}, r"uint8 \(28, 28, 70\), not"),
        ({"train_images": np.zeros((70, 28, 28), np.uint8, "F")}, r"by columns, not .* by rows"),
        ({"train_images": np.zeros((70, 28, 28), ">u2")}, "train_images are >u2"),
        ({"train_labels": np.full((70, 14), np.nan)}, "train_labels are float64"),
        ({"train_labels": np.full((70, 14), {}, object)}, "Object arrays cannot be loaded"),
    ],
    ids=["no pixels", "another order", "by columns", "big-endian", "NaN", "objects"],
)
def test_arrays_of_another_form_are_refused(tmp_path, changes, told):
    with pytest.raises(DataError, match=told):
        read(write(tmp_path / "x.npz", {**arrays(), **changes}), None, 28, tmp_path)


def test_a_header_that_is_no_python_is_refused(tmp_path):
    path = write(tmp_path / "x.npz", arrays())
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("train_labels.npy", b"\x93NUMPY\x01\x00\x28\x23" + b"(" * 9000)
    with pytest.raises(DataError, match="is not MedMNIST's chestmnist.npz, or is damaged"):
        read(path, None, 28, tmp_path)
