"""`ape run status`: rounds, phase with the time left, seats and members of a deployment."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click
from rich.live import Live

from offchain.command import Command
from offchain.console import people_console, say
from offchain.finite_range import FiniteRange
from offchain.learning.finding import Here
from offchain.live.access.chain import Chain
from offchain.live.access.network import Nodes
from offchain.live.client.options import Whose, require_both, spending_options, store_option, task_options
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.errors import LogsError, NodeUnavailableError
from offchain.live.logs import log_options
from offchain.live.options import ADDRESS, chain_options, deployment_option, log_cache_option
from offchain.live.service import Stopped, stopping
from offchain.live.starting import reach
from offchain.live.watching.log_cache import LogCache, log_cache
from offchain.live.watching.own_votes import OwnVotes, own_folder
from offchain.live.watching.rounds import RoundLog
from offchain.live.watching.status import Scores, Spent, Watch, status_json
from offchain.live.watching.status_report import render
from offchain.machine_json import json_text
from offchain.named_values import named_values
from offchain.user_path import UserPath


@click.command(cls=Command)
@deployment_option
@chain_options
@log_options
@log_cache_option
@store_option(required=False)
@task_options
@click.option(
    "--data", type=UserPath(), help="With --store: rows to score the global model on, as the task reads them."
)
@spending_options
@click.option(
    "--votes-of",
    type=ADDRESS,
    help="Your client: what it found of updates in these rounds, and why it refused some, as it keeps on "
    "this machine; --cache as the client has it.",
)
@click.option(
    "--rounds", type=click.IntRange(min=0), default=5, show_default=True, help="Last rounds to show."
)
@click.option("--members", is_flag=True, help="Show every member's tokens too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.option(
    "--watch", is_flag=True, help="Show it again and again, until Ctrl-C; with --json a line each time."
)
@click.option(
    "--poll",
    type=FiniteRange(min=0.1),
    default=4.0,
    show_default=True,
    metavar="SECONDS",
    help="Time between two looks with --watch.",
)
def cli(
    deployment: str,
    nodes: Nodes,
    cache: Path | None,
    stores: tuple[str, ...],
    task: str | None,
    task_options: tuple[str, ...],
    data: Path | None,
    whose: Whose | None,
    votes_of: str | None,
    rounds: int,
    members: bool,
    as_json: bool,
    watch: bool,
    poll: float,
) -> None:
    """Show where a deployment stands."""
    require_both(data, stores, whose)
    try:
        with stopping():
            there, chain = reach(deployment, nodes)
            kept = log_cache(there, cache)
            here = Here(there.folder, task, named_values(task_options))
            scores = _newest_scores(chain, there, stores, kept, here, data) if data and stores else None
            own = None if votes_of is None else OwnVotes(own_folder(there, votes_of, cache))
            spending = _spending(there, whose, here, data)
            eyes = Watch(chain, there, members, kept, scores, spending, own)
            if not watch:
                status = eyes.look()
                if as_json:
                    click.echo(json_text("status", status_json(status)))
                else:
                    people_console().print(render(status, rounds))
            elif as_json:
                while True:
                    click.echo(json_text("status", status_json(eyes.look()), indent=None))
                    time.sleep(poll)
            else:
                _show(eyes, rounds, poll)
    except Stopped:
        pass


def _newest_scores(
    chain: Chain,
    deployment: LiveDeployment,
    stores: tuple[str, ...],
    cache: LogCache | None,
    here: Here,
    data: Path,
) -> Callable[[bytes], Scores]:
    # Here, since they bring torch, for which a status without scores has no use.
    from offchain.live.verifying.quality import NewestScores, Scorer
    from offchain.live.verifying.verification import Verification

    scorer = Scorer(deployment.configuration.learning, here, data)
    say(scorer.said)
    return NewestScores(lambda: Verification(chain, deployment, stores, cache, here), scorer).of


def _spending(
    deployment: LiveDeployment, whose: Whose | None, here: Here, data: Path | None
) -> Callable[[Sequence[RoundLog]], Spent] | None:
    if whose is None:
        return None
    # Here for the same reason.
    from offchain.live.client.spending import spending_of

    return spending_of(deployment, whose, here, data).of


def _show(eyes: Watch, rounds: int, poll: float) -> None:
    with Live(console=people_console(), auto_refresh=False) as live:
        while True:
            try:
                live.update(render(eyes.look(), rounds), refresh=True)
            except (NodeUnavailableError, LogsError) as error:
                live.console.print(f"[yellow]{error}[/yellow]")
            time.sleep(poll)
