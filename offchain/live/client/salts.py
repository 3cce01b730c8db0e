"""Salts that are the same after every restart: from one signature of the key, or from a secret in a file."""

import logging
import secrets
from pathlib import Path
from typing import Protocol

from ml.messages import reason
from ml.private_files import creating, opened, require_creatable
from ml.updates.hashing import keccak256
from offchain.live.errors import AccountError, ConfigurationError
from offchain.stores.permits import Place

_log = logging.getLogger(__name__)

_UPDATE, _BALLOT, _TRAINING, _NOISE = b"update", b"ballot", b"training", b"noise"
_SECRET_BYTES = 32
_LARGEST = 4096  # bytes of its file


class MessageSigner(Protocol):
    """An account that signs messages; the same message always gives the same bytes."""

    address: str

    def sign_message(self, message: bytes) -> bytes:
        """The 65 bytes of an EIP-191 signature."""


class Salts:
    """What hides a client's commitments until it opens them, 32 bytes each.

    A client that was killed, and is started elsewhere with the same key, has the same salts. Whoever sees the
    signature behind them can open commitments too early, so it is never sent or stored.

    Args:
        secret: What they follow from, 32 bytes.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    def signed(cls, signer: MessageSigner, place: Place) -> "Salts":
        """Those that follow from a signature, which is made twice.

        Raises:
            AccountError: When the account signs the same message differently: nothing could be opened again.
        """
        message = (
            f"StakeFed salts\nChain: {place.chain_id}\nDeployment: {place.manager}\n"
            f"Client: {signer.address}\nThis signature hides your updates and ballots. Give it to nobody."
        ).encode()
        signature = signer.sign_message(message)
        if signature != signer.sign_message(message):
            raise AccountError(
                f"account {signer.address} signs the same message differently each time; commitments could "
                "not be opened after a restart: give --salts FILE, a secret to be kept as the key is, or use "
                "an account with deterministic signatures (RFC 6979)"
            )
        return cls(keccak256(signature))

    @classmethod
    def kept(cls, path: Path, address: str, place: Place) -> "Salts":
        """Those that follow from the secret in a file, which is made when there is none.

        Raises:
            ConfigurationError: When the file holds no such secret, or cannot be read or made.
        """
        secret = _secret_in(path)
        return cls(keccak256(secret + f"{place.chain_id} {place.manager} {address}".encode()))

    def update(self, round_: int) -> bytes:
        """The salt of the update of a round."""
        return self._salt(_UPDATE, round_)

    def ballot(self, round_: int) -> bytes:
        """The salt of the ballot of a round."""
        return self._salt(_BALLOT, round_)

    def training(self, round_: int) -> int:
        """The seed of what training draws in a round, 63 bits: the same after every restart, and secret."""
        return int.from_bytes(self._salt(_TRAINING, round_)) >> 193

    def noise(self, round_: int) -> bytes:
        """What the noise that hides rows follows from in a round, 32 bytes: as secret, and as lasting."""
        return self._salt(_NOISE, round_)

    def _salt(self, kind: bytes, round_: int) -> bytes:
        return keccak256(self._secret + keccak256(kind) + round_.to_bytes(32))


def require_kept(path: Path) -> None:
    """Require a file that holds a secret, or one that can be made; nothing is.

    Raises:
        ConfigurationError: When it is neither.
    """
    if path.exists():
        _secret_in(path)
        return
    try:
        require_creatable(path)
    except OSError as error:
        raise _unusable(path, error) from error


def _secret_in(path: Path) -> bytes:
    try:
        if not path.exists():
            _make_secret(path)
        with opened(path, follow=True) as file:
            secret = bytes.fromhex(file.read(_LARGEST).decode("ascii"))
    except OSError as error:
        raise _unusable(path, error) from error
    except ValueError:
        secret = b""
    if len(secret) != _SECRET_BYTES:
        raise ConfigurationError(
            f"{path} holds no secret for salts: expected {2 * _SECRET_BYTES} hexadecimal digits; restore the "
            "file, or name one that is not there, which is then made"
        )
    return secret


def _unusable(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"the secret in {path} cannot be read or made: {reason(error)}")


def _make_secret(path: Path) -> None:
    with creating(path, 0o600) as file:
        file.write(secrets.token_hex(_SECRET_BYTES).encode() + b"\n")
    _log.warning("made the secret %s: keep it as the key is; without it no commitment can be opened", path)
