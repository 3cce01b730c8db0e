"""Keyfiles (Web3 Secret Storage) of Ape's keystore, whichever program wrote them, and their passphrases."""

import os
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from eth_account import Account

from ml.json_file import read_value
from ml.messages import reason
from offchain.chain.addresses import address
from offchain.chain.signing import Signer
from offchain.live.errors import AccountError

_VERSION = 3
_KEY_BYTES = 32
_MOST_MEMORY = 2**30
"""Bytes that scrypt may take: four times what geth's strongest files do."""
_MOST_ITERATIONS = 2**27


class WrongPassphraseError(AccountError):
    """A passphrase that does not open a keyfile."""


class Keyfile:
    """A keyfile that was read and not opened yet.

    Attributes:
        address: What it says that its key's is, lower-case hex; None when it does not say.
    """

    def __init__(self, path: Path) -> None:
        """Read a file.

        Raises:
            AccountError: When it is no keyfile, or one that nobody should open.
        """
        self._path = path
        self._content = self._read()
        self._require_bounds()
        self.address = self._address()

    def opened(self, passphrase: str) -> Signer:
        """Return the key.

        Raises:
            WrongPassphraseError: When no spelling of the passphrase opens it.
            AccountError: When it is damaged, or its key is another's than it says.
        """
        for spelling in _spellings(passphrase):
            try:
                secret = bytes(Account.decrypt(dict(self._content), spelling))  # type: ignore[arg-type]
            except (KeyError, TypeError, AttributeError, AssertionError, NotImplementedError) as error:
                raise self._damaged(f"{type(error).__name__} {error}") from None
            except ValueError as error:
                if "mac mismatch" in str(error).lower():
                    continue
                raise self._damaged(str(error)) from None
            return self._signer(secret)
        raise WrongPassphraseError("the passphrase is wrong, or the file is damaged")

    def _signer(self, secret: bytes) -> Signer:
        try:
            signer = Signer(secret.rjust(_KEY_BYTES, b"\0"))
        except ValueError:
            raise self._damaged("what it holds is no key") from None
        if self.address not in (None, signer.address):
            raise self._damaged(f"it says that it is of {self.address}, and its key is of {signer.address}")
        return signer

    def _read(self) -> Mapping[str, Any]:
        try:
            content = read_value(self._path)
        except PermissionError as error:
            raise AccountError(
                f"the keyfile {self._path} cannot be read ({reason(error)}): let this user read it"
            ) from None
        except (OSError, ValueError) as error:
            raise self._damaged(str(error)) from None
        if not isinstance(content, dict):
            raise self._damaged("it holds no object")
        content = {name.lower(): value for name, value in content.items()}
        if str(content.get("version")) != str(_VERSION):
            told = "an Ethereum validator's keys are of 4, which sign no transactions"
            raise self._damaged(f"its version is {content.get('version')!r}, not {_VERSION}: {told}")
        if not isinstance(content.get("crypto"), dict):
            raise self._damaged("it has no 'crypto' part")
        return content | {"version": _VERSION}

    def _require_bounds(self) -> None:
        crypto = {name.lower(): value for name, value in self._content["crypto"].items()}
        kdf, parameters = crypto.get("kdf"), crypto.get("kdfparams")
        if kdf not in ("scrypt", "pbkdf2") or not isinstance(parameters, dict):
            raise self._damaged(f"its key is derived by {kdf!r}; scrypt and pbkdf2 are known")
        counts = {name: parameters.get(name) for name in ("n", "r", "p", "c", "dklen")}
        if not all(each is None or (type(each) is int and each > 0) for each in counts.values()):
            raise self._damaged("its 'kdfparams' are no numbers above 0")
        n, r, p, c = (counts[name] or 1 for name in ("n", "r", "p", "c"))
        if 128 * n * r * p > _MOST_MEMORY or c > _MOST_ITERATIONS or (counts["dklen"] or 0) > 2**10:
            raise self._damaged("to open it would take more memory or time than any program's files do")

    def _address(self) -> str | None:
        stated = self._content.get("address")
        if not stated:
            return None
        try:
            return address("0x" + str(stated).lower().removeprefix("0x"))
        except ValueError as error:
            raise self._damaged(f"its address: {error}") from None

    def _damaged(self, why: str) -> AccountError:
        return AccountError(f"the keyfile {self._path} cannot be used ({why}); restore it from a backup")


def _spellings(passphrase: str) -> Iterator[bytes]:
    """A passphrase as it is, without a line's end and with one, and in both forms that umlauts have."""
    bare = passphrase.rstrip("\r\n")
    both = (unicodedata.normalize("NFC", bare), unicodedata.normalize("NFD", bare))
    forms = (passphrase, bare, *both, f"{bare}\n")
    yield from dict.fromkeys(map(_encoded, forms))


def _encoded(text: str) -> bytes:
    # What is no UTF-8 in the environment is text with marks, which only this turns back.
    return os.fsencode(text) if any("\udc80" <= c <= "\udcff" for c in text) else text.encode()
