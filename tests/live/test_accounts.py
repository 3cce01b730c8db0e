"""Accounts of Ape's keystore and of other plugins: used as they are, or refused by name with the reason."""

import os
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import click
import coincurve
import pytest
from ape.api import AccountAPI
from ape.types import MessageSignature, TransactionSignature
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_utils import keccak, to_checksum_address
from live import PASSPHRASE, keystore

from offchain.chain import intents
from offchain.chain.signing import Signer, Transaction
from offchain.live.access import account as account_module
from offchain.live.access.account import AccountKey, address_of, passphrase_variables, unlock
from offchain.live.client.salts import Salts
from offchain.live.errors import AccountError, ChainError, SigningError
from offchain.stores.permits import Place, SentPermit, permit

SECRET = (1001).to_bytes(32)
KEY = Account.from_key(SECRET)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
TRANSACTION = Transaction(3, b"\x11" * 20, b"\x22" * 36, 90_000, 2 * 10**9, 10**6, 11_155_111)
PLACE = Place(31337, "0x" + "ab" * 20)


class Remote(AccountAPI):
    """A service that signs differently each time, as AWS KMS does: without a keyfile, of either half of s."""

    high: bool = False
    first_v: int = 27

    @property
    def address(self):
        return to_checksum_address(KEY.address)

    def _sign(self, digest):
        k = int.from_bytes(secrets.token_bytes(32)) % ORDER
        x, y = coincurve.PrivateKey(k.to_bytes(32)).public_key.point()
        s = pow(k, -1, ORDER) * (int.from_bytes(digest) + x * int.from_bytes(SECRET)) % ORDER
        parity = y % 2
        if (s > ORDER // 2) != self.high:
            s, parity = ORDER - s, 1 - parity
        return parity, (x % ORDER).to_bytes(32), s.to_bytes(32)

    def sign_message(self, msg, **options):
        parity, r, s = self._sign(keccak(b"\x19" + msg.version + msg.header + msg.body))
        return MessageSignature(v=self.first_v + parity, r=r, s=s)

    def sign_transaction(self, txn, **options):
        signed = Account.sign_transaction(
            txn.model_dump(by_alias=True, mode="json", exclude={"sender", "from"}), SECRET
        )
        txn.signature = TransactionSignature(v=signed.v, r=signed.r.to_bytes(32), s=signed.s.to_bytes(32))
        return txn


class Declining(Remote):
    def sign_message(self, msg, **options):
        return None

    sign_transaction = sign_message


class Broken(Remote):
    def sign_message(self, msg, **options):
        raise RuntimeError("the device\nis not there")

    sign_transaction = sign_message


class Mistaken(Remote):
    """Signs with another key."""

    def sign_transaction(self, txn, **options):
        signed = super().sign_transaction(txn)
        signed.signature = TransactionSignature(v=1 - signed.signature.v, r=b"\x01" * 32, s=b"\x02" * 32)
        return signed


FORMS = {
    "parts": lambda s: s,
    "parts as numbers": lambda s: Parts(s.v, int.from_bytes(s.r), int.from_bytes(s.s)),
    "parts as hex": lambda s: Parts(hex(s.v), "0x" + bytes(s.r).hex(), "0x" + bytes(s.s).hex()),
    "65 bytes": lambda s: bytes(s.r) + bytes(s.s) + bytes([s.v % 256]),
    "their hex": lambda s: "0x" + bytes(s.r).hex() + bytes(s.s).hex() + f"{s.v % 256:02x}",
    "hex in capitals": lambda s: bytes(s.r).hex().upper() + bytes(s.s).hex().upper() + f"{s.v % 256:02X}",
}


@dataclass
class Parts:
    v: object
    r: object
    s: object


class Formed(Remote):
    """Signs in some form."""

    form: str = "parts"

    def sign_message(self, msg, **options):
        return FORMS[self.form](super().sign_message(msg))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("first_v", [0, 27, 35 + 2 * 11_155_111])
def test_a_signature_is_read_in_every_form(form, first_v):
    first_v = 27 if first_v > 27 and not form.startswith("parts") else first_v  # One byte has no chain's id.
    key = AccountKey(Formed(form=form, first_v=first_v))
    for high in (False, True):
        key._account.high = high
        signature = key.sign_message(b"x")
        assert Account.recover_message(encode_defunct(b"x"), signature=signature) == KEY.address
        assert signature[64] in (27, 28) and int.from_bytes(signature[32:64]) <= ORDER // 2


def test_eip_2098_is_read_too():
    class Compact(Remote):
        def sign_message(self, msg, **options):
            s = super().sign_message(msg)
            return bytes(s.r) + (int.from_bytes(s.s) | (s.v - 27) << 255).to_bytes(32)

    assert (
        Account.recover_message(encode_defunct(b"x"), signature=AccountKey(Compact()).sign_message(b"x"))
        == KEY.address
    )


class Dressed(Remote):
    """Signs transactions with v and s as some devices have them."""

    v: int = 27

    def sign_transaction(self, txn, **options):
        signed = super().sign_transaction(txn)
        given = signed.signature
        parity, s = (given.v - 27 if given.v >= 27 else given.v), given.s
        if self.high:
            parity, s = 1 - parity, (ORDER - int.from_bytes(s)).to_bytes(32)
        signed.signature = TransactionSignature(v=self.v + parity, r=given.r, s=s)
        return signed


@pytest.mark.parametrize("high", [False, True])
@pytest.mark.parametrize("v", [0, 27, 35 + 2 * 11_155_111])
def test_a_transactions_signature_is_the_one_that_nodes_take(high, v):
    raw = AccountKey(Dressed(high=high, v=v)).sign(TRANSACTION)
    assert raw == Signer(SECRET).sign(TRANSACTION)


class Meddling(Remote):
    """Signs another transaction than it was asked to."""

    field: str = "nonce"

    def sign_transaction(self, txn, **options):
        changed = {"nonce": 4, "gas_limit": 21_000, "max_fee": 5, "data": b"x"}
        setattr(txn, self.field, changed[self.field])
        return super().sign_transaction(txn)


@pytest.mark.parametrize("field", ["nonce", "gas_limit", "max_fee", "data"])
def test_a_transaction_that_a_plugin_changed_is_not_sent(field):
    with pytest.raises(SigningError, match="did not sign a transaction .*or of something else"):
        AccountKey(Meddling(field=field)).sign(TRANSACTION)


def odd(answer):
    class Odd(Remote):
        def sign_message(self, msg, **options):
            return answer() if callable(answer) else answer

        def sign_transaction(self, txn, **options):
            return answer() if callable(answer) else answer

    return AccountKey(Odd())


def raising(error):
    def ask():
        raise error

    return ask


@pytest.mark.parametrize(
    "answer",
    [
        None, b"", b"\0" * 65, b"\xff" * 65, b"\0" * 64, "0x", "no", "0x12", 7, [], {}, object(), True,
        Parts(27, b"", b""), Parts(None, None, None), Parts(27, -1, 5), Parts(27, 2**300, 5),
        Parts(27, 10**9, 0), raising(TimeoutError()), raising(click.Abort()),
        raising(ConnectionError("x\ny")), raising(KeyError("key")),
        raising(MemoryError()), raising(RecursionError("deep")),
    ],
    ids=lambda answer: None if " at 0x" in repr(answer) else repr(answer),  # Another in every process.
)  # fmt: skip
def test_nothing_that_an_account_answers_ends_a_daemon(answer):
    key = odd(answer)
    message = intents.message("Propose", 31337, "0x" + "ab" * 20, "0x" + "cd" * 20, 7, b"\x09" * 24)
    for ask in (
        lambda: key.sign(TRANSACTION),
        lambda: key.sign_message(b"x"),
        lambda: key.sign_intent(message),
    ):
        with pytest.raises(SigningError, match=f"account {key.address} did not sign") as refused:
            ask()
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize("high", [False, True])
@pytest.mark.parametrize("first_v", [0, 27])
def test_whatever_a_service_signs_is_what_contracts_and_stores_take(high, first_v):
    key = AccountKey(Remote(high=high, first_v=first_v))
    assert key.address == KEY.address.lower()
    assert Account.recover_transaction(key.sign(TRANSACTION)) == KEY.address
    sent = SentPermit.parse(permit(PLACE, b"\5" * 32, 100, key.sign_message))
    sent.require_valid(50)
    assert sent.signer(PLACE, b"\5" * 32) == key.address
    message = intents.message("Propose", 31337, "0x" + "ab" * 20, "0x" + "cd" * 20, 7, b"\x09" * 24)
    r, vs = key.sign_intent(message)
    s = int.from_bytes(vs) & (2**255 - 1)
    assert s <= ORDER // 2
    vrs = (27 + (int.from_bytes(vs) >> 255), int.from_bytes(r), s)
    assert Account.recover_message(message, vrs=vrs) == KEY.address


def test_a_service_that_signs_differently_each_time_is_told_of_the_file_for_salts(tmp_path):
    with pytest.raises(AccountError, match="differently each time.*give --salts FILE"):
        Salts.signed(AccountKey(Remote()), PLACE)
    salts = Salts.kept(tmp_path / "salts", KEY.address, PLACE)
    assert salts.update(1) == Salts.kept(tmp_path / "salts", KEY.address, PLACE).update(1)


@pytest.mark.parametrize(
    ("kind", "reason"), [(Declining, "it was declined"), (Broken, "the device is not there")]
)
def test_an_account_that_does_not_sign_is_a_refusal_that_a_daemon_lives_through(kind, reason):
    key = AccountKey(kind())
    for ask in (lambda: key.sign(TRANSACTION), lambda: key.sign_message(b"x")):
        with pytest.raises(SigningError, match=f"account {key.address} did not sign .*{reason}") as refused:
            ask()
        assert isinstance(refused.value, ChainError) and "\n" not in str(refused.value)


def test_a_signature_of_another_key_is_not_sent():
    with pytest.raises(SigningError, match="did not sign a transaction"):
        AccountKey(Mistaken()).sign(TRANSACTION)


def test_a_contract_wallet_is_refused_by_name(monkeypatch):
    class Safe(Remote):
        pass

    Safe.__module__ = "ape_safe.accounts"
    monkeypatch.setattr(account_module, "_load", lambda alias: Safe())
    with pytest.raises(AccountError, match="'treasury' is a contract wallet \\(ape_safe\\)"):
        unlock("treasury")


def test_an_account_of_another_plugin_is_not_asked_for_a_passphrase(monkeypatch):
    monkeypatch.setattr(account_module, "_load", lambda alias: Remote())
    assert unlock("kms-founder").address == KEY.address.lower()


def test_a_plugin_that_ape_finds_signs(tmp_path):
    """As case 18 has it: a package of that name on the path, in a process of its own."""
    package = tmp_path / "ape_fakekms"
    package.mkdir()
    source = Path(__file__).read_text(encoding="utf-8")
    remote = source[source.index("class Remote(") : source.index("class Declining(")]
    (package / "__init__.py").write_text(
        dedent(
            """
            import secrets
            import coincurve
            from ape import plugins
            from ape.api import AccountAPI, AccountContainerAPI
            from ape.types import MessageSignature, TransactionSignature
            from eth_account import Account
            from eth_utils import keccak, to_checksum_address

            SECRET = (1001).to_bytes(32)
            KEY = Account.from_key(SECRET)
            """
        )
        + f"ORDER = {ORDER}\n"
        + remote
        + dedent(
            """
            class Named(Remote):
                @property
                def alias(self):
                    return "kms-founder"

            class Container(AccountContainerAPI):
                @property
                def aliases(self):
                    yield "kms-founder"

                def __len__(self):
                    return 1

                @property
                def accounts(self):
                    yield Named()

            @plugins.register(plugins.AccountPlugin)
            def account_types():
                return Container, Named
            """
        )
    )
    info = tmp_path / "ape_fakekms-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ape-fakekms\nVersion: 0.1.0\n")
    (info / "RECORD").write_text("ape_fakekms/__init__.py,,\n")
    (info / "top_level.txt").write_text("ape_fakekms\n")
    asks = (
        "from offchain.live.access.account import unlock; from offchain.chain.signing import Transaction; "
        "print('SIGNED', unlock('kms-founder').sign(Transaction(3, bytes(range(20)), b'', 9, 9, 1, 1)).hex())"
    )
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join([root, str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", asks],
        env={**os.environ, "PYTHONPATH": path, "APE_DATA_FOLDER": str(tmp_path / "ape")},
        cwd=root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    raw = bytes.fromhex(done.stdout.split("SIGNED ")[1].strip())
    assert Account.recover_transaction(raw) == KEY.address


@pytest.mark.parametrize("variable", ["APE_ACCOUNTS_my_bank_PASSPHRASE", "APE_ACCOUNTS_my-bank_PASSPHRASE"])
def test_an_alias_with_a_hyphen_takes_its_passphrase_from_a_variable_that_a_shell_can_set(
    own_keystore, monkeypatch, variable
):
    keystore(own_keystore, **{"my-bank": SECRET})
    assert passphrase_variables("my-bank")[0].isidentifier()
    with pytest.raises(AccountError, match="is locked .* set APE_ACCOUNTS_my_bank_PASSPHRASE$"):
        unlock("my-bank")
    monkeypatch.setenv(variable, "wrong")
    with pytest.raises(AccountError, match="cannot be unlocked .*; check APE_ACCOUNTS_my_bank_PASSPHRASE$"):
        unlock("my-bank")
    monkeypatch.setenv(variable, PASSPHRASE)
    key = unlock("my-bank")
    assert key.sign(TRANSACTION) == Signer(SECRET).sign(TRANSACTION)
    assert key.sign_message(b"m") == bytes(KEY.sign_message(encode_defunct(b"m")).signature)
    message = intents.message("Propose", 31337, "0x" + "ab" * 20, "0x" + "cd" * 20, 7, b"\x09" * 24)
    assert key.sign_intent(message) == Signer(SECRET).sign_intent(message)


def test_a_passphrase_may_be_a_credential_of_systemds(own_keystore, monkeypatch, tmp_path):
    keystore(own_keystore, **{"cred-bank": (9).to_bytes(32)})
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(
        AccountError, match="there is nobody to ask .*; set APE_ACCOUNTS_cred_bank_PASSPHRASE"
    ):
        unlock("cred-bank")
    credential = tmp_path / "cred-bank.passphrase"
    credential.write_text("wrong\n")
    with pytest.raises(AccountError, match=f"cannot be unlocked .*; check {credential}$"):
        unlock("cred-bank")
    credential.write_text(PASSPHRASE + "\n")
    assert unlock("cred-bank").address == Signer((9).to_bytes(32)).address
    credential.write_bytes(b"\xff\xfe")
    with pytest.raises(
        AccountError, match=f"^the passphrase in {credential} is no text in UTF-8; save"
    ) as told:
        unlock("cred-bank")
    assert told.value.__suppress_context__, "Python's words have a byte of it"
    monkeypatch.setenv("APE_ACCOUNTS_cred_bank_PASSPHRASE", PASSPHRASE)
    assert unlock("cred-bank").address == Signer((9).to_bytes(32)).address


@pytest.mark.parametrize("of", ["accounts", "accounts/mine.json"])
def test_a_keystore_that_this_user_may_not_read_is_not_taken_for_an_empty_one(own_keystore, monkeypatch, of):
    place = own_keystore / of
    access, scandir, opening = os.access, os.scandir, os.open

    def refusing(function):
        def refused(path, *more, **options):
            if Path(path) == place:
                raise PermissionError(13, "Permission denied", str(path))
            return function(path, *more, **options)

        return refused

    keystore(own_keystore, mine=SECRET)
    monkeypatch.setattr(os, "scandir", refusing(scandir))
    monkeypatch.setattr(os, "open", refusing(opening))
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != place and access(path, mode))
    with pytest.raises(AccountError, match="cannot be read.*: let this user read") as refused:
        address_of("mine")
    assert str(place) in str(refused.value) and "restore" not in str(refused.value)
