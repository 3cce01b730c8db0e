"""An institution's client: looks at the chain, decides, acts, and keeps nothing that it could not lose."""

import logging
import time
from dataclasses import dataclass, replace

from ml.errors import MLError
from offchain.errors import CallRevertedError, OffchainError, RestingError
from offchain.live.access.chain import Chain, Invocation
from offchain.live.access.sender import Sender
from offchain.live.client.decision import (
    Action,
    Deposit,
    Done,
    Draw,
    Join,
    Lack,
    Leave,
    Propose,
    Publish,
    Reveal,
    Vote,
    Wait,
    Wallet,
    Wish,
    Withdraw,
    decide,
)
from offchain.live.client.paying import Payer
from offchain.live.client.round_work import RoundWork
from offchain.live.client.words import why
from offchain.live.deploying.amounts import Unit
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.errors import StaleDecisionError
from offchain.live.keeping.drawing import draw_call
from offchain.live.relaying.acts import Acts
from offchain.live.relaying.line import RelayLine
from offchain.live.service import Health, failed
from offchain.live.watching.lookout import Lookout
from offchain.live.watching.measuring import measure_coins, measure_member
from offchain.live.watching.view import ClientView, View, read_view
from offchain.reference import Phase
from offchain.reference.state import NOBODY

_log = logging.getLogger(__name__)

LAST_SECONDS = 10.0
"""How long a client that ends waits for what is on its way to the stores."""


@dataclass(frozen=True)
class Outlook:
    """What a decision is taken from.

    Attributes:
        view: The round.
        me: The client in it.
        wallet: Tokens outside the pool, of the account that pays.
        operator: Who may sign for it beside itself.
    """

    view: View
    me: ClientView
    wallet: Wallet
    operator: str = NOBODY


def look(chain: Chain, deployment: LiveDeployment, address: str, payer: str | None = None) -> Outlook:
    """Read a client's situation; `payer` is whose wallet it lives on, where that is another's."""
    holder = payer or address
    view = read_view(chain, deployment, [address])
    token, pool = deployment.token, deployment.pool.address
    balance, allowance, operator = chain.read(
        [
            Invocation(token, "balanceOf", (holder,)),
            Invocation(token, "allowance", (holder, pool)),
            Invocation(deployment.manager, "operatorOf", (address,)),
        ]
    )
    return Outlook(view, view.clients[address], Wallet(balance, allowance), operator.lower())


class Client:
    """One member at one deployment.

    Args:
        chain: Where.
        deployment: Which.
        sender: Of the account that pays for what it does itself.
        acts: How it plays: with its own key or its operator's.
        payer: How its account's tokens come into the pool.
        work: Its work in its seats.
        wish: What its owner wants.
        proof: What joining shows the contract that says who may join.
        poll: Seconds between two looks at the chain; None for what blocks and phases ask for.
        unit: The deployment's token.
        relay: What sends for the client, where it uses one.
    """

    def __init__(
        self,
        chain: Chain,
        deployment: LiveDeployment,
        sender: Sender,
        acts: Acts,
        payer: Payer,
        work: RoundWork,
        wish: Wish,
        proof: bytes,
        poll: float | None,
        unit: Unit,
        relay: RelayLine | None = None,
    ) -> None:
        self._chain = chain
        self._deployment = deployment
        self._sender = sender
        self._acts = acts
        self._payer = payer
        self._work = work
        self._wish = wish
        self._proof = proof
        self._lookout = Lookout(chain, deployment, poll)
        self._last: tuple[Outlook, Action] | None = None
        self._unit = unit
        self._relay = relay
        self._told = ""
        self._health = Health()

    def run(self) -> Done:
        """Act until nothing will ever be left to do; why that is.

        May be cut off anywhere, by `Stopped` or by the power: the next start goes on from the chain.
        """
        try:
            while True:
                try:
                    action = self.step()
                    if isinstance(action, Done):
                        return action
                except RestingError:
                    pass  # Told when it began.
                except StaleDecisionError as error:
                    _log.info("%s; looking again", error)
                except (OffchainError, MLError, OSError) as error:
                    # Nodes, stores and disks come back, and a refusal means that the chain moved: look again.
                    failed(error)
                time.sleep(self._lookout.pause())
        finally:
            self._work.finish(LAST_SECONDS)

    def step(self) -> Action:
        """Look at the chain once, decide, and act on it; what was decided.

        Raises:
            StaleDecisionError: When the account sent something since the look; nothing happened.
            OffchainError: When no node answers, a contract refuses, or the global model cannot be computed.
        """
        if self._last is not None and self._lookout.is_quiet():
            outlook, action = self._last
            view = replace(outlook.view, block=self._lookout.head or outlook.view.block)
            self._tell(replace(outlook, view=view), action)
            return action
        # The nonce first: what is decided on an older chain must not be sent with a newer nonce.
        self._sender.refresh()
        outlook = look(self._chain, self._deployment, self._acts.client, self._sender.address)
        action = self._decide(outlook)
        self._tell(outlook, action)
        if self._wish.plays:
            self._work.catch_up(outlook.view)
        self._work.show(outlook.view, outlook.me)
        if outlook.view.phase is Phase.PUBLISH and outlook.view.votes(outlook.me):
            self._work.collect(outlook.view)
        self._act(outlook, action)
        self._last = outlook, action
        if isinstance(action, Wait | Lack) and self._work.is_settled(outlook.view, outlook.me):
            self._lookout.rest(outlook.view, [outlook.me.release_at, self._work.looks_again_at])
        return action

    def _decide(self, outlook: Outlook) -> Action:
        key = self._sender.address
        if self._acts.is_operators and outlook.operator != key:
            return Wait(f"for the client's key to name {key} its operator again")
        return decide(outlook.view, outlook.me, outlook.wallet, self._wish)

    def _act(self, outlook: Outlook, action: Action) -> None:
        work, view, me = self._work, outlook.view, outlook.me
        match action:
            case Deposit(amount):
                self._send(self._payer.call(amount, outlook.wallet.allowance, view.now))
            case Join():
                self._call("join", self._proof)
            case Leave():
                self._call("requestExit")
            case Withdraw(amount):
                self._call("withdraw", amount)
            case Draw() if self._relay is None:  # Who has a relay may have no coin.
                self._draw(view)
            case Propose(patience, until) if not self._is_carried(view, "propose"):
                if commitment := work.update_commitment(view, patience):
                    self._play(view, until, "propose", commitment)
            case Publish(patience, until) if not self._is_carried(view, "publish"):
                if opening := work.update_opening(view, me, patience):
                    self._play(view, until, "publish", *opening)
            case Vote(patience, until) if not self._is_carried(view, "commitBallot"):
                if commitment := work.ballot_commitment(view, patience):
                    self._play(view, until, "commitBallot", commitment)
                    work.judge_beside()
            case Reveal(until) if not self._is_carried(view, "revealBallot"):
                self._play(view, until, "revealBallot", *work.ballot_opening(view, me))
            case _:
                pass  # Nothing to do, or a relay is at it.

    def _draw(self, view: View) -> None:
        try:
            self._send(draw_call(self._chain, self._deployment, view.anchor))
        except CallRevertedError:
            _log.info("draw was not needed: somebody else was faster")

    def _is_carried(self, view: View, function: str) -> bool:
        """Whether a relay has the act: training and judging are not done twice for it."""
        return self._relay is not None and self._relay.carries(function, view.round)

    def _play(self, view: View, until: int, function: str, *arguments: object) -> None:
        if self._relay is None or not self._relay.hand_over(function, view.round, arguments):
            self._play_oneself(view, until, function, *arguments)

    def _play_oneself(self, view: View, until: int, function: str, *arguments: object) -> None:
        try:
            self._send(self._acts.call(function, view.round, arguments), until)
        except CallRevertedError:
            now = look(self._chain, self._deployment, self._acts.client)
            if now.view.seat_of(now.me) is view.seat_of(view.clients[self._acts.client]):
                raise
            _log.info("%s is on the chain already: somebody else, such as the relay, was faster", function)

    def _call(self, function: str, *arguments: object) -> None:
        self._send(Invocation(self._deployment.manager, function, arguments))

    def _send(self, call: Invocation, until: int | None = None) -> None:
        receipt = self._sender.send(call, until)
        _log.info(call.function, extra={"transaction": receipt.hash, "gas": receipt.gas_used})

    def _tell(self, outlook: Outlook, action: Action) -> None:
        """Log what changed, and now and then that the client lives."""
        view, me = outlook.view, outlook.me
        told = type(action).__name__.lower()
        if isinstance(action, Wait | Lack | Done):
            told = f"{'done' if isinstance(action, Done) else 'wait'}: {why(action, self._unit)}"
        if isinstance(action, Leave) and action.cost:
            told += f": {action.cost}"
        values = {
            "round": view.round,
            "phase": view.phase.name.lower(),
            "seat": view.did(me),
        }
        if told != self._told:
            _log.info(told, extra=values)
            self._told = told
        tokens = {"free": self._unit.number(me.free), "escrow": self._unit.number(me.escrow)}
        measure_member(view, me, outlook.wallet.balance, self._unit)
        if self._health.is_due:
            coin = measure_coins(self._chain, self._sender.address)
            self._work.measure()
            more = {"member": me.is_member, **tokens, "coin": coin, "block": view.block.number}
            self._health.tell(view.now, **values, **more)
