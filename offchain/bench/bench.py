"""All cases, one after another, kept as they come."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from ml.json_file import read_json
from ml.messages import reason
from ml.parallel import end_with_parent, let_processes_import
from ml.private_files import write_whole
from offchain.bench.cases import Case
from offchain.bench.play import Measurement, measure
from offchain.bench.updates import UpdateSpeed, update_speed
from offchain.errors import SimulationError


@dataclass(frozen=True)
class _Peer:
    rows: int
    seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)]


_MEASUREMENT, _PEERS = TypeAdapter(Measurement), TypeAdapter(list[_Peer])
ROUNDS_FILE, UPDATES_FILE = "rounds.jsonl", "updates.json"
UPDATE_SIZES = (10**4, 10**5, 10**6, 10**7)


def measured(folder: Path) -> dict[str, Measurement]:
    """Return what a folder holds already, by case; a line that was cut off is left out."""
    file = folder / ROUNDS_FILE
    found = {}
    for line in file.read_bytes().splitlines() if file.is_file() else ():
        try:
            measurement = _MEASUREMENT.validate_json(line)
        except ValidationError:
            continue
        found[measurement.case.key] = measurement
    return found


def measure_all(cases: Sequence[Case], folder: Path, network: str) -> Iterator[Measurement]:
    """Measure each case that the folder does not hold, in a new process, and add it to the folder.

    Raises:
        SimulationError: When a case's process ends without an answer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known = measured(folder)
    for case in cases:
        if case.key in known:
            yield known[case.key]
            continue
        measurement = _in_a_process_of_its_own(case, network)
        with (folder / ROUNDS_FILE).open("a") as file:
            file.write(json.dumps(asdict(measurement)) + "\n")
        yield measurement


def update_speeds(folder: Path) -> list[UpdateSpeed]:
    """Measure updates of every size and write them into the folder."""
    speeds = [update_speed(size) for size in UPDATE_SIZES]
    write_whole(folder / UPDATES_FILE, json.dumps([asdict(speed) for speed in speeds], indent=2) + "\n")
    return speeds


def peer_seconds(folder: Path, peer: str) -> dict[int, float]:
    """Return a peer's seconds a round by rows of a client, where `tools/PEER_round.py` wrote them.

    Raises:
        SimulationError: When the file is no such list, or cannot be read.
    """
    file = folder / f"{peer}.json"
    if not file.exists():
        return {}
    try:
        return {each.rows: each.seconds for each in _PEERS.validate_json(read_json(file))}
    except OSError as error:
        raise SimulationError(f"{file} cannot be read: {reason(error)}") from error
    except ValueError as error:
        raise SimulationError(f"{file} is no list of rows and seconds: {reason(error)}; remove it") from error


def _in_a_process_of_its_own(case: Case, network: str) -> Measurement:
    # So that its peak memory is its own.
    let_processes_import()
    with ProcessPoolExecutor(1, get_context("spawn"), end_with_parent) as pool:
        try:
            return pool.submit(measure, case, network, case.subject == "paper's round").result()
        except BrokenProcessPool as error:
            raise SimulationError(
                f"the process that measured {case.key} ended without an answer; is there enough memory?"
            ) from error
