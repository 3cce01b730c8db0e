"""`ape run page`: one HTML file that shows a run or a deployment, and asks nobody for anything."""

from collections.abc import Callable
from pathlib import Path

import click

from offchain.errors import OffchainError
from offchain.live.access.network import Nodes
from offchain.live.logs import log_options
from offchain.live.options import chain_options, log_cache_option
from offchain.live.service import Stopped, stopping
from offchain.live.starting import reach
from offchain.live.watching.log_cache import log_cache
from offchain.page.serve import page_server
from offchain.page.story import Story
from offchain.page.write import page, write_page
from offchain.user_path import UserPath


@click.command()
@click.option("--run", type=UserPath(), metavar="DIR", help="A run's folder.")
@click.option("--deployment", metavar="NAME", help="Name of deployments/NAME.yaml and NAME.json.")
@click.option(
    "--out",
    type=UserPath(),
    default=Path("site"),
    show_default=True,
    metavar="DIR",
    help="Folder for index.html.",
)
@click.option(
    "--serve",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="Show it at http://127.0.0.1:PORT instead, told anew each time it is loaded, until Ctrl-C.",
)
@chain_options
@log_options
@log_cache_option
def cli(
    run: Path | None,
    deployment: str | None,
    out: Path,
    serve: int | None,
    nodes: Nodes,
    cache: Path | None,
) -> None:
    """Write or serve a page of a run or a deployment."""
    if (run is None) == (deployment is None):
        raise click.UsageError("give either --run DIR or --deployment NAME")
    try:
        with stopping():
            tell = _run_teller(run) if run else _chain_teller(deployment or "", nodes, cache)
            if serve is None:
                path = write_page(tell(), out)
                click.echo(f"Written to {path}, {path.stat().st_size / 1e6:.2f} MB; open it in a browser.")
            else:
                _serve(serve, tell)
    except OffchainError as error:
        raise click.ClickException(str(error)) from error
    except Stopped:
        pass


def _run_teller(run: Path) -> Callable[[], Story]:
    from offchain.page.from_run import story_of_run

    return lambda: story_of_run(run)


def _chain_teller(name: str, nodes: Nodes, cache: Path | None) -> Callable[[], Story]:
    from offchain.page.watching import PageWatch

    deployment, chain = reach(name, nodes)
    return PageWatch(chain, deployment, log_cache(deployment, cache)).tell


def _serve(port: int, tell: Callable[[], Story]) -> None:
    with page_server(port, lambda: page(tell())) as server:
        click.echo(f"The page is at http://127.0.0.1:{port}/ until Ctrl-C.")
        server.serve_forever()
