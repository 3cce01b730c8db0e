import pytest
from deployment import DEFAULTS
from expectations import reverts

from offchain.reference.state import NOBODY, Phase

LARGEST = DEFAULTS["proposerStake"] + DEFAULTS["absencePenalty"]
SCHEDULE = 1000 + 2000 + 3000 + 4000 + DEFAULTS["markFor"]

# Parameter, value just refused, value just accepted, and what else differs from the defaults.
BOUNDS = [
    ("proposerStake", 0, 1, {}),
    ("voterStake", 15, 16, {}),
    ("bond", LARGEST - 1, LARGEST, {}),
    ("bond", 9_500_008, 9_500_009, {"voterStake": 9_000_000}),
    ("bond", 8_000_008, 8_000_009, {"absencePenalty": 0}),
    ("proposerBps", 0, 1, {}),
    ("proposerBps", 5001, 5000, {}),
    ("voterSeats", 0, 1, {}),
    ("voterSeats", 16_383, 16_382, {}),
    ("quorumBps", 5001, 5000, {}),
    ("maxSamples", 0, 1, {}),
    ("minMembers", 3, 4, {}),
    ("seedDelay", 0, 1, {}),
    ("seedDelay", 257, 256, {}),
    ("proposeFor", 0, 1, {}),
    ("publishFor", 0, 1, {}),
    ("voteFor", 0, 1, {}),
    ("revealFor", 0, 1, {}),
    ("interval", 365 * 86_400 + 1, 365 * 86_400, {}),
    ("interval", SCHEDULE - 1, SCHEDULE, {"proposerReward": 1}),
    ("interval", SCHEDULE - 1, SCHEDULE, {"voterReward": 1}),
    ("unbonding", SCHEDULE - 1, SCHEDULE, {}),
    ("unbonding", 2**32 - 2, 2**32 - 1, {"revealFor": 2**32 - 1 - 6700}),
    ("rules", bytes(32), bytes(31) + b"\x01", {}),
]


@pytest.fixture(scope="module")
def deploy_manager(project, owner):
    token = owner.deploy(project.StakeToken, "StakeFed", "STF", 10**9, owner)
    source = owner.deploy(project.SimulatedSeed, bytes(32))

    def deploy(admission=NOBODY, **overrides):
        return owner.deploy(project.RoundManager, token, source, admission, tuple((DEFAULTS | overrides).values()))

    deploy.token, deploy.source = token, source
    return deploy


def number(value) -> int:
    return int.from_bytes(value) if isinstance(value, bytes) else value


@pytest.mark.parametrize(("name", "refused", "accepted", "others"), BOUNDS)
def test_one_beyond_a_bound_is_refused(project, deploy_manager, name, refused, accepted, others):
    with reverts(
        project.RoundManager.InvalidParameter, name=name, actual=number(refused), bound=number(accepted)
    ):
        deploy_manager(**others, **{name: refused})


def test_an_admission_without_code_is_refused(project, deploy_manager, outsider):
    with reverts(project.RoundManager.AdmissionWithoutCode, admission=outsider.address):
        deploy_manager(admission=outsider)


@pytest.mark.parametrize(("name", "refused", "accepted", "others"), BOUNDS)
def test_the_bound_itself_is_accepted(deploy_manager, name, refused, accepted, others):
    manager = deploy_manager(**others, **{name: accepted})
    assert getattr(manager.parameters(), name) == accepted


def test_zero_is_accepted_where_it_has_a_meaning(deploy_manager):
    zeros = dict.fromkeys(("absencePenalty", "quorumBps", "maxStrikes", "maxRounds", "markFor", "interval"), 0)
    parameters = deploy_manager(**zeros).parameters()
    assert {name: getattr(parameters, name) for name in zeros} == zeros


def test_every_parameter_is_read_back(deploy_manager):
    # Values that differ from each other and from the defaults, so that no two can be mixed up.
    values = {
        "proposerStake": 101,
        "voterStake": 102,
        "bond": 1000,
        "absencePenalty": 103,
        "proposerReward": 118,
        "voterReward": 119,
        "proposerBps": 104,
        "voterSeats": 105,
        "quorumBps": 106,
        "maxStrikes": 107,
        "maxSamples": 108,
        "maxRounds": 109,
        "minMembers": 115,
        "seedDelay": 110,
        "proposeFor": 111,
        "publishFor": 112,
        "voteFor": 113,
        "revealFor": 114,
        "markFor": 117,
        "interval": 1116,
        "unbonding": 5000,
        "rules": b"\x0b" * 32,
        "treasury": "0x" + 40 * "7",
    }
    parameters = deploy_manager(**values).parameters()
    assert {name: getattr(parameters, name) for name in values} == values
    assert len(parameters) == len(values)


def test_the_contracts_know_each_other(project, deploy_manager):
    manager = deploy_manager()
    pool = project.StakePool.at(manager.POOL())

    assert pool.MANAGER() == manager
    assert pool.TOKEN() == deploy_manager.token
    assert manager.SEED_SOURCE() == deploy_manager.source
    assert manager.rewardPool() == 0


def test_no_round_is_open(deploy_manager):
    manager = deploy_manager()

    assert manager.phase() == Phase.IDLE
    assert manager.model() == DEFAULTS["rules"]
    assert manager.memberCount() == 0
    assert (manager.head().round, manager.head().finalised) == (0, True)


@pytest.mark.parametrize("supply", [0, 2**96])
def test_a_supply_beyond_96_bits_or_of_nothing_is_refused(project, owner, supply):
    token = owner.deploy(project.StakeToken, "StakeFed", "STF", supply, owner)
    source = owner.deploy(project.SimulatedSeed, bytes(32))
    with reverts(project.StakePool.UnsupportedSupply, supply=supply):
        owner.deploy(project.RoundManager, token, source, NOBODY, tuple(DEFAULTS.values()))


@pytest.mark.parametrize("supply", [1, 2**96 - 1])
def test_a_supply_of_96_bits_is_accepted(project, owner, supply):
    token = owner.deploy(project.StakeToken, "StakeFed", "STF", supply, owner)
    assert owner.deploy(project.StakePool, token).TOKEN() == token


def test_nothing_can_be_changed_later(project):
    """I9: neither contract has an owner, a setter of parameters, or a way to another token or manager."""
    calls = {
        name: {abi.name for abi in getattr(project, name).contract_type.mutable_methods}
        for name in ("RoundManager", "StakePool", "StakeToken", "Relay")
    }
    assert calls == {
        "RoundManager": {
            *("join", "requestExit", "withdraw", "openRound", "reanchor", "draw", "propose", "publish"),
            *("commitBallot", "revealBallot", "markAbsent", "finalise", "settle", "bookDeposit", "sweep"),
            *("proposeBySig", "publishFor", "commitBallotBySig", "revealBallotFor", "setOperator"),
        },
        "StakePool": {"deposit", "depositFor", "depositWithPermit", "fund", "pay"},
        "StakeToken": {"approve", "permit", "transfer", "transferFrom"},
        "Relay": {"propose", "publish", "commitBallots", "revealBallots"},
    }
