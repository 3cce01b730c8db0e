"""Every measure by name, unit and meaning, as Prometheus names them; a program shows groups of them.

Base units are seconds, bytes, whole tokens and whole coins; what counts up ends in `_total`. What is not
known yet is NaN, which fires no alert. Texts of nodes and strangers become labels through `offchain.urls` and
`ml.messages` alone.
"""

from math import nan

from prometheus_client import Counter, Gauge, Histogram, Info
from prometheus_client.registry import Collector

_LONG = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)
"""Seconds; what training and judging take, from a small table to a network of images."""


def _gauge(name: str, meaning: str, *labels: str) -> Gauge:
    gauge = Gauge(f"stakefed_{name}", meaning, labels, registry=None)
    if not labels:
        gauge.set(nan)
    return gauge


def _counter(name: str, meaning: str, *labels: str) -> Counter:
    return Counter(f"stakefed_{name}", meaning, labels, registry=None)


def _histogram(name: str, meaning: str) -> Histogram:
    return Histogram(f"stakefed_{name}", meaning, buckets=_LONG, registry=None)


BUILD = Info(
    "stakefed_build", "Version of the software, and the digest of its locked packages.", registry=None
)
HEALTHY = _gauge("healthy", "1 when /health is green, 0 when it is not.")
FAILURES = _counter("failures_total", "Steps that failed and are tried again, by the kind of error.", "error")

NODE_REQUESTS = _counter("node_requests_total", "Calls sent to a node, each of a batch counted.", "node")
NODE_REFUSALS = _counter(
    "node_refusals_total", "Calls that a node refused or did not answer.", "node", "kind"
)

BLOCK = _gauge("block_number", "Number of the latest block that was seen.")
BLOCK_TIME = _gauge("block_timestamp_seconds", "Unix time of the latest block that was seen.")
BLOCK_LAG = _gauge("block_lag_seconds", "Age of the latest block that was seen, by this machine's clock.")
ROUND = _gauge("round_number", "The latest round, from 1.")
PHASE = _gauge("round_phase", "1 for the phase that the round is in, 0 for the others.", "phase")
PHASE_LEFT = _gauge("phase_remaining_seconds", "Until the phase ends at the latest; NaN without a deadline.")
MEMBERS = _gauge("members", "Members of the deployment.")
REWARD_POOL = _gauge("reward_pool_tokens", "Tokens in the reward pool.")
BUDGET = _gauge("budget_tokens", "Tokens in the budget, of which attendance is rewarded.")

COINS = _gauge("account_coins", "Native coin of the account that pays for gas.")
TRANSACTIONS = _counter("transactions_total", "Confirmed transactions of the account.", "function")
GAS = _counter("gas_used_total", "Gas that they used.", "function")

MEMBER = _gauge("member", "1 while the account is a member, else 0.")
SEAT = _gauge("seat", "1 for what the client did with its seat of the latest round, 0 for the rest.", "seat")
SEAT_KIND = _gauge("seat_kind", "1 for the kind of the client's seat in the latest round.", "kind")
SEATS_MISSED = _counter("seats_missed_total", "Acts that a seat asked for and that came too late.", "act")
FREE = _gauge("free_tokens", "Tokens of the client that are not staked.")
ESCROW = _gauge("escrow_tokens", "Tokens of the client that are staked, or won and not settled.")
WALLET = _gauge("wallet_tokens", "Tokens of the account outside the pool.")
TRAINING = _histogram("training_seconds", "Time to train an update.")
JUDGING = _histogram("judging_seconds", "Time to judge a round's updates.")
MODEL_LOSS = _gauge("model_loss", "Mean loss of the global model on the client's own validation rows.")
MODEL_SCORE = _gauge(
    "model_score", "Score of the global model on the client's own validation rows.", "metric"
)
MODEL_ROUND = _gauge("model_round", "Round that the scored global model was made in.")
EPSILON = _gauge(
    "privacy_epsilon", "What the client's updates gave away of any one row so far; see --dp-epsilon."
)
CACHE = _gauge("cache_bytes", "Artefacts in the client's cache.")
MISSING = _gauge("artefacts_missing", "Published updates of the round that could not be had so far.")

DUTIES = _counter("duties_total", "Calls of the keeper that were needed.", "act")

WAITING = _gauge("relay_waiting_entries", "Entries of members that wait to be sent.")
RELAYED = _counter("relay_entries_total", "Entries that the relay took, by what they ask for.", "function")

RESPONSES = _counter("http_responses_total", "Answers of the server.", "method", "status")
KEPT = _counter("store_artefacts_kept_total", "Artefacts that members wrote since the start.")

PROGRAM: tuple[Collector, ...] = (
    BUILD,
    HEALTHY,
    FAILURES,
    NODE_REQUESTS,
    NODE_REFUSALS,
    BLOCK,
    BLOCK_TIME,
    BLOCK_LAG,
    ROUND,
    PHASE,
    PHASE_LEFT,
    MEMBERS,
    REWARD_POOL,
    BUDGET,
)
"""What every program tells."""
PAYER: tuple[Collector, ...] = (COINS, TRANSACTIONS, GAS)
CLIENT: tuple[Collector, ...] = (
    *PAYER,
    MEMBER,
    SEAT,
    SEAT_KIND,
    SEATS_MISSED,
    FREE,
    ESCROW,
    WALLET,
    TRAINING,
    JUDGING,
    MODEL_LOSS,
    MODEL_SCORE,
    MODEL_ROUND,
    EPSILON,
    CACHE,
    MISSING,
)
KEEPER: tuple[Collector, ...] = (*PAYER, DUTIES)
RELAY: tuple[Collector, ...] = (*PAYER, WAITING, RELAYED, RESPONSES)
STORE: tuple[Collector, ...] = (RESPONSES, KEPT)


def only(gauge: Gauge, states: type, value: object) -> None:
    """Set a gauge of states, the members of an enum by their names in lower case, to 1 for one and 0 else."""
    for state in states:  # type: ignore[attr-defined]
        gauge.labels(state.name.lower()).set(state is value)
