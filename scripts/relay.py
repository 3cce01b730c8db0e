"""`ape run relay`: sends what members sign, in batches, and pays for the gas."""

import logging
import threading

import click

from offchain.command import Command
from offchain.live.access.network import Nodes
from offchain.live.access.sending import SendingSettings
from offchain.live.logs import log_options
from offchain.live.monitoring import Monitoring
from offchain.live.options import (
    HOST,
    account_option,
    chain_options,
    deployment_option,
    metrics_options,
    sending_options,
)
from offchain.live.relaying.desk import Desk
from offchain.live.relaying.line import misfit
from offchain.live.relaying.server import application
from offchain.live.service import listening, run_forever
from offchain.live.starting import connect_to, open_sender, reach
from offchain.monitoring.measures import RELAY
from offchain.monitoring.server import counted
from offchain.serving import serve

_log = logging.getLogger("offchain.relay")


@click.command(cls=Command)
@deployment_option
@chain_options
@account_option
@sending_options
@log_options
@metrics_options
@click.option("--host", type=HOST, default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8788, show_default=True, help="Port to listen on."
)
@click.option(
    "--every",
    type=click.FloatRange(min=0.05),
    default=15.0,
    show_default=True,
    metavar="SECONDS",
    help="Time between two batches; longer ones hold more and cost less each.",
)
def cli(
    deployment: str,
    nodes: Nodes,
    account: str,
    sending: SendingSettings,
    monitoring: Monitoring,
    host: str,
    port: int,
    every: float,
) -> None:
    """Relay members' signed commitments and their openings, in batches.

    It can delay an act, but neither change nor forge one, and members send by themselves what it does not.
    Put a server with TLS in front of it before it meets the internet.
    """
    there, chain = reach(deployment, nodes)
    # A line of its own for the sender: both are used at the same time.
    sender = open_sender(connect_to(there, nodes), account, sending)
    desk = Desk(chain, sender, there)

    def batch() -> bool:
        desk.flush()
        return False  # The next one is to fill first.

    threading.Thread(target=run_forever, args=(batch, every), daemon=True).start()
    about = {"deployment": there.name, "account": sender.address, "node": chain.node}
    _log.info("relaying what members sign, paid by this account", extra={**about, "every_seconds": every})
    if told := misfit(every, there.parameters):
        _log.warning("%s", told)
    monitoring.look_on(connect_to(there, nodes), there, sender.address)
    with monitoring.telling(RELAY):
        serve(counted(application(desk, there, every)), host, port, listening(host))
    _log.info("stopped")
