"""What a node's results look like, by method: an answer is used only once it was looked at."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Form = Callable[[Any, Sequence[object]], bool]

_HEX = ("0x", "0X")
_QUANTITY = re.compile(r"0[xX][0-9a-fA-F]{1,64}")
_CHAIN_ID = re.compile(r"(0[xX])?[0-9a-fA-F]{1,64}")
_DATA = re.compile(r"0[xX]([0-9a-fA-F]{2})*")
_WORD = re.compile(r"0[xX][0-9a-fA-F]{64}")
_ADDRESS = re.compile(r"0[xX][0-9a-fA-F]{40}")
_MOST_TOPICS = 4
_UNSAID = (None, "", "0x")
"""What stands where a field has nothing to say."""
_STATUS = re.compile(r"(0x)?0*[01]")
_STATUS_WORDS = {
    **{"1": True, "true": True, "success": True, "succeeded": True, "ok": True},
    **{"0": False, "false": False, "reverted": False, "failure": False, "failed": False},
}
_LAST_SECOND = 253_402_300_799
"""Of the year 9999, Unix time."""


def is_well_formed(method: str, parameters: Sequence[object], result: Any) -> bool:
    """Whether a result is of the form that a method's results have; true for methods that nothing uses."""
    form = _FORMS.get(method)
    return form is None or form(result, parameters)


def uniform(result: Any) -> Any:
    """Return a result with all hexadecimal in lower case and all whole numbers as quantities.

    Nodes of some chains write addresses and hashes in capitals, or numbers as JSON has them; what is compared
    or looked up must not depend on who told it.

    >>> uniform({"logIndex": 3, "topics": ["0xAB"], "removed": False})
    {'logIndex': '0x3', 'topics': ['0xab'], 'removed': False}
    """
    if isinstance(result, str):
        return result.lower() if result[:2] in _HEX else result
    if isinstance(result, int) and not isinstance(result, bool) and result >= 0:
        return hex(result)
    if isinstance(result, list):
        return [uniform(each) for each in result]
    if isinstance(result, dict):
        return {name: uniform(each) for name, each in result.items()}
    return result


def said(value: Any) -> Any:
    """Return what a field says; None where it stands there for nothing."""
    return None if value in _UNSAID else value


def succeeded(status: Any) -> bool | None:
    """Return whether a transaction did what it was to do, however its receipt says so; None without a word.

    >>> [succeeded(each) for each in ("0x1", "0x01", "1", True, "0x00", False, "reverted", None, "0x")]
    [True, True, True, True, False, False, False, None, None]

    Raises:
        ValueError: When it is something else.
    """
    if said(status) is None:
        return None
    word = str(status).lower()
    if _STATUS.fullmatch(word):
        word = word[-1]
    if word not in _STATUS_WORDS:
        raise ValueError(f"{word[:20]!r} is no status of a receipt")
    return _STATUS_WORDS[word]


def chain_number(value: int | str) -> int:
    """Return a chain's id, however a node spells it; digits alone are decimal, as most people write it.

    >>> [chain_number(each) for each in ("0xaa36a7", "0XAA36A7", "11155111", 11155111, "aa36a7")]
    [11155111, 11155111, 11155111, 11155111, 11155111]
    """
    text = str(value)
    return int(text) if text.isdecimal() else int(text, 16)


def _chain_id(value: Any, parameters: Sequence[object] = ()) -> bool:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if not is_number and not (isinstance(value, str) and _CHAIN_ID.fullmatch(value)):
        return False
    return 0 < chain_number(value) < 2**256


def _quantity(value: Any, parameters: Sequence[object] = ()) -> bool:
    return isinstance(value, str) and bool(_QUANTITY.fullmatch(value))


def _data(value: Any, parameters: Sequence[object] = ()) -> bool:
    return isinstance(value, str) and bool(_DATA.fullmatch(value))


def _code(value: Any, parameters: Sequence[object] = ()) -> bool:
    return value is None or value == "0x0" or _data(value)


def _word(value: Any, parameters: Sequence[object] = ()) -> bool:
    return isinstance(value, str) and bool(_WORD.fullmatch(value))


def _address(value: Any) -> bool:
    return isinstance(value, str) and bool(_ADDRESS.fullmatch(value))


def _fields(**forms: Callable[[Any], bool]) -> Form:
    def check(value: Any, parameters: Sequence[object] = ()) -> bool:
        return isinstance(value, Mapping) and all(form(value.get(name)) for name, form in forms.items())

    return check


def _none_or(form: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: said(value) is None or form(value)


def _status(value: Any) -> bool:
    try:
        succeeded(value)
    except ValueError:
        return False
    return True


def _time(value: Any) -> bool:
    """Seconds of a year that has four digits; a few nodes tell milliseconds."""
    return _quantity(value) and int(value, 16) <= _LAST_SECOND


_is_block = _fields(
    number=_quantity, hash=_word, parentHash=_word, timestamp=_time, baseFeePerGas=_none_or(_quantity)
)


def _block(value: Any, parameters: Sequence[object]) -> bool:
    asked = parameters[0] if parameters else None
    if value is None:
        return True
    if not _is_block(value, ()):
        return False
    return not _quantity(asked) or int(value["number"], 16) == int(str(asked), 16)


def _topics(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= _MOST_TOPICS and all(map(_word, value))


_is_log = _fields(
    address=_address,
    topics=_topics,
    data=_data,
    blockNumber=_quantity,
    blockHash=_word,
    transactionHash=_word,
    logIndex=_quantity,
)


def _all_logs(value: Any) -> bool:
    return isinstance(value, list) and all(_is_log(log, ()) for log in value)


def _logs(value: Any, parameters: Sequence[object]) -> bool:
    """Logs of the contracts and blocks that were asked for; some small chains say null for none."""
    if value is None:
        return True
    if not _all_logs(value):
        return False
    wanted: Any = parameters[0]
    addresses = {address.lower() for address in wanted["address"]}
    first = int(wanted["fromBlock"], 16)
    last = int(wanted["toBlock"], 16) if _quantity(wanted["toBlock"]) else None
    return all(
        log["address"].lower() in addresses
        and first <= (number := int(log["blockNumber"], 16))
        and (last is None or number <= last)
        for log in value
    )


_mined = _fields(
    blockNumber=_quantity,
    status=_status,  # Some nodes do not say, and receipts before Byzantium cannot.
    gasUsed=_quantity,
    effectiveGasPrice=_none_or(_quantity),
    l1Fee=_none_or(_quantity),
    contractAddress=_none_or(_address),
    logs=_none_or(_all_logs),  # Some nodes say null for none.
)


def _receipt(value: Any, parameters: Sequence[object]) -> bool:
    """Null, or without a block, while it is not mined; else that of the transaction which was asked for."""
    if value is None or (isinstance(value, Mapping) and value.get("blockNumber") is None):
        return True
    return _mined(value, parameters) and _is_asked(value.get("transactionHash"), parameters)


def _transaction(value: Any, parameters: Sequence[object]) -> bool:
    if value is None:
        return True
    return _fields(nonce=_quantity)(value, parameters) and _is_asked(value.get("hash"), parameters)


def _is_asked(digest: Any, parameters: Sequence[object]) -> bool:
    """Whether a hash is the one that was asked for."""
    return isinstance(digest, str) and digest.lower() == str(parameters[0]).lower()


_FORMS: Mapping[str, Form] = {
    "eth_chainId": _chain_id,
    "eth_blockNumber": _quantity,
    "eth_getBalance": _quantity,
    "eth_getTransactionCount": _quantity,
    "eth_estimateGas": _quantity,
    "eth_call": _data,
    "eth_getCode": _code,
    "eth_sendRawTransaction": _word,
    "eth_getBlockByNumber": _block,
    "eth_getLogs": _logs,
    "eth_getTransactionReceipt": _receipt,
    "eth_getTransactionByHash": _transaction,
    "debug_getRawHeader": _data,
}
