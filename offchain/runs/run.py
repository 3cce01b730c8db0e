"""A run from its settings to its summary, in a folder, from the start or from where it was interrupted."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from rich.console import Console

from ml.data.checks import judging_note
from ml.data.rows import length
from ml.data.splits import FederatedData
from ml.data.text.usage import Usage
from ml.judging.calibration import direction_note
from ml.judging.policy import noise_note
from offchain.engines.deployment import Deployment
from offchain.engines.engine import Engine
from offchain.errors import RunFolderError
from offchain.runs.progress import RunProgress
from offchain.runs.run_folder import RunFolder, require_free
from offchain.runs.sources import sources
from offchain.runs.summary import Summary, summarise
from offchain.settings import SimulationSettings
from offchain.simulation.federation import Federation, all_rows
from offchain.simulation.records import RoundRecord
from offchain.simulation.simulation import Simulation
from offchain.simulation.stopwatch import Stopwatch

EngineFor = Callable[[Deployment], AbstractContextManager[Engine]]
"""Enters the engine of a run; called once, after the loans are read."""
Tell = Callable[[RoundRecord], None]
"""Is told of each round of a run, of those recorded earlier too."""
RowsOf = Callable[[SimulationSettings], FederatedData]
"""Reads the rows of a run."""

PICTURE = "run.png"


def start_run(
    path: Path,
    settings: SimulationSettings,
    engine_for: EngineFor,
    console: Console,
    picture: bool = True,
    rows_of: RowsOf = all_rows,
    tell: Tell = lambda record: None,
) -> Summary:
    """Play a run into a new folder, with a picture at the end or without.

    Raises:
        RunFolderError: When the folder is in use.
    """
    require_free(path)
    watch = Stopwatch()
    data = _loaded(rows_of, settings, console)
    federation = _federation(settings, data, console)
    deployment = Deployment.of(settings, federation.rules)
    with engine_for(deployment) as engine, RunFolder.create(path, settings) as folder:
        folder.note_sources(sources(settings))
        simulation = Simulation(settings, federation, deployment, engine)
        return _play(folder, simulation, data.usages, watch, console, picture, tell)


def resume_run(
    path: Path,
    engine_for: Callable[[SimulationSettings], EngineFor],
    console: Console,
    picture: bool = True,
    rows_of: RowsOf = all_rows,
    tell: Tell = lambda record: None,
) -> Summary:
    """Continue an interrupted run to the result that it would have had.

    Raises:
        RunFolderError: When the folder holds no run, or one that is damaged, complete or not to be written,
            or whose rows or code are others now.
    """
    watch = Stopwatch()
    with RunFolder.open(path) as folder:
        if folder.is_complete:
            raise RunFolderError(f"the run in {path} is complete; there is nothing to resume")
        folder.require_writable()
        settings = folder.settings
        folder.require_sources(partial(sources, settings))
        data = _loaded(rows_of, settings, console)
        federation = _federation(settings, data, console)
        deployment = Deployment.of(settings, federation.rules)
        with engine_for(settings)(deployment) as engine:
            simulation = Simulation(settings, federation, deployment, engine)
            return _play(folder, simulation, data.usages, watch, console, picture, tell)


def _loaded(rows_of: RowsOf, settings: SimulationSettings, console: Console) -> FederatedData:
    """All rows; what became of those of files is said, and whether too few judge, or refuse noise."""
    data = rows_of(settings)
    fewest = min(length(client.y_validation) for client in data.clients)
    note = judging_note(fewest, settings.tolerance)
    noise = noise_note(settings.policy) if settings.dp_epsilon else None
    told = [*data.said, *([f"At a client, {note}."] if note else [])]
    for sentence in [*told, f"Note: {noise}."] if noise else told:
        console.print(sentence, highlight=False, markup=False, soft_wrap=True)
    return data


def _federation(settings: SimulationSettings, data: FederatedData, console: Console) -> Federation:
    """All clients; it is said where voters judge a model too small for what their policy sees."""
    federation = Federation(settings, data)
    note = None if settings.defence else direction_note(settings.policy, federation.schema)
    if note:
        console.print(f"Note: {note}.", highlight=False, markup=False, soft_wrap=True)
    return federation


def _play(
    folder: RunFolder,
    simulation: Simulation,
    usages: Sequence[Usage],
    watch: Stopwatch,
    console: Console,
    picture: bool,
    tell: Tell,
) -> Summary:
    records, state = folder.load()
    folder.drop_after(len(records))
    simulation.start()
    if state:
        console.print(f"playing {state.round} recorded rounds again ...")
        simulation.restore(records, state)
    for record in records:
        tell(record)
    setup = watch.total
    with RunProgress(console, folder.settings, simulation.cast) as progress:
        while not simulation.is_over:
            record = simulation.play_round()
            folder.save_round(record, simulation.state)
            records.append(record)
            progress.show_round(record)
            tell(record)
    summary = summarise(folder.settings, simulation.cast, records, setup, usages)
    if picture:
        # Not above: matplotlib loads for half a second, and nothing waits for it here.
        from offchain.runs.plots import plot_run

        plot_run(folder.path / PICTURE, folder.settings, simulation.cast, records)
    folder.write_summary(summary.model_dump_json(indent=2) + "\n")
    return summary
