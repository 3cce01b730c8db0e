"""`ape run relay`: sends what members sign, in batches, and pays for the gas."""

import logging
import threading

import click

from offchain.command import Command
from offchain.finite_range import FiniteRange
from offchain.live.acting import Acting, acting_options
from offchain.live.monitoring import Monitoring
from offchain.live.options import (
    HOST,
    metrics_options,
)
from offchain.live.relaying.desk import Desk
from offchain.live.relaying.line import misfit
from offchain.live.relaying.server import application
from offchain.live.service import listening, run_forever
from offchain.monitoring.measures import RELAY
from offchain.monitoring.server import counted
from offchain.serving import serve

_log = logging.getLogger("offchain.relay")


@click.command(cls=Command)
@acting_options
@metrics_options
@click.option("--host", type=HOST, default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8788, show_default=True, help="Port to listen on."
)
@click.option(
    "--every",
    type=FiniteRange(min=0.05),
    default=15.0,
    show_default=True,
    metavar="SECONDS",
    help="Time between two batches; longer ones hold more and cost less each.",
)
def cli(
    acting: Acting,
    monitoring: Monitoring,
    host: str,
    port: int,
    every: float,
) -> None:
    """Relay members' signed commitments and their openings, in batches.

    It can delay an act, but neither change nor forge one, and members send by themselves what it does not.
    Put a server with TLS in front of it before it meets the internet.
    """
    there, chain = acting.reach()
    # A line of its own for the sender: both are used at the same time.
    sender = acting.sender(acting.line(there))
    desk = Desk(chain, sender, there)

    def batch() -> bool:
        desk.flush()
        return False  # The next one is to fill first.

    threading.Thread(target=run_forever, args=(batch, every), daemon=True).start()
    about = {"deployment": there.name, "account": sender.address, "node": chain.node}
    _log.info("relaying what members sign, paid by this account", extra={**about, "every_seconds": every})
    if told := misfit(every, there.parameters):
        _log.warning("%s", told)
    monitoring.look_on(acting.line(there), there, sender.address)
    with monitoring.telling(RELAY):
        serve(counted(application(desk, there, every)), host, port, listening(host))
    _log.info("stopped")
