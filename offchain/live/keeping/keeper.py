"""A keeper: does for a deployment what anyone may do. Many can run at once; the first one's call counts."""

import logging
import random
import time
from collections.abc import Sequence
from dataclasses import replace

from offchain.errors import CallRevertedError, ChainError
from offchain.live.access.chain import Chain, Invocation
from offchain.live.access.sender import Receipt, Sender
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.errors import LogsError
from offchain.live.keeping.drawing import draw_call, seed_proof
from offchain.live.keeping.duties import Duty, duties
from offchain.live.service import Health
from offchain.live.watching.history import history_of
from offchain.live.watching.log_cache import LogCache
from offchain.live.watching.lookout import Lookout
from offchain.live.watching.measuring import Observe, measure_coins
from offchain.live.watching.roster import Roster
from offchain.live.watching.view import View, read_view
from offchain.monitoring.measures import DUTIES
from offchain.reference import Phase

_log = logging.getLogger(__name__)

_AT_ONCE = 20  # Markings that are sent together.


class Keeper:
    """Opens, draws, re-anchors, marks the absent, finalises; and settles, if asked to.

    Args:
        chain: Where.
        deployment: For which.
        sender: Of the account that pays for gas.
        every: Least seconds from one draw to the next opening.
        settles: Whether to settle everyone's seat after a round; clients do it themselves at their next act.
        jitter: Seconds, at most, to wait before a call, drawn anew each time: keepers that run beside each
            other then seldom send the same one.
        health: The health line.
        poll: Seconds between two looks; None for what blocks and phases ask for.
        cache: Logs of earlier processes; none to read all.
        observe: Called with what each look sees.

    Raises:
        HeaderError: When it could draw no round on this chain; nothing was sent.
    """

    def __init__(
        self,
        chain: Chain,
        deployment: LiveDeployment,
        sender: Sender,
        every: int = 0,
        settles: bool = False,
        jitter: float = 0.0,
        health: Health | None = None,
        poll: float | None = None,
        cache: LogCache | None = None,
        observe: Observe = lambda view: None,
    ) -> None:
        self._chain = chain
        self._deployment = deployment
        self._sender = sender
        self._every = every
        self._settles = settles
        self._jitter = jitter
        self._health = health or Health()
        self._observe = observe
        self._history = history_of(chain, deployment, cache)
        self._roster = Roster()
        self._lookout = Lookout(chain, deployment, poll)
        self._view: View | None = None  # of the last whole look
        self._refused: set[tuple[int, str]] = set()  # rounds and clients that need no mark
        self._settled_round = 0
        seed_proof(chain, deployment, "latest")

    def step(self) -> bool:
        """Look once and do what is due; whether anything was done.

        Raises:
            ChainError: When nodes do not answer or leave out logs, gas is too dear, or the account is empty.
        """
        try:
            if self._view is not None and self._lookout.is_quiet():
                self._tell(replace(self._view, block=self._lookout.head or self._view.block))
                return False
            return self._step()
        except LogsError:
            # One of several nodes may have left some out: the next step asks for all again.
            self._history.forget()
            self._roster.forget()
            raise

    def _step(self) -> bool:
        due, view = self._look()
        self._tell(view)
        if due and self._jitter:
            time.sleep(random.uniform(0, self._jitter))
            due, view = self._look()
        if not due:
            done = self._settles and self._settle(view)
            # Before the draw what is due hangs on the number of the block.
            if not done and view.phase is not Phase.DRAW and view.round == self._roster.round:
                self._lookout.rest(view, [view.opens_at, view.closes_at, view.drawn_at + self._every])
            return done
        # Those of one kind together: marking changes what can be done next.
        together = [duty for duty in due if duty.act == due[0].act][:_AT_ONCE]
        return self._do(view, together)

    def pause(self) -> float:
        """Seconds to wait before the next step."""
        return self._lookout.pause()

    def _tell(self, view: View) -> None:
        self._observe(view)
        if self._health.is_due:
            coin = measure_coins(self._chain, self._sender.address)
            about = {"round": view.round, "phase": view.phase.name.lower(), "block": view.block.number}
            self._health.tell(view.now, **about, coin=coin)

    def _look(self) -> tuple[list[Duty], View]:
        # The nonce first: what another process of this account sends from now on makes the decision stale.
        self._sender.refresh()
        news = self._roster.keep_up(self._history)
        if news.rewound:
            self._refused.clear()
            self._settled_round = 0
        self._view = view = read_view(self._chain, self._deployment)
        if view.block == news.head:
            self._roster.require(view.round, view.member_count)
        if view.round != self._roster.round:
            return [], view  # A block came in between; the next look has both.

        def idle(places: range) -> Sequence[str]:
            seated = self._roster.seated(view.seed, places)
            return [client for client in seated if client not in self._roster.used]

        due = duties(view, idle, self._every)
        return [duty for duty in due if (view.round, duty.client) not in self._refused], view

    def _do(self, view: View, due: Sequence[Duty]) -> bool:
        done = False
        for duty, outcome in zip(due, self._send([self._call(view, duty) for duty in due]), strict=True):
            round_ = view.round + 1 if duty.act == "openRound" else view.round
            about = {"round": round_, **({"client": duty.client} if duty.client else {})}
            if isinstance(outcome, Receipt):
                done = True
                DUTIES.labels(duty.act).inc()
                _log.info("%s done", duty.act, extra={**about, "gas": outcome.gas_used, "hash": outcome.hash})
            else:
                if duty.client:
                    self._refused.add((view.round, duty.client))
                _log.info("%s was not needed: %s", duty.act, outcome, extra=about)
        return done

    def _send(self, calls: Sequence[Invocation]) -> list[Receipt | CallRevertedError]:
        """Receipts or refusals, in order; a refusal means that somebody else was faster."""
        results: list[Receipt | CallRevertedError] = []
        for outcome in self._sender.send_all(calls):
            if isinstance(outcome, ChainError) and not isinstance(outcome, CallRevertedError):
                raise outcome
            results.append(outcome)
        return results

    def _call(self, view: View, duty: Duty) -> Invocation:
        manager = self._deployment.manager
        if duty.act in ("openRound", "reanchor"):
            # A fork may have come since the start, and a round that nobody can draw holds its members up.
            seed_proof(self._chain, self._deployment, "latest")
        if duty.act == "markAbsent":
            return Invocation(manager, "markAbsent", (duty.client,))
        if duty.act == "draw":
            return draw_call(self._chain, self._deployment, view.anchor)
        return Invocation(manager, duty.act)

    def _settle(self, view: View) -> bool:
        """Settle the seats of the round that was decided last."""
        if not view.finalised or self._settled_round == view.round:
            return False
        seated = self._roster.seated(view.seed, range(view.proposer_seats + view.voter_seats))
        clients = [client for client in seated if client in self._roster.used]
        views = read_view(self._chain, self._deployment, clients).clients
        due = [
            views[client] for client in clients if views[client].escrow and views[client].round == view.round
        ]
        if not due:
            self._settled_round = view.round
            return False
        manager = self._deployment.manager
        calls = [Invocation(manager, "settle", (view.round, client.address)) for client in due[:_AT_ONCE]]
        settled = [outcome for outcome in self._send(calls) if isinstance(outcome, Receipt)]
        _log.info("settled %d seats", len(settled), extra={"round": view.round})
        return bool(settled)
