import os

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct

from offchain.live.client.commitments import Committer, subsets
from offchain.live.client.salts import Salts, require_kept
from offchain.live.errors import AccountError, ConfigurationError
from offchain.reference import commitments
from offchain.stores.permits import Place

PLACE = Place(31337, "0x" + "ab" * 20)


class Key:
    def __init__(self, secret):
        self._account = Account.from_key(secret)
        self.address = self._account.address.lower()

    def sign_message(self, message):
        return bytes(self._account.sign_message(encode_defunct(message)).signature)


KEY, OTHER = Key(b"\1" * 32), Key(b"\2" * 32)


def test_the_same_key_makes_the_same_salts_anywhere():
    first, again = Salts.signed(KEY, PLACE), Salts.signed(Key(b"\1" * 32), PLACE)
    assert (first.update(3), first.ballot(3)) == (again.update(3), again.ballot(3))
    assert first.training(3) == again.training(3) != first.training(4)
    assert 0 <= first.training(3) < 2**63


def test_every_salt_is_another():
    elsewhere = [Place(1, PLACE.manager), Place(PLACE.chain_id, "0x" + "cd" * 20)]
    sources = [
        Salts.signed(KEY, PLACE),
        Salts.signed(OTHER, PLACE),
        *(Salts.signed(KEY, place) for place in elsewhere),
    ]
    salts = [salt for s in sources for round_ in (1, 2, 256) for salt in (s.update(round_), s.ballot(round_))]
    assert len(set(salts)) == len(salts) == 24


def test_an_account_that_signs_differently_each_time_is_refused():
    class Random(Key):
        count = 0

        def sign_message(self, message):
            self.count += 1
            return super().sign_message(message + bytes([self.count]))

    with pytest.raises(AccountError, match="signs the same message differently each time"):
        Salts.signed(Random(b"\1" * 32), PLACE)


def test_commitments_are_the_contracts():
    committer = Committer(PLACE, KEY.address, salts := Salts.signed(KEY, PLACE))
    bound = (PLACE.chain_id, PLACE.manager, 5, KEY.address)
    assert committer.update(5, b"\7" * 32, 2) == commitments.update_commitment(
        *bound, b"\7" * 32, 2, salts.update(5)
    )
    assert committer.ballot(5, 0b11) == commitments.ballot_commitment(*bound, 0b11, salts.ballot(5))


@pytest.mark.parametrize(
    "published, ballot", [(0b1, 0), (0b1011, 0b1001), (0b1011, 0b1011), (0xFFFF, 0b1000000000000001)]
)
def test_a_ballot_is_found_again_from_its_commitment(published, ballot):
    committer = Committer(PLACE, KEY.address, Salts.signed(KEY, PLACE))
    assert committer.ballot_of(9, committer.ballot(9, ballot), published) == ballot


def test_a_ballot_of_another_round_or_key_is_not_found():
    committer = Committer(PLACE, KEY.address, Salts.signed(KEY, PLACE))
    other = Committer(PLACE, KEY.address, Salts.signed(OTHER, PLACE))
    assert committer.ballot_of(9, committer.ballot(8, 0b1), 0b111) is None
    assert committer.ballot_of(9, other.ballot(9, 0b1), 0b111) is None


def test_every_subset_is_tried_once():
    assert sorted(subsets(0b1101)) == sorted({a | b | c for a in (0, 1) for b in (0, 4) for c in (0, 8)})


def test_a_secret_in_a_file_is_made_once_and_gives_other_salts_to_every_account_and_deployment(tmp_path):
    path, elsewhere = tmp_path / "salts", Place(1, PLACE.manager)
    first = Salts.kept(path, KEY.address, PLACE)
    assert path.stat().st_mode & 0o777 == 0o600 and len(bytes.fromhex(path.read_text())) == 32
    again = Salts.kept(path, KEY.address, PLACE)
    assert (first.update(3), first.ballot(3)) == (again.update(3), again.ballot(3))
    assert first.training(3) == again.training(3) != first.training(4)
    assert 0 <= first.training(3) < 2**63
    others = [Salts.kept(path, OTHER.address, PLACE), Salts.kept(path, KEY.address, elsewhere)]
    others.append(Salts.kept(tmp_path / "another", KEY.address, PLACE))
    salts = [salt for s in (first, *others) for salt in (s.update(3), s.ballot(3))]
    assert len(set(salts)) == 8


@pytest.mark.parametrize("text", ["", "ab" * 31, "ab" * 33, "xy" * 32, "\u00e9"])
def test_a_file_that_holds_no_secret_is_refused_and_left_as_it_is(tmp_path, text):
    path = tmp_path / "salts"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="holds no secret for salts: expected 64 hexadecimal digits"):
        Salts.kept(path, KEY.address, PLACE)
    assert path.read_text() == text


def test_a_secret_that_cannot_be_made_is_said(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read or made"):
        Salts.kept(tmp_path / "nowhere" / "salts", KEY.address, PLACE)


def test_noise_is_the_keys_and_the_rounds():
    first, again = Salts.signed(KEY, PLACE), Salts.signed(Key(b"\1" * 32), PLACE)
    assert first.noise(3) == again.noise(3) and len(first.noise(3)) == 32
    others = [first.noise(4), Salts.signed(OTHER, PLACE).noise(3), first.update(3), first.ballot(3)]
    assert first.noise(3) not in others


def test_a_pipe_in_a_secrets_place_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "salts")
    with pytest.raises(ConfigurationError, match="the secret in .*salts cannot be read or made"):
        Salts.kept(tmp_path / "salts", KEY.address, PLACE)


def test_a_secret_that_could_be_made_is_not_made_by_asking(tmp_path):
    require_kept(tmp_path / "salts")
    assert not os.listdir(tmp_path)
    Salts.kept(tmp_path / "salts", KEY.address, PLACE)
    require_kept(tmp_path / "salts")


def test_a_secret_that_could_not_be_made_is_told(tmp_path, monkeypatch):
    with pytest.raises(ConfigurationError, match="read or made: there is no folder .*nowhere$"):
        require_kept(tmp_path / "nowhere" / "salts")
    (tmp_path / "link").symlink_to("nothing")
    with pytest.raises(ConfigurationError, match="link cannot be read or made: File exists"):
        require_kept(tmp_path / "link")
    (tmp_path / "short").write_text("ab")
    with pytest.raises(ConfigurationError, match="short holds no secret"):
        require_kept(tmp_path / "short")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ConfigurationError, match="this user may not write to"):
        require_kept(tmp_path / "salts")
