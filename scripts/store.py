"""`ape run store`: a consortium's own store of artefacts."""

import click

from ml.home import at_home
from ml.private_files import followed
from offchain.command import Command
from offchain.live.access.network import Nodes
from offchain.live.deploying.deployment import place_of
from offchain.live.logs import log_options
from offchain.live.monitoring import Monitoring
from offchain.live.options import HOST, chain_options, deployment_option, metrics_options
from offchain.live.service import listening
from offchain.live.starting import connect_to, reach
from offchain.live.store_gate import ChainGate
from offchain.live.watching.log_cache import log_cache
from offchain.monitoring.measures import STORE
from offchain.monitoring.server import counted
from offchain.serving import serve
from offchain.stores.files import FileStore
from offchain.stores.server import Keeping, application


@click.command(cls=Command)
@deployment_option
@chain_options
@log_options
@metrics_options
@click.option(
    "--folder", required=True, help="Where artefacts are kept: a folder, or what fsspec opens by URL."
)
@click.option(
    "--members-only",
    is_flag=True,
    help="Ask readers for a member's permit too: updates tell something of rows (docs/PRIVACY.md).",
)
@click.option("--host", type=HOST, default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8787, show_default=True, help="Port to listen on."
)
def cli(
    deployment: str,
    nodes: Nodes,
    monitoring: Monitoring,
    folder: str,
    members_only: bool,
    host: str,
    port: int,
) -> None:
    """Keep a deployment's artefacts: members write what they published on chain, anyone reads by digest.

    Put a server with TLS in front of it before it meets the internet.
    """
    live, chain = reach(deployment, nodes)
    kept = FileStore(str(followed(at_home(folder))) if "://" not in folder else folder)
    gate, form = ChainGate(chain, live, log_cache(live)), live.configuration.learning.schema_
    kept.check(4 * form.size)
    app = application(Keeping(place_of(live), form, kept, gate, members_only))
    told = listening(host, deployment=live.name, folder=kept.name, artefacts=kept.count())
    monitoring.look_on(connect_to(live, nodes), live)
    with monitoring.telling(STORE):
        serve(counted(app), host, port, told)
