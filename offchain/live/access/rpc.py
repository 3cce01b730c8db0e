"""JSON-RPC over HTTP, to the first of several nodes that answers."""

import json
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from ml.json_text import parsed
from offchain.exchange import (
    Answer,
    BrokenOffError,
    ExchangeError,
    TooLongError,
    TooSlowError,
    exchange,
)
from offchain.live.access.answers import Call, Kind, Refusal, in_disguise, not_whole, refusal, whole
from offchain.live.access.forms import chain_number, is_well_formed, uniform
from offchain.live.access.portion import Portion
from offchain.live.errors import BeyondHeadError, NodeRefusedError, NodeUnavailableError, TooMuchAskedError
from offchain.monitoring.measures import NODE_REFUSALS, NODE_REQUESTS
from offchain.urls import shown, without_secrets

_log = logging.getLogger(__name__)

SECONDS = 10.0
_BATCH = 50  # Public nodes refuse larger ones.
_LARGEST = 2**27  # bytes of an answer; logs of 10,000 blocks at their densest are some megabytes
_LONGEST_WAIT = 30.0
"""Seconds, at most, that a request waits for a node that asks for more time; a daemon asks again later."""
_CLOSED_SECONDS = 600.0
"""How long a node that serves nobody of ours is left alone while there are others."""
_LONGEST_TEXT = 2000
"""Bytes of an answer that is no JSON, but words."""
_CUT = "EOF while parsing"
"""What pydantic's reader says of JSON that ends too early."""
_HEADERS = {"Content-Type": "application/json", "User-Agent": "stakefed"}

_FINAL = {Kind.CLOSED, Kind.LACKS}
"""What a node does not answer otherwise a second later."""


class _Unanswered(Exception):
    """One node did not answer; another may."""

    def __init__(self, kind: Kind, told: str, wait: float | None = None) -> None:
        super().__init__(told)
        self.kind = kind
        self.wait = wait


class _BatchRefused(Exception):
    """A node takes fewer requests at once."""

    def __init__(self, most: int | None) -> None:
        super().__init__()
        self.most = most


class Rpc:
    """One chain behind one or more URLs.

    The URL that answered last is asked first. What a node answers is judged by the table in `answers`: one
    that is too busy, cannot serve or answers nonsense is passed over for the next; when all were tried
    `tries` times, with growing pauses or those that they ask for, NodeUnavailableError is raised.

    Args:
        urls: In the order of preference.
        seconds: Time limit of one request, everything included.
        tries: How often to ask all of them.
        pause: Seconds before the second try; doubled for each further one.
    """

    def __init__(
        self, urls: Sequence[str], seconds: float = SECONDS, tries: int = 3, pause: float = 0.5
    ) -> None:
        self._urls = list(urls)
        self._seconds = seconds
        self._tries = tries
        self._pause = pause
        self._ids = count(1)
        self._portions: dict[str, Portion] = defaultdict(lambda: Portion(_BATCH))
        self._rests: dict[str, float] = {}  # when to ask again, by the monotonic clock
        self._chain_id: int | None = None
        self._checked: set[str] = set()

    @property
    def urls(self) -> tuple[str, ...]:
        """The URLs, the one to be asked first in front."""
        return tuple(self._urls)

    def only(self, url: str) -> "Rpc":
        """A line to one of the URLs, asked once."""
        line = Rpc([url], self._seconds, tries=1)
        line._chain_id = self._chain_id
        return line

    def require_chain(self, chain_id: int) -> None:
        """Pass over nodes of any other chain from now on, those too that did not answer so far."""
        self._chain_id = chain_id

    def prefer_another(self) -> None:
        """Ask the node that answered last after all others: what it said does not seem to hold.

        Behind its URL may be another chain by now.
        """
        self._checked.discard(self._urls[0])
        self._urls.append(self._urls.pop(0))

    def request(self, method: str, *parameters: object) -> Any:
        """The result of one request, of the form that the method's results have.

        Raises:
            TooMuchAskedError: When a node finds a range of blocks too large.
            BeyondHeadError: When it has not the logs of the last block that was named.
            NodeRefusedError: When the node answers with another error.
            NodeUnavailableError: When no node answers.
        """
        return self.batch([(method, parameters)])[0]

    def batch(self, requests: Sequence[Call]) -> list[Any]:
        """The results of several requests, in order; all of one node where it takes batches.

        Raises:
            NodeRefusedError: For the first request that the node answers with an error.
            NodeUnavailableError: When no node answers.
        """
        outcomes = self._outcomes(requests)
        for outcome in outcomes:
            if isinstance(outcome, NodeRefusedError):
                raise outcome
        return outcomes

    def _outcomes(self, calls: Sequence[Call]) -> list[Any]:
        """A result or a NodeRefusedError for each."""
        done: dict[int, Any] = {}
        failures: dict[str, _Unanswered] = {}
        tried = 0
        while tried < self._tries and len(done) < len(calls):
            if tried:
                self._rest(tried, failures)
            tried += 1
            failures = self._ask_all(calls, done)
            if all(failure.kind in _FINAL for failure in failures.values()):
                break
        if len(done) == len(calls):
            return [done[place] for place in range(len(calls))]
        lacking = next((each for each in failures.values() if each.kind is Kind.LACKS), None)
        if lacking is not None:
            method = next(call[0] for place, call in enumerate(calls) if place not in done)
            raise NodeRefusedError(method, str(lacking))
        names = ", ".join(host(url) for url in self._urls)
        asked = "asked once" if tried == 1 else f"each asked {tried} times"
        url, last = list(failures.items())[-1]
        raise NodeUnavailableError(
            f"no node answered ({names}), {asked}; the last, {host(url)} {last}: "
            "check the connection, or add another node with --rpc"
        )

    def _ask_all(self, calls: Sequence[Call], done: dict[int, Any]) -> dict[str, _Unanswered]:
        """Ask one node after another until all is done; why those before did not answer, by URL."""
        failures: dict[str, _Unanswered] = {}
        for url in self._in_order():
            try:
                self._check(url)
                self._serve(url, calls, done)
            except _Unanswered as error:
                failures[url] = error
                self._note(url, error)
                continue
            if url != self._urls[0]:
                for passed, failure in failures.items():
                    _log.warning("%s %s; now asking %s", host(passed), failure, host(url))
                self._urls.remove(url)
                self._urls.insert(0, url)
            return failures
        return failures

    def _in_order(self) -> list[str]:
        """All URLs but those to be left alone for now, as long as there are others."""
        now = time.monotonic()
        awake = [url for url in self._urls if self._rests.get(url, 0.0) <= now]
        return awake or list(self._urls)

    def _note(self, url: str, error: _Unanswered) -> None:
        _log.debug("%s %s", host(url), error)
        seconds = _CLOSED_SECONDS if error.kind is Kind.CLOSED else error.wait
        if seconds is not None:
            self._rests[url] = time.monotonic() + seconds

    def _rest(self, tried: int, failures: Mapping[str, _Unanswered]) -> None:
        asked = min((error.wait or 0.0 for error in failures.values()), default=0.0)
        time.sleep(max(self._pause * 2 ** (tried - 1), min(asked, _LONGEST_WAIT)))

    def _serve(self, url: str, calls: Sequence[Call], done: dict[int, Any]) -> None:
        """Ask one node for what is not done yet, as much at once as it takes."""
        portion = self._portions[url]
        while places := [place for place in range(len(calls)) if place not in done][: portion.size]:
            try:
                outcomes = self._ask(url, [calls[place] for place in places])
            except _BatchRefused as error:
                portion.refuse(len(places), error.most)
                _log.info("%s takes no %d requests at once; asking for less", host(url), len(places))
                continue
            except _Unanswered as error:
                if len(places) > 1 and error.kind is Kind.BUSY:
                    portion.refuse(len(places))
                raise
            failed = [outcome for outcome in outcomes if isinstance(outcome, _Unanswered)]
            done |= {
                place: outcome
                for place, outcome in zip(places, outcomes, strict=True)
                if not isinstance(outcome, _Unanswered)
            }
            if failed:
                if len(places) > 1 and failed[0].kind is Kind.BUSY:
                    portion.refuse(len(places), len(places) - len(failed))
                raise failed[0]
            portion.take(len(places))

    def _check(self, url: str) -> None:
        if self._chain_id is None or url in self._checked:
            return
        (found,) = self._ask(url, [("eth_chainId", ())])
        if isinstance(found, Exception):
            raise found if isinstance(found, _Unanswered) else _Unanswered(Kind.CLOSED, str(found))
        if chain_number(found) != self._chain_id:
            raise _Unanswered(
                Kind.CLOSED, f"is a node of chain {chain_number(found)}, not of {self._chain_id}"
            )
        self._checked.add(url)

    def _ask(self, url: str, calls: Sequence[Call]) -> list[Any]:
        """A result, a NodeRefusedError or an _Unanswered for each of some requests that are sent at once."""
        NODE_REQUESTS.labels(host(url)).inc(len(calls))
        try:
            outcomes = self._asked(url, calls)
        except (_Unanswered, _BatchRefused) as error:
            _count_refusal(url, error)
            raise
        for outcome in outcomes:
            _count_refusal(url, outcome)
        return outcomes

    def _asked(self, url: str, calls: Sequence[Call]) -> list[Any]:
        bodies = [
            {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": list(parameters)}
            for method, parameters in calls
        ]
        try:
            content = json.dumps(bodies if len(bodies) > 1 else bodies[0]).encode()
            answer = exchange("POST", url, self._seconds, _LARGEST, content, _HEADERS)
            found = _parsed(answer)
        except TooSlowError as error:
            return [self._outcome(url, calls[0], not_whole(calls[0], str(error)))] * len(calls)
        except (TooLongError, BrokenOffError) as error:
            if len(calls) > 1:
                raise _BatchRefused(None) from None
            return [self._outcome(url, calls[0], _half(calls[0], error))]
        except ExchangeError as error:
            raise _Unanswered(Kind.BUSY, str(error)) from None
        if len(calls) == 1:
            return [self._judged(url, calls[0], bodies[0]["id"], answer, found)]
        by_id = _by_id(found)
        if by_id is None or set(by_id) != {_name(body["id"]) for body in bodies}:
            raise self._batch_refusal(url, calls, answer, found)
        # Where some failed, HTTP's status is theirs; results beside them are good ones.
        beside = replace(answer, status=200) if any(map(_fails, by_id.values())) else answer
        outcomes = []
        for call, body in zip(calls, bodies, strict=True):
            each = by_id[_name(body["id"])]
            of = answer if _fails(each) else beside
            outcomes.append(self._judged(url, call, body["id"], of, each))
        return outcomes

    def _batch_refusal(self, url: str, calls: Sequence[Call], answer: Answer, found: Any) -> Exception:
        told = refusal(whole(calls), answer.status, found, answer.headers)
        return _BatchRefused(told.most) if told.kind is Kind.TOO_MUCH else self._unanswered(url, told)

    def _judged(self, url: str, call: Call, number: object, answer: Answer, found: Any) -> Any:
        """A result that holds, or what is in its place."""
        method, parameters = call
        is_answer = isinstance(found, dict) and not found.get("error") and _has_result(found)
        if not is_answer or not 200 <= answer.status < 300:
            return self._outcome(url, call, refusal(call, answer.status, found, answer.headers))
        if _name(found.get("id")) != _name(number):
            return _Unanswered(Kind.NONSENSE, f"answered another request than {method}")
        told_result = found.get("result")
        result = uniform(told_result)
        if not is_well_formed(method, parameters, result):
            if told := in_disguise(call, told_result, answer.headers):
                return self._outcome(url, call, told)
            odd = without_secrets(" ".join(str(told_result).split())[:60], url)
            return _Unanswered(Kind.NONSENSE, f"answered {method} with what is none of its results ({odd})")
        if result is None and "latest" in parameters and method != "eth_feeHistory":
            return _Unanswered(Kind.BEHIND, f"lags behind (it answers {method} with null)")
        return result

    def _outcome(self, url: str, call: Call, told: Refusal) -> NodeRefusedError | _Unanswered:
        method, words = call[0], without_secrets(told.told, url)
        match told.kind:
            case Kind.REVERT | Kind.REFUSAL:
                return NodeRefusedError(method, words, told.data, told.kind is Kind.REVERT)
            case Kind.TOO_MUCH:
                return TooMuchAskedError(method, words, told.most)
            case Kind.BEYOND:
                return BeyondHeadError(method, words)
        return self._unanswered(url, told)

    def _unanswered(self, url: str, told: Refusal) -> _Unanswered:
        words = without_secrets(told.told, url)
        about = {
            Kind.CLOSED: f"cannot serve us ({words})",
            Kind.BUSY: words if told.is_ours else f"is too busy ({words})",
            Kind.BEHIND: f"lags behind ({words})",
            Kind.LACKS: words,
        }
        return _Unanswered(
            told.kind, about.get(told.kind, f"did not answer as a node does ({words})"), told.wait
        )


def host(url: str) -> str:
    """The part of a URL that may be shown: keys of public nodes are in its path.

    >>> host("https://sepolia.example/v3/secret")
    'sepolia.example'
    """
    return urlsplit(shown(url)).netloc


def _count_refusal(url: str, outcome: object) -> None:
    """Count what is no result; what a contract refuses is the node's answer."""
    if isinstance(outcome, _Unanswered):
        kind = outcome.kind
    elif isinstance(outcome, TooMuchAskedError | _BatchRefused):
        kind = Kind.TOO_MUCH
    elif isinstance(outcome, NodeRefusedError) and not outcome.reverted:
        kind = Kind.BEYOND if isinstance(outcome, BeyondHeadError) else Kind.REFUSAL
    else:
        return
    NODE_REFUSALS.labels(host(url), kind.name.lower()).inc()


def _half(call: Call, error: ExchangeError) -> Refusal:
    """What it means that an answer is longer than may be, or ended before it was whole."""
    if isinstance(error, BrokenOffError):
        return not_whole(call, str(error))
    return refusal(call, 413, f"the answer {error}, which is too large")


def _parsed(answer: Answer) -> Any:
    """JSON's value; else the words of a short text; None when it is neither.

    Raises:
        BrokenOffError: When it is the beginning of JSON.
    """
    try:
        return parsed(answer.body)
    except ValueError as error:
        if answer.body.strip() and _CUT in str(error):
            raise BrokenOffError("broke off its answer") from None
        text = answer.body[:_LONGEST_TEXT].decode("utf-8", "replace").strip()
        # Pages hold words of any kind, and of one that was cut off nobody knows what it was.
        is_text = bool(text) and text[0] not in "<{[" and "\ufffd" not in text
        return text if is_text and len(answer.body) < _LONGEST_TEXT else None


def _has_result(found: Mapping[str, Any]) -> bool:
    """Whether an answer has a result; programs that leave out what is empty have none where it is null."""
    return "result" in found or ("jsonrpc" in found and "error" not in found)


def _by_id(found: Any) -> dict[str, Any] | None:
    """Answers of a batch by their ids; None when it is no list of answers, each with an id of its own."""
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        return None
    ids = Counter(_name(each.get("id")) for each in found)
    if any(times > 1 for times in ids.values()):
        return None
    return {_name(each.get("id")): each for each in found}


def _fails(found: Mapping[str, Any]) -> bool:
    """Whether one of a batch's answers is an error."""
    return bool(found.get("error"))


def _name(number: object) -> str:
    """A request's number, which some write as text or with a point."""
    return str(number).removesuffix(".0")
