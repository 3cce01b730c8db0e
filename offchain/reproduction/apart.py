"""A run with code of a user's own, in a process of its own: what ends it, or never ends, is this run's."""

import json
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import monotonic

from ml.errors import MLError
from ml.messages import reason
from ml.named_functions import is_own
from ml.parallel import end_with_parent, let_processes_import
from offchain.errors import OffchainError, SimulationError
from offchain.exit_status import how_ended
from offchain.settings import SimulationSettings

_LOOK = 0.5
_START = 900.0
"""Seconds for a process to start, imports included, on the slowest machine."""

_LOADED = ["offchain.reproduction.kept_runs"]
"""What the server of such processes has imported, of which each is a copy: that takes .03 s, not 3."""

Play = Callable[[], None]
_NO_ROUND = "no round was finished within {} (--patience)"


def has_own_code(settings: SimulationSettings) -> bool:
    """Return whether a run's task, attack, votes, rule or training is code of a user's own."""
    named = settings.attack, settings.coalition_votes, settings.defence, settings.train
    return settings.named_task.is_foreign or any(map(is_own, named))


def play_apart(play: Play, rounds: Path, patience: float, nothing: str = _NO_ROUND) -> None:
    """Play a run in a process of its own, and end that when it finishes no round for some time.

    Args:
        play: Plays it; importable from there.
        rounds: The file that grows by each round.
        patience: Seconds.
        nothing: What is said when they are over, with {} in their place.

    Raises:
        SimulationError: With what the run failed with; or when its process ends by itself, or is ended.
        OSError: What the operating system refused to the run's process.
    """
    let_processes_import()
    context = get_context("forkserver")
    context.set_forkserver_preload(_LOADED)
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_played, args=(play, theirs))
    try:
        child.start()
    except OSError as error:
        raise SimulationError(f"no process could be started for it: {reason(error)}") from error
    finally:
        theirs.close()
    try:
        said = _awaited(ours, rounds, patience)
    finally:
        _end(child)
    if said == _UNSTARTED:
        raise SimulationError(f"its process did not start within {_START:g} s; is there enough memory?")
    if said is None:
        raise SimulationError(f"{nothing.format(f'{patience:g} s')}; code of your own takes too long")
    if said == _NOTHING:
        raise SimulationError(
            f"its process ended ({how_ended(child.exitcode or 0)}); code of your own must not end it"
        )
    if said.startswith(_SYSTEM):
        raise OSError(*json.loads(said.removeprefix(_SYSTEM)))
    if said != _DONE:
        raise SimulationError(said.decode())


_STARTED, _UNSTARTED, _DONE, _NOTHING, _SYSTEM = b"started", b"unstarted", b"done", b"", b"system:"


def _awaited(answer: Connection, rounds: Path, patience: float) -> bytes | None:
    """What the other process says; nothing where it ended without a word, None where it took too long."""
    if not answer.poll(_START):  # Which is not the run's time.
        return _UNSTARTED
    with suppress(EOFError):
        answer.recv_bytes()
    size, since = _size(rounds), monotonic()
    while not answer.poll(_LOOK):
        if _size(rounds) != size:
            size, since = _size(rounds), monotonic()
        if monotonic() - since > patience:
            return None
    try:
        return answer.recv_bytes()
    except EOFError:
        return _NOTHING


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _end(child: BaseProcess) -> None:
    """End what is left of it, and whatever it has started."""
    child.join(_LOOK)
    with suppress(ProcessLookupError, PermissionError):  # It may not lead a group yet, or any more.
        os.killpg(_pid(child), signal.SIGKILL)
    child.kill()
    child.join()


def _pid(child: BaseProcess) -> int:
    assert child.pid is not None  # It was started.
    return child.pid


def _played(play: Play, answer: Connection) -> None:
    os.setsid()
    end_with_parent(lambda: os.killpg(0, signal.SIGKILL))
    try:
        answer.send_bytes(_STARTED)
    except BrokenPipeError:  # Whoever asked has ended since.
        return
    try:
        play()
        said = _DONE
    except (OffchainError, MLError) as error:
        said = str(error).encode()
    except OSError as error:
        said = _SYSTEM + json.dumps([error.errno, error.strerror, error.filename], default=str).encode()
    except KeyboardInterrupt:  # Ctrl-C is not heard in a session of its own.
        said = b"its process was told to stop, as Ctrl-C does; code of your own must not end it"
    answer.send_bytes(said)
