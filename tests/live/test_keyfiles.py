"""Keyfiles as other programs write them, and damaged ones; passphrases as other systems spell them."""

import json
import unicodedata

import pytest
from eth_account import Account
from live import PASSPHRASE

from offchain.chain.signing import Signer
from offchain.live.access import keyfile as module
from offchain.live.access.account import address_of, unlock
from offchain.live.errors import AccountError

SECRET = (1001).to_bytes(32)
ADDRESS = Signer(SECRET).address
UMLAUTS = "pässwört"


def locked(passphrase=PASSPHRASE, secret=SECRET, kdf="pbkdf2", iterations=1000):
    return Account.encrypt(secret, passphrase, kdf=kdf, iterations=iterations)


@pytest.fixture
def keep(own_keystore, monkeypatch):
    """Puts a keyfile under an alias, its passphrase into the variable; the file."""

    def put(alias, content, passphrase=PASSPHRASE):
        folder = own_keystore / "accounts"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{alias}.json"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        monkeypatch.setenv(f"APE_ACCOUNTS_{alias}_PASSPHRASE", passphrase)
        return path

    return put


def renamed(content, old, new):
    return {new if name == old else name: value for name, value in content.items()}


WRITTEN = {
    "as geth does": lambda c: c,
    "scrypt": lambda c: locked(kdf="scrypt", iterations=2**12),
    "address in capitals": lambda c: c | {"address": c["address"].upper()},
    "address in mixed case": lambda c: c | {"address": "0x5935897a39AfabBEDA5A599d38236e7Df151c8b8"},
    "address with 0x": lambda c: c | {"address": "0x" + c["address"]},
    "no address": lambda c: {name: value for name, value in c.items() if name != "address"},
    "an empty address": lambda c: c | {"address": ""},
    "Crypto": lambda c: renamed(c, "crypto", "Crypto"),
    "Version and ID": lambda c: renamed(renamed(c, "version", "Version"), "id", "ID"),
    "version as text": lambda c: c | {"version": "3"},
    "more than is known": lambda c: c | {"x-ethers": {"client": "ethers/6"}, "name": "me"},
    "KDF in capitals": lambda c: c | {"crypto": renamed(c["crypto"], "kdfparams", "KDFPARAMS")},
    "a mark of byte order": lambda c: b"\xef\xbb\xbf" + json.dumps(c).encode(),
    "indented, CRLF": lambda c: json.dumps(c, indent=2).replace("\n", "\r\n").encode(),
}


@pytest.mark.parametrize("how", WRITTEN)
def test_a_keyfile_is_opened_whoever_wrote_it(how, keep):
    keep("written", WRITTEN[how](locked()))
    assert unlock("written").address == ADDRESS


def test_without_an_address_in_it_only_its_passphrase_tells(keep):
    keep("plain", locked())
    keep("mute", WRITTEN["no address"](locked()))
    assert address_of("plain") == ADDRESS
    with pytest.raises(AccountError, match="account 'mute' does not say its address"):
        address_of("mute")


def with_crypto(**changes):
    return lambda c: c | {"crypto": c["crypto"] | changes}


def with_parameters(**changes):
    return lambda c: c | {"crypto": c["crypto"] | {"kdfparams": c["crypto"]["kdfparams"] | changes}}


DAMAGED = {
    "of another key": (lambda c: c | {"address": "11" * 20}, "says that it is of 0x1111"),
    "no address there": (lambda c: c | {"address": "me"}, "is no address"),
    "a validator's": (lambda c: c | {"version": 4}, "its version is 4, not 3"),
    "no version": (lambda c: {k: v for k, v in c.items() if k != "version"}, "its version is None"),
    "no crypto": (lambda c: {k: v for k, v in c.items() if k != "crypto"}, "it has no 'crypto' part"),
    "crypto is text": (lambda c: c | {"crypto": "x"}, "it has no 'crypto' part"),
    "another derivation": (with_crypto(kdf="argon2id"), "derived by 'argon2id'"),
    "no salt": (with_crypto(kdfparams={"c": 5, "dklen": 32, "prf": "hmac-sha256"}), "salt"),
    "a salt of nothing": (with_parameters(salt="zz"), "cannot be used"),
    "counts as text": (with_parameters(c="1000"), "no numbers above 0"),
    "a count below 0": (with_parameters(c=-5), "no numbers above 0"),
    "a year of work": (with_parameters(c=10**12), "more memory or time"),
    "a terabyte": (with_parameters(n=2**30, r=8), "more memory or time"),
    "an odd hash": (with_parameters(prf="hmac-md9"), "cannot be used"),
    "cut off": (lambda c: json.dumps(c)[:100].encode(), "cannot be used"),
    "empty": (lambda c: b"", "cannot be used"),
    "null": (lambda c: b"null", "holds no object"),
    "a list": (lambda c: b"[]", "holds no object"),
    "deep": (lambda c: b"[" * 50_000, "cannot be used"),
    "another alphabet": (lambda c: b'{"a": "\xe9"}', "cannot be used"),
    "twice": (lambda c: json.dumps(c).encode()[:-1] + b', "version": 3}', "stands there twice"),
    "a binary": (lambda c: bytes(range(256)), "cannot be used"),
}  # fmt: skip


@pytest.mark.parametrize("how", DAMAGED)
def test_a_damaged_keyfile_is_said_and_named(how, keep):
    change, words = DAMAGED[how]
    path = keep("damaged", change(locked()))
    with pytest.raises(AccountError) as refused:
        unlock("damaged")
    told = str(refused.value)
    assert str(path) in told and words in told and "restore it from a backup" in told
    assert PASSPHRASE not in told and SECRET.hex() not in told


def test_a_folder_of_that_name_is_said_and_damaged_ones_keep_nobody_from_others(keep, own_keystore):
    keep("good", locked())
    (own_keystore / "accounts" / "folder.json").mkdir()
    (own_keystore / "accounts" / "broken.json").write_text("{")
    with pytest.raises(AccountError, match="folder.json cannot be used"):
        unlock("folder")
    assert unlock("good").address == ADDRESS


@pytest.mark.parametrize(
    ("locked_with", "given"),
    [
        (PASSPHRASE, PASSPHRASE + "\n"),
        (PASSPHRASE, PASSPHRASE + "\r\n"),
        (PASSPHRASE + "\n", PASSPHRASE),
        (UMLAUTS, UMLAUTS),
        (unicodedata.normalize("NFC", UMLAUTS), unicodedata.normalize("NFD", UMLAUTS)),
        (unicodedata.normalize("NFD", UMLAUTS), unicodedata.normalize("NFC", UMLAUTS) + "\n"),
        ("  blanks count  ", "  blanks count  "),
        ("パスワード🔑", "パスワード🔑"),
        (b"latin \xe4", "latin \udce4"),  # As Python has it of an environment that is no UTF-8.
    ],
)
def test_a_passphrase_opens_however_its_system_spells_it(locked_with, given, keep, monkeypatch):
    keep("spelled", locked(locked_with), "x")
    monkeypatch.setenv("APE_ACCOUNTS_spelled_PASSPHRASE", given)
    assert unlock("spelled").address == ADDRESS


@pytest.mark.parametrize("given", [PASSPHRASE.upper(), PASSPHRASE[:-1], f" {PASSPHRASE}", f"{PASSPHRASE} "])
def test_another_passphrase_does_not_open(given, keep):
    keep("closed", locked(), given)
    with pytest.raises(AccountError, match="cannot be unlocked .the passphrase is wrong, or the file"):
        unlock("closed")


def test_a_changed_check_is_told_as_what_it_may_be(keep):
    keep("forged", with_crypto(mac="00" * 32)(locked()))
    with pytest.raises(AccountError, match="the passphrase is wrong, or the file is damaged"):
        unlock("forged")


def test_a_credential_may_begin_with_a_mark_of_byte_order(keep, monkeypatch, tmp_path):
    keep("marked", locked())
    monkeypatch.delenv("APE_ACCOUNTS_marked_PASSPHRASE")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "marked.passphrase").write_bytes(b"\xef\xbb\xbf" + PASSPHRASE.encode() + b"\r\n")
    assert unlock("marked").address == ADDRESS


def test_with_its_input_closed_nobody_is_asked(keep, monkeypatch):
    keep("alone", locked())
    monkeypatch.delenv("APE_ACCOUNTS_alone_PASSPHRASE")
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(AccountError, match="nobody to ask for its passphrase; set APE_ACCOUNTS_alone"):
        unlock("alone")


def test_who_mistypes_may_type_again(keep, monkeypatch):
    class Terminal:
        def isatty(self):
            return True

    keep("typed", locked())
    monkeypatch.delenv("APE_ACCOUNTS_typed_PASSPHRASE")
    monkeypatch.setattr("sys.stdin", Terminal())
    typed = iter(["wrong", PASSPHRASE, *["wrong"] * 3])
    monkeypatch.setattr("offchain.live.access.account.click.prompt", lambda *a, **k: next(typed))
    assert unlock("typed").address == ADDRESS
    with pytest.raises(AccountError, match="no passphrase that opens it was given"):
        unlock("typed")


def test_the_strongest_files_of_known_programs_are_within_the_bounds():
    most = {"n": 2**20, "r": 8, "p": 1}  # ethers allows it; geth's have 2^18.
    assert 128 * most["n"] * most["r"] * most["p"] <= module._MOST_MEMORY
