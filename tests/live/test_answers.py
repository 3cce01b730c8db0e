"""The table of what nodes answer: dialects of providers and clients, and what each is taken for."""
# ruff: noqa: E501  (a dialect a line)

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from provider_words import WORDS

from offchain.live.access.answers import Kind, in_disguise, refusal, whole
from offchain.live.access.forms import chain_number, is_well_formed

LOGS = ("eth_getLogs", [{"address": ["0x" + "ab" * 20], "fromBlock": "0x64", "toBlock": "0x9db3"}])  # 40,272
ONE = ("eth_getLogs", [{"address": [], "fromBlock": "0x64", "toBlock": "0x64"}])
CALL = ("eth_call", [{"to": "0x" + "ab" * 20, "data": "0x"}, "latest"])
OLD = ("eth_call", [{"to": "0x" + "ab" * 20, "data": "0x"}, "0x64"])
HEAD = ("eth_getBlockByNumber", ["latest", False])
SEND = ("eth_sendRawTransaction", ["0x02"])
BATCH = whole([CALL] * 14)
RAW = ("debug_getRawHeader", ["0x1"])


def told(code, message, **more):
    return {"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": message, **more}}


TOO_MUCH = [
    # provider or client, request, status, answer, the limit that it tells
    ("Infura", LOGS, 200, told(-32005, "query returned more than 10000 results"), None),
    ("Infura, with a hint", LOGS, 200,
     told(-32005, "query returned more than 10000 results. Try with this block range [0x64, 0x1387]."), 4900),
    ("Infura now", LOGS, 200, told(-32602, "range 40272 exceeds limit of 10000"), 10_000),
    ("Infura", LOGS, 200, told(-32005, "query timeout exceeded"), None),
    ("Alchemy", LOGS, 200,
     told(-32602, "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range "
          "and no limit on the response size, or you can request any block range with a cap of 10K logs in "
          "the response. Based on your parameters and the response size limit, this block range should work: "
          "[0x64, 0x95]"), 50),
    ("Alchemy, free", LOGS, 400,
     told(-32600, "Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range. "
          "Based on your parameters, this block range should work: [0x64, 0x6d]. Upgrade to PAYG for expanded "
          "block range."), 10),
    ("Alchemy", LOGS, 400,
     told(-32600, "You can make eth_getLogs requests with up to a 500 block range."), 500),
    ("Alchemy", LOGS, 200, told(-32000, "Query timeout exceeded. Consider reducing your block range"), None),
    ("Alchemy", LOGS, 200, told(-32602, "Response size is larger than 150MB limit."), None),
    ("QuickNode", LOGS, 413, told(-32614, "eth_getLogs is limited to a 10,000 range"), 10_000),
    ("QuickNode", LOGS, 200, told(-32614, "eth_getLogs is limited to a 5 range"), 5),
    ("Ankr", LOGS, 200, told(-32000, "block range is too wide"), None),
    ("Cloudflare", LOGS, 200,
     told(-32047, "Invalid eth_getLogs request. 'fromBlock'-'toBlock' range too large. Max range: 800"), 800),
    ("PublicNode", LOGS, 200, told(-32701, "exceed maximum block range: 5000"), 5000),
    ("PublicNode", LOGS, 200, told(-32701, "Please specify an address in your request or, to remove "
                                   "restrictions, order a dedicated full node here: https://x"), None),
    ("Blast", LOGS, 200, told(-32600, "block range too high"), None),
    ("dRPC", LOGS, 200, told(-32602, "query exceeds max results 20000, retry with the range 100-1099"), 1000),
    ("reth", LOGS, 200, told(-32602, "query exceeds max block range 5000"), 5000),
    ("Erigon", LOGS, 200, told(-32602, "query block range exceeds server limit, narrow your filter: 5"), 5),
    ("cdk-erigon", LOGS, 200, told(-32005, "block range too large, max range: 500"), 500),
    ("Morph", LOGS, 200,
     told(-32000, "block range is larger than max block range, block range = 40272, max block range = 5000"),
     5000),
    ("Besu", LOGS, 200, told(-32005, "Requested range exceeds maximum range limit"), None),
    ("BSC", LOGS, 200, told(-32005, "limit exceeded"), None),
    ("bor", LOGS, 200, told(-32000, "eth_getLogs block range too large, range: 40272, max: 1000"), 1000),
    ("Hyperindex", LOGS, 200,
     told(-32000, "block range too large (40272), maximum allowed is 2000 blocks"), 2000),
    ("Arbitrum", LOGS, 200, told(-32000, "logs matched by query exceeds limit of 10000"), 10_000),
    ("Moonbeam", LOGS, 200, told(-32603, "block range is too wide (maximum 1024)"), 1024),
    ("Kava", LOGS, 200, told(-32000, "GetLogs query must be smaller than size 1024"), 1024),
    ("1RPC", LOGS, 200, told(-32001, "response size should not greater than 10000000 bytes"), None),
    ("proxyd", LOGS, 200, told(-32020, "backend response too large"), None),
    ("unknown words", LOGS, 200, told(-32000, "please ask differently"), None),
    ("please limit", LOGS, 200, told(-32000, "please limit the query to at most 1000 blocks"), 1000),
    ("nginx", LOGS, 413, None, None),
    ("gateway", LOGS, 504, None, None),
    ("Cloudflare's time-out", LOGS, 524, None, None),
    ("request time-out", LOGS, 408, None, None),
    ("hemi", BATCH, 500,
     {"message": "Batch of more than 3 requests are not allowed on free tier, to use this feature register "
      "paid account", "code": 31}, 3),
    ("Base", BATCH, 200, told(-32014, "maximum 10 calls in 1 batch"), 10),
    ("OP", BATCH, 413, told(-32600, "batch too large"), None),
    ("a list of one", BATCH, 200, [told(-32600, "batch not supported")], None),
    ("a batch as one object", BATCH, 200, told(-32600, "Invalid Request"), None),
    ("a batch in HTML", BATCH, 400, None, None),
    ("QuickNode2", LOGS, 413, told(-32614, "eth_getLogs and eth_newFilter are limited to a 10,000 blocks range"), 10000),
    ("Ankr", LOGS, 200, told(-32062, "Block range is too large"), None),
    ("dRPC free", LOGS, 200, told(35, "ranges over 10000 blocks are not supported on freetier"), 10000),
    ("dRPC free 400", LOGS, 400, told(35, "ranges over 10000 blocks are not supported on free tier, please upgrade your tier to the paid one"), 10000),
    ("dRPC to", LOGS, 408, told(30, "Request timeout on the free tier, please upgrade your tier to the paid one"), None),
    ("Blast", LOGS, 200, told(-32600, "eth_getLogs is limited to 0 - 10000 blocks range"), 10000),
    ("Chainstack", LOGS, 403, told(-32000, "Block range limit exceeded. See more details at https://docs.chainstack.com/docs/limits#evm-range-limits"), None),
    ("Nethermind", LOGS, 200, told(-32005, "Too many logs requested. Max logs per response is 10000."), 10000),
    ("zkSync", LOGS, 200, told(-32602, "Query returned more than 10000 results. Try with this block range [0x64, 0xc7]."), 100),
    ("Avalanche", LOGS, 200, told(-32000, "requested too many blocks from 100 to 40371, maximum is set to 2048"), 2048),
    ("Evmos", LOGS, 200, told(-32000, "maximum [from, to] blocks distance: 10000"), 10000),
    ("thirdweb", LOGS, 200, told(-32005, "Maximum allowed number of requested blocks is 1000"), 1000),
    ("BlockPI", LOGS, 200, told(-32602, "eth_getLogs is limited to 1024 block range. Please check the parameter requirements at https://docs.blockpi.io"), 1024),
    ("llama", LOGS, 400, told(-32000, "range is too large, max is 1k blocks"), 1000),
    ("OnFinality", LOGS, 200, told(-32000, "Exceed maximum block range 5000. Sign up for more at https://onfinality.io"), 5000),
    ("Lotus", LOGS, 200, told(1, "invalid epoch range: max epoch range 2880"), 2880),
    ("jsonrpsee", LOGS, 200, told(-32008, "Response is too big", data="Exceeded max limit of 167772160"), None),
    ("go", LOGS, 200, told(-32000, "context deadline exceeded"), None),
    ("span", LOGS, 200, told("-32005", "block span too big, at most 256"), 256),
    ("code string", LOGS, 200, told("-32614", "no"), None),
    ("Besu time", LOGS, 504, told(-32603, "Timeout expired"), None),
    ("Nethermind time", LOGS, 200, told(-32016, "eth_getLogs request was canceled due to enabled timeout."), None),
    ("arb", LOGS, 200, told(-32000, "invalid block range params"), None),
    ("geth inv", LOGS, 200, told(-32602, "invalid block range params"), None),
]  # fmt: skip

OTHERS = {
    Kind.CLOSED: [
        ("Alchemy", CALL, 403,
         told(-32600, "Monthly capacity limit exceeded. Visit the dashboard to upgrade your scaling policy for "
              "continued service.")),
        ("Alchemy", LOGS, 429, told(429, "Monthly capacity limit exceeded. Visit https://x")),
        ("Infura", CALL, 429, told(-32005, "daily request count exceeded, request rate limited")),
        ("Infura", HEAD, 402, told(-32005, "daily request count exceeded")),
        ("Infura", CALL, 401, told(-32000, "invalid project id")),
        ("Infura", CALL, 403, told(-32002, "project ID does not have access to archive state")),
        ("Infura", CALL, 401, "project ID is required"),
        ("Ankr", CALL, 200, told(-32000, "Unauthorized: You must authenticate your request with an API key.")),
        ("Ankr", CALL, 403, told(-32051, "API key disabled, reason: usage limit reached")),
        ("QuickNode", CALL, 200, told(-32003, "daily request limit reached - upgrade your account")),
        ("QuickNode", CALL, 404, None),
        ("a bill", CALL, 402, {"message": "Payment Required"}),
        ("credits", CALL, 200, told(-32000, "You have run out of credits")),
        ("forbidden", CALL, 403, None),
        ("a key in words", CALL, 400, {"error": "Must provide a valid access-key"}),
        ("quota in words", SEND, 200, told(-32000, "quota exceeded for this endpoint")),
        ("moved", CALL, 301, None),
        ("gone", CALL, 410, None),
        ("proxy", CALL, 407, None),
        ("batch", BATCH, 403, told(-32600, "Monthly capacity limit exceeded.")),
        ("batch", BATCH, 401, None),
        ("msg closed", CALL, 200, {"code": 10001, "msg": "api key is invalid"}),
        ("statusCode", CALL, 200, {"status": "401", "title": "nope"}),
        ("Alchemy", CALL, 401, told(-32600, "Must be authenticated!")),
        ("Alchemy 200", CALL, 200, told(-32600, "Must be authenticated!")),
        ("Alchemy", CALL, 200, told(-32600, "ETH_SEPOLIA is not enabled for this app. Visit this page to enable the network: https://x")),
        ("Alchemy", CALL, 200, told(-32600, "Unspecified origin not on whitelist.")),
        ("Alchemy", CALL, 200, told(-32600, "App is inactive")),
        ("Infura", CALL, 200, told(-32002, "rejected due to project ID settings")),
        ("Infura", CALL, 200, "project id required in the url"),
        ("Infura", LOGS, 200, told(-32002, "rejected due to project ID settings")),
        ("QuickNode", CALL, 200, told(-32001, "endpoint has been disabled")),
        ("drpc", CALL, 200, told(4, "token is invalid")),
        ("drpc", CALL, 200, told(12, "You've reached your limit of paid requests, please, upgrade your tier")),
        ("Moralis", CALL, 401, {"message": "Validation service blocked: Your plan: free-plan-daily total included usage has been consumed, please upgrade your plan here"}),
        ("Moralis", CALL, 200, {"message": "total included usage has been consumed"}),
        ("NodeReal", CALL, 200, told(-32005, "CU balance is not enough")),
        ("NodeReal", CALL, 200, told(-32005, "the CUs of your plan are used up")),
        ("Grove", CALL, 200, told(-32004, "Exceeded daily relay limit")),
        ("expired", CALL, 200, told(-32000, "Your trial has expired")),
        ("expired", LOGS, 200, told(-32000, "subscription plan expired")),
        ("unpaid", CALL, 200, told(-32000, "Account locked: unpaid invoice")),
        ("legal", CALL, 200, told(-32000, "not available in your country")),
        ("banned", CALL, 200, told(-32000, "your IP has been banned")),
        ("banned", CALL, 429, told(429, "too many requests: your IP is banned for an hour")),
        ("month", CALL, 429, told(429, "Too many requests: the monthly limit is reached, upgrade your plan")),
        ("JWT", CALL, 200, told(-32000, "missing token")),
        ("JWT", CALL, 401, "signature is invalid / token expired"),
        ("permission", CALL, 200, told(-32604, "permission denied")),
        ("balance provider", CALL, 200, told(-32000, "Insufficient balance, please top up your account")),
        ("used up monthly logs", LOGS, 200, told(-32005, "You have exceeded the maximum requests for this month")),
        ("all used", CALL, 200, told(-32000, "You have used all your included requests")),
        ("Besu auth", CALL, 200, told(-40100, "Unauthorized")),
    ],
    Kind.BUSY: [
        ("Alchemy", CALL, 429,
         told(429, "Your app has exceeded its compute units per second capacity. If you have retries enabled")),
        ("Alchemy, in HTTP 200", LOGS, 200, told(429, "Your app has exceeded its compute units per second")),
        ("Base", CALL, 200, told(-32016, "over rate limit")),
        ("Base", CALL, 503, told(-32011, "no backend is currently healthy to serve traffic")),
        ("QuickNode", CALL, 200, told(-32012, "credits limited to 6000/sec")),
        ("QuickNode", CALL, 429, told(-32007, "50/second request limit reached")),
        ("Cloudflare", CALL, 429, None),
        ("bloXroute", CALL, 200,
         told(-32090, "Too many requests, reason: call rate limit exhausted, retry in 10s")),
        ("a code of its own", CALL, 200, told(-32097, "Rate limit reached")),
        ("a code of its own", LOGS, 200, told(-32029, "Too Many Requests")),
        ("EIP-1474", CALL, 200, told(-32005, "Limit exceeded")),
        ("EIP-1474", SEND, 200, told(-32005, "Limit exceeded")),
        ("Infura", CALL, 200, told(-32005, "project rate limit exceeded")),
        ("a batch", BATCH, 429, None),
        ("a batch", BATCH, 200, told(-32016, "over rate limit")),
        *((f"HTTP {status}", CALL, status, None) for status in (408, 425, 500, 502, 503, 504, 520, 521, 522, 523,
                                                               524, 525, 526, 527, 529, 530)),
        ("internal", CALL, 500, told(-32603, "Internal error")),
        ("time-out", CALL, 200, told(-32000, "execution timed out")),
        ("dRPC to", CALL, 408, told(30, "Request timeout on the free tier, please upgrade your tier to the paid one")),
        ("go", CALL, 200, told(-32000, "context deadline exceeded")),
        ("string code busy", CALL, 200, told("429", "slow down")),
        ("Alchemy conc", CALL, 429, told(429, "Your app has exceeded its concurrent requests capacity. If you have retries enabled, you can safely ignore")),
        ("Chainstack rps", LOGS, 200, told(-32005, "You've exceeded the RPS limit available on the current plan. Learn more: https://x")),
        ("Chainstack rps", CALL, 200, told(-32005, "You've exceeded the RPS limit available on the current plan.")),
        ("legacy", LOGS, 200, told(-32005, "legacy access request rate exceeded")),
        ("slow down", LOGS, 200, told(-32000, "Slow down, you are sending requests too frequently")),
        ("freq", CALL, 200, told(-32000, "call frequency too high")),
        ("qps", CALL, 200, told(-32000, "QPS exceeded")),
        ("conns", CALL, 200, told(-32000, "too many concurrent connections")),
        ("upstreams", CALL, 200, told(1, "no available upstreams to process a request")),
        ("upstreams logs", LOGS, 200, told(1, "no available upstreams to process a request")),
        ("envoy", CALL, 200, "no healthy upstream"),
        ("envoy", CALL, 503, "upstream connect error or disconnect/reset before headers. reset reason: connection failure"),
        ("tcp", CALL, 200, told(-32000, "dial tcp 10.0.0.7:8545: connect: connection refused")),
        ("tcp", CALL, 200, told(-32000, "Post \"http://10.0.0.7:8545\": EOF")),
        ("tcp", CALL, 200, told(-32000, "read tcp 10.0.0.1:1->10.0.0.7:8545: i/o timeout")),
        ("internal 200", CALL, 200, told(-32603, "Internal error")),
        ("internal 200", HEAD, 200, told(-32603, "internal error")),
        ("proxyd sender", SEND, 200, told(-32017, "sender is over rate limit")),
        ("drpc no nodes", CALL, 200, told(1, "Can't route your request to suitable provider, if you specified certain providers revise the list")),
        ("server error", HEAD, 200, told(-32000, "server error")),
        ("msg", CALL, 200, {"code": 429, "msg": "rate limit"}),
        ("Infura rate", CALL, 429, told(-32005, "project ID request rate exceeded", data={"rate": {"backoff_seconds": 30}})),
        ("Infura rate", CALL, 200, told(-32005, "project ID request rate exceeded")),
        ("QuickNode sells", CALL, 429, told(-32007, "50/second request limit reached - reduce calls per second or upgrade your account at quicknode.com")),
        ("OnFinality sells", CALL, 429, told(-32029, "Too Many Requests, Please apply an OnFinality API key or contact us to receive a higher rate limit")),
        ("NodeReal sells", CALL, 200, told(-32005, "cups limit exceeded; Upgrade your tier for a higher limit")),
        ("an account sells", CALL, 429, told(429, "slow down, or sign up for an API key")),
        ("Besu", CALL, 200, told(-32603, "Timeout expired")),
        ("Nethermind", CALL, 200, told(-32016, "eth_call request was canceled due to enabled timeout.")),
        ("statusCode", CALL, 200, {"statusCode": 429, "message": "x"}),
    ],
    Kind.BEHIND: [
        ("Geth", CALL, 200, told(-32000, "header not found")),
        ("Geth", CALL, 200, told(-32000, "missing trie node 5c0ee75d (path )")),
        ("Nethermind", CALL, 200, told(-32001, "Block not found")),
        ("Erigon", CALL, 200, told(-32000, "block not found: latest")),
        ("proxyd", CALL, 200, told(-32019, "block is out of range")),
        ("reth", CALL, 200, told(-32001, "header for hash not found")),
        ("anvil", CALL, 200, told(-32602, "BlockOutOfRangeError: block height is 5 but requested was 6")),
        ("Besu", CALL, 200, told(-39001, "Unknown block")),
        ("syncing", HEAD, 200, told(-32000, "node is still syncing")),
        ("besu world", CALL, 200, told(-32000, "World state unavailable")),
        ("nm sync", CALL, 200, told(-32002, "Node is not fully synced")),
        ("initial", CALL, 200, told(-32000, "node is in initial sync / catching up")),
        ("no block yet", HEAD, 200, told(-32000, "genesis is not reached / head not available")),
        ("geth", HEAD, 200, told(-32000, "header does not exist")),
    ],
    Kind.LACKS: [
        ("Geth", OLD, 200, told(-32000, "missing trie node 5c0ee75d (path )")),
        ("Geth", OLD, 200, told(-32000, "historical state abcd is not available")),
        ("Nethermind", OLD, 200, told(-32002, "No state available for block 0xab")),
        ("reth", OLD, 200, told(4444, "old data not available due to pruning: pruned history unavailable")),
        ("anvil", OLD, 200, told(-32602, "BlockOutOfRangeError: block height is 5 but requested was 6")),
        ("Geth", RAW, 200, told(-32601, "the method debug_getRawHeader does not exist/is not available")),
        ("Infura", RAW, 403, told(-32601, "The method debug_getRawHeader is not available on free tier")),
        ("proxyd", RAW, 403, told(-32001, "rpc method is not whitelisted")),
        ("no logs at all", ONE, 200, told(-32005, "limit exceeded")),
        ("no logs at all", ONE, 413, None),
        ("Geth", LOGS, 200, told(-32602, "exceed max addresses or topics per search position")),
        ("string code meth", CALL, 200, told("-32601", "nope")),
        ("float code", CALL, 200, told(-32601.0, "nope")),
        ("drpc method", RAW, 200, told(35, "method is not available on freetier, please upgrade to paid tier")),
        ("Besu", RAW, 200, told(-32604, "Method not enabled")),
        ("quiknode method", RAW, 200, told(-32000, "this request method is not supported")),
        ("unknown method", RAW, 200, told(-32000, "Unknown method debug_getRawHeader")),
        ("rpc not avail", RAW, 200, told(-32000, "the method is disabled by the operator")),
        ("unsupp", RAW, 200, told(-32000, "rpc debug_getRawHeader is unsupported")),
        ("zk", RAW, 200, told(-32601, "Method not found")),
        ("Alchemy arch", OLD, 200, told(-32000, "missing trie node 9ab (path 0a) state 0x9ab is not available, not found")),
        ("Erigon old", OLD, 200, told(-32000, "old data not available due to pruning")),
        ("archive", OLD, 200, told(-32000, "Archive requests require a personal token. Get one at https://x")),
        ("archive2", OLD, 403, told(-32002, "project ID does not have access to archive state")),
        ("archive3", OLD, 200, told(-32000, "You are asking for archive data. upgrade your plan")),
        ("besu world", OLD, 200, told(-32000, "World state unavailable")),
        ("evmos", OLD, 200, told(-32000, "failed to load state at height 100; version does not exist (latest height: 200)")),
        ("distance", OLD, 200, told(-32000, "distance to target block exceeds maximum proof window")),
        ("reth", OLD, 200, told(-32001, "block not found: 0x64")),
        ("arb", OLD, 200, told(-32000, "missing trie node")),
        ("Nethermind", LOGS, 200, told(-32000, "Receipt not available for block 1000")),
    ],
    Kind.BEYOND: [
        ("reth", LOGS, 200,
         told(-32602, "block range extends beyond current head block: requested 40371, head 40370")),
        ("OpenEthereum", LOGS, 200,
         told(-32000, "One of the blocks specified in filter (fromBlock, toBlock or blockHash) cannot be found")),
        ("proxyd", LOGS, 200, told(-32019, "block is out of range")),
        ("Avalanche", LOGS, 200, told(-32000, "requested to block 40371 after last accepted block 40370")),
        ("Geth", LOGS, 200, told(-32000, "unknown block")),
        ("words", LOGS, 200, told(-32000, "toBlock is greater than latest block")),
        ("one block", ONE, 200, told(-32602, "block range extends beyond current head block")),
        ("Besu", LOGS, 200, told(-39001, "Unknown block")),
        ("ahead", LOGS, 200, told(-32000, "toBlock 40371 exceeds latest block 40370")),
        ("future", LOGS, 200, told(-32602, "requested block is in the future")),
        ("head", LOGS, 200, told(-32000, "end block is higher than chain height")),
        ("drpc head", LOGS, 200, told(-32000, "to block can't be greater than the current head")),
        ("notyet", LOGS, 200, told(-32000, "block 0x9db3 is not available yet")),
        ("notsynced", LOGS, 200, told(-32000, "log index is not synced up to block 40371")),
    ],
    Kind.REFUSAL: [
        ("Geth", SEND, 200, told(-32000, "nonce too low")),
        ("Geth", SEND, 200, told(-32000, "transaction gas price below minimum: gas tip cap 1, minimum needed 2")),
        ("Geth", SEND, 200, told(-32000, "in-flight transaction limit reached for delegated accounts")),
        ("Geth", SEND, 200, told(-32000, "insufficient funds for gas * price + value")),
        ("Geth", SEND, 500, told(-32000, "already known")),
        ("Geth", SEND, 200, told(-32000, "exceeds block gas limit")),
        ("Geth", SEND, 200, told(-32000, "txpool is full")),
        ("Geth", CALL, 200, told(-32602, "too many arguments, want at most 2")),
        ("Geth", CALL, 200, told(-32000, "gas required exceeds allowance (30000000)")),
        ("bad request", CALL, 400, told(-32600, "invalid request")),
        ("internal send", SEND, 200, told(-32603, "Internal error: nonce too low")),
        ("hyper", CALL, 200, told(-32000, "execution aborted (out of gas)")),
        ("out of gas", CALL, 200, told(-32000, "out of gas")),
    ],
    Kind.NONSENSE: [
        ("HTML", CALL, 200, None),
        ("a page", CALL, 400, None),
        ("a list", CALL, 200, []),
        ("a number", CALL, 200, 7),
        ("neither", CALL, 200, {"jsonrpc": "2.0", "id": 1}),
    ],
}  # fmt: skip

DATA = "0x" + "be3c78d2" + "00" * 32
REVERTS = {
    "Geth": told(3, "execution reverted", data=DATA),
    "Geth, custom error": told(3, "execution reverted: custom error 0xbe3c78d2", data=DATA),
    "Besu": told(-32000, "Execution reverted", data=DATA),
    "Nethermind, older": told(-32015, "VM execution error.", data="Reverted " + DATA),
    "Nethermind, newer": told(-32015, "revert: BondNotCovered", data=DATA),
    "Parity": told(-32015, "VM execution error.", data="Reverted " + DATA.upper().replace("0X", "0x")),
    "Hardhat": told(-32603, "Error: VM Exception while processing transaction: reverted", data={"data": DATA}),
    "MetaMask's": told(-32603, "Internal JSON-RPC error.", data={"code": 3, "message": "x", "data": DATA}),
    "nested twice": told(-32603, "Internal error", data={"data": {"data": DATA}}),
    "ganache": told(-32000, "VM Exception while processing transaction",
                    data={"0xaa": {"error": "revert", "return": DATA}, "stack": "x", "name": "RuntimeError"}),
    "no words": told(-32000, "call failed", data=DATA),
}  # fmt: skip
BARE = {
    "Nethermind": told(-32015, "VM execution error.", data="revert"),
    "Geth": told(-32000, "execution reverted"),
    "a contract's words": told(3, "execution reverted: rate limit exceeded, daily quota"),
    "Parity": told(-32015, "VM execution error.", data="Bad instruction fe"),
    "Geth's invalid": told(-32000, "invalid opcode: INVALID"),
}


def named(rows):
    return [f"{row[0]}-{row[2]}-{place}" for place, row in enumerate(rows)]


@pytest.mark.parametrize(("who", "call", "status", "answer", "most"), TOO_MUCH, ids=named(TOO_MUCH))
def test_too_much_is_told_in_many_ways_and_often_how_much_would_do(who, call, status, answer, most):
    found = refusal(call, status, answer)
    assert (found.kind, found.most) == (Kind.TOO_MUCH, most), found


ROWS = [(kind, *row) for kind, rows in OTHERS.items() for row in rows]


@pytest.mark.parametrize(
    ("kind", "who", "call", "status", "answer"),
    ROWS,
    ids=[f"{row[0].name}-{row[1]}-{place}" for place, row in enumerate(ROWS)],
)
def test_every_kind_is_told_in_many_ways(kind, who, call, status, answer):
    found = refusal(call, status, answer)
    assert found.kind is kind, found


@pytest.mark.parametrize(
    ("who", "call", "status", "answer", "kind", "most"),
    WORDS,
    ids=[f"{row[4].name}-{row[0]}-{place}" for place, row in enumerate(WORDS)],
)
def test_what_providers_say_is_of_its_kind(who, call, status, answer, kind, most):
    found = refusal(call, status, answer)
    assert (found.kind, found.most if most else None) == (kind, most), found


@pytest.mark.parametrize(
    ("call", "kind"), [(OLD, Kind.LACKS), (HEAD, Kind.LACKS), (CALL, Kind.REFUSAL), (SEND, Kind.REFUSAL)]
)
def test_words_that_nobody_knows_refuse_what_is_tried_or_sent_and_nothing_else(call, kind):
    assert refusal(call, 200, told(-32000, "xyzzy")).kind is kind
    assert refusal(call, 200, told(-32602, "xyzzy")).kind is Kind.REFUSAL  # What was asked makes no sense.


@pytest.mark.parametrize("who", REVERTS)
def test_what_a_contract_reverts_with_is_found_in_every_dialect(who):
    found = refusal(CALL, 200, REVERTS[who])
    assert (found.kind, found.data) == (Kind.REVERT, bytes.fromhex(DATA[2:]))
    assert refusal(CALL, 500, REVERTS[who]).kind is Kind.REVERT


@pytest.mark.parametrize("who", BARE)
def test_a_revert_without_data_is_one_too(who):
    found = refusal(CALL, 200, BARE[who])
    assert (found.kind, found.data) == (Kind.REVERT, None)


@pytest.mark.parametrize(
    ("headers", "answer", "seconds"),
    [
        ({"Retry-After": "7"}, None, 7),
        ({"Retry-After": "0.5"}, None, 0.5),
        ({}, told(-32005, "x", data={"rate": {"backoff_seconds": 30}}), 30),
        ({}, told(-32005, "x", data={"backoff_seconds": 3.5}), 3.5),
        ({}, told(-32090, "Too many requests, retry in 10s"), 10),
        ({}, told(-32029, "too many requests, try again in 2m"), 120),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, None, 0),
        ({"Retry-After": "soon"}, None, None),
        ({"Retry-After": "-5"}, None, None),
        ({"Retry-After": "Mon, 01 Jan 2020 00:00:00 +99999999999999"}, None, None),
        ({"Retry-After": "999999999"}, None, 3600),
        ({"Retry-After": "Mon, 01 Jan 9999 00:00:00 GMT"}, None, 3600),
        ({}, told(-32005, "x", data={"backoff_seconds": 10**400}), 3600),
        ({}, told(-32005, "x", data={"backoff_seconds": float("inf")}), 3600),
        ({}, told(-32005, "x", data={"backoff_seconds": -(10**400)}), 0),
        ({}, told(-32005, "x", data={"backoff_seconds": float("nan")}), 0),
        ({}, told(-32029, "too many requests, try again in " + "9" * 250 + "h"), 3600),
        ({}, None, None),
        # By the node's clock, whatever this machine's says.
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:30 GMT", "Date": "Wed, 21 Oct 2015 07:28:00 GMT"}, None, 30),
        ({"Retry-After": "Mon, 01 Jan 2085 00:00:07 GMT", "Date": "Mon, 01 Jan 2085 00:00:00 GMT"}, None, 7),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:30 GMT", "Date": "now"}, None, 0),
        ({"Retry-After": "Mon, 01 Jan 2085 00:00:07 GMT", "Date": "Mon, 01 Jan 2085 00:00:00"}, None, 7),
    ],
)
def test_how_long_to_wait_is_read_wherever_it_is_told(headers, answer, seconds):
    assert refusal(CALL, 429, answer, headers).wait == seconds


def test_a_date_to_come_is_a_time_to_wait():
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    wait = refusal(CALL, 429, None, {"Retry-After": later}).wait
    assert 60 < wait <= 90


def test_a_nodes_words_are_one_short_line_of_text():
    found = refusal(CALL, 200, told(-32000, "a\n\x1b[31mred\r\n" + "x" * 5000))
    assert found.told.startswith("a [31mred x") and found.told.endswith("x…") and len(found.told) == 300


@pytest.mark.parametrize(
    "answer", [told("3", ["x"]), told(None, None), {"error": 5}, {"error": [1]}, "x", [[]]]
)
def test_odd_errors_are_judged_all_the_same(answer):
    for call in (CALL, LOGS, SEND, BATCH):
        for status in (200, 400, 500):
            assert isinstance(refusal(call, status, answer).kind, Kind)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"error": {"code": -32005, "message": "daily request count exceeded"}}, Kind.CLOSED),
        ({"code": -32016, "message": "over rate limit"}, Kind.BUSY),
        ("execution reverted", Kind.REVERT),
        ("Too Many Requests", Kind.BUSY),
        ("0xnothing", None),
        ({"number": None}, None),
        (None, None),
        ([], None),
    ],
)
def test_an_error_in_a_results_place_is_judged_as_one(answer, kind):
    found = in_disguise(CALL, answer)
    assert (found.kind if found else None) is kind


@pytest.mark.parametrize(
    ("spelled", "number"),
    [
        ("0xaa36a7", 11155111),
        ("0x00AA36A7", 11155111),
        ("11155111", 11155111),
        (11155111, 11155111),
        ("aa36a7", 11155111),
        ("1", 1),
        (hex(2**53 + 1), 2**53 + 1),
        (str(2**53 + 1), 2**53 + 1),
        ("0x" + hex(2**64 + 7)[2:].zfill(40), 2**64 + 7),
    ],
)
def test_a_chains_id_is_one_number_however_it_is_spelled(spelled, number):
    assert chain_number(spelled) == number


WORD = "0x" + "12" * 32
LOG = {
    "address": "0x" + "AB" * 20,
    "topics": [WORD],
    "data": "0x00",
    "blockNumber": "0x64",
    "blockHash": WORD,
    "transactionHash": WORD,
    "logIndex": "0x0",
}
MINED = {"transactionHash": WORD, "blockNumber": "0x1", "gasUsed": "0x1", "logs": [], "root": WORD}


@pytest.mark.parametrize(
    ("call", "good", "bad"),
    [
        (("eth_chainId", []), ["0xaa36a7", "0xAA36A7", "0x0aa36a7", "0XAA36A7", "11155111", 11155111, "aa36a7"],
         [None, "0x", "", 0, -1, True, 1.5, "sepolia", [], "0x0", "0", "0x000", "00"]),
        (LOGS, [[], None, [LOG], [LOG | {"extra": 1}]],
         [{}, "", [None], [LOG | {"blockNumber": None}], [LOG | {"topics": None}], [LOG | {"address": "0x12"}],
          [LOG | {"address": "0x" + "cd" * 20}], [LOG | {"blockNumber": "0x1"}], [LOG | {"blockNumber": "0xffffff"}],
          [LOG | {"data": "0x0"}], [LOG | {"topics": [WORD] * 5}]]),
        (HEAD, [None, {"number": "0x1", "hash": WORD, "parentHash": WORD, "timestamp": "0x1"}],
         ["0x1", [], {"number": None, "hash": WORD, "parentHash": WORD, "timestamp": "0x1"},
          {"number": "0x1", "hash": WORD, "parentHash": WORD},
          {"number": "0x1", "hash": WORD, "parentHash": WORD, "timestamp": hex(1_795_894_079_000)}]),
        (("eth_getBlockByNumber", ["0x2", False]), [None],
         [{"number": "0x1", "hash": WORD, "parentHash": WORD, "timestamp": "0x1"}]),
        (CALL, ["0x", "0x00"], [None, "0x0", "zz", 5, {}]),
        (("eth_getTransactionReceipt", [WORD]),
         [None, {"blockNumber": None}, MINED, MINED | {"logs": None}, MINED | {"transactionHash": WORD.upper()},
          *(MINED | {"status": each} for each in (None, "", "0x", "0x1", "0x01", True, False, "true", "0", "success")),
          MINED | {"contractAddress": "0x", "effectiveGasPrice": "", "l1Fee": None}],
         [[], {"blockNumber": "0x1"}, MINED | {"status": "yes"}, MINED | {"status": "0x2"}, MINED | {"status": [1]}, MINED | {"transactionHash": "0x" + "34" * 32},
          MINED | {"transactionHash": None}, MINED | {"logs": [None]}, MINED | {"gasUsed": None}]),
        (("eth_getTransactionByHash", [WORD]), [None, {"hash": WORD, "nonce": "0x1"}],
         [{"nonce": "0x1"}, {"hash": "0x" + "34" * 32, "nonce": "0x1"}, {"hash": WORD, "nonce": None}]),
        (("eth_getBalance", []), ["0x0"], [None, "", 0]),
    ],
)  # fmt: skip
def test_results_are_looked_at_before_they_are_used(call, good, bad):
    assert [is_well_formed(*call, each) for each in good] == [True] * len(good)
    assert [is_well_formed(*call, each) for each in bad] == [False] * len(bad)
