"""Configurations: those that are ready hold, what is wrong is said in a sentence before anything is sent."""

from decimal import Decimal
from functools import cache
from pathlib import Path

import loans_learning
import pytest
import yaml
from live import CONFIGURATION, RULES, write_configuration
from loans_learning import LEARNING

from ml.settings import ScoringSettings
from ml.tasks.loading import Named
from offchain.learning.describing import FoundersFiles, described, task_of
from offchain.learning.description import Probe
from offchain.learning.finding import Here
from offchain.live.client.own_data import DataOptions, own_rows
from offchain.live.deploying.admission import admission_proof, admission_root
from offchain.live.deploying.configuration import Configuration, load_configuration
from offchain.live.deploying.parameters import advice, parameters_of, require_abi
from offchain.live.deploying.rules import require_joinable
from offchain.live.errors import ConfigurationError

RIGHT, MISTYPED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAee"
FIRST_EDITION = {
    "policy": "verdict",
    "metric": "accuracy",
    "tolerance": 0.05,
    "model": "mlp",
    "row_shape": [4],
    "genesis_seed": 0,
}
READY = sorted((Path(__file__).resolve().parents[2] / "deployments").glob("*.yaml"))


def refusal(path):
    with pytest.raises(ConfigurationError) as refused:
        parameters_of(load_configuration(path), RULES)
    message = str(refused.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("path", READY, ids=[path.stem for path in READY])
def test_what_is_ready_holds(path, compiled):
    configuration = load_configuration(path)
    require_abi(compiled["RoundManager"], parameters_of(configuration, configuration.learning.rules))
    require_joinable(configuration.learning, Here(path.parent))
    assert advice(configuration) == [
        "admission is open: whoever pays many bonds gets many votes",
        "treasury is left out: what is in the reward pool at the end stays there for ever",
    ]


def test_what_is_ready_takes_the_built_in_loans():
    learning, *others = [load_configuration(path).learning for path in READY]
    assert all(each == learning for each in others)
    own = own_rows(DataOptions(share=(0, 8)), learning, task_of(learning, Here()))
    assert own.rows.X_train.shape[1:] == learning.row_shape


def test_two_networks_are_ready():
    assert {path.stem for path in READY} == {"sepolia", "base-sepolia"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"proposer_stake": 0}, "protocol.proposer_stake is 0: it must be at least one base unit"),
        ({"proposer_stake": -1}, "protocol.proposer_stake is -1"),
        ({"voter_stake": "0.000000000000000015"}, "every sixteenth of it must be at least one base unit"),
        ({"bond": 8}, "protocol.bond is 8: it must cover the larger stake and absence_penalty"),
        ({"proposer_bps": 5001}, "protocol.proposer_bps is 5001: it must be 1 to 5000"),
        ({"propose_for": True}, "protocol: propose_for is True; expected a number, no yes or no"),
        ({"proposer_bps": 0}, "protocol.proposer_bps is 0: it must be 1 to 5000"),
        ({"voter_seats": 16_383}, "protocol.voter_seats is 16383: a round has 1 to 16382 voters"),
        ({"quorum_bps": 5001}, "protocol.quorum_bps is 5001: it must be at most 5000"),
        ({"max_samples": 0}, "protocol.max_samples is 0: it must be at least 1"),
        ({"seed_delay": 257}, "protocol.seed_delay is 257: it must be 1 to 256 blocks"),
        ({"seed_delay": 1}, "prevrandao is known one block before the anchor, so it must be 2 or more"),
        ({"min_members": 3}, "protocol.min_members is 3: a round takes four members at least"),
        (
            {"interval": 31_536_001},
            "protocol.interval is 31536001: it must be at most 31536000 seconds, a year",
        ),
        ({"interval": -1}, "protocol.interval is -1: input should be greater than or equal to 0"),
        ({"proposer_reward": 1}, "a year; with rewards, at least propose_for + publish_for"),
        ({"voter_reward": -1}, "protocol.voter_reward is -1"),
        ({"vote_for": 0}, "protocol.vote_for is 0: it must be at least 1 second"),
        ({"unbonding": 2399}, "protocol.unbonding is 2399: it must be at least propose_for + publish_for"),
        ({"bond": "64.0000000000000000001"}, "bond is 64.0000000000000000001: the token has 18 decimals"),
        ({"propose_for": "an hour"}, "protocol.propose_for is 'an hour'"),
        ({"proposers": 3}, "there is no 'protocol.proposers'; did you mean 'proposer_bps'?"),
    ],
)
def test_a_parameter_that_does_not_hold_is_refused(tmp_path, change, words):
    path = write_configuration(tmp_path, protocol=CONFIGURATION["protocol"] | change)
    assert words in refusal(path)


def test_a_name_that_is_mistyped_is_told_not_the_one_that_is_missing_for_it(tmp_path):
    protocol = dict(CONFIGURATION["protocol"])
    protocol["voter_stakes"] = protocol.pop("voter_stake")
    told = refusal(write_configuration(tmp_path, protocol=protocol))
    assert told.endswith("there is no 'protocol.voter_stakes'; did you mean 'voter_stake'?")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"netwrok": "x"}, "there is no 'netwrok'; did you mean 'network'?"),
        ({"admission": None}, "admission stands there without a value"),
        ({"admission": RIGHT}, "expected a list, each on a line of its own after a -"),
        ({"seed_source": "dice"}, "seed_source is 'dice'"),
        ({"token": {"address": "0x12"}}, "'0x12' is no address"),
        ({"admission": ["0x" + "0" * 40]}, "is no address"),
        ({"admission": [RIGHT, MISTYPED]}, f"admission.1: '{MISTYPED}' is mistyped"),
        ({"token": {"address": MISTYPED}}, f"token.address: '{MISTYPED}' is mistyped"),
        ({"token": {"name": "a", "symbol": False, "supply": 10}}, "token.symbol is False to YAML"),
        (
            {"token": {"name": "a", "symbol": "b", "supply": 10}},
            "token.supply is 10: it must cover the bonds",
        ),
        ({"token": {"name": "a", "symbol": "b", "supply": 10**11}}, "must fit 96 bits"),
        ({"learning": {"policy": "verdict"}}, "learning.edition is missing"),
        ({"learning": FIRST_EDITION}, "learning: these rules are of the first edition"),
        ({"learning": FIRST_EDITION}, "let `ape run task describe` write learning anew"),
        ({"learning": LEARNING | {"genesis_root": "0x12"}}, "learning.genesis_root is '0x12'"),
        ({"learning": LEARNING | {"policy": "evidence"}}, "policy evidence has tests and reference"),
    ],
)
def test_what_is_no_configuration_is_refused(tmp_path, change, words):
    assert words in refusal(write_configuration(tmp_path, **change))


@pytest.mark.parametrize("written", ["0x" + "1f" * 32, f'"{"1F" * 32}"', '"0x' + "1f" * 31 + '"'])
@pytest.mark.parametrize("field", ["admission", "token"])
def test_a_key_in_a_configuration_is_not_repeated(tmp_path, field, written):
    path = write_configuration(tmp_path, **{field: {"address": "PLACE"} if field == "token" else ["PLACE"]})
    path.write_text(path.read_text().replace("PLACE", written))
    told = refusal(path)
    assert (
        "is not repeated here" in told and "1f1f" not in told.lower() and str(int("1f" * 32, 16)) not in told
    )


@pytest.mark.parametrize(
    ("field", "quoted"),
    [("admission.0", f'["{RIGHT}"]'), ("token.address", f'"{RIGHT}"'), ("seed_salt", f'"0x{"5" * 64}"')],
)
def test_hexadecimal_digits_without_quotes_are_a_number_which_is_said(tmp_path, field, quoted):
    name = field.split(".")[0]
    value = {"address": "PLACE"} if field == "token.address" else "PLACE"
    path = write_configuration(tmp_path, **{name: value})
    template = path.read_text()
    path.write_text(template.replace("PLACE", quoted))
    assert load_configuration(path)
    path.write_text(template.replace("PLACE", quoted.replace('"', "")))
    number = quoted.strip('[]"').lower()
    assert f"{field} is the number {number} when it is written without quotes: put it in quotes" in refusal(
        path
    )


@pytest.mark.parametrize("text", ["- a list", "a: [", "\x00"])
def test_what_is_no_yaml_is_refused(tmp_path, text):
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="broken.yaml"):
        load_configuration(path)


def test_a_missing_file_is_said_so(tmp_path):
    with pytest.raises(ConfigurationError, match="there is no configuration"):
        load_configuration(tmp_path / "none.yaml")


def test_amounts_are_exact_and_follow_the_tokens_decimals():
    configuration = Configuration.model_validate(yaml.safe_load(yaml.safe_dump(CONFIGURATION)))
    assert parameters_of(configuration, RULES).absence_penalty == 5 * 10**17
    existing = configuration.model_copy(update={"token": None})
    assert parameters_of(existing, RULES, decimals=6).bond == 64 * 10**6
    assert configuration.protocol.absence_penalty == Decimal("0.5")


def test_what_does_not_fit_its_type_is_refused(compiled):
    protocol = CONFIGURATION["protocol"] | {"max_strikes": 256}
    configuration = Configuration.model_validate(CONFIGURATION | {"protocol": protocol})
    with pytest.raises(ConfigurationError, match="max_strikes is 256, which does not fit uint8"):
        require_abi(compiled["RoundManager"], parameters_of(configuration, RULES))


def test_the_rules_follow_every_rule_of_learning():
    learning = Configuration.model_validate(CONFIGURATION).learning
    other = "0x" + 64 * "1"
    others = {
        "policy": "aggregate",
        "metric": "auroc",
        "tolerance": 0.06,
        "loss": "own",
        "row_shape": (5,),
        "label_shape": (1,),
        "parameters": ({"other": (4,)},),
        "task_digest": other,
        "constants": other,
        "genesis_root": other,
        "probe": Probe(genesis=(1.0,), moved=(1.0,)),
    }
    changed = [learning.model_copy(update={name: value}) for name, value in others.items()]
    assert len({each.rules for each in (learning, *changed)}) == 1 + len(others)


def test_what_describe_writes_of_the_loans_is_what_tests_deploy():
    described = loans_learning.describe()
    assert Configuration.model_validate(CONFIGURATION | {"learning": described}).learning == (
        Configuration.model_validate(CONFIGURATION).learning
    )


def test_unwise_choices_are_said():
    protocol = CONFIGURATION["protocol"] | {
        "voter_stake": 8,
        "absence_penalty": 0,
        "max_strikes": 0,
        "quorum_bps": 0,
        "max_samples": 9,
        "min_members": 4,
    }
    configuration = Configuration.model_validate(
        CONFIGURATION | {"protocol": protocol, "seed_source": "simulated"}
    )
    assert len(advice(configuration)) == 8


def unjoinable(learning, told):
    with pytest.raises(ConfigurationError, match=told) as refused:
        require_joinable(learning, Here())
    assert "\n" not in str(refused.value)


@cache
def joinable(task):
    shapes = {"digits": ((1, 16, 16), (10,)), "loans": ((97,), ())}[task]
    learning = described(
        Named(task, {}), *shapes, ScoringSettings(metric="accuracy", policy="verdict"), 0, FoundersFiles()
    )
    require_joinable(learning, Here())
    return learning


@pytest.mark.parametrize(
    ("task", "row", "label"),
    [
        ("digits", (16, 16), (10,)),
        ("digits", (3, 16, 16), (10,)),
        ("digits", (1, 16, 16), ()),
        ("digits", (1, 16, 16), (2, 5)),
        ("digits", (256,), (10,)),
        ("loans", (97,), (3,)),
        ("loans", (97,), (1,)),
        ("loans", (1, 16, 16), ()),
        ("loans", (4, 4), ()),
        ("loans", (96,), ()),
    ],
)
def test_shapes_that_no_client_could_train_on_are_refused(task, row, label):
    unjoinable(joinable(task).model_copy(update={"row_shape": row, "label_shape": label}), "^learning: ")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"metric": "f1"}, "metric is 'f1', which .* does not have; use auroc"),
        ({"loss": "own"}, "the loss is binary cross-entropy 1 here, the deployment's is own"),
        ({"task": "digits"}, "task digits here has digest 0x.*, the deployment's is 0x"),
        ({"task": "nowhere.py:Own"}, "there is no task file nowhere.py"),
        ({"genesis_seed": 1}, "the first model, the seed's, has root 0x"),
        ({"genesis": "nowhere.safetensors"}, "genesis nowhere.safetensors cannot be read"),
        ({"constants": "0x" + 64 * "0"}, "never trains is other here"),
        ({"parameters": ({"other": (4,)},)}, "has other parameters here than the deployment's"),
    ],
)
def test_what_no_client_can_join_is_not_deployed(change, told):
    learning = Configuration.model_validate(CONFIGURATION).learning
    unjoinable(learning.model_copy(update=change), told)


@pytest.mark.parametrize(
    ("listed", "seats", "told"),
    [
        (3, 15, ["admission lists 3: a round takes 4 members, so that none will open"]),
        (
            5,
            15,
            [
                "admission lists 5, of whom 1 propose and 4 vote at most: voter_seats 15 are never filled",
                "admission lists 5, of whom 1 propose and 4 vote at most: an even number",
            ],
        ),
        (6, 15, ["of whom 2 propose and 4 vote", "of whom 2 propose and 4 vote"]),
        (8, 5, []),
        (8, 4, ["of whom 2 propose and 4 vote at most: an even number of voters"]),
        (0, 4, ["min_members is 4", "admission is open", "voter_seats is 4: an even number of voters"]),
    ],
)
def test_a_list_shorter_than_the_seats_and_an_even_committee_are_said(listed, seats, told):
    admission = [f"0x{number:040x}" for number in range(1, listed + 1)]
    protocol = CONFIGURATION["protocol"] | {"voter_seats": seats}
    found = advice(
        Configuration.model_validate(CONFIGURATION | {"protocol": protocol, "admission": admission})
    )
    assert len(found) == len(told)
    assert all(words in sentence for words, sentence in zip(told, found, strict=True))


def test_an_address_that_is_listed_twice_counts_once_and_is_said():
    member = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
    admission = [member, member.lower(), *(f"0x{number:040x}" for number in (1, 2))]
    twice, few = advice(Configuration.model_validate(CONFIGURATION | {"admission": admission}))
    assert twice == f"admission lists {member.lower()} more than once, which admits it once"
    assert few.startswith("admission lists 3: a round takes 4 members")


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
def test_the_admitted_can_prove_it(proves, count):
    addresses = [f"0x{number:040x}" for number in range(1, count + 1)]
    root = admission_root(addresses)
    for address in addresses:
        assert proves(admission_proof(addresses, address), root, address)
    with pytest.raises(ConfigurationError, match="is not among"):
        admission_proof(addresses, "0x" + "9" * 40)


@pytest.fixture
def proves():
    """What the contract does with a proof: OpenZeppelin's pairs, sorted, over leaves hashed twice."""
    from eth_abi import encode
    from eth_utils import keccak

    def verify(proof, root, address):
        node = keccak(keccak(encode(["address"], [address])))
        for sibling in proof:
            node = keccak(min(node, sibling) + max(node, sibling))
        return node == root

    return verify
