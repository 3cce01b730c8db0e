"""The key of one party: an account of Ape, of its keystore or of a plugin."""

import logging
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from ape import accounts, networks
from ape.api import AccountAPI
from ape.exceptions import ApeException
from ape.logging import logger as ape_logger
from ape_accounts import KeyfileAccount
from click import Abort
from eth_account.messages import SignableMessage, encode_defunct

from offchain.chain.signing import Transaction
from offchain.live.errors import AccountError, SigningError
from offchain.pasted import said_back

_DYNAMIC_FEE = 2
_FIRST_V = 27
_ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141  # of secp256k1
_HALF = _ORDER // 2
_CONTRACT_WALLETS = {"ape_safe"}
"""Plugins whose accounts are contracts."""


class Key(Protocol):
    """Whatever signs for one address; `offchain.chain.signing.Signer` is another.

    Attributes:
        address: Lower-case hex.
    """

    address: str

    def sign(self, transaction: Transaction) -> bytes:
        """The raw transaction, signed."""


class AccountKey:
    """An account of Ape, of its keystore or of a plugin, for as long as the process lives.

    Attributes:
        address: Lower-case hex.
    """

    def __init__(self, account: AccountAPI) -> None:
        self._account = account
        self.address = str(account.address).lower()

    def sign(self, transaction: Transaction) -> bytes:
        """The raw EIP-1559 transaction.

        Raises:
            SigningError: When the account does not sign.
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
        # It is compared with the account's address while it is put into bytes.
        raw: bytes = self._asked(
            "a transaction",
            lambda: self._account.sign_transaction(unsigned),
            lambda signed: bytes(signed.serialize_transaction()),
        )
        return raw

    def sign_message(self, message: bytes) -> bytes:
        """The 65 bytes (r, s, v) of an EIP-191 signature, s in its lower half, v 27 or 28.

        Raises:
            SigningError: When the account does not sign.
        """
        r, s, parity = self._signature("a message", encode_defunct(message))
        return r.to_bytes(32) + s.to_bytes(32) + bytes([_FIRST_V + parity])

    def sign_intent(self, message: SignableMessage) -> tuple[bytes, bytes]:
        """The compact signature of an EIP-712 message: r, and s with the parity in its top bit (EIP-2098).

        Raises:
            SigningError: When the account does not sign.
        """
        r, s, parity = self._signature("an intent", message)
        return r.to_bytes(32), (s | parity << 255).to_bytes(32)

    def _signature(self, what: str, message: SignableMessage) -> tuple[int, int, int]:
        """r, s and the parity of y: of both signatures that a key can give the one that contracts take."""
        signature = self._asked(what, lambda: self._account.sign_message(message), lambda given: given)
        r, s = int.from_bytes(bytes(signature.r)), int.from_bytes(bytes(signature.s))
        parity = (signature.v - _FIRST_V) % 2 if signature.v >= _FIRST_V else signature.v % 2
        return (r, s, parity) if s <= _HALF else (r, _ORDER - s, 1 - parity)

    def _asked(self, what: str, ask: Callable[[], Any], use: Callable[[Any], Any]) -> Any:
        try:
            given = ask()
            if given is not None:
                return use(given)
            reason = "it was declined"
        except Exception as error:  # Of any type: a plugin's device or service raises its own.
            reason = " ".join(str(error).split()) or type(error).__name__
        raise SigningError(f"account {self.address} did not sign {what} ({reason}); nothing was sent with it")


def address_of(alias: str) -> str:
    """Return the address of an account of Ape's keystore, lower-case hex; no passphrase is needed.

    Raises:
        AccountError: When there is no such account.
    """
    return str(_load(alias).address).lower()


def unlock(alias: str) -> AccountKey:
    """Return the account `alias` of Ape, ready to sign.

    One of Ape's keystore takes its passphrase from the environment or a prompt; one of another plugin asks
    for what it needs by itself, a press of a button, say.

    Raises:
        AccountError: When there is no such account, it cannot sign, or its passphrase is missing or wrong.
    """
    account = _load(alias)
    if _plugin_of(account) in _CONTRACT_WALLETS:
        raise AccountError(
            f"account {alias!r} is a contract wallet ({_plugin_of(account)}), whose owners sign for it: by "
            "itself it signs neither transactions nor messages; use an account with a key of its own"
        )
    # Ape warns at every signature that the key is unlocked, which is what a daemon is for.
    ape_logger.set_level(logging.ERROR)
    if isinstance(account, KeyfileAccount):
        _unlock_keyfile(account, alias)
    return AccountKey(account)


def _unlock_keyfile(account: KeyfileAccount, alias: str) -> None:
    passphrase, place = _passphrase(alias)
    if passphrase is None and not sys.stdin.isatty():
        raise AccountError(
            f"account {alias!r} is locked and there is nobody to ask for its passphrase; set {place}"
        )
    try:
        account.set_autosign(True, passphrase)
    except (ApeException, Abort) as error:
        reason = " ".join(str(error).split()) or "no passphrase given"
        raise AccountError(f"account {alias!r} cannot be unlocked ({reason}); check {place}") from error


def _passphrase(alias: str) -> tuple[str | None, str]:
    """An account's passphrase, None where there is nothing but a prompt; and where it is looked for.

    Variables first, then what systemd's `LoadCredential=ALIAS.passphrase:FILE` hands over, which no other
    process of the user sees.
    """
    variables = passphrase_variables(alias)
    for name in variables:
        if found := os.environ.get(name):
            return found, variables[0]
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(folder) / f"{alias}.passphrase" if folder else None
    if path is None or not path.is_file():
        return None, variables[0]
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n"), str(path)
    except (OSError, UnicodeDecodeError) as error:
        raise AccountError(f"the passphrase in {path} cannot be read: {error}") from error


def passphrase_variables(alias: str) -> tuple[str, ...]:
    """Return the variables that may hold a passphrase: one that any shell can set, then Ape's own.

    >>> passphrase_variables("my-bank")
    ('APE_ACCOUNTS_my_bank_PASSPHRASE', 'APE_ACCOUNTS_my-bank_PASSPHRASE')
    """
    names = (f"APE_ACCOUNTS_{name}_PASSPHRASE" for name in (re.sub(r"\W", "_", alias, flags=re.ASCII), alias))
    return tuple(dict.fromkeys(names))


def _plugin_of(account: AccountAPI) -> str:
    return type(account).__module__.split(".")[0]


def _load(alias: str) -> AccountAPI:
    known = sorted(str(name) for name in accounts.aliases)
    if alias not in known:
        have = f"there are {', '.join(known)}" if known else "there are none yet"
        raise AccountError(
            f"there is no account {said_back(alias)} in Ape's keystore; {have}: give an alias, no address or "
            "key; `ape accounts generate ALIAS` makes one, `ape accounts import ALIAS` takes a key over"
        )
    account: AccountAPI = accounts.load(alias)
    return account
