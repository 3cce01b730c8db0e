"""`--metrics`: what a command tells while it runs, and who looks at the chain where nobody else does."""

import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client.registry import Collector

from offchain.listening import root_url
from offchain.live.access.chain import Chain
from offchain.live.deploying.amounts import Unit
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.service import Health, run_forever
from offchain.live.watching.measuring import Observe, Onlooker, measure_coins, measure_round
from offchain.live.watching.view import View
from offchain.monitoring.measures import BUILD
from offchain.monitoring.vitals import VITALS
from offchain.software import VERSION, lock_digest

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Monitoring:
    """What a user chose.

    Attributes:
        port: To listen on; 0 for a free one, None for telling nothing.
        host: Address to listen on.
        stall: Seconds without a new block after which the program is not well.
    """

    port: int | None = None
    host: str = "127.0.0.1"
    stall: float = VITALS.stall

    @contextmanager
    def telling(self, own: Iterable[Collector]) -> Iterator[None]:
        """Tell a monitor for the length of the block.

        Args:
            own: What the program tells beside what all tell.

        Raises:
            OffchainError: When it cannot listen there.
        """
        if self.port is None:
            yield
            return
        # Here, since a program without a monitor needs no HTTP server.
        from offchain.monitoring.server import monitored

        VITALS.stall = self.stall
        BUILD.info({"version": VERSION, "lock": lock_digest()})
        with monitored(self.port, self.host, own) as port:
            _log.info("telling measures at %s/metrics", root_url(self.host, port or 0))
            yield

    def observer(self, chain: Chain, deployment: LiveDeployment) -> Observe:
        """Return what tells of a round; of a token's decimals the chain is asked once."""
        if self.port is None:
            return lambda view: None
        unit = Unit.read(chain, deployment)
        return lambda view: measure_round(view, unit)

    def look_on(self, chain: Chain, deployment: LiveDeployment, account: str | None = None) -> None:
        """Look at the chain in a thread, for a program that asks it only when it is asked itself.

        Args:
            chain: A line of its own.
            deployment: Which.
            account: That pays for gas, whose coin is told; none for a program without one.
        """
        if self.port is None:
            return
        tell, health = self.observer(chain, deployment), Health()

        def observe(view: View) -> None:
            tell(view)
            if health.is_due:
                about = {"round": view.round, "phase": view.phase.name.lower(), "block": view.block.number}
                coin = {} if account is None else {"coin": measure_coins(chain, account)}
                health.tell(view.now, **about, **coin)

        looker = Onlooker(chain, deployment, observe)
        threading.Thread(target=run_forever, args=(looker.step, looker.pause), daemon=True).start()
