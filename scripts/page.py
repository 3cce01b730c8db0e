"""`ape run page`: one HTML file that shows a run or a deployment, and asks nobody for anything."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from offchain.command import Command
from offchain.learning.finding import Here
from offchain.listening import root_url
from offchain.live.access.network import Nodes
from offchain.live.client.options import Whose, require_both, spending_options, store_option, task_options
from offchain.live.logs import log_options
from offchain.live.options import chain_options, log_cache_option
from offchain.live.service import Stopped, stopping
from offchain.live.starting import reach
from offchain.live.watching.log_cache import log_cache
from offchain.named_values import named_values
from offchain.page.serve import HOST, serve_page
from offchain.page.story import Story
from offchain.page.write import write_page
from offchain.user_path import OutPath, UserPath


@click.command(cls=Command)
@click.option("--run", type=UserPath(), metavar="DIRECTORY", help="A run's folder.")
@click.option(
    "--deployment", metavar="NAME", help="Name of deployments/NAME.yaml and NAME.json, or the path of either."
)
@click.option(
    "--out",
    type=OutPath(folder=True),
    metavar="DIRECTORY",
    help="Folder for index.html.  [default: site]",
)
@click.option(
    "--serve",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="Show it at http://127.0.0.1:PORT instead, where it follows the chain, until Ctrl-C.",
)
@click.option(
    "--gas", is_flag=True, help="Of a deployment: ask for every transaction's receipt, for gas and coin."
)
@click.option(
    "--explorer",
    metavar="URL",
    help="What transactions' hashes are appended to for links, https://.../tx/.  [default: known chains']",
)
@store_option(required=False)
@task_options
@click.option(
    "--data", type=UserPath(), help="Of a deployment, with --store: rows to score each global model on."
)
@spending_options
@chain_options
@log_options
@log_cache_option
def cli(
    run: Path | None,
    deployment: str | None,
    out: Path | None,
    serve: int | None,
    nodes: Nodes,
    **chosen: Any,
) -> None:
    """Write or serve a page of a run or a deployment."""
    if (run is None) == (deployment is None):
        raise click.UsageError("give either --run DIRECTORY or --deployment NAME")
    _require_fitting(run, **chosen)
    try:
        with stopping():
            tell = _run_teller(run) if run else _chain_teller(deployment or "", nodes, **chosen)
            if serve is None:
                path = write_page(tell(), out or Path("site"))
                click.echo(f"Written to {path}, {path.stat().st_size / 1e6:.2f} MB; open it in a browser.")
            else:
                _serve(serve, tell)
    except Stopped:
        pass


def _run_teller(run: Path) -> Callable[[], Story]:
    from offchain.page.from_run import story_of_run

    return lambda: story_of_run(run)


def _require_fitting(
    run: Path | None,
    gas: bool,
    explorer: str | None,
    stores: tuple[str, ...],
    data: Path | None,
    whose: Whose | None,
    **_: Any,
) -> None:
    if run is not None and (gas or explorer or stores or data or whose):
        raise click.UsageError("--gas, --explorer, --store, --data and --privacy-of are of a --deployment")
    require_both(data, stores, whose)
    if explorer is not None and not explorer.startswith(("https://", "http://")):
        raise click.UsageError(f"--explorer takes a URL, https://..., got {explorer!r}")


def _chain_teller(
    name: str,
    nodes: Nodes,
    cache: Path | None,
    gas: bool,
    explorer: str | None,
    stores: tuple[str, ...],
    task: str | None,
    task_options: tuple[str, ...],
    data: Path | None,
    whose: Whose | None,
) -> Callable[[], Story]:
    from offchain.page.watching import PageWatch

    deployment, chain = reach(name, nodes)
    kept = log_cache(deployment, cache)
    here = Here(deployment.folder, task, named_values(task_options))

    def scores() -> Mapping[int, Mapping[str, float]]:
        if data is None or not stores:
            return {}
        # Here, since they bring torch, for which a page without scores has no use.
        from offchain.live.verifying.quality import Scorer
        from offchain.live.verifying.verification import Verification
        from offchain.page.lineage_scores import lineage_scores

        scorer = Scorer(deployment.configuration.learning, here, data)
        return lineage_scores(Verification(chain, deployment, stores, kept, here), scorer.quality)

    spending = None
    if whose is not None:
        from offchain.live.client.spending import spending_of

        spending = spending_of(deployment, whose, here, data).of
    return PageWatch(chain, deployment, kept, gas, explorer, scores, spending).tell


def _serve(port: int, tell: Callable[[], Story]) -> None:
    serve_page(
        port,
        tell,
        lambda port: click.echo(f"The page is at {root_url(HOST, port)}/ until Ctrl-C."),
    )
