"""JSON-RPC over HTTP, to the first of several nodes that answers."""

import logging
import time
from collections.abc import Sequence
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import requests

from offchain.live.errors import NodeRefusedError, NodeUnavailableError

_log = logging.getLogger(__name__)

SECONDS = 10.0
_BATCH = 50  # Public nodes refuse larger ones.
_BUSY = {408, 425, 429, 500, 502, 503, 504}
_LAGGING = ("blockoutofrange", "header not found", "block not found", "unknown block", "missing trie node")
"""What nodes say of a block that they have not, or no longer, though another request just named it."""
_LIMITED = {-32005, -32016, -32029, 429}  # "Limit exceeded", in the dialects of public nodes.


class _Unanswered(Exception):
    """One node did not answer; another may."""


class Rpc:
    """One chain behind one or more URLs.

    The URL that answered last is asked first. One that does not answer in time, or is too busy, is passed
    over for the next; when all were tried `tries` times, with growing pauses, NodeUnavailableError is raised.

    Args:
        urls: In the order of preference.
        seconds: Time limit of one request.
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
        self._session = requests.Session()
        self._ids = count(1)
        self._batches = True
        self._chain_id: int | None = None
        self._checked: set[str] = set()

    @property
    def urls(self) -> tuple[str, ...]:
        """The URLs, the one to be asked first in front."""
        return tuple(self._urls)

    def only(self, url: str) -> "Rpc":
        """A line to one of the URLs, asked once."""
        return Rpc([url], self._seconds, tries=1)

    def require_chain(self, chain_id: int) -> None:
        """Pass over nodes of any other chain from now on, those too that did not answer so far."""
        self._chain_id = chain_id

    def request(self, method: str, *parameters: object) -> Any:
        """The result of one request.

        Raises:
            NodeRefusedError: When the node answers with an error.
            NodeUnavailableError: When no node answers.
        """
        answer = self._post(self._body(method, parameters))
        if not isinstance(answer, dict):
            raise NodeRefusedError(method, f"the answer is {type(answer).__name__}, not an object")
        return _result(method, answer)

    def batch(self, requests_: Sequence[tuple[str, Sequence[object]]]) -> list[Any]:
        """The results of several requests, in order; all of one node where it takes batches.

        Raises:
            NodeRefusedError: For the first request that the node answers with an error.
            NodeUnavailableError: When no node answers.
        """
        results: list[Any] = []
        for start in range(0, len(requests_), _BATCH):
            results += self._chunk(requests_[start : start + _BATCH])
        return results

    def _chunk(self, chunk: Sequence[tuple[str, Sequence[object]]]) -> list[Any]:
        if self._batches and len(chunk) > 1:
            bodies = [self._body(method, parameters) for method, parameters in chunk]
            answers = self._post(bodies)
            if isinstance(answers, list) and len(answers) == len(bodies):
                by_id = {answer.get("id"): answer for answer in answers if isinstance(answer, dict)}
                if all(body["id"] in by_id for body in bodies):
                    named = zip(chunk, bodies, strict=True)
                    return [_result(method, by_id[body["id"]]) for (method, _), body in named]
            _log.info("the node takes no batches; asking one by one")
            self._batches = False
        return [self.request(method, *parameters) for method, parameters in chunk]

    def _body(self, method: str, parameters: Sequence[object]) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": list(parameters)}

    def _post(self, body: Any) -> Any:
        reason = ""
        for attempt in range(self._tries):
            if attempt:
                time.sleep(self._pause * 2 ** (attempt - 1))
            for url in list(self._urls):
                try:
                    self._check(url)
                    answer = self._ask(url, body)
                except _Unanswered as error:
                    reason = f"{host(url)} {error}"
                    _log.debug("%s", reason)
                    continue
                if url != self._urls[0]:
                    _log.warning("%s; now asking %s", reason, host(url))
                    self._urls.remove(url)
                    self._urls.insert(0, url)
                return answer
        names = ", ".join(host(url) for url in self._urls)
        raise NodeUnavailableError(
            f"no node answered ({names}), each asked {self._tries} times; the last, {reason}: "
            "check the connection, or add another node with --rpc"
        )

    def _check(self, url: str) -> None:
        if self._chain_id is None or url in self._checked:
            return
        answer = self._ask(url, self._body("eth_chainId", ()))
        found = answer.get("result") if isinstance(answer, dict) else None
        if found != hex(self._chain_id):
            raise _Unanswered(f"is a node of chain {found}, not of {hex(self._chain_id)}")
        self._checked.add(url)

    def _ask(self, url: str, body: Any) -> Any:
        try:
            response = self._session.post(url, json=body, timeout=self._seconds)
        except requests.Timeout:
            raise _Unanswered(f"did not answer within {self._seconds:g} seconds") from None
        except requests.RequestException as error:
            raise _Unanswered(f"cannot be reached ({type(error).__name__})") from None
        if response.status_code in _BUSY:
            raise _Unanswered(f"answered with HTTP status {response.status_code}")
        try:
            answer = response.json()
        except ValueError:
            raise _Unanswered(f"did not answer in JSON (HTTP status {response.status_code})") from None
        refusal = answer.get("error") if isinstance(answer, dict) else None
        if isinstance(refusal, dict) and refusal.get("code") in _LIMITED:
            raise _Unanswered(f"is too busy ({refusal.get('message')})")
        if told := _lagging(body, answer):
            raise _Unanswered(f"lags behind ({told})")
        return answer


def _lagging(body: Any, answer: Any) -> str:
    """What a node says when it has not the state of its own latest block yet; empty when it has."""
    asked = {each["id"]: each["params"] for each in (body if isinstance(body, list) else [body])}
    for each in answer if isinstance(answer, list) else [answer]:
        error = each.get("error") if isinstance(each, dict) else None
        told = str(error.get("message")) if isinstance(error, dict) else ""
        # A block that was named may be gone for good: then the caller names another.
        if any(words in told.lower() for words in _LAGGING) and "latest" in asked.get(each.get("id"), ()):
            return told
    return ""


def host(url: str) -> str:
    """The part of a URL that may be shown: keys of public nodes are in its path.

    >>> host("https://sepolia.example/v3/secret")
    'sepolia.example'
    """
    return urlsplit(url).netloc.rpartition("@")[2]


def _result(method: str, answer: dict[str, Any]) -> Any:
    error = answer.get("error")
    if error is None:
        if "result" not in answer:
            raise NodeRefusedError(method, "the answer has neither result nor error")
        return answer["result"]
    message = error.get("message", error) if isinstance(error, dict) else error
    raise NodeRefusedError(method, " ".join(str(message).split()), _revert_data(error))


def _revert_data(error: Any) -> bytes | None:
    """What a contract reverted with; nodes put it in `data`, some one level deeper."""
    data = error.get("data") if isinstance(error, dict) else None
    if isinstance(data, dict):
        data = data.get("data") or data.get("result") or data.get("return")
    if isinstance(data, str) and data.startswith("0x"):
        try:
            return bytes.fromhex(data[2:])
        except ValueError:
            return None
    return None
