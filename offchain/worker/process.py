"""This side of a worker: a process that is started when it is first asked, and again after it ended."""

import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from ml.errors import MLError
from offchain.errors import OffchainError, WorkerError
from offchain.exit_status import how_ended
from offchain.noticing import noticed
from offchain.worker.confinement import keep_to_oneself
from offchain.worker.line import LateError, Line
from offchain.worker.messages import Message, read, write
from offchain.worker.serving import name_of

_KEPT = {"PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONHASHSEED"}
_KEPT_KINDS = ("LC_", "OMP_", "MKL_", "OPENBLAS_", "NUMEXPR_", "CUDA_", "CUBLAS_", "NVIDIA_")
"""What computing depends on; whatever else an environment has may be a passphrase."""
PYTHON = sys.executable
"""Runs workers."""
_LAST_SECONDS = 2.0
_ROOT = str(Path(__file__).resolve().parents[2])


class Worker:
    """A service in a process of its own.

    Attributes:
        is_confined: Whether the system took its network away, and hid from it what was to be hidden; None
            before its first start.

    Args:
        service: module:function that makes it, there, of the opening.
        opening: The first message, told again whenever the process is started.
        what: The process, for what is said of it.
        most: Bytes of arrays that an answer may have.
        seconds: For which an answer to the opening is awaited.
        hidden: Files and folders that it is not to see.
        start: What it does for that answer, for what is said of it.
        limit: The option that says other `seconds`; empty for none.
    """

    def __init__(
        self,
        service: str,
        opening: Message,
        what: str,
        most: int,
        seconds: float,
        hidden: Sequence[Path] = (),
        start: str = "starting",
        limit: str = "",
    ) -> None:
        self.is_confined: bool | None = None
        self._service = service
        self._opening = opening
        self._what = what
        self._most = most
        self._seconds = seconds
        self._hidden = hidden
        self._start = start
        self._limit = f" ({limit})" if limit else ""
        self._process: subprocess.Popen[bytes] | None = None
        self._line: Line | None = None
        self._lock = threading.RLock()

    def open(self) -> Message:
        """Start it, and return what the service says of itself.

        Raises:
            MLError: What the service refused with; likewise OffchainError.
            WorkerError: When the process ended, or took too long.
        """
        with self._lock:
            self.close()
            self._process = self._started()
            self._line = Line(*_pipes(self._process))
            ended = f"it is ended after {self._seconds:g} s{self._limit}"
            try:
                with (
                    noticed(f"{self._what} has been {self._start}", ended),
                    self._awaited(self._start, self._seconds, self._limit) as line,
                ):
                    self.is_confined = line.read(1) == b"\x01"
                    if not self.is_confined:
                        keep_to_oneself()  # Before code of others is there.
                    return self._exchange(line, self._opening)
            except BaseException:
                self.close()  # It has no service that a question could be for.
                raise

    def ask(self, asked: Message, doing: str, seconds: float) -> Message:
        """Return the service's answer.

        Args:
            asked: The question.
            doing: What it does meanwhile, in a word or two.
            seconds: For which the answer is awaited.

        Raises:
            MLError: What the service refused with; likewise OffchainError.
            WorkerError: When the process ended, or took too long: the next question starts another.
        """
        with self._lock:
            if self._process is None:
                self.open()
            with self._awaited(doing, seconds) as line:
                return self._exchange(line, asked)

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            _end(process)

    def _started(self) -> subprocess.Popen[bytes]:
        kept = {
            name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_KINDS)
        }
        paths = [path for path in sys.path if path]
        environment = {**kept, "PYTHONPATH": os.pathsep.join([_ROOT, *paths])}
        command = [PYTHON, "-P", "-m", "offchain.worker", self._service]
        process = subprocess.Popen(
            [*command, *map(str, self._hidden)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=environment,
            start_new_session=True,  # Ctrl-C is for this process, which ends that one.
        )
        weakref.finalize(self, _end, process)
        return process

    @contextmanager
    def _awaited(self, doing: str, seconds: float, limit: str = "") -> Iterator[Line]:
        """Whatever comes between, the process is ended: what it would still say is no answer to another."""
        process, line = self._process, self._line
        assert process is not None and line is not None
        line.ends = time.monotonic() + seconds
        try:
            yield line
        except LateError as error:
            self.close()
            raise WorkerError(f"{self._what} was ended after {seconds:g} s of {doing}{limit}") from error
        except (_Ended, OSError) as error:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LAST_SECONDS)  # For the status that it ends with by itself.
            self.close()
            raise WorkerError(
                f"{self._what} ended while {doing} ({how_ended(process.returncode)})"
            ) from error
        except WorkerError:
            self.close()
            raise
        except (MLError, OffchainError):
            raise
        except BaseException:
            self.close()
            raise

    def _exchange(self, line: Line, asked: Message) -> Message:
        write(line, asked)
        answer = read(line, self._most)
        if answer is None:
            raise _Ended
        if "refused" in answer.values:
            raise _refusal(str(answer.values["refused"]), str(answer.values.get("told")))
        return answer


class _Ended(Exception):
    """Nothing will come any more."""


def _pipes(process: subprocess.Popen[bytes]) -> tuple[BinaryIO, BinaryIO]:
    return cast("BinaryIO", process.stdin), cast("BinaryIO", process.stdout)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it, and what it has forked, such as processes that load rows."""
    if process.poll() is None:  # Else its number may be another's.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
    for pipe in _pipes(process):
        with suppress(OSError):
            pipe.close()
    process.wait()


def _refusal(name: str, told: str) -> Exception:
    """What a service refused with, as one of those kinds that are made of a sentence alone."""
    kinds: list[type[Exception]] = [MLError, OffchainError]
    for kind in kinds:
        if name_of(kind) == name and kind.__init__ is Exception.__init__:
            return kind(told)
        kinds += kind.__subclasses__()
    return OffchainError(told)
