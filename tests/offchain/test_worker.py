"""A process for code of others: plain values cross, secrets and network do not, its end is a sentence."""

import io
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from live import eventually

from ml.errors import DataError
from offchain.errors import OffchainError, WorkerError
from offchain.worker.messages import Message, read, write
from offchain.worker.process import Worker

SUPPORT = Path(__file__).resolve().parents[1] / "support"
ARRAYS = {
    "none": np.zeros(0, np.uint8),
    "whole": np.arange(5, dtype=np.int32),
    "part": np.float32([[0.1, np.inf]]),
}


def worker(opening=None, **more):
    return Worker("worker_services:odd", Message(opening or {}, ARRAYS), "the worker", 1 << 16, 60, **more)


@pytest.fixture(scope="module")
def shared():
    """One that is asked by many tests; whoever ends it finds another at the next question."""
    made = worker()
    yield made
    made.close()


def asked(made, do, seconds=60.0, arrays=None, **more):
    return made.ask(Message({"do": do, **more}, arrays or {}), do, seconds)


def test_values_and_arrays_come_back_as_they_went(shared):
    opened = shared.open()
    assert opened.values["pid"] != os.getpid() and opened.values["user"] == [os.getuid(), os.getgid()]
    assert {name: (a.dtype, a.tolist()) for name, a in opened.arrays.items()} == {
        name: (a.dtype, a.tolist()) for name, a in ARRAYS.items()
    }
    assert asked(shared, "double", arrays=ARRAYS).arrays["whole"].tolist() == [0, 2, 4, 6, 8]


def test_nothing_of_the_environment_crosses_that_computing_does_not_need(monkeypatch):
    monkeypatch.setenv("STAKEFED_PASSPHRASE", "open sesame")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    made = worker()
    found = asked(made, "environment").values
    made.close()
    assert found["environment"]["OMP_NUM_THREADS"] == "1" and found["input"] == ""
    assert not any("sesame" in value for value in found["environment"].values())


def test_what_is_refused_there_is_refused_here(shared):
    with pytest.raises(DataError, match="^no such rows$"):
        asked(shared, "refuse")
    assert asked(shared, "double").values == {}  # It lives.
    with pytest.raises(DataError, match="no rows at all"):
        worker({"refuses": "no rows at all"}).open()


@pytest.mark.parametrize(
    ("do", "seconds", "told"),
    [
        ("end", 60, r"the worker ended while end \(status 3\)"),
        ("fail", 60, r"the worker ended while fail \(status 1\)"),
        ("interrupt", 60, r"the worker ended while interrupt \(killed by signal 2\)"),
        ("hang", 0.2, r"the worker was ended after 0.2 s of hang"),
        ("large", 60, r"a message of 2 and 8,388,\d+ bytes came, expected at most 16,777,216 and 65,536"),
    ],
)
def test_its_end_is_a_sentence_and_the_next_question_starts_another(shared, capfd, do, seconds, told):
    before = shared.open().values["pid"]
    with pytest.raises(WorkerError, match=f"^{told}$"):
        asked(shared, do, seconds)
    assert asked(shared, "double", arrays=ARRAYS).arrays["whole"].tolist() == [0, 2, 4, 6, 8]
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)
    assert ("Traceback" in capfd.readouterr().err) == (do == "fail")  # What nobody foresaw is to be found.


@pytest.mark.parametrize("alone", [False, True])
def test_what_it_forked_holds_nobody_up(shared, tmp_path, alone):
    began, note = time.monotonic(), tmp_path / "child"
    with pytest.raises(WorkerError, match=r"^the worker was ended after 3 s of fork$"):
        asked(shared, "fork", 3, alone=alone, sleeps=40, note=str(note))
    assert time.monotonic() - began < 30
    child = int(note.read_text())
    if alone:
        os.kill(child, signal.SIGKILL)  # It took itself out of reach, but keeps nobody waiting.
    else:
        eventually(lambda: has_ended(child), 10)


def test_one_that_does_not_read_is_ended_after_its_time(shared):
    large = {"large": np.zeros(1 << 20)}
    shared.open()
    os.kill(shared._process.pid, signal.SIGSTOP)
    with pytest.raises(WorkerError, match=r"^the worker was ended after 0.5 s of double$"):
        asked(shared, "double", 0.5, arrays=large)


def test_it_outlives_the_thread_that_started_it(shared):
    shared.close()
    thread = threading.Thread(target=asked, args=(shared, "double"))
    thread.start()
    thread.join()
    assert asked(shared, "double", arrays=ARRAYS).arrays["whole"].tolist() == [0, 2, 4, 6, 8]


OWNER = """
from test_worker import asked, worker
made = worker()
print(made.open().values["pid"], flush=True)
asked(made, "hang")
"""


def test_it_ends_with_its_owner_in_the_middle_of_an_answer():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    owner = subprocess.Popen([sys.executable, "-c", OWNER], env=environment, stdout=subprocess.PIPE)
    pid = int(owner.stdout.readline())
    time.sleep(0.2)  # For the question to come.
    owner.kill()
    owner.communicate()
    eventually(lambda: has_ended(pid), 20)  # The answer takes a minute.


def has_ended(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_whatever_interrupts_a_question_no_late_answer_is_taken_for_anothers(shared):
    def interrupt(number, frame):
        raise InterruptedError

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises((InterruptedError, WorkerError)):
            asked(shared, "hang")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert asked(shared, "double").values == {}


def test_where_the_system_lets_it_a_worker_has_no_network_and_sees_nothing_hidden(tmp_path):
    keys, salts, missing = tmp_path / "keys", tmp_path / "salts", tmp_path / "missing"
    keys.mkdir()
    (keys / "a.json").write_text("{}")
    salts.write_text("secret")
    made = worker(hidden=(keys, salts, missing))
    made.open()
    with socket.create_server(("127.0.0.1", 0)) as server:
        reached = asked(made, "connect", port=server.getsockname()[1]).values["reached"]
    found = asked(made, "look", places=[str(keys), str(salts), f"/proc/{os.getpid()}/environ"]).values[
        "found"
    ]
    made.close()
    if not made.is_confined:
        pytest.skip("this system has no namespaces for users")
    assert not reached and found == [[], "", "PermissionError"]
    assert [path.name for path in keys.iterdir()] == ["a.json"] and salts.read_text() == "secret"


WITHOUT = """
import os, sys
from test_worker import asked, worker
from offchain.worker import process
process.PYTHON = sys.argv[1]
made = worker()
made.open()
places = [f"/proc/{os.getpid()}/{name}" for name in ("environ", "mem")]
print(made.is_confined, asked(made, "look", places=places).values["found"])
made.close()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
def test_where_the_system_gives_no_namespaces_its_owner_keeps_memory_and_environment_to_itself(tmp_path):
    wrapper = tmp_path / "python"
    wrapper.write_text(f'#!/bin/sh\nexec {sys.executable} {SUPPORT / "without_namespaces.py"} "$@"\n')
    wrapper.chmod(0o755)
    paths = [str(Path(__file__).parent), *sys.path]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PASSPHRASE": "open sesame"}
    run = subprocess.run(
        [wrapper, "-c", WITHOUT, wrapper], env=environment, capture_output=True, text=True, timeout=120
    )
    assert run.stdout == "False ['PermissionError', 'PermissionError']\n", run.stderr


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (struct.pack("<QQ", 1 << 60, 0), "expected at most 16,777,216 and 10"),
        (struct.pack("<QQ", 2, 11), "expected at most 16,777,216 and 10"),
        (struct.pack("<QQ", 2, 8) + b"[]" + struct.pack("<Q", 0), "of list came"),
        (struct.pack("<QQ", 2, 8) + b"{]" + struct.pack("<Q", 0), "cannot be read"),
        (struct.pack("<QQ", 2, 8) + b"{}" + b"\xff" * 8, "cannot be read"),
        (struct.pack("<QQ", 1 << 20, 0) + b"[" * (1 << 20), "cannot be read"),
    ],
)
def test_what_is_no_message_is_refused(data, told):
    with pytest.raises(WorkerError, match=told):
        read(io.BytesIO(data), 10)


def test_half_a_message_is_none():
    pipe = io.BytesIO()
    write(pipe, Message({"a": 1}, ARRAYS))
    for length in (0, 7, 20, len(pipe.getvalue()) - 1):
        assert read(io.BytesIO(pipe.getvalue()[:length])) is None


def test_a_refusal_of_a_kind_that_nobody_knows_is_a_sentence_all_the_same():
    from offchain.worker.process import _refusal

    assert type(_refusal("Anything", "no")) is OffchainError
    assert (
        type(_refusal("offchain.live.errors.NodeRefusedError", "no")) is OffchainError
    )  # Not made of a sentence alone.
