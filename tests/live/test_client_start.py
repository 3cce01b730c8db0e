"""Everything that can be wrong is said at the start, in one sentence, before anything is sent."""

import sys
from dataclasses import replace
from io import StringIO
from types import SimpleNamespace

import loans_learning
import pytest
from live import FAST, SEPOLIA, deploy, node, signer, write_configuration
from rich.console import Console

from ml.errors import MLError
from ml.settings import PrivacySettings
from ml.tasks.built_in.lending_club.columns import typed
from ml.tasks.built_in.lending_club.common_encoding import CommonEncoding
from ml.tasks.built_in.loans.book import book
from offchain.chain.abi import Interface
from offchain.errors import OffchainError
from offchain.learning.description import Learning
from offchain.live.access.chain import Chain, Invocation
from offchain.live.access.rpc import Rpc
from offchain.live.access.sender import Sender
from offchain.live.client.choices import ClientOptions
from offchain.live.client.decision import Deposit, Done, Wait
from offchain.live.client.own_data import DataOptions
from offchain.live.client.report import print_prepared
from offchain.live.client.start import make_client, prepare
from offchain.live.deploying.configuration import load_configuration
from offchain.live.deploying.deployment import place_of
from offchain.reference import Seat
from offchain.stores.permits import Place

OWNER, STRANGER, PAUPER, BROKE = signer(31), signer(32), signer(33), signer(34)
LOANS = 400


@pytest.fixture(scope="module")
def consortium(compiled, tmp_path_factory):
    """A deployment that learns from files of loans, admits three, and has given one of them its bond."""
    folder = tmp_path_factory.mktemp("consortium")
    loans = book(2 * LOANS)
    loans.iloc[:LOANS].to_csv(folder / "own.csv", index=False)
    encoding = CommonEncoding.fit(typed(loans.iloc[LOANS:], "application"), "application")
    (folder / "encoding.json").write_text(encoding.model_dump_json())
    named = {"encoding": str(folder / "encoding.json")}
    learning = loans_learning.describe("lending-club", inputs=encoding.inputs, **named)
    learning["task_options"]["encoding"] = "encoding.json"  # Beside the configuration, wherever that is.
    admitted = [key.address for key in (OWNER, PAUPER, BROKE)]
    path = write_configuration(folder, learning=learning, admission=admitted)
    with node() as running:
        for key in (signer(1), OWNER, STRANGER, PAUPER):
            running.give(key.address)
        chain = Chain(Rpc([running.url]), [Interface(each) for each in compiled.values()])
        rules = load_configuration(path).learning.rules
        deployment = deploy(chain, compiled, path, signer(1), rules=rules)
        hands = Sender(chain, signer(1), FAST)
        for key in (OWNER, BROKE):
            hands.send(Invocation(deployment.token, "transfer", (key.address, deployment.parameters.bond)))
        yield SimpleNamespace(folder=folder, chain=chain, deployment=deployment, encoding=encoding)


@pytest.fixture
def options(consortium, tmp_path):
    data = DataOptions(path=consortium.folder / "own.csv")
    return ClientOptions(
        data=data,
        stores=(str(tmp_path / "store"),),
        cache=tmp_path / "cache",
        sending=FAST,
        store_patience=0,
    )


def prepared(consortium, options, key=OWNER, deployment=None):
    return prepare(consortium.chain, deployment or consortium.deployment, key.address, options, None)


def test_an_institution_with_rows_of_its_own_is_ready(consortium, options):
    ready = prepared(consortium, options)
    assert ready.next_action == Deposit(consortium.deployment.parameters.bond)
    assert 0 < ready.learning.samples < LOANS
    genesis = ready.learning.genesis
    update = ready.learning.update([genesis], 1, secret=5).update
    again = prepared(consortium, options).learning.update([genesis], 1, secret=5).update
    assert (update == again).all() and (update != genesis).any()
    assert ready.learning.update([genesis], 1, secret=6).update.tolist() != update.tolist()


def test_a_dry_run_says_what_would_be_done_and_sends_nothing(consortium, options):
    before = consortium.chain.nonce(OWNER.address)
    told = Console(file=StringIO(), width=200)
    print_prepared(told, consortium.deployment, prepared(consortium, options))
    text = told.file.getvalue()
    assert "next  deposit 64 TST" in text and "0 TST free" in text
    assert "64 in the wallet" in text and "000000" not in text.replace("100.000000", "")
    assert "not a member" in text and "Nothing was sent." in text
    assert consortium.chain.nonce(OWNER.address) == before


def refused(consortium, options, told, **more):
    with pytest.raises((OffchainError, MLError), match=told):
        prepared(consortium, options, **more)


def test_who_is_not_admitted_is_told(consortium, options):
    refused(consortium, options, "is not among the 3 addresses that may join", key=STRANGER)


def test_who_lacks_the_bond_is_told(consortium, options):
    refused(consortium, options, "joining takes 64 TST .*: 64 are missing and its wallet has 0", key=PAUPER)


def test_rows_are_looked_at_before_tokens_and_all_that_is_wrong_is_told(consortium, options, tmp_path):
    (tmp_path / "file").touch()
    data = replace(options.data, path=tmp_path / "none.csv")
    wrong = replace(options, data=data, stores=(str(tmp_path / "file" / "folder"),))
    told = (
        r"3 things are wrong: \(1\) there is no file .*; \(2\) .*64 are missing.*; \(3\) .*cannot be written"
    )
    refused(consortium, wrong, told, key=PAUPER)


def as_if(ready, **changes):
    """What was prepared, were the client otherwise."""
    return replace(ready, outlook=replace(ready.outlook, me=replace(ready.outlook.me, **changes)))


def printed(consortium, ready):
    told = Console(file=StringIO(), width=400)
    print_prepared(told, consortium.deployment, ready)
    return told.file.getvalue()


def test_whoever_leaves_without_rows_or_stores_is_told_what_a_seat_costs(consortium, options):
    bare = replace(options, data=DataOptions(), stores=(), leave=True)
    stranger = prepared(consortium, bare)
    member = as_if(stranger, is_member=True)
    assert member.learning is None and not member.wish.plays
    text = printed(consortium, member)
    assert (
        "a seat that is not used yet is marked absent, which costs 0.5 TST" in text
        and "stake of 8 TST" in text
    )
    assert prepared(consortium, replace(bare, leave=True, data=options.data)).wish.plays is False
    assert prepared(consortium, replace(options, leave=True)).wish.plays
    refused(consortium, replace(bare, leave=False), "2 things are wrong")
    committed = as_if(stranger, seat=Seat.COMMITTED, round=stranger.outlook.view.round)
    assert [each.forgoes_seats for each in (stranger, member, committed)] == [False, True, True]
    assert "marked absent" not in printed(consortium, stranger)


def test_who_cannot_pay_for_gas_is_told(consortium, options):
    refused(consortium, options, "has none of the native coin", key=BROKE)


def test_a_relay_does_not_pay_for_joining(consortium, options):
    refused(
        consortium, replace(options, relay="http://127.0.0.1:1"), "has none of the native coin", key=BROKE
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (dict(path=None), "give --data FILE, or --share"),
        (dict(share=(0, 4)), "give --data FILE, or --share"),
        (dict(options={"encoding": "nowhere.json"}), "nowhere.json, which the task needs, cannot be read"),
        (dict(options={"hidden": 64}), "has digest 0x.*, the deployment's is 0x.*: get the founders' files"),
        (dict(task="loans"), "task loans here has digest"),
        (dict(path="nowhere.csv"), "there is no file nowhere.csv"),
        (dict(path=None, share=(1, 4)), "the task makes no rows of which to take a share; it needs --data"),
        (dict(path=None, share=(4, 4)), "--share is 4/4"),
    ],
)
def test_rows_that_are_missing_or_of_another_schema_are_told(consortium, options, change, told):
    from pathlib import Path

    if change.get("path"):
        change = change | {"path": Path(change["path"])}
    refused(consortium, replace(options, data=replace(options.data, **change)), told)


def other_encoding(consortium, folder):
    spread = consortium.encoding.numbers["dti"]
    numbers = {**consortium.encoding.numbers, "dti": spread.model_copy(update={"mean": spread.mean + 1})}
    other = consortium.encoding.model_copy(update={"numbers": numbers})
    (folder / "other.json").write_text(other.model_dump_json())
    return folder / "other.json"


def test_another_encoding_than_the_deployments_is_told(consortium, options, tmp_path):
    other = other_encoding(consortium, tmp_path)
    data = replace(options.data, options={"encoding": str(other)})
    refused(consortium, replace(options, data=data), "has digest 0x.*, the deployment's is 0x")


def test_the_contract_binds_the_encoding(consortium, tmp_path):
    one, other = (
        loans_learning.describe("lending-club", encoding=str(path))
        for path in (consortium.folder / "encoding.json", other_encoding(consortium, tmp_path))
    )
    assert one["task_digest"] != other["task_digest"]
    assert Learning.model_validate(one).rules != Learning.model_validate(other).rules


def test_a_file_with_too_few_loans_is_told(consortium, options, tmp_path):
    book(3).to_csv(tmp_path / "few.csv", index=False)
    data = replace(options.data, path=tmp_path / "few.csv")
    refused(consortium, replace(options, data=data), "3 rows are too few")


def rows_of(consortium, options, tmp_path, changes, **more):
    """The options of an institution whose loans are the consortium's, changed."""
    loans = book(2 * LOANS).iloc[:LOANS].assign(**changes)
    loans.to_csv(tmp_path / "other.csv", index=False)
    return replace(options, data=replace(options.data, path=tmp_path / "other.csv", **more))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (dict(loan_status="Fully Paid"), "the 320 training rows have one outcome only of 'Fully Paid'"),
        (
            dict(verification_status="VERIFIED - income", home_ownership="ANY"),
            "home_ownership has values unknown to the encoding in 100% of the rows, such as 'ANY' .it knows "
            ".*; verification_status has .*--accept-rows",
        ),
        (dict(int_rate=lambda b: b.int_rate / 100), "int_rate is 0.1.* as if in another unit .100 to 1."),
        (dict(annual_inc=lambda b: b.annual_inc / 1000), "annual_inc is .* as if in another unit .1000 to 1"),
        (dict(issue_d="Dec-2011?"), "400 of 400 loans of .* cannot be used"),
    ],
)
def test_rows_that_teach_nothing_or_are_unlike_the_encodings_are_told(
    consortium, options, tmp_path, changes, told
):
    before = consortium.chain.nonce(OWNER.address)
    refused(consortium, rows_of(consortium, options, tmp_path, changes), told)
    assert consortium.chain.nonce(OWNER.address) == before


def test_unlike_rows_that_are_meant_are_accepted_and_said(consortium, options, tmp_path):
    meant = rows_of(consortium, options, tmp_path, dict(addr_state="AK"), accept=True)
    ready = prepared(consortium, meant)
    assert any(
        "addr_state has values unknown to the encoding in 100%" in each for each in ready.learning.told
    )


def test_a_dry_run_says_how_many_loans_are_used_and_why_not_the_others(consortium, options, tmp_path):
    statuses = book(2 * LOANS).iloc[:LOANS].loan_status.to_numpy().copy()
    statuses[:7] = "Current"
    ready = prepared(consortium, rows_of(consortium, options, tmp_path, dict(loan_status=statuses)))
    told = Console(file=StringIO(), width=200)
    print_prepared(told, consortium.deployment, ready)
    assert "393 of 400 loans are used" in told.file.getvalue()
    assert "left out, of status 'Current': 7" in told.file.getvalue()


def test_a_store_that_cannot_be_written_is_told(consortium, options, tmp_path):
    (tmp_path / "file").touch()
    stores = (str(tmp_path / "file" / "folder"),)
    refused(consortium, replace(options, stores=stores), "file/folder cannot be written")


def test_a_store_that_does_not_answer_is_told(consortium, options):
    refused(
        consortium, replace(options, stores=("http://127.0.0.1:1",)), "http://127.0.0.1:1 does not answer"
    )


def test_a_secret_that_cannot_be_made_and_a_relay_that_is_not_there_are_told(consortium, options, tmp_path):
    wrong = replace(options, salts=tmp_path / "nowhere" / "salts", relay="http://127.0.0.1:1")
    told = (
        r"2 things are wrong: \(1\) the secret in .* there is no folder .*; \(2\) there is no relay at http"
    )
    refused(consortium, wrong, told)
    assert not (tmp_path / "nowhere").exists()


def test_a_cache_that_cannot_be_written_is_told(consortium, options, tmp_path):
    (tmp_path / "file").touch()
    refused(consortium, replace(options, cache=tmp_path / "file"), "cannot be written")


def test_no_store_is_told(consortium, options):
    refused(consortium, replace(options, stores=()), "^no store was named")


def test_a_finer_amount_than_the_tokens_is_told(consortium, options):
    refused(consortium, replace(options, keep="0.0000000000000000001"), "is no amount of TST")


def test_learning_rules_that_the_contract_does_not_bind_are_told(consortium, options, caplog):
    configuration = consortium.deployment.configuration
    learning = configuration.learning.model_copy(update={"tolerance": 0.5})
    changed = replace(
        consortium.deployment, configuration=configuration.model_copy(update={"learning": learning})
    )
    refused(consortium, options, "are not those of the contract", deployment=changed)
    refused(consortium, replace(options, leave=True), "get the founders' file", deployment=changed)
    bare = replace(options, leave=True, stores=())
    assert prepared(consortium, bare, deployment=changed).wish.leave
    assert "not those of the contract; who leaves and plays no more does not need them" in caplog.text


def test_a_device_that_is_not_there_is_told(consortium, options):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has it")
    refused(consortium, replace(options, device="cuda"), "cuda")


def test_commitments_and_permits_name_the_same_place(consortium):
    assert place_of(consortium.deployment) == Place(SEPOLIA, consortium.deployment.manager.address)


PRIVACY = PrivacySettings(epsilon=4, updates=5)


def test_noise_follows_from_the_members_secret_and_from_nothing_else(consortium, options):
    pytest.importorskip("opacus", reason="opacus is optional: requirements-privacy.txt")
    private = replace(options, data=replace(options.data, privacy=PRIVACY))
    ready, again = prepared(consortium, private).learning, prepared(consortium, private).learning
    assert "updates are trained with noise: ε at most 4 at δ 1e-05 for 5 of them" in " ".join(ready.told)
    genesis = ready.genesis
    update = ready.update(genesis, 1, secret=5, noise=b"mine")
    assert (update == again.update(genesis, 1, secret=5, noise=b"mine")).all()
    assert (update != ready.update(genesis, 1, secret=5, noise=b"theirs")).mean() > 0.9
    plain = prepared(consortium, options).learning
    assert plain.plan is None and (plain.update(genesis, 1, secret=5, noise=b"mine") != update).any()


@pytest.mark.parametrize(
    ("privacy", "more", "told"),
    [
        (
            PRIVACY,
            dict(train="mine.py:train"),
            "--dp-epsilon is of the default training, and --train mine.py:train",
        ),
        (PRIVACY.model_copy(update=dict(delta=0.5)), {}, r"--dp-delta is 0\.5, and one of \d+ rows"),
        (PRIVACY.model_copy(update=dict(epsilon=1e-9)), {}, "--dp-epsilon 1e-09 is too small for 5 updates"),
    ],
)
def test_privacy_that_cannot_be_is_told(consortium, options, privacy, more, told):
    pytest.importorskip("opacus", reason="opacus is optional: requirements-privacy.txt")
    refused(consortium, replace(options, data=replace(options.data, privacy=privacy, **more)), told)


def test_privacy_without_opacus_is_told(consortium, options, monkeypatch):
    monkeypatch.setitem(sys.modules, "opacus", None)
    refused(
        consortium,
        replace(options, data=replace(options.data, privacy=PRIVACY)),
        "needs Opacus, which is not",
    )


@pytest.fixture
def joined(consortium, options):
    """OWNER is a member for one test."""
    rpc = consortium.chain.rpc
    before = rpc.request("evm_snapshot")
    ended = make_client(consortium.chain, consortium.deployment, OWNER, replace(options, join=True)).run()
    assert isinstance(ended, Done)
    yield
    rpc.request("evm_revert", before)


def test_who_is_in_plays_though_its_relay_stores_and_cache_fail(
    consortium, options, joined, tmp_path, caplog
):
    (tmp_path / "file").touch()
    gone = "http://127.0.0.1:1"
    for lacking, told in (
        (dict(relay=gone), f"there is no relay at {gone}"),
        (dict(stores=(gone,)), f"{gone} does not answer"),
        (dict(cache=tmp_path / "file"), "cannot be written"),
    ):
        wrong = replace(options, **lacking)
        refused(consortium, wrong, told)  # As --dry-run says it.
        caplog.clear()
        patient = replace(wrong, store_patience=3600)  # Which is nobody's who may have a seat.
        client = make_client(consortium.chain, consortium.deployment, OWNER, patient)
        assert told in caplog.text and "going on without it" in caplog.text
        assert isinstance(client.step(), Wait)


def test_who_is_not_in_joins_with_all_that_it_takes(consortium, options):
    for lacking in (dict(relay="http://127.0.0.1:1"), dict(stores=("http://127.0.0.1:1",))):
        with pytest.raises(OffchainError, match="there is no relay|does not answer"):
            make_client(consortium.chain, consortium.deployment, OWNER, replace(options, **lacking))
