"""What networks limit: the size of code, and the gas of one transaction at its dearest."""

import pytest
from deployment import SILENT, Deployment
from signatures import COMMITMENT, signature

from offchain.reference.state import NOBODY, Phase

CODE_LIMIT = 24_576  # EIP-170
INITCODE_LIMIT = 2 * CODE_LIMIT  # EIP-3860
GAS_LIMIT = 16_777_216  # EIP-7825
YEAR = 365 * 86_400  # After which `sweep` sends the pool, where nobody opens a round.
TREASURY = "0x7eEE000000000000000000000000000000000000"

CONTRACTS = [
    "StakeToken",
    "StakePool",
    "RoundManager",
    "Relay",
    "SimulatedSeed",
    "PrevrandaoSeed",
    "BlockhashSeed",
    "MerkleAdmission",
    "RegistryAdmission",
]


@pytest.mark.parametrize("name", CONTRACTS)
def test_code_fits(project, name):
    contract = getattr(project, name).contract_type
    assert 0 < len(contract.get_runtime_bytecode()) < CODE_LIMIT
    assert len(contract.get_deployment_bytecode()) < INITCODE_LIMIT


def test_deployments_fit_a_transaction(deploy):
    game = deploy(members=0)
    for contract in (game.token, game.manager, game.source):
        assert game.node.gas_used(contract.creation_metadata.txn_hash) < GAS_LIMIT


def dearest_calls(game: Deployment) -> dict[str, int]:
    """Gas of every call in a round of sixteen proposals, with a seat of an earlier round to settle."""
    gas: dict[str, int] = {}
    send = game.send

    def measured(sender, method, *args) -> int:
        name = method.abis[0].name
        gas[name] = max(gas.get(name, 0), send(sender, method, *args))
        return gas[name]

    game.send = measured
    game.send(game.owner, game.manager.openRound)
    game.mine_to(game.manager.record(1).anchor + 256)
    game.send(game.owner, game.manager.reanchor)
    game.mine_to(game.manager.record(1).anchor)
    game.send(game.owner, game.manager.draw, b"")
    game.submit_updates([SILENT] * 16)
    game.close_round()
    ballots = [0xFFFF, 0xFF00, 0x00FF, 0xFFFF, -1]
    game.play_round([1] * 16, ballots)
    game.play_to_close([1] * 15, ballots)
    game.warp(game.ends_at)
    for absent in (game.proposers[15], game.voters[4]):
        game.send(game.owner, game.manager.markAbsent, absent)
    game.close_round()
    game.send(game.owner, game.manager.settle, 3, game.voters[0])
    game.send(game.voters[1], game.manager.requestExit)
    game.send(game.voters[2], game.manager.withdraw, 1)
    game.warp(game.manager.head().drawnAt + YEAR)
    assert game.manager.rewardPool() > 0
    game.send(game.owner, game.manager.sweep)
    del game.send
    return gas


def test_every_call_fits_a_transaction(deploy):
    game = deploy(members=32, proposerBps=5000, treasury=TREASURY)
    gas = dearest_calls(game)
    # Joining and depositing are measured where they were sent: at the set-up.
    client = game.clients[0]
    game.fund(client, 3)
    gas["deposit"] = game.send(client, game.pool.deposit, 1)
    gas["fund"] = game.send(client, game.pool.fund, 1)
    no_permit = (1, 0, 27, bytes(32), bytes(32))
    gas["depositFor"] = game.send(client, game.pool.depositFor, game.owner, 0)
    gas["depositWithPermit"] = game.send(client, game.pool.depositWithPermit, *no_permit)
    gas["setOperator"] = game.send(client, game.manager.setOperator, game.owner)
    game.send(client, game.manager.requestExit)
    gas["join"] = game.send(client, game.manager.join, b"")

    game.open_round()
    proposer = game.proposers[0]
    signed = proposer, COMMITMENT, *signature(game, proposer, "Propose")
    gas["proposeBySig"] = game.send(game.owner, game.manager.proposeBySig, *signed)
    for other in game.proposers[1:]:
        game.propose(other)
    other = game.proposers[1]
    opened = other, game.root(other), 1, game.salt(other)
    gas["publishFor"] = game.send(game.owner, game.manager.publishFor, *opened)
    game.warp(game.deadline(Phase.PUBLISH))
    voter, second = game.voters[:2]
    signed = voter, COMMITMENT, *signature(game, voter, "CommitBallot")
    gas["commitBallotBySig"] = game.send(game.owner, game.manager.commitBallotBySig, *signed)
    game.commit_ballot(second, 1)
    game.skip_to(Phase.REVEAL)
    gas["revealBallotFor"] = game.send(game.owner, game.manager.revealBallotFor, second, 1, game.salt(second))

    calls = {abi.name for abi in game.manager.contract_type.mutable_methods}
    assert set(gas) == calls - {"bookDeposit"} | {"deposit", "depositFor", "depositWithPermit", "fund"}
    assert {name: used for name, used in gas.items() if used >= GAS_LIMIT} == {}


def test_a_registry_costs_two_cold_reads_and_800_gas_at_most(project, owner, deploy, candidates, newcomer):
    registry = owner.deploy(project.RegistryAdmission, owner, candidates)
    gas = []
    for admission in (NOBODY, registry):
        game = deploy(admission=admission)
        game.deposit(newcomer)
        gas.append(game.send(newcomer, game.manager.join, b""))
        game.clients.append(newcomer)
    assert 4700 < gas[1] - gas[0] <= 5500, gas
