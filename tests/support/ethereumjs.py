"""A node of public networks' software with an EVM of its own: EthereumJS, in a process, over HTTP.

Such a node mines nothing by itself. It makes a block when a consensus client asks for one through the Engine
API, which is what the tests do here, with the time of each block.
"""

import json
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from live import free_port

from offchain.chain.nodes import FUNDS, RawReceipt
from offchain.chain.signing import Signer, Transaction
from offchain.live.access.rpc import Rpc
from offchain.live.errors import NodeRefusedError, NodeUnavailableError

PROGRAM = Path(__file__).parents[2] / ".venv/ethereumjs/node_modules/.bin/ethereumjs"
PARAMETERS = Path(__file__).with_name("ethereumjs_parameters.mjs")
CHAIN_ID = 31337
BLOCK_GAS = 60_000_000
MAX_FEE = 10**11  # wei per gas
START_SECONDS = 60
NOTHING = "0x" + bytes(32).hex()
FAUCET = Signer(b"\x0f" * 32)

# All forks up to Prague from the first block on, and the merge before it: blocks come through the Engine API.
FORKS = ("homestead", "eip150", "eip155", "eip158", "byzantium", "constantinople", "petersburg", "istanbul")
FORKS += ("berlin", "london", "mergeNetsplit")
BLOBS = {
    "cancun": {"target": 3, "max": 6, "baseFeeUpdateFraction": 3338477},
    "prague": {"target": 6, "max": 9, "baseFeeUpdateFraction": 5007716},
}
GENESIS = {
    "config": {
        "chainId": CHAIN_ID,
        **{f"{fork}Block": 0 for fork in FORKS},
        **{f"{fork}Time": 0 for fork in ("shanghai", "cancun", "prague")},
        "terminalTotalDifficulty": 0,
        "terminalTotalDifficultyPassed": True,
        "blobSchedule": BLOBS,
    },
    "gasLimit": hex(BLOCK_GAS),
    "difficulty": "0x0",
    "nonce": "0x0",
    "extraData": "0x",
    "mixHash": NOTHING,
    "coinbase": "0x" + bytes(20).hex(),
    "baseFeePerGas": hex(10**9),
    "alloc": {FAUCET.address[2:]: {"balance": hex(10**30)}},
}


@contextmanager
def ethereumjs(folder: Path):
    """A fresh chain of one node, whose data lie in `folder`; an `offchain.chain.nodes.Node`."""
    genesis = folder / "genesis.json"
    genesis.write_text(json.dumps(GENESIS | {"timestamp": hex(int(time.time()))}))
    port, engine_port = free_port(), free_port()
    here = ["--rpcAddr=127.0.0.1", "--rpcEngineAddr=127.0.0.1"]
    ports = [f"--rpcPort={port}", f"--rpcEnginePort={engine_port}", f"--port={free_port()}"]
    alone = ["--isSingleNode", "--maxPeers=0", "--discDns=false", "--discV4=false"]
    served = ["--rpc", "--rpcEngine", "--rpcEngineAuth=false"]
    logged = [f"--logFile={folder / 'log'}", "--logRotate=false", "--logLevelFile=error", "--logLevel=error"]
    options = [f"--gethGenesis={genesis}", f"--dataDir={folder / 'data'}"]
    program = ["node", "--import", PARAMETERS.as_uri(), PROGRAM]
    process = subprocess.Popen([*program, *options, *served, *here, *ports, *alone, *logged], cwd=folder)
    try:
        yield EthereumJs(*(_answering(process, each) for each in (port, engine_port)))
    finally:
        process.kill()  # A clean end takes it eight seconds, and nobody comes back to this chain.
        process.wait(timeout=20)


def _answering(process: subprocess.Popen, port: int) -> str:
    """The address of a port once the process serves it."""
    url = f"http://127.0.0.1:{port}"
    rpc = Rpc([url], tries=1)
    for _ in range(START_SECONDS * 10):
        assert process.poll() is None, f"EthereumJS ended with {process.returncode}"
        try:
            rpc.request("eth_blockNumber")
            return url
        except NodeUnavailableError:
            time.sleep(0.1)
    raise AssertionError(f"EthereumJS did not start within {START_SECONDS} seconds")


class EthereumJs:
    """The node, and in place of a consensus client whoever asks it to mine."""

    def __init__(self, url: str, engine_url: str) -> None:
        self.url, self._engine_url = url, engine_url
        self._rpc, self._engine = Rpc([url]), Rpc([engine_url])
        self._mines = False
        self.chain_id = int(self._rpc.request("eth_chainId"), 16)

    @contextmanager
    def mining(self, every: float):
        """Make blocks by itself, some seconds apart."""
        over, miner = threading.Event(), EthereumJs(self.url, self._engine_url)

        def mine() -> None:
            while not over.wait(every):
                miner._mine_block()

        thread = threading.Thread(target=mine)
        thread.start()
        self._mines = True
        try:
            yield
        finally:
            self._mines = False
            over.set()
            thread.join()

    def head(self) -> tuple[int, int, int]:
        head = self._latest()
        return int(head["number"], 16), int(head["timestamp"], 16), int(head["gasLimit"], 16)

    def fund(self, addresses: Sequence[str]) -> None:
        nonce, fee = self.nonce(FAUCET.address), (MAX_FEE, 1)
        for at, address in enumerate(addresses):
            to = bytes.fromhex(address[2:])
            gift = Transaction(nonce + at, to, b"", 21_000, *fee, self.chain_id, value=FUNDS)
            self._send(FAUCET.sign(gift))
        while self.nonce(FAUCET.address) < nonce + len(addresses):
            time.sleep(0.05) if self._mines else self._mine_block()

    def give(self, address: str) -> None:
        self.fund([address])

    def nonce(self, address: str) -> int:
        return int(self._rpc.request("eth_getTransactionCount", address, "latest"), 16)

    def mine_transactions(self, raws: Sequence[bytes]) -> tuple[list[RawReceipt], int]:
        hashes = [self._send(raw) for raw in raws]
        mined = self._mine_block()
        assert len(mined) == len(raws), f"{len(mined)} of {len(raws)} transactions were mined"
        receipts = [self._rpc.request("eth_getTransactionReceipt", hash_) for hash_ in hashes]
        plain = [r | {"status": int(r["status"], 16), "gasUsed": int(r["gasUsed"], 16)} for r in receipts]
        return plain, self.head()[1]

    def call(self, requests: Sequence[Mapping[str, str]]) -> list[bytes]:
        return [bytes.fromhex(self._rpc.request("eth_call", dict(r), "latest")[2:]) for r in requests]

    def revert_data(self, request: Mapping[str, str]) -> bytes:
        try:
            self._rpc.request("eth_call", dict(request), "latest")
        except NodeRefusedError as error:
            return error.data or b""
        return b""

    def mine(self, blocks: int) -> None:
        for _ in range(blocks):
            self._mine_block()

    def warp(self, timestamp: int) -> None:
        self._mine_block(timestamp)

    def close(self) -> None:
        pass

    def _send(self, raw: bytes) -> str:
        return self._rpc.request("eth_sendRawTransaction", "0x" + raw.hex())

    def _latest(self) -> dict:
        return self._rpc.request("eth_getBlockByNumber", "latest", False)

    def _mine_block(self, timestamp: int | None = None) -> list[str]:
        """Make a block of what is pending, by default of the present time; its raw transactions."""
        head = self._latest()
        attributes = {
            "timestamp": hex(timestamp or max(int(head["timestamp"], 16) + 1, int(time.time()))),
            "prevRandao": "0x" + os.urandom(32).hex(),
            "suggestedFeeRecipient": "0x" + bytes(20).hex(),
            "withdrawals": [],
            "parentBeaconBlockRoot": NOTHING,
        }
        building = self._choose(head["hash"], attributes)
        built = self._engine.request("engine_getPayloadV4", building["payloadId"])
        block = built["executionPayload"]
        verdict = self._engine.request("engine_newPayloadV4", block, [], NOTHING, built["executionRequests"])
        assert verdict["status"] == "VALID", verdict
        self._choose(block["blockHash"], None)
        return block["transactions"]

    def _choose(self, head: str, attributes: dict | None) -> dict:
        """Tell the node which block is the latest and, given attributes, to build one on it."""
        state = {"headBlockHash": head, "safeBlockHash": head, "finalizedBlockHash": NOTHING}
        answer = self._engine.request("engine_forkchoiceUpdatedV3", state, attributes)
        assert answer["payloadStatus"]["status"] == "VALID", answer
        return answer
