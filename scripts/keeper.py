"""`ape run keeper`: opens, draws, marks the absent and finalises, for as long as it runs."""

import logging
from pathlib import Path

import click

from offchain.command import Command
from offchain.finite_range import FiniteRange
from offchain.live.acting import Acting, acting_options
from offchain.live.keeping.keeper import Keeper
from offchain.live.monitoring import Monitoring
from offchain.live.options import (
    log_cache_option,
    metrics_options,
    poll_option,
)
from offchain.live.service import Health, Stopped, run_forever, stopping
from offchain.live.watching.log_cache import log_cache
from offchain.monitoring.measures import KEEPER

_log = logging.getLogger("offchain.keeper")


@click.command(cls=Command)
@acting_options
@metrics_options
@click.option("--once", is_flag=True, help="Do what is due now, and end.")
@click.option(
    "--every",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="SECONDS",
    help="Least time from the draw of one round to the opening of the next.",
)
@click.option(
    "--settle", is_flag=True, help="Settle every seat after a round; clients else do it themselves."
)
@poll_option
@log_cache_option
@click.option(
    "--jitter",
    type=FiniteRange(min=0),
    default=4.0,
    show_default=True,
    metavar="SECONDS",
    help="Longest random wait before a call, so that keepers seldom send the same one.",
)
@click.option(
    "--health",
    type=FiniteRange(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Time between two health lines in the log.",
)
def cli(
    acting: Acting,
    monitoring: Monitoring,
    once: bool,
    every: int,
    settle: bool,
    poll: float | None,
    cache: Path | None,
    jitter: float,
    health: float,
) -> None:
    """Keep a deployment going: anyone may, and many can at once."""
    try:
        with stopping(), monitoring.telling(KEEPER):
            there, chain = acting.reach()
            sender = acting.sender(chain, poll=min(poll or 1.0, 1.0))
            keeper = Keeper(
                chain,
                there,
                sender,
                every=every,
                settles=settle,
                jitter=0 if once else jitter,
                health=Health(health),
                poll=poll,
                cache=log_cache(there, cache),
                observe=monitoring.observer(chain, there),
            )
            if once:
                while keeper.step():
                    pass
            else:
                about = {"deployment": there.name, "account": sender.address, "node": chain.node}
                _log.info(
                    "keeping: opens, draws, marks the absent, finalises",
                    extra={**about, "every_seconds": every},
                )
                run_forever(keeper.step, keeper.pause)
    except Stopped as signal:
        _log.info("stopped", extra={"signal": str(signal)})
