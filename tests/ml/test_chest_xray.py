"""Chest X-rays in NIH's layout: real ones, made ones, and folders that are not what they should be."""

import numpy as np
import pandas as pd
import pytest
from federations import load
from PIL import Image

from ml.errors import DataError
from ml.tasks.built_in.chest_xray.nih import DISEASES, FINDINGS, LABELS_FILES, read

LABELS_FILE, NEWER_FILE = LABELS_FILES
COUNT = 60
COLUMNS = ("Image Index", "Finding Labels", "Follow-up #", "Patient ID")


def entries(count=COUNT):
    """Each image has two of the fourteen findings, or none; three images a patient."""
    findings = [
        "|".join((FINDINGS[i % 14], FINDINGS[(i + 5) % 14])) if i % 4 else "No Finding" for i in range(count)
    ]
    lines = [(f"{i // 3:08}_{i % 3:03}.png", findings[i], i % 3, i // 3) for i in range(count)]
    return pd.DataFrame(lines, columns=COLUMNS)


def picture(i, side=24):
    return np.random.default_rng(i).integers(0, 256, (side, side), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path):
    """A release of 60 images: half in images/, half as an archive unpacks."""
    root = tmp_path / "release"
    for i, name in enumerate(entries()["Image Index"]):
        place = root / ("images" if i % 2 else "images_002/images")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture(i)).save(place / name)
    entries().to_csv(root / LABELS_FILE, index=False)
    return root


def settings(path, **changes):
    values = {
        "task": "chest-xray",
        "clients": 4,
        "image_size": 24,
        "cache": path.parent / "cache",
        **changes,
    }
    return {"path": path, **values}


def test_images_come_in_the_order_of_their_labels_from_either_layout(folder):
    found = read(folder, None, 24, folder.parent / "cache")
    assert np.array_equal(found.inputs.pixels, np.stack([picture(i) for i in range(COUNT)]))
    assert found.apart.tolist() == [i // 3 for i in range(COUNT)]
    for marks, labels in zip(found.targets, entries()["Finding Labels"], strict=True):
        assert {d for d, mark in zip(DISEASES, marks, strict=True) if mark} == set(labels.split("|")) & set(
            DISEASES
        )


def test_only_the_first_images_are_read(folder):
    for name in entries()["Image Index"][COUNT - 10 :]:
        next(folder.glob(f"*/**/{name}")).unlink()
    found = read(folder, COUNT - 10, 24, folder.parent / "cache")
    assert len(found) == len(found.inputs.pixels) == COUNT - 10


def test_images_are_resized_and_grey(folder):
    name = entries()["Image Index"][1]
    colours = Image.fromarray(np.full((50, 30, 3), (200, 100, 50), np.uint8))
    colours.save(folder / "images" / name)
    found = read(folder, None, 16, folder.parent / "cache")
    assert found.inputs.pixels.shape == (COUNT, 16, 16)
    assert set(found.inputs.pixels[1].ravel()) == {np.asarray(colours.convert("L"))[0, 0]}


def test_a_second_reading_takes_the_cache_and_a_changed_image_does_not(folder):
    cache = folder.parent / "cache"
    first = read(folder, None, 16, cache)
    assert np.array_equal(read(folder, None, 16, cache).inputs.pixels, first.inputs.pixels)
    assert len(list(cache.glob("*.npy"))) == 1
    changed = next(folder.glob(f"*/**/{entries()['Image Index'][0]}"))
    Image.fromarray(picture(99, 30)).save(changed)
    assert not np.array_equal(read(folder, None, 16, cache).inputs.pixels[0], first.inputs.pixels[0])


def test_clients_get_shares_of_it(folder):
    data = load(**settings(folder, shares="patient"))
    assert data.label_names == DISEASES
    assert sum(len(c.y_train) + len(c.y_validation) for c in data.clients) + len(data.y_test) == COUNT
    assert data.X_test.shape == (len(data.y_test), 1, 24, 24)


def refused(path, message, **changes):
    with pytest.raises(DataError, match=message) as caught:
        load(**settings(path, **changes))
    assert "\n" not in str(caught.value)


def test_what_is_in_neither_layout_is_refused(tmp_path):
    refused(tmp_path / "nowhere", "there is nothing at .*nowhere; chest X-rays are NIH's folder")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", r"empty is a folder without Data_Entry_2017.csv or Data_Entry_2017_v2020.csv")
    (tmp_path / "file.csv").write_text("Image Index\n")
    refused(tmp_path / "file.csv", r"file.csv is a file whose name does not end in \.npz")


def test_labels_without_images_are_counted(folder):
    names = entries()["Image Index"][[4, 9]]
    for name in names:
        next(folder.glob(f"*/**/{name}")).unlink()
    refused(folder, f"2 of the first 60 images in {LABELS_FILE} are not in .*, first {names[4]}; unpack")


def test_images_without_labels_are_counted(folder):
    entries().drop([7, 8]).to_csv(folder / LABELS_FILE, index=False)
    refused(
        folder, f"2 of the 60 images in .* have no line in {LABELS_FILE}, first {entries()['Image Index'][7]}"
    )


@pytest.mark.parametrize("content", [b"", b"not a picture", None], ids=["empty", "text", "cut off"])
def test_a_picture_that_cannot_be_read_is_named_and_nothing_is_kept(folder, content):
    file = folder / "images" / entries()["Image Index"][5]
    file.write_bytes(file.read_bytes()[:300] if content is None else content)
    refused(folder, f"{file.name} (cannot be read as a picture .*download it again|is no picture of PNG)")
    assert not list((folder.parent / "cache").glob("*.npy"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda e: e.drop(columns="Patient ID"), "lacks the column Patient ID"),
        (lambda e: e.assign(**{"Image Index": e["Image Index"][0]}), "lists 00000000_000.png twice"),
        (
            lambda e: e.assign(**{"Finding Labels": "Flu"}),
            "has the finding 'Flu', which ChestX-ray14 does not .* with \\| between them",
        ),
        (
            lambda e: e.assign(**{"Finding Labels": "No Finding|Hernia"}),
            r"has the findings 'No Finding\|Hernia': expected No Finding alone",
        ),
        (lambda e: e.assign(**{"Patient ID": ""}), "has no Patient ID for 00000000_000.png"),
        (
            lambda e: e.assign(**{"Finding Labels": "No Finding"}),
            "label Infiltration has 0 positives among 60",
        ),
    ],
)
def test_labels_that_are_not_nihs_are_refused(folder, change, message):
    change(entries()).to_csv(folder / LABELS_FILE, index=False)
    refused(folder, message)


def test_a_labels_file_that_is_no_table_is_refused(folder):
    (folder / LABELS_FILE).write_bytes(b"\xff\xfe\x00" * 9)
    refused(folder, "lacks the columns Image Index, .* is that the header")


def test_too_few_images_are_refused(folder):
    refused(folder, "60 rows are too few for 12 clients", clients=12)
    refused(folder, "has 60 labelled images, 61 were asked for", rows=61)


def test_the_labels_that_nih_revised_are_read(folder):
    newer = entries().rename(columns={"Patient Gender": "Patient Sex"})
    (folder / LABELS_FILE).unlink()
    newer.to_csv(folder / NEWER_FILE, index=False)
    data = load(**settings(folder))
    assert data.usages[0].told() == [f"{NEWER_FILE}: {COUNT} of {COUNT} images are used"]


@pytest.mark.parametrize("written", ["Pleural Thickening", " Pleural_Thickening ", "PLEURAL_THICKENING"])
def test_findings_are_known_however_they_are_spelt(folder, written):
    expected = read(folder, None, 24, folder.parent / "cache").targets
    text = (folder / LABELS_FILE).read_text().replace("Pleural_Thickening", written)
    (folder / LABELS_FILE).write_text(text)
    assert np.array_equal(read(folder, None, 24, folder.parent / "cache").targets, expected)


def test_a_patient_is_one_however_the_number_is_spelt(folder):
    spelt = ("{}", "{:08}", "{}.0")  # NIH's, as its pictures have it, as a table with gaps is saved.
    numbers = entries()["Patient ID"]
    written = [spelt[i % 3].format(number) for i, number in enumerate(numbers)]
    entries().assign(**{"Patient ID": written}).to_csv(folder / LABELS_FILE, index=False)
    assert read(folder, None, 24, folder.parent / "cache").apart.tolist() == numbers.tolist()


def test_what_macos_leaves_beside_pictures_is_none(folder):
    name = entries()["Image Index"][1]
    (folder / "images" / f"._{name}").write_bytes(b"\0\5\26\7" + bytes(60))
    (folder / "images" / ".DS_Store").write_bytes(b"x")
    assert len(read(folder, None, 24, folder.parent / "cache")) == COUNT


def test_pictures_are_found_in_other_folders_and_twice_is_refused(folder):
    expected = read(folder, None, 24, folder.parent / "cache").inputs.pixels
    for place in ("images", "images_002"):
        (folder / place).rename(folder / f"x{place}")
    assert np.array_equal(read(folder, None, 24, folder.parent / "cache").inputs.pixels, expected)
    (folder / "again").mkdir()
    name = entries()["Image Index"][1]
    Image.fromarray(picture(1)).save(folder / "again" / name)
    refused(folder, f"has the picture {name} twice")
    (folder / "again").rename(folder / "images")
    refused(folder, r"there is .*: all have to be in images/ or images_\*/images/, or none")


def test_pictures_of_another_format_are_pointed_at(folder):
    file = folder / "images" / entries()["Image Index"][1]
    Image.fromarray(picture(1)).save(file.with_suffix(".jpg"))
    file.unlink()
    refused(folder, r"1 of the first 60 images .*there is .*\.jpg; its name must be as in the labels file")


def test_only_a_part_of_the_images_is_said_to_be_used(folder):
    found = read(folder, 40, 24, folder.parent / "cache")
    assert found.usage.used == 40 and found.usage.apart == {"beyond the first 40": 20}


def test_real_images_are_read(real_images, tmp_path):
    changes = dict(image_size=64, cache=tmp_path, clients=5, shares="dirichlet")
    data = load(task="chest-xray", path=real_images, **changes)
    assert data.X_test.shape[1:] == (1, 64, 64)
    assert sum(len(c.y_train) + len(c.y_validation) for c in data.clients) + len(data.y_test) > 400
    X = data.clients[0].X_train[:]
    np.testing.assert_allclose(X.std(axis=(1, 2, 3)), 1, atol=1e-3)
    assert 0.1 < data.y_test.mean() < 0.3


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        (
            "Data_Entry_2017_v2020 (1).csv",
            r"there is \S+v2020 \(1\).csv: unpack it if it is packed, and name",
        ),
        ("data_entry_2017.csv", r"there is \S+data_entry_2017.csv: unpack"),
        ("Data_Entry_2017.csv.gz", r"there is \S+2017.csv.gz: unpack it"),
        ("release/Data_Entry_2017.csv", r"there is \S+release/Data_Entry_2017.csv: is \S+/release meant\?"),
        ("Data_Entry_2017.csv/Data_Entry_2017_v2020.csv", r"is \S+/Data_Entry_2017.csv meant\?"),
        ("Data_Entry_2017.csv.part", r"there is \S+2017.csv.part, a download that is not over"),
        ("Data_Entry_2017_v2020.csv.crdownload", r"there is \S+.crdownload, a download that is not over"),
        ("Data_Entry_2017.csv/labels", r"there is \S+2017.csv, which is no file that can be read\)"),
    ],
)
def test_a_labels_file_of_nearly_the_name_is_named(tmp_path, name, hint):
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("Image Index\n")
    refused(tmp_path, f"is a folder without {LABELS_FILE} or {NEWER_FILE} \\(.*{hint}")


@pytest.mark.parametrize("name", ["BBox_List_2017.csv", "._Data_Entry_2017.csv", "Data_Entry_2017.png"])
def test_files_of_other_names_are_no_hint(tmp_path, name):
    (tmp_path / name).write_text("Image Index\n")
    refused(tmp_path, f"is a folder without {LABELS_FILE} or {NEWER_FILE}; chest")


def test_a_labels_file_that_is_a_link_to_nothing_is_named(tmp_path):
    (tmp_path / NEWER_FILE).symlink_to(tmp_path / NEWER_FILE)
    refused(tmp_path, f"there is \\S+{NEWER_FILE}, which is no file that can be read")


def test_a_picture_whose_download_is_not_over_is_named(folder):
    path = next(folder.glob("images/*.png"))
    path.rename(f"{path}.part")
    refused(folder, f"there is \\S+{path.name}.part, a download that is not over")


def test_an_empty_labels_file_hides_no_good_one(folder):
    (folder / LABELS_FILE).rename(folder / NEWER_FILE)
    (folder / LABELS_FILE).touch()
    assert len(read(folder, None, 24, folder.parent / "cache")) == COUNT
    (folder / NEWER_FILE).write_text("")
    refused(folder, f"{LABELS_FILE} cannot be read as a CSV file: it is empty")


@pytest.mark.parametrize("place", ["nowhere.png", "itself"], ids=["nothing", "itself"])
def test_a_picture_that_is_a_link_to_nothing_is_named(folder, place):
    path = next(folder.glob("images/*.png"))
    path.unlink()
    path.symlink_to(path if place == "itself" else folder / place)
    refused(folder, f"{path.name} cannot be read \\(.*\\); download it again")
