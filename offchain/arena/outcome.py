"""What a cell's run came to, in numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml.judging.metrics import LIKELIHOOD
from offchain.arena.grid import Cell, Labels
from offchain.runs.scores import score_of
from offchain.runs.summary import tail_mean
from offchain.settings import TOKEN
from offchain.simulation.baselines import HONEST_ONLY
from offchain.simulation.cast import Cast
from offchain.simulation.records import RoundRecord


@dataclass(frozen=True)
class Outcome:
    """One run of the arena.

    Attributes:
        labels: Which.
        metric: What `score` is.
        score: Mean of the last rounds.
        against_honest: `score` less that of averaging the honest updates of the run's own seats.
        against_clean: `score` less that of the same decider with nobody malicious; nan where that failed.
        worst_round: The least difference of any round to the honest-only model of that round.
        malicious_in: Malicious updates that entered the model.
        malicious_out: Those that did not.
        honest_in: Honest updates that entered.
        honest_out: Those that did not.
        losing_bits: Share of honest voters' answers that lost.
        tokens_malicious: Mean of the malicious clients at the end; nan for nobody.
        tokens_honest: Mean of the honest ones.
        tokens_poorest: Of the poorest honest client.
        out_by: Round in which the last malicious proposer was removed; nan where some are left.
        tokens_per_point: Tokens that the attackers lost for each .01 of score below the honest-only run; nan
            where they took nothing.
        backdoor: Share of marked rows that get the attacker's answer, mean of the last rounds; nan without.
        scorings: Models that a voter tried on its rows, a round; nan where nobody judges.
        score_seconds: Of judging, a round.
        seconds: Of a round.
    """

    labels: Labels
    metric: str
    score: float
    against_honest: float
    against_clean: float
    worst_round: float
    malicious_in: int
    malicious_out: int
    honest_in: int
    honest_out: int
    losing_bits: float
    tokens_malicious: float
    tokens_honest: float
    tokens_poorest: float
    out_by: float
    tokens_per_point: float
    backdoor: float
    scorings: float
    score_seconds: float
    seconds: float


def outcome(cell: Cell, records: Sequence[RoundRecord], clean: Sequence[RoundRecord] | None) -> Outcome:
    """Return what a run's rounds came to, at least one, beside those of the clean run, if there are any."""
    metric, cast = cell.settings.metric, Cast.of(cell.settings)
    scores = np.array([score_of(record.scores, metric) for record in records])
    honest_only = np.array([score_of(record.baselines[HONEST_ONLY], metric) for record in records])
    against_honest = tail_mean(list(scores - honest_only))
    last, everyone = records[-1], frozenset(range(cell.settings.clients))
    honest = everyone - cast.malicious
    malicious_in, honest_in = _counts([r.included_clients for r in records], cast)
    malicious_out, honest_out = _counts([r.excluded_clients for r in records], cast)
    left = last.mean_tokens(cast.malicious)
    return Outcome(
        labels=cell.labels,
        metric=metric,
        score=tail_mean(list(scores)),
        against_honest=against_honest,
        against_clean=tail_mean(list(scores)) - _final(clean, metric),
        worst_round=float((scores - honest_only).min()),
        malicious_in=malicious_in,
        malicious_out=malicious_out,
        honest_in=honest_in,
        honest_out=honest_out,
        losing_bits=losing_bits(records, cast),
        tokens_malicious=np.nan if left is None else left,
        tokens_honest=last.mean_tokens(honest) or np.nan,
        tokens_poorest=min((last.balances[client] for client in honest), default=0) / TOKEN,
        out_by=_out_by(records, cast),
        tokens_per_point=_price(cell, left, against_honest, len(cast.malicious)),
        backdoor=_final(records, "backdoor"),
        scorings=_scorings(records),
        score_seconds=float(np.mean([record.seconds.score for record in records])),
        seconds=float(np.mean([record.seconds.total for record in records])),
    )


def losing_bits(records: Sequence[RoundRecord], cast: Cast) -> float:
    """Return the share of honest voters' answers, one a published update, that the majority outvoted."""
    lost = answers = 0
    for record in records:
        places = [record.proposers.index(client) for client in record.updates]
        published = sum(1 << place for place in places)
        for voter, ballot in record.ballots.items():
            if voter not in cast.malicious:
                lost += ((ballot ^ record.included) & published).bit_count()
                answers += len(places)
    return lost / answers if answers else 0.0


def _scorings(records: Sequence[RoundRecord]) -> float:
    judged = [record.judgement for record in records if record.judgement and record.judgement.scorings]
    voters = sum(len(each.ballots) for each in judged)
    return sum(each.scorings or 0 for each in judged) / voters if voters else np.nan


def _counts(clients_by_round: Sequence[Sequence[int]], cast: Cast) -> tuple[int, int]:
    """Malicious and honest ones."""
    clients = [client for clients in clients_by_round for client in clients]
    bad = sum(client in cast.proposers for client in clients)
    return bad, len(clients) - bad


def _final(records: Sequence[RoundRecord] | None, name: str) -> float:
    if not records or (name != LIKELIHOOD and name not in records[-1].scores):
        return np.nan
    return tail_mean([score_of(record.scores, name) for record in records])


def _out_by(records: Sequence[RoundRecord], cast: Cast) -> float:
    removed = {client: record.round for record in records for client in record.removed}
    if not cast.proposers or not cast.proposers <= removed.keys():
        return np.nan
    return float(max(removed[client] for client in cast.proposers))


def _price(cell: Cell, left: float | None, against_honest: float, attackers: int) -> float:
    if left is None or against_honest >= 0:
        return np.nan
    return (float(cell.settings.initial_balance) - left) * attackers / (-against_honest * 100)
