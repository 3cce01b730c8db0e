"""Deployments small enough to be played to the end thousands of times."""

from collections.abc import Sequence
from dataclasses import dataclass

from eth_abi import encode
from eth_account import Account
from eth_utils import keccak

from offchain.reference import Parameters
from offchain.reference.commitments import digest

NAMES = ("adam", "barb", "carl", "dana", "eve", "fred", "gina", "hope", "ivan", "judy")
ACCOUNTS = [Account.from_key(keccak(text=name)) for name in NAMES]
CLIENTS = [account.address.lower() for account in ACCOUNTS]
DEPLOYER = "0x" + "de" * 20
KEEPER = "0x" + "ee" * 20  # Anyone: opens, draws, finalises, settles, marks, sweeps.
TREASURY = "0x" + "7e" * 20
SALT = keccak(text="scenes")
RULES = keccak(text="rules")


@dataclass(frozen=True)
class Scene:
    """A choice of parameters, what each client has in its wallet, and who may join."""

    name: str
    parameters: Parameters
    wallet: int
    admitted: Sequence[int] | None = None

    def proof(self, client):
        """The Merkle proof of a client by number, encoded; of no siblings for one that may not join."""
        if self.admitted is None:
            return b""
        inside = client in self.admitted
        siblings = (
            tree_proof([leaf(CLIENTS[i]) for i in self.admitted], leaf(CLIENTS[client])) if inside else []
        )
        return encode(["bytes32[]"], [siblings])

    @property
    def root(self):
        """Of the tree of those who may join."""
        return tree_root([leaf(CLIENTS[i]) for i in self.admitted])


def leaf(address):
    """OpenZeppelin's leaf: hashed twice."""
    return keccak(digest(address))


def tree_root(leaves):
    """Root of the tree of sorted pairs."""
    while len(leaves) > 1:
        leaves = _parents(leaves)
    return leaves[0]


def tree_proof(leaves, mine):
    """Siblings on the way from a leaf to the root."""
    proof = []
    while len(leaves) > 1:
        at = leaves.index(mine)
        if at ^ 1 < len(leaves):
            proof.append(leaves[at ^ 1])
        leaves = _parents(leaves)
        mine = leaves[at // 2]
    return proof


def _parents(leaves):
    pairs = [leaves[at : at + 2] for at in range(0, len(leaves), 2)]
    return [keccak(b"".join(sorted(pair))) if len(pair) == 2 else pair[0] for pair in pairs]


_TIMES = {"propose_for": 40, "publish_for": 30, "vote_for": 50, "reveal_for": 35}
_ADMITTED = range(9)

# The paper's choices: a tenth proposes, all others vote, nothing for absence, one reveal is a quorum.
PAPER = Scene(
    "paper",
    Parameters(
        proposer_stake=800,
        voter_stake=801,  # Not a multiple of any count of proposals above 3: parts round.
        bond=6400,
        absence_penalty=0,
        proposer_bps=1000,
        voter_seats=16_382,
        quorum_bps=0,
        max_strikes=0,
        max_samples=1,
        max_rounds=0,
        seed_delay=1,
        unbonding=155,
        rules=RULES,
        **_TIMES,
    ),
    wallet=20_000,
)

# A real deployment's: penalties, rewards, strikes, a quorum of a half, an end, a treasury, admission.
STRICT = Scene(
    "strict",
    Parameters(
        proposer_stake=1000,
        voter_stake=125,
        bond=1107,
        absence_penalty=107,
        proposer_reward=31,
        voter_reward=7,
        proposer_bps=3000,
        voter_seats=5,
        quorum_bps=5000,
        max_strikes=2,
        max_samples=10,
        max_rounds=4,
        min_members=5,
        interval=175,  # A round and its marking: the least with rewards.
        seed_delay=3,
        mark_for=20,
        unbonding=400,
        rules=RULES,
        treasury=TREASURY,
        **_TIMES,
    ),
    wallet=3000,
    admitted=_ADMITTED,
)

# Bonds of two seats at most, half propose, the smallest voter stake: clients run dry and are removed.
# One of them is the treasury.
POOR = Scene(
    "poor",
    Parameters(
        proposer_stake=37,
        voter_stake=17,
        bond=60,
        absence_penalty=23,
        proposer_bps=5000,
        voter_seats=4,
        quorum_bps=3400,
        max_strikes=1,
        max_samples=65_535,
        max_rounds=0,
        seed_delay=2,
        unbonding=155,
        rules=RULES,
        treasury=CLIENTS[3],
        **_TIMES,
    ),
    wallet=150,
)

SCENES = (PAPER, STRICT, POOR)
