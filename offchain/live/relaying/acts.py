"""What a client plays, as anyone may send it: signed by its key or its operator's, or opened."""

from collections.abc import Mapping
from typing import Protocol

from eth_account.messages import SignableMessage

from offchain.chain import intents
from offchain.live.access.chain import Invocation
from offchain.live.deploying.deployment import LiveDeployment, place_of
from offchain.live.errors import RelayError
from offchain.live.relaying.entries import FUNCTIONS, Entry, Function, opening, signed, single

_SIGNED: Mapping[str, intents.Kind] = {"propose": "Propose", "commitBallot": "CommitBallot"}


class IntentKey(Protocol):
    """Whatever signs EIP-712 messages for one address.

    Attributes:
        address: Lower-case hex.
    """

    address: str

    def sign_intent(self, message: SignableMessage) -> tuple[bytes, bytes]:
        """The compact signature: r, and s with the parity in its top bit (EIP-2098)."""


class Acts:
    """One client's, made with its own key or its operator's.

    Args:
        deployment: Which.
        key: Of the client, or of its operator.
        client: The client's address, lower-case hex; none for the key's own.

    Attributes:
        client: The client's address.
        is_operators: Whether the key is another's than the client's.
    """

    def __init__(self, deployment: LiveDeployment, key: IntentKey, client: str | None = None) -> None:
        self._manager = deployment.manager
        self._place = place_of(deployment)
        self._key = key
        self.client = client or key.address
        self.is_operators = self.client != key.address

    def call(self, function: str, round_: int, arguments: tuple[object, ...]) -> Invocation:
        """Return the round manager's call: the client's own, or what an operator's key may send for it."""
        if not self.is_operators:
            return Invocation(self._manager, function, arguments)
        kind = next(each for each in FUNCTIONS if each == function)
        return single(self._manager, kind, self.entry(kind, round_, arguments))

    def entry(self, function: Function, round_: int, arguments: tuple[object, ...]) -> Entry:
        """Return what a relay takes.

        Args:
            function: The round manager's.
            round_: The open round.
            arguments: The function's.

        Raises:
            SigningError: When the key does not sign.
        """
        if function not in _SIGNED:
            return opening(function, self.client, arguments)
        (commitment,) = arguments
        if not isinstance(commitment, bytes):
            raise RelayError(f"{function} takes a commitment of 24 bytes, got {commitment!r}")
        bound = self._place.chain_id, self._place.manager, self.client, round_
        message = intents.message(_SIGNED[function], *bound, commitment)
        return signed(self.client, commitment, self._key.sign_intent(message))
