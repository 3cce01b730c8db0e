"""The key of one party: an account of Ape, of its keystore or of a plugin."""

import logging
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard

import ape
import click
from ape.logging import logger as ape_logger
from click import Abort
from eth_account.messages import SignableMessage, encode_defunct

from ml.messages import reason
from ml.updates.hashing import keccak256
from offchain.chain.signing import FIRST_V, Signature, Signer, Transaction, digest_of, signed, unsigned
from offchain.live.access.asking import Answers
from offchain.live.access.keyfile import Keyfile, WrongPassphraseError
from offchain.live.errors import AccountError, SigningError, UnansweredError
from offchain.pasted import said_back

if TYPE_CHECKING:
    from ape.api import AccountAPI, TransactionAPI
    from ape_accounts import KeyfileAccount

_log = logging.getLogger(__name__)

_DYNAMIC_FEE = 2
_COMPACT_BYTES = 64
_ATTEMPTS = 3
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


class MessageKey(Key, Protocol):
    """A key that signs messages too."""

    def sign_message(self, message: bytes) -> bytes:
        """The 65 bytes (r, s, v) of an EIP-191 signature, s in its lower half, v 27 or 28."""

    def sign_intent(self, message: SignableMessage) -> tuple[bytes, bytes]:
        """The compact signature of an EIP-712 message: r, and s with the parity in its top bit (EIP-2098)."""


class AccountKey:
    """An account of a plugin of Ape's, for as long as the process lives.

    What it signs is looked at before it is used: it has to be what was asked for, signed by this account.

    Attributes:
        address: Lower-case hex.
    """

    def __init__(self, account: "AccountAPI") -> None:
        self._account = account
        self._answers = Answers()
        self.address = _address(account)

    def sign(self, transaction: Transaction) -> bytes:
        """The raw EIP-1559 transaction.

        Raises:
            SigningError: When the account does not sign it.
        """
        t = transaction
        asked = ape.networks.ethereum.create_transaction(
            type=_DYNAMIC_FEE,
            chainId=t.chain_id,
            nonce=t.nonce,
            gas=t.gas,
            max_fee=t.max_fee,
            max_priority_fee=t.tip,
            value=t.value,
            data=t.data,
            sender=self._account.address,
            **({"receiver": ape.networks.ethereum.decode_address("0x" + t.to.hex())} if t.to else {}),
        )
        digest = keccak256(unsigned(t))
        return signed(t, self._signature("a transaction", lambda: self._signed(asked), digest))

    def sign_message(self, message: bytes) -> bytes:
        """See `MessageKey`.

        Raises:
            SigningError: When the account does not sign it.
        """
        return self._of_message("a message", encode_defunct(message)).of_message

    def sign_intent(self, message: SignableMessage) -> tuple[bytes, bytes]:
        """See `MessageKey`.

        Raises:
            SigningError: When the account does not sign it.
        """
        return self._of_message("an intent", message).compact

    def _signed(self, asked: "TransactionAPI") -> Any:
        """What the account signs a transaction with; None when it declines."""
        transaction = self._account.sign_transaction(asked)
        if transaction is not None and transaction.signature is None:
            raise ValueError("it handed the transaction back without a signature")
        return None if transaction is None else transaction.signature

    def _of_message(self, what: str, message: SignableMessage) -> Signature:
        return self._signature(what, lambda: self._account.sign_message(message), digest_of(message))

    def _signature(self, what: str, ask: Callable[[], Any], digest: bytes) -> Signature:
        # Read there too: what a plugin hands over is as much its own as what it raises.
        try:
            signature = self._answers.wait_for(lambda: _signature_in(ask()))
        except UnansweredError as error:
            raise self._refusal(what, str(error)) from error
        if signature is None:
            raise self._refusal(what, "it was declined")
        if (signer := signature.signer_of(digest)) != self.address:
            raise self._refusal(what, f"its signature is {signer or 'nobody'}'s, or of something else")
        return signature

    def _refusal(self, what: str, why: str) -> SigningError:
        return SigningError(f"account {self.address} did not sign {what} ({why}); nothing was sent with it")


def _signature_in(given: Any) -> Signature | None:
    """The signature, its s in the lower half; None where an account declined."""
    return None if given is None else _read_signature(given).low()


def _read_signature(given: Any) -> Signature:
    """A signature in any form that plugins give: parts, 65 bytes or EIP-2098's 64, or their hex.

    Raises:
        ValueError: When it is none.
    """
    if isinstance(given, str | bytes):
        content = bytes.fromhex(given.removeprefix("0x")) if isinstance(given, str) else bytes(given)
        if len(content) == _COMPACT_BYTES:
            return Signature.of_compact(content[:32], content[32:])
        if len(content) != _COMPACT_BYTES + 1:
            raise ValueError(f"its signature has {len(content)} bytes, not 65")
        v, r, s = content[64], content[:32], content[32:64]
    else:
        v, r, s = given.v, given.r, given.s
    number = _number(v)
    # 27 and 28; with the chain's id in it (EIP-155), 35 and 36 and twice the id; or the parity itself.
    return Signature(_number(r), _number(s), (number - FIRST_V) % 2 if number >= FIRST_V else number % 2)


def _number(value: Any) -> int:
    if isinstance(value, str):
        return int(value, 16) if value.lower().startswith("0x") else int(value)
    return int.from_bytes(bytes(value)) if isinstance(value, bytes | bytearray | memoryview) else int(value)


def address_of(alias: str) -> str:
    """Return the address of an account of Ape's keystore, lower-case hex; no passphrase is needed.

    Raises:
        AccountError: When there is no such account, or its keyfile does not say its address.
    """
    account = _load(alias)
    if not _is_keyfile(account):
        return _address(account)
    stated = Keyfile(account.keyfile_path).address
    if stated is None:
        raise AccountError(
            f"the keyfile of account {alias!r} does not say its address, as some programs leave it out; add "
            '"address" to it, or import the key again'
        )
    return stated


def unlock(alias: str) -> MessageKey:
    """Return the account `alias` of Ape, ready to sign.

    One of Ape's keystore takes its passphrase from the environment or a prompt; one of another plugin asks
    for what it needs by itself, a press of a button, say.

    Raises:
        AccountError: When there is no such account, it cannot sign, or its passphrase is missing or wrong.
    """
    key = _key(_load(alias), alias)
    _log.info("account %s is %s", alias, key.address)
    return key


def _key(account: "AccountAPI", alias: str) -> MessageKey:
    if _is_keyfile(account):
        return _opened(Keyfile(account.keyfile_path), alias)
    if _plugin_of(account) in _CONTRACT_WALLETS:
        raise AccountError(
            f"account {alias!r} is a contract wallet ({_plugin_of(account)}), whose owners sign for it: by "
            "itself it signs neither transactions nor messages; use an account with a key of its own"
        )
    # Ape warns at every signature that the key is unlocked, which is what a daemon is for.
    ape_logger.set_level(logging.ERROR)
    return AccountKey(account)


def _opened(keyfile: Keyfile, alias: str) -> Signer:
    passphrase, place = _passphrase(alias)
    try:
        return keyfile.opened(passphrase) if passphrase is not None else _prompted(keyfile, alias, place)
    except WrongPassphraseError as error:
        raise AccountError(f"account {alias!r} cannot be unlocked ({error}); check {place}") from error


def _prompted(keyfile: Keyfile, alias: str, place: str) -> Signer:
    """Open a keyfile with what a person types, who may mistype it."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise AccountError(
            f"account {alias!r} is locked and there is nobody to ask for its passphrase; set {place}"
        )
    for _ in range(_ATTEMPTS):
        try:
            return keyfile.opened(_typed(alias))
        except WrongPassphraseError as error:
            click.echo(str(error), err=True)
        except Abort:
            break
    raise WrongPassphraseError("no passphrase that opens it was given")


def _typed(alias: str) -> str:
    answer: str = click.prompt(
        f"Passphrase of account {alias!r}", default="", show_default=False, hide_input=True, err=True
    )
    return answer


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
        return path.read_text(encoding="utf-8-sig").rstrip("\r\n"), str(path)
    except OSError as error:
        raise AccountError(f"the passphrase in {path} cannot be read: {reason(error)}") from error
    except UnicodeDecodeError:  # It has the secret in it, and its words a byte of that.
        raise AccountError(f"the passphrase in {path} is no text in UTF-8; save it as UTF-8") from None


def key_places() -> tuple[Path, ...]:
    """Return the files and folders in which keys and passphrases are: nothing for code of others to see."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return (Path(ape.config.DATA_FOLDER) / "accounts", *([Path(folder)] if folder else []))


def passphrase_variables(alias: str) -> tuple[str, ...]:
    """Return the variables that may hold a passphrase: one that any shell can set, then Ape's own.

    >>> passphrase_variables("my-bank")
    ('APE_ACCOUNTS_my_bank_PASSPHRASE', 'APE_ACCOUNTS_my-bank_PASSPHRASE')
    """
    names = (f"APE_ACCOUNTS_{name}_PASSPHRASE" for name in (re.sub(r"\W", "_", alias, flags=re.ASCII), alias))
    return tuple(dict.fromkeys(names))


def _address(account: "AccountAPI") -> str:
    """The address of a plugin's account, lower-case hex: some ask a device or a service for it.

    Raises:
        AccountError: When that does not tell it.
    """
    try:
        return Answers().wait_for(lambda: str(account.address).lower())
    except UnansweredError as error:
        raise AccountError(
            f"an account of {_plugin_of(account)} does not tell its address ({error}); look at the device or "
            "service behind it"
        ) from error


def _is_keyfile(account: "AccountAPI") -> TypeGuard["KeyfileAccount"]:
    from ape_accounts import KeyfileAccount  # Here: it brings web3, which `--help` need not wait for.

    return isinstance(account, KeyfileAccount)


def _plugin_of(account: "AccountAPI") -> str:
    return type(account).__module__.split(".")[0]


def _require_listed() -> None:
    """Tell a keystore that Ape could not look into from one that lacks an account: Ape finds neither."""
    folder = key_places()[0]
    if folder.exists() and not (folder.is_dir() and os.access(folder, os.R_OK | os.X_OK)):
        raise AccountError(f"the accounts in {folder} cannot be read: let this user read that folder")


def _load(alias: str) -> "AccountAPI":
    try:
        known = Answers().wait_for(lambda: sorted(str(name) for name in ape.accounts.aliases))
    except UnansweredError as error:
        raise AccountError(f"Ape cannot list its accounts: {error}") from error
    if alias not in known:
        _require_listed()
        have = f"there are {', '.join(known)}" if known else "there are none yet"
        raise AccountError(
            f"there is no account {said_back(alias)} in Ape's keystore; {have}: give an alias, no address or "
            "key; `ape accounts generate ALIAS` makes one, `ape accounts import ALIAS` takes a key over"
        )
    try:
        account: AccountAPI = Answers().wait_for(lambda: ape.accounts.load(alias))
    except UnansweredError as error:
        raise AccountError(f"Ape cannot load account {alias!r}: {error}") from error
    return account
