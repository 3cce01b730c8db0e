"""How tokens come into the pool: in one transaction where the token takes permits (ERC-2612), else in two."""

import logging

from offchain.chain import allowances
from offchain.chain.signing import Signature
from offchain.errors import CallRevertedError
from offchain.live.access.chain import Chain, Invocation
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.errors import NodeRefusedError, SigningError
from offchain.live.relaying.acts import IntentKey

_log = logging.getLogger(__name__)

PERMIT_SECONDS = 3600
"""How long a permit holds; what waits for a cheaper block may be sent again."""


class Payer:
    """Brings tokens of a key's wallet into a client's account.

    Args:
        chain: Where.
        deployment: Whose pool.
        key: Of the wallet.
        client: Whose account; the key's own, or that of the client which it operates.
    """

    def __init__(self, chain: Chain, deployment: LiveDeployment, key: IntentKey, client: str) -> None:
        self._chain = chain
        self._token, self._pool = deployment.token, deployment.pool
        self._key = key
        self._client = client
        self._permits = client == key.address  # The pool takes none for another's account.

    def call(self, amount: int, allowance: int, now: int) -> Invocation:
        """Return what is to be sent next for a deposit of `amount` base units: it, or what it needs before.

        Args:
            amount: Of the wallet's tokens.
            allowance: What the pool may take already, base units.
            now: The chain's time.
        """
        if allowance >= amount:
            return self._deposit(amount)
        if self._permits:
            try:
                return self._permitted(amount, now + PERMIT_SECONDS)
            except (NodeRefusedError, CallRevertedError, SigningError) as error:
                self._permits = False
                _log.info("no permit (%s): the pool is allowed to take the tokens first", error)
        return Invocation(self._token, "approve", (self._pool.address, amount))

    def _deposit(self, amount: int) -> Invocation:
        if self._client == self._key.address:
            return Invocation(self._pool, "deposit", (amount,))
        return Invocation(self._pool, "depositFor", (self._client, amount))

    def _permitted(self, amount: int, deadline: int) -> Invocation:
        """The deposit with its permit, tried: tokens have permits of other kinds, or none."""
        owner, spender = self._key.address, self._pool.address
        nonce, domain = self._chain.read(
            [Invocation(self._token, "nonces", (owner,)), Invocation(self._token, "DOMAIN_SEPARATOR")]
        )
        message = allowances.message(domain, owner, spender, amount, nonce, deadline)
        given = Signature.of_compact(*self._key.sign_intent(message))
        signature = given.v, given.r.to_bytes(32), given.s.to_bytes(32)
        call = Invocation(self._pool, "depositWithPermit", (amount, deadline, *signature))
        self._chain.simulate(call, owner)
        return call
