"""A run's arrays from somebody else: refused in a sentence, and never larger than the file."""

import gc
import io
import zipfile

import numpy as np
import pytest

from offchain.errors import RunFolderError
from offchain.runs.arrays_file import read_arrays, write_arrays
from offchain.runs.run_folder import RunFolder
from offchain.settings import SimulationSettings


def packed(packing=zipfile.ZIP_STORED, **members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return file.getvalue()


def npy(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=array.dtype == object)
    return file.getvalue()


def header(shape, body=b"", descr="<f4", fortran=False):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": fortran, "shape": shape})
    return file.getvalue() + body


def changed(content, *changes):
    """With bytes of the first local header and the first central entry set."""
    data = bytearray(content)
    central = data.find(b"PK\x01\x02")
    for local, offset, value in changes:
        data[local] = value
        data[central + offset] = value
    return bytes(data)


def raw(text):
    return b"\x93NUMPY\x01\0" + len(text).to_bytes(2, "little") + text


ROUND, MODEL = npy(np.array(1)), npy(np.zeros(3, np.float32))
GOOD = packed(round__npy=ROUND, parameters__npy=MODEL)


@pytest.fixture
def folder(tmp_path):
    return RunFolder.create(tmp_path / "run", SimulationSettings())


def test_what_savez_writes_is_read(tmp_path):
    given = {"a": np.arange(6).reshape(2, 3), "b": np.array(1.5), "c": np.zeros(0, np.float32)}
    np.savez(tmp_path / "x.npz", **given)
    found = read_arrays(tmp_path / "x.npz")
    assert set(found) == set(given)
    for name, array in given.items():
        assert np.array_equal(found[name], array) and found[name].dtype == array.dtype


@pytest.mark.parametrize(
    "content",
    {
        "no zip": b"x",
        "empty": b"",
        "cut off": GOOD[:-30],
        "no round": packed(parameters__npy=MODEL),
        "no model": packed(round__npy=ROUND),
        "objects": packed(round__npy=ROUND, parameters__npy=npy(np.array([print], object))),
        "text for a round": packed(round__npy=npy(np.array("x")), parameters__npy=MODEL),
        "a vector for a round": packed(round__npy=npy(np.zeros(3)), parameters__npy=MODEL),
        "round nan": packed(round__npy=npy(np.array(np.nan)), parameters__npy=MODEL),
        "round inf": packed(round__npy=npy(np.array(np.inf)), parameters__npy=MODEL),
        "round -1": packed(round__npy=npy(np.array(-1)), parameters__npy=MODEL),
        "a matrix for a model": packed(round__npy=ROUND, parameters__npy=npy(np.zeros((2, 2)))),
        "no array": packed(round__npy=ROUND, parameters__npy=b"hello"),
        "another member": packed(round__npy=ROUND, parameters__npy=MODEL, parameters=b"hello"),
        "2^40": packed(round__npy=ROUND, parameters__npy=header((2**40,))),
        "2^60 times 2^60": packed(round__npy=ROUND, parameters__npy=header((2**60, 2**60))),
        "negative": packed(round__npy=ROUND, parameters__npy=header((-1,))),
        "two negatives": packed(round__npy=ROUND, parameters__npy=header((-1, -3), bytes(12))),
        "by columns": packed(round__npy=ROUND, parameters__npy=header((3,), bytes(12), fortran=True)),
        "deep header": packed(round__npy=ROUND, parameters__npy=b"\x93NUMPY\x01\0\x10\0{'descr':[[[[[[[ "),
        "long header": packed(round__npy=ROUND, parameters__npy=b"\x93NUMPY\x01\0\xff\xff" + b"(" * 65535),
        "header of no type": packed(
            round__npy=ROUND, parameters__npy=raw(b"{'descr': (), 'fortran_order': False, 'shape': (3,)}")
        ),
        "header with a text left open": packed(
            round__npy=ROUND, parameters__npy=raw(b"{'descr': '<f4, (3,)}")
        ),
        "header of a thousand signs": packed(
            round__npy=ROUND,
            parameters__npy=raw(b"{'descr': '<f4', 'fortran_order': F" + b"-" * 5000 + b"1, 'shape': (3,)}"),
        ),
        "header of bytes and texts": packed(
            round__npy=ROUND, parameters__npy=raw(b"{'descr': '<f4', b'fortran_order': False, 'shape': (3,)}")
        ),
        "version 9": packed(round__npy=ROUND, parameters__npy=b"\x93NUMPY\x09\0"),
        "bomb": packed(
            zipfile.ZIP_DEFLATED, round__npy=ROUND, parameters__npy=header((2**22,), bytes(2**24))
        ),
        "encrypted": changed(GOOD, (6, 8, 1)),
        "compression 99": changed(GOOD, (8, 10, 99)),
    }.items(),
    ids=lambda item: item[0],
)
def test_a_damaged_state_is_refused_in_one_sentence(folder, content):
    (folder.path / "state.npz").write_bytes(content[1])
    with pytest.raises(RunFolderError, match="state.npz is damaged: .") as caught:
        folder.load()
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("text", ["[" * 100_000, '{"clients": 1' + "0" * 5000 + "}", "\x00", "null"])
def test_damaged_settings_are_refused_in_one_sentence(folder, text):
    (folder.path / "settings.json").write_text(text)
    with pytest.raises(RunFolderError, match="settings.json is damaged"):
        RunFolder.open(folder.path)


def test_a_planted_link_in_a_run_is_not_written_through(folder, tmp_path):
    (tmp_path / "victim").write_text("precious")
    for name in (".summary.json.new", "summary.json"):
        (folder.path / name).symlink_to(tmp_path / "victim")
    folder.write_summary("{}")
    assert (tmp_path / "victim").read_text() == "precious"
    assert (folder.path / "summary.json").read_text() == "{}"


def test_what_is_written_is_what_numpy_writes_and_is_read_again(tmp_path):
    arrays = {"round": np.array(3), "parameters": np.arange(5, dtype=np.float32)}
    with (tmp_path / "ours.npz").open("wb") as file:
        write_arrays(file, arrays)
    np.savez(tmp_path / "numpys.npz", **arrays)
    assert (tmp_path / "ours.npz").read_bytes() == (tmp_path / "numpys.npz").read_bytes()
    assert {name: each.tolist() for name, each in read_arrays(tmp_path / "ours.npz").items()} == {
        name: each.tolist() for name, each in arrays.items()
    }


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_full_disk_is_one_error_and_no_second_one_of_the_archive(tmp_path):
    with pytest.raises(OSError), open("/dev/full", "wb") as full:
        write_arrays(full, {"parameters": np.zeros(100_000)})
    gc.collect()
