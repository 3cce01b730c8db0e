"""The key of one party: an account of Ape's keystore, unlocked once."""

import logging
import os
import sys
from typing import Protocol

from ape import accounts, networks
from ape.api import AccountAPI
from ape.exceptions import ApeException
from ape.logging import logger as ape_logger
from click import Abort
from eth_account.messages import SignableMessage, encode_defunct

from offchain.chain.signing import Transaction
from offchain.live.errors import AccountError

_DYNAMIC_FEE = 2
_SIGNATURE_BYTES = 65
_FIRST_V = 27


class Key(Protocol):
    """Whatever signs for one address; `offchain.chain.signing.Signer` is another.

    Attributes:
        address: Lower-case hex.
    """

    address: str

    def sign(self, transaction: Transaction) -> bytes:
        """The raw transaction, signed."""


class KeystoreKey:
    """An account of Ape, unlocked for as long as the process lives.

    Attributes:
        address: Lower-case hex.
    """

    def __init__(self, account: AccountAPI) -> None:
        self._account = account
        self.address = str(account.address).lower()

    def sign(self, transaction: Transaction) -> bytes:
        """The raw EIP-1559 transaction.

        Raises:
            AccountError: When the account does not sign.
        """
        t = transaction
        unsigned = networks.ethereum.create_transaction(
            type=_DYNAMIC_FEE,
            chainId=t.chain_id,
            nonce=t.nonce,
            gas=t.gas,
            max_fee=t.max_fee,
            max_priority_fee=t.tip,
            value=t.value,
            data=t.data,
            sender=self._account.address,
            **({"receiver": networks.ethereum.decode_address("0x" + t.to.hex())} if t.to else {}),
        )
        signed = self._account.sign_transaction(unsigned)
        if signed is None:
            raise AccountError(f"account {self.address} did not sign; nothing was sent")
        return bytes(signed.serialize_transaction())

    def sign_message(self, message: bytes) -> bytes:
        """The 65 bytes (r, s, v) of an EIP-191 signature; the same for the same message (RFC 6979).

        Raises:
            AccountError: When the account does not sign.
        """
        signature = self._account.sign_message(encode_defunct(message))
        if signature is None:
            raise AccountError(f"account {self.address} did not sign a message")
        encoded = bytes(signature.encode_rsv())
        if len(encoded) != _SIGNATURE_BYTES:
            raise AccountError(f"account {self.address} signs with {len(encoded)} bytes, expected 65")
        return encoded

    def sign_intent(self, message: SignableMessage) -> tuple[bytes, bytes]:
        """The compact signature of an EIP-712 message: r, and s with the parity in its top bit (EIP-2098).

        Raises:
            AccountError: When the account does not sign.
        """
        signature = self._account.sign_message(message)
        if signature is None:
            raise AccountError(f"account {self.address} did not sign an intent")
        parity = (signature.v - _FIRST_V) << 255
        return bytes(signature.r).rjust(32, b"\0"), (int.from_bytes(signature.s) | parity).to_bytes(32)


def address_of(alias: str) -> str:
    """Return the address of an account of Ape's keystore, lower-case hex; no passphrase is needed.

    Raises:
        AccountError: When there is no such account.
    """
    return str(_load(alias).address).lower()


def unlock(alias: str) -> KeystoreKey:
    """Return the account `alias` of Ape's keystore, its passphrase from the environment or a prompt.

    Raises:
        AccountError: When there is no such account, or no passphrase, or a wrong one.
    """
    account = _load(alias)
    variable = f"APE_ACCOUNTS_{alias}_PASSPHRASE"
    if not os.environ.get(variable) and not sys.stdin.isatty():
        raise AccountError(
            f"account {alias!r} is locked and there is nobody to ask for its passphrase; set {variable}"
        )
    # Ape warns at every signature that the key is unlocked, which is what a daemon is for.
    ape_logger.set_level(logging.ERROR)
    try:
        account.set_autosign(True)
    except (ApeException, Abort) as error:
        reason = " ".join(str(error).split()) or "no passphrase given"
        raise AccountError(f"account {alias!r} cannot be unlocked ({reason}); check {variable}") from error
    return KeystoreKey(account)


def _load(alias: str) -> AccountAPI:
    known = sorted(str(name) for name in accounts.aliases)
    if alias not in known:
        have = f"there are {', '.join(known)}" if known else "there are none yet"
        raise AccountError(
            f"there is no account {alias!r} in Ape's keystore; {have}: `ape accounts generate {alias}` makes "
            f"one, `ape accounts import {alias}` takes a key over"
        )
    account: AccountAPI = accounts.load(alias)
    return account
