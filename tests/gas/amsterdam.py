"""What deployment and rounds take under the Amsterdam fork, by arithmetic: no node here has that fork yet.

Osaka's traces are priced anew. EIP-8037 (state gas), EIP-8038 (access), EIP-2780 (intrinsic) and EIP-7976
(calldata's floor) as they are in execution-specs tests@v21.0.0, for Sepolia's fork of October 2026. Refunds
are left as they were, though that fork pays back more for a cleared slot: what is computed is a bound from
above.
"""

import json
from collections import Counter
from dataclasses import astuple, replace
from pathlib import Path

from eth_abi import encode
from field import HARDFORK, PARAMETERS, Field
from raw_chain import GAS, anvil
from scenes import DEPLOYER
from tables import PAGE, table_of, with_tables

from offchain.chain.gateway import create_address
from offchain.reference.state import NOBODY

DATA = Path(PAGE).with_name("gas_amsterdam.json")
STATE_BYTE = 1530
SLOT_BYTES, ACCOUNT_BYTES = 64, 120
NEW_SLOT = STATE_BYTE * SLOT_BYTES
COLD_SLOT, WARM, WRITE = 2_100, 100, 10_000
SSTORE = {  # Osaka's cost tells the case: what it executes then, and the slots that are new.
    22_100: (COLD_SLOT + WRITE, 1),
    20_000: (WARM + WRITE, 1),
    5_000: (COLD_SLOT + WRITE, 0),
    2_900: (WARM + WRITE, 0),
    2_200: (COLD_SLOT, 0),
    100: (WARM, 0),
}
COLD_ACCOUNT = 400  # more than Osaka's 2,600
CODE_READ = 100  # EXTCODESIZE's and EXTCODECOPY's second look
INTRINSIC = 12_000 + 3_000 - 21_000  # sender and recipient, in place of one price
CREATION = 12_000 + 12_000 - 53_000
INNER_CREATION = 12_000 - 32_000
CODE_BYTE = 200  # Osaka's price of a byte of code, which state gas takes the place of
HASH_WORD = 6
FLOOR_BYTE = 64

OF_A_ROUND = ("openRound", "draw", "propose", "publish", "commitBallot", "revealBallot", "finalise")
CONTRACTS = ("StakeToken", "PrevrandaoSeed", "RoundManager", "Relay")


def repriced(chain, sender, to, data):
    """Gas executed and gas for state of a call on the latest block."""
    trace = _trace(chain, sender, data, to)
    more, slots = _changes(trace)
    executed = trace["gas"] + INTRINSIC + more
    return max(executed, 12_000 + FLOOR_BYTE * len(data)), slots * NEW_SLOT


def deployed(chain, container, *args):
    """Gas executed and for state of a contract's deployment, with what its constructor deploys in turn."""
    kind = container.contract_type
    data = kind.get_deployment_bytecode() + _encoded(kind, args)
    trace = _trace(chain, DEPLOYER, data)
    more, slots = _changes(trace)
    inner = sum(step["op"] in ("CREATE", "CREATE2") for step in trace["structLogs"])
    address = chain.deploy(DEPLOYER, container, *args)
    sizes = [
        len(chain.rpc("eth_getCode", each, "latest")) // 2 - 1
        for each in (address, *_made(chain, address, inner))
    ]
    executed = trace["gas"] + more + CREATION + inner * INNER_CREATION
    executed += sum(HASH_WORD * -(-size // 32) - CODE_BYTE * size for size in sizes)
    state = STATE_BYTE * (sum(sizes) + ACCOUNT_BYTES * len(sizes)) + slots * NEW_SLOT
    return address, (max(executed, 12_000 + FLOOR_BYTE * len(data)), state)


def _trace(chain, sender, data, to=None):
    request = {"from": sender, "data": "0x" + data.hex(), "gas": hex(GAS), "gasPrice": "0x0"}
    request |= {"to": to} if to else {}
    return chain.rpc("debug_traceCall", request, "latest", {"disableMemory": True, "disableStack": True})


def _changes(trace):
    """By how much more, or less, the steps execute, and how many slots are new."""
    more = slots = 0
    for step in trace["structLogs"]:
        name, cost = step["op"], step["gasCost"]
        if name == "SSTORE":
            executes, new = SSTORE[cost]
            more, slots = more + executes - cost, slots + new
        elif name in ("CALL", "STATICCALL", "DELEGATECALL", "EXTCODESIZE", "BALANCE", "EXTCODEHASH"):
            more += COLD_ACCOUNT if cost >= 2_600 else 0  # A call's cost has its gas in it: an upper bound.
            more += CODE_READ if name == "EXTCODESIZE" else 0
    return more, slots


def _encoded(kind, args):
    return encode([i.canonical_type for i in kind.constructor.inputs] if kind.constructor else [], args)


def _made(chain, address, count):
    return [create_address(address, nonce) for nonce in range(1, count + 1)]


def measure(project):
    """Deployment by contract, and the first and the third round of fifty members by call: mean and count."""
    with anvil(HARDFORK) as chain:
        data = {"deployment": _deployment(chain, project)}
        field = Field(chain, project, 50)
        field.write_members()
        field.price = repriced
        for number, name in ((1, "first"), (3, "third")):
            while number > field.rounds:
                field.priced = {} if field.rounds == number - 1 else None
                field.play_round()
            data[name] = {call: [_mean(each), len(each)] for call, each in field.priced.items()}
    return data


def _deployment(chain, project):
    token, priced = deployed(chain, project.StakeToken, "Test stake", "TST", 10**24, DEPLOYER)
    found = {"StakeToken": priced}
    source, found["PrevrandaoSeed"] = deployed(chain, project.PrevrandaoSeed)
    unit = 10**18
    parameters = astuple(
        replace(
            PARAMETERS,
            voter_stake=unit,
            absence_penalty=unit // 2,
            voter_seats=45,
            quorum_bps=3000,
            max_strikes=3,
            seed_delay=2,
        )
    )
    manager, found["RoundManager"] = deployed(chain, project.RoundManager, token, source, NOBODY, parameters)
    _, found["Relay"] = deployed(chain, project.Relay, manager)
    return found


def _mean(pairs):
    return [round(sum(part) / len(pairs)) for part in zip(*pairs, strict=True)]


def rendered(data):
    """The two tables, as Markdown."""
    rows = [[name, *data["deployment"][name], sum(data["deployment"][name])] for name in CONTRACTS]
    deployment = table_of(["deployment of", "executed", "for state", "in all"], [*rows, _total(rows)])
    head = [
        "call",
        *(f"{name}, {part}" for name in ("first round", "third round") for part in ("executed", "for state")),
    ]
    calls = [[call, *data["first"][call][0], *data["third"][call][0]] for call in OF_A_ROUND]
    sums = Counter()
    for name in ("first", "third"):
        for call in OF_A_ROUND:
            means, count = data[name][call]
            for part, gas in zip(("executed", "state"), means, strict=True):
                sums[name, part] += gas * count
    whole = [
        "**a round, sent directly**",
        *(sums[n, p] for n in ("first", "third") for p in ("executed", "state")),
    ]
    return {"amsterdam deployment": deployment, "amsterdam rounds": table_of(head, [*calls, whole])}


def _total(rows):
    return ["**in all**", *(sum(row[i] for row in rows) for i in (1, 2, 3))]


def write(project):
    """Compute everything and write it down."""
    data = measure(project)
    DATA.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8"), rendered(data)), encoding="utf-8")
