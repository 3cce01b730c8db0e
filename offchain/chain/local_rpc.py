"""JSON-RPC to a node on this machine over one connection that stays open.

web3 takes a millisecond of Python for a request; a round asks some thirty.
"""

import json
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from ml.json_text import parsed
from ml.messages import cleaned
from offchain.errors import ChainError

REQUESTS_AT_ONCE = 1000
TIMEOUT_SECONDS = 120
_SHOWN = 1000  # characters of what it says

_HEADERS = {"Content-Type": "application/json"}


class LocalRpc:
    """The JSON-RPC of one node.

    Args:
        url: Its address, http://HOST:PORT.
    """

    def __init__(self, url: str) -> None:
        """Connect at the first request."""
        address = urlsplit(url)
        if address.scheme != "http" or not address.hostname:
            raise ChainError(f"the node's address {url!r} is not of the form http://HOST:PORT.")
        self._url = url
        self._connection = HTTPConnection(address.hostname, address.port, timeout=TIMEOUT_SECONDS)

    def request(self, method: str, *parameters: object) -> Any:
        """Return what the node answers.

        Raises:
            ChainError: When it refuses or does not answer.
        """
        return _result(method, self.answer(method, *parameters))

    def answer(self, method: str, *parameters: object) -> Mapping[str, Any]:
        """Return the whole answer, with `result` or `error`."""
        return _object(self._post(_body(0, method, parameters)), method)

    def batch(self, requests: Sequence[tuple[str, Sequence[object]]]) -> list[Any]:
        """Return what the node answers to each (method, parameters), in order; errors as of `request`.

        Raises:
            ChainError: When it refuses the batch as a whole, or answers another number.
        """
        results: list[Any] = []
        for start in range(0, len(requests), REQUESTS_AT_ONCE):
            chunk = requests[start : start + REQUESTS_AT_ONCE]
            answers = self._post([_body(i, method, given) for i, (method, given) in enumerate(chunk)])
            if not isinstance(answers, list) or len(answers) != len(chunk):
                raise ChainError(
                    f"the node refused a batch of {len(chunk)} requests: {cleaned(answers, _SHOWN)}"
                )
            by_id = {str(answer.get("id")): answer for answer in answers if isinstance(answer, dict)}
            results += [
                _result(method, _object(by_id.get(str(i)), method)) for i, (method, _) in enumerate(chunk)
            ]
        return results

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        self._connection.close()

    def _post(self, content: object) -> Any:
        try:
            self._connection.request("POST", "/", json.dumps(content).encode(), _HEADERS)
            return parsed(self._connection.getresponse().read())
        except (OSError, HTTPException, ValueError) as error:
            # Not asked again: the node may have done what was asked.
            self._connection.close()
            raise ChainError(f"the node at {self._url} does not answer: {error or repr(error)}") from error


def _body(number: int, method: str, parameters: Sequence[object]) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": parameters}


def _object(answer: Any, method: str) -> Mapping[str, Any]:
    if not isinstance(answer, dict):
        raise ChainError(
            f"the node answered {method} with {cleaned(answer, _SHOWN)!r}, which is no answer of a node's"
        )
    return answer


def _result(method: str, answer: Mapping[str, Any]) -> Any:
    if error := answer.get("error"):
        told = error.get("message", error) if isinstance(error, dict) else error
        raise ChainError(f"the node refused {method}: {cleaned(told, _SHOWN)}")
    if "result" not in answer:
        raise ChainError(f"the node answered {method} with neither a result nor an error")
    return answer["result"]
