"""What nodes answer when they do not give a result, in the words of many providers, and what each means.

One table, read from its top: the first row that fits decides. Where providers say the same thing in several
ways the row has all of them; numbers are HTTP's statuses and JSON-RPC's codes. What is done about each kind
is `Kind`'s to say, and `Rpc`'s and `History`'s to do.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any

from ml.messages import cleaned

Call = tuple[str, Sequence[object]]
"""A method and its parameters."""


class Kind(Enum):
    """What an answer without a result means; the value says what is done about it."""

    REVERT = "a contract refuses this call: its error is decoded"
    BEYOND = "the logs end before the block that was named: they are read up to an earlier one"
    TOO_MUCH = "less is asked for, and more again after success"
    LACKS = "this node has not the method or the block's state: another may, else it is said"
    CLOSED = "account, key or quota, or no such place: the next node is asked"
    BUSY = "the next node is asked, and this one again after the time that it named"
    BEHIND = "it has not its own latest block yet: it is asked again"
    NONSENSE = "no answer of a node: the next is asked, and it is said"
    REFUSAL = "this request is refused: it is said"


@dataclass(frozen=True)
class Refusal:
    """An answer without a result.

    Attributes:
        kind: What it means.
        told: In the node's words, one line.
        wait: Seconds after which it wants to be asked again; None when it does not say.
        most: How many blocks, or requests, it would take at once; None when it does not say.
        data: What a contract reverted with; None when there is none.
        is_ours: Whether the words are ours, of an answer that was not whole.
    """

    kind: Kind
    told: str
    wait: float | None = None
    most: int | None = None
    data: bytes | None = None
    is_ours: bool = False


@dataclass(frozen=True)
class _Row:
    kind: Kind
    words: tuple[str, ...] = ()  # regular expressions
    codes: tuple[int, ...] = ()
    statuses: tuple[int, ...] = ()
    methods: tuple[str, ...] = ()  # none for any
    but: tuple[str, ...] = ()  # methods
    of_old: bool = False  # whether only for what is asked of a block that was named

    def fits(self, call: Call, status: int, code: int | None, told: str) -> bool:
        method, parameters = call
        if method in self.but or (self.methods and method not in self.methods):
            return False
        if self.of_old and "latest" in parameters:
            return False
        said = any(re.search(each, told, re.IGNORECASE) for each in self.words)
        return said or code in self.codes or status in self.statuses


_RANGES = ("eth_getLogs",)
_CALLS = ("eth_call", "eth_estimateGas")
_SENDING = ("eth_sendRawTransaction",)
_EXTRA = ("debug_getRawHeader",)
"""Methods that providers sell apart, or give to nobody: what they say of them is not of the account."""
_HINTS = ("eth_feeHistory",)
"""Methods whose answers nothing waits for."""
_INTERNAL = -32603
_MALFORMED = -32602
_BATCH = "batch"
"""The method of a refusal that is of a whole batch."""

_TIME_IS_UP = (
    r"(request|execution|gateway|operation|query|upstream|task|i/o) ?(timeout|timed out)|deadline exceeded|"
    r"took too long|"
    r"time(d )?out expired|due to .{0,12}time-?out"
)
_TOO_FAST = (
    r"rate.?limit|too many (concurrent )?(requests|connections)|request rate|(per|/) ?sec(ond)?\b|"
    r"\b(c?u?|r|q|t)ps\b|slow down"
)
_LATE = (408, 460, 499, 504, 522, 524, 598, 599)
"""HTTP's statuses of time-outs; 460 and 499 are of proxies whose own caller waited no longer."""
_SHUT = (406, 411, 412, 415, 417, 418, 423, 426, 463, 464, 494, 495, 496, 497, 509, 511, 561)
"""Of servers that take no such request from us, of nginx and balancers, of networks that want a login."""
_NO_RANGE = r"^(?!.*\b(blocks?|ranges?|results?|logs|events)\b).*"
_STATUSES = (401, 402, 403, 407, 413, 429, 451, 502, 503, 529, *_LATE)
"""Of HTTP, where they stand as a code in an answer that HTTP calls a good one."""

_TABLE = (
    # Some use a revert's code for it.
    _Row(Kind.CLOSED, words=(r"^\W*(invalid|missing|unknown) (api|access) ?-?key\W*$",)),
    # Before the rest, since a contract's own words may be any of those below.
    _Row(
        Kind.REVERT,
        words=(
            "revert",
            "vm exception",
            "vm execution error",
            r"evm error|(invalid|bad|undefined) (opcode|instruction|jump)",
            "stack (under|over)flow|stack limit",
        ),
        codes=(3,),
        methods=_CALLS,
    ),
    _Row(
        Kind.BEYOND,
        words=(
            r"beyond (the )?((current|latest|chain) )*(head|block|tip)",
            r"(greater|higher|larger) than (the )?(latest|head|current|last|chain)",
            r"(ahead of|after|past|exceeds) (the )?(latest|head|current|last|chain)",
            r"(block.{0,60}cannot be|no header) found|cannot find header|> ?(latest|last)",
            r"block ?(number )?(is )?(not found|out ?of ?range)",
            r"block \S+ (is )?not (yet )?(available|executed|found|reached|canonical)",
            r"(unknown|future) block|in the future",
            r"header not found|not (yet )?(synced|indexed) (up )?(to|until)",
        ),
        methods=_RANGES,
    ),
    # As many contracts as before are in a shorter range.
    _Row(
        Kind.LACKS,
        words=(
            _NO_RANGE
            + r"\b(max(imum)?|too many|number|less|fewer|exceed(s|ed)?)( \w+){0,3} (addresses|topics)\b",
            _NO_RANGE + r"\b(address(es)?|topics)\b.{0,20}(exceed|limit|at most|not supported)",
        ),
        methods=_RANGES,
    ),
    _Row(
        Kind.TOO_MUCH,
        words=(
            r"block.{0,3} ?range|block (span|distance|count)",
            r"range.{0,20}(large|wide|big|high|limit|exceed|max)|ranges? (over|above|of more)",
            r"(max|limit|exceed).{0,20}range",
            r"\b\d[\d,_]*k?[ -]blocks\b(?! behind)",
            r"response (size|is too)|(result|response|message|content).{0,20}too (large|big|long)",
            r"(too (many|much)|max|more than [\d,_]+) ?(logs|results|blocks|events)",
            r"logs? (response|matched)",
            r"limit the query|narrow|specify an address",
            r"(smaller|reduce).{0,20}(range|block|query|than|amount|data)",
            r"query (timeout|timed out|exceeds)",
            r"get_?logs (is |are |requests? )*limit",
            r"too large|entity too|size.{0,40}exceed|allowed duration",
        ),
        codes=(-32614, -32701, -32047, -32020, -32008),
        statuses=(413, 414, 431),
        methods=_RANGES,
    ),
    _Row(
        Kind.TOO_MUCH,
        words=(r"batch", r"bulk", r"(too many|number of|maximum) (rpc )?(calls|requests in)"),
        codes=(-32014,),
        statuses=(413, 414, 431),
        methods=(_BATCH,),
    ),
    # Before accounts: those who sell them tell of time, history and pace that a larger one would have.
    _Row(Kind.TOO_MUCH, words=(_TIME_IS_UP,), methods=_RANGES),
    _Row(Kind.BUSY, words=(_TIME_IS_UP,)),
    _Row(
        Kind.LACKS,
        words=(
            r"\bmethod\b.{0,60}(\bnot\b|unsupported|disabled|unavailable)",
            r"(unsupported|unknown|no such) (rpc )?method|rpc \w+ is (unsupported|not)",
        ),
        but=_SENDING,
    ),
    _Row(Kind.BUSY, words=(r"per[ _-]?(second|minute)\b|/ ?s(ec(ond)?)?\b",), but=_SENDING),
    _Row(
        Kind.LACKS,
        words=("archiv", "missing data", r"not have (the )?(requested )?(data|state)"),
        but=_SENDING,
        of_old=True,
    ),
    _Row(
        Kind.CLOSED,
        words=(
            r"(daily|weekly|monthly|hourly).{0,30}(limit|capacity|count|credit|request|usage)",
            r"(\b(this|per|a|for the) |/ ?)(day|week|month)\b",
            r"quota|capacity limit|payment|paid requests",
            r"(out of|insufficient|no|used all|not enough).{0,12}(credits?|cus?)\b",
            r"(credits?|cus?|balance|usage|requests|relays)\b.{0,20}(exhausted|used|consumed|empty)",
            r"(credits?|cus?|balance)\b.{0,20}not enough",
            r"used (all|up)|top up|unpaid|invoice|overdue|expired|\bbanned|blacklist",
        ),
        but=_SENDING,
    ),
    # Before the rest of accounts: those who sell a larger one say so to whoever asks too fast.
    _Row(
        Kind.BUSY,
        words=(_TOO_FAST,),
        statuses=(429,),
        but=_SENDING,
    ),
    _Row(
        Kind.CLOSED,
        words=(
            r"billing|(?<!many )subscription|upgrade (your|to|plan)",
            r"(api|access|secret|invalid) ?-?key|project ?id|(invalid|missing|unknown|bad|no) (\w+ )?token",
            r"(token|jwt|credentials?|key) (is |are |was |has )?(invalid|missing|required|unknown|not found)",
            r"unauthori[sz]ed|not authori[sz]ed|authenticat|forbidden|denied|permission",
            r"auth error|not permitted",
            r"(account|app|project|endpoint) (is |has been |was )?(disabled|suspended|inactive|paused)",
            r"(account|app|project|endpoint) (is |has been |was )?(removed|b?locked|not found)",
            r"endpoint (is |has been |was )?deprecated",
            r"(origin|ip|address|country|region) .{0,30}(not (allowed|whitelisted)|blocked|banned)",
            r"(referr?er|domain|host) .{0,30}not (allowed|whitelisted)",
            r"not on (the )?(white|allow)list|not enabled for",
            r"(in|from|of) your (country|region|location|jurisdiction)",
            r"shut ?down|sign ?up|register|your (current )?plan|usage limit",
            r"(unsupported|unknown) (network|chain)\b",
            r"(api|network|chain|service|endpoint|rpc)\b.{0,30}(no longer|deprecated|retired|sunset)",
            r"discontinued",
        ),
        statuses=(402,),
        but=_SENDING,
    ),
    _Row(Kind.BUSY, words=("request rate",), methods=_SENDING),
    _Row(
        Kind.CLOSED,
        words=(r"monthly|quota|api ?-?key|project id|unauthori[sz]ed|payment required",),
        statuses=(402,),
        methods=_SENDING,
    ),
    _Row(
        Kind.BUSY,
        words=(
            _TOO_FAST,
            r"throughput|throttl|(per|/) ?(minute|min|s)\b|frequen|concurrent",
            r"compute units?|over (rate|capacity)|credits limited",
            r"(no|all) .{0,20}(backend|upstream|node|server|provider)s?\b|upstream|can('t|not) route",
            r"overload|too much load|temporarily|service unavailable|bad gateway|internal server error",
            r"server closed|not connect|relay failed|currently unavailable|code = unavailable",
            r"at this time|unreachable|internal service error|failed relay|crashed",
            r"maintenance|indexing is in progress|readers_full|cannot fulfill? (the |this )?request",
            r"connection (refused|reset|closed|failure)|dial tcp|broken pipe|\beof\b|context cancell?ed",
            r"^\W*(internal (json-?rpc )?|server |internal server )error\W*$",
        ),
        codes=(429, -32016, -32029, -32097, -32007, -32011, -32012, -32090),
        statuses=(429, 529),
    ),
    _Row(Kind.LACKS, words=(r"not whitelisted",), codes=(-32601, -32004)),
    _Row(
        Kind.BEHIND,
        words=(
            r"block ?(is )?out ?of ?range",
            r"header (for hash )?not found|block .{0,20}not found|could not find block|resource not found",
            r"(header|block|height|head|version)\b.{0,20} (does ?n[o']t exist)",
            r"(header|block|height|head|version)\b.{0,20} (not (yet )?(available|reached))",
            r"no block for|(\d|block|header|state) could not be found|future epoch",
            r"layer stale|max layers|missing ?trie ?node",
            r"(lowest|earliest) (height|available)|older than the (earliest|oldest)|historical (rpc|backend)",
            r"\d blocks? behind|not ready|snap sync|being synced|suitable peers|bootstrapping",
            r"(unknown|future) block|(no|cannot find) header\b",
            r"missing trie node|no state|world state|historical state|prun(ed|ing)|unfinalized|proof window",
            r"(state|receipts?) .{0,40}(not |un)available|not available due",
            r"(still|is|initial|currently) sync|not (fully |yet |fully yet )?synced|catching up",
        ),
        but=_SENDING,
    ),
    _Row(Kind.TOO_MUCH, statuses=_LATE, methods=_RANGES),
    _Row(Kind.CLOSED, statuses=_SHUT, but=(_BATCH,)),
    _Row(Kind.CLOSED, statuses=(301, 302, 303, 307, 308, 401, 403, 404, 405, 407, 410, 421, 451)),
    _Row(Kind.TOO_MUCH, statuses=(400, 500, 501, 502, 503, 504), methods=(_BATCH,)),
    _Row(
        Kind.BUSY,
        words=(
            r"busy|try again|retry|timed? ?out",
            r"(?<!gas )limit (is |was )?(reached|exceeded)|exceeded [\w ]{0,20}limit",
        ),
        codes=(-32005, _INTERNAL),
        but=(*_SENDING, *_RANGES, _BATCH),
    ),
    _Row(Kind.BUSY, codes=(-32005,), methods=_SENDING),
    _Row(Kind.BUSY, statuses=(425, *_LATE, *range(500, 600))),
)


def refusal(call: Call, status: int, answer: Any, headers: Mapping[str, str] | None = None) -> Refusal:
    """Return what an answer without a result means.

    Args:
        call: What was asked; the method "batch" for several at once, as `whole` names it.
        status: HTTP's.
        answer: JSON's value, or None when it is none.
        headers: HTTP's.
    """
    method, parameters = call
    error = _inner(answer)
    code, told = _code(error), _told(error, status)
    if status == 500 and code not in (None, _INTERNAL) and error is not answer:
        status = 200  # Some nodes say every refusal so.
    status = _told_status(status, code)
    data = _revert_data(error) if method in _CALLS else None
    kind = next((row.kind for row in _TABLE if row.fits(call, status, code, told)), None)
    if data:
        kind = Kind.REVERT
    elif kind is None:
        kind = _otherwise(call, answer)
    if method in _EXTRA and kind is Kind.CLOSED:
        kind = Kind.LACKS
    if kind is Kind.BEHIND and ("latest" not in parameters or method in _HINTS):
        kind = Kind.LACKS  # A block that was named may be gone for good: then the caller names another.
    if kind is Kind.TOO_MUCH and method in _RANGES and _blocks(parameters) == 1:
        kind = Kind.LACKS  # It gives no logs at all.
    most = None
    if kind is Kind.TOO_MUCH:
        most = _most_requests(told, parameters) if method == _BATCH else _most_blocks(told, parameters)
    return Refusal(kind, told, _wait(headers or {}, error), most, data)


def in_disguise(call: Call, result: Any, headers: Mapping[str, str] | None = None) -> Refusal | None:
    """Return what an error means that stands where a result is due; None when it is nothing that is known."""
    if not isinstance(result, str | dict):
        return None
    error = _inner(result)
    code, told = _code(error), _told(error, 200)
    if not any(row.fits(call, _told_status(200, code), code, told) for row in _TABLE):
        return None
    return refusal(call, 200, {"error": error}, headers)


def whole(calls: Sequence[Call]) -> Call:
    """Several calls as one of which a node may refuse all."""
    return _BATCH, [len(calls)]


def not_whole(call: Call, told: str) -> Refusal:
    """What it means that an answer did not come in time, or ended before it was whole."""
    method, parameters = call
    asks_less = method in _RANGES and _blocks(parameters) > 1
    return Refusal(Kind.TOO_MUCH if asks_less else Kind.BUSY, told, is_ours=True)


def _otherwise(call: Call, answer: Any) -> Kind:
    method, parameters = call
    if method == _BATCH:
        return Kind.TOO_MUCH
    if not isinstance(answer, dict) or answer.get("error") is None:
        return Kind.NONSENSE
    if method in _RANGES:
        return Kind.TOO_MUCH  # Nothing else is wrong with a range of blocks.
    # Of itself nothing can be refused but what is sent or tried; else, and of old states, another may know.
    is_tried = method in _SENDING or (method in _CALLS and "latest" in parameters)
    return Kind.REFUSAL if is_tried or _code(_inner(answer)) == _MALFORMED else Kind.LACKS


def _inner(answer: Any) -> Any:
    """The error in an answer, however deep it lies; the answer where there is none."""
    for _ in range(3):
        inner = (answer.get("error") or answer.get("errors")) if isinstance(answer, dict) else None
        if isinstance(inner, list):
            inner = inner[0] if inner else None
        if isinstance(inner, int) and not isinstance(inner, bool):
            return {**answer, "code": inner}
        if not inner or not isinstance(inner, dict | str):
            break
        if isinstance(inner, str) and "message" in answer:
            break  # The words stand beside it.
        answer = inner
    return answer


def _told_status(status: int, code: int | None) -> int:
    return code if status == 200 and code in _STATUSES else status


def _code(error: Any) -> int | None:
    """An error's number, which some write as text and some call otherwise."""
    names = ("code", "statusCode", "status_code", "status")
    given = [error.get(name) for name in names] if isinstance(error, dict) else []
    for code in map(str, given):
        if _NUMBER.fullmatch(code):
            return int(float(code))
    return None


_WORDS = (
    *("message", "Message", "msg", "error", "Error", "title", "detail", "description", "data", "reason"),
    *("errorMessage", "error_message"),
)
_MORE_WORDS = ("message", "payload", "details")
_NUMBER = re.compile(r"-?\d{1,9}(\.0)?")
_LONGEST_TOLD = 300  # characters
_SAYS_NOTHING = re.compile(r"\W*(internal (json-?rpc )?|server )?(error|invalid params)\W*", re.IGNORECASE)


def _told(error: Any, status: int) -> str:
    """Words of an error, however they are wrapped, in one line that can be logged."""
    if 300 <= status < 400:
        return f"HTTP status {status}; it sends elsewhere: give that URL, often the same with https"
    said = " ".join(part for part in _parts(error) if not part.startswith("0x"))
    if line := cleaned(said, _LONGEST_TOLD):
        return line
    return f"HTTP status {status}" if (code := _code(error)) is None else f"error {code} without words"


def _parts(error: Any, depth: int = 3) -> list[str]:
    if isinstance(error, str):
        return [error]
    if isinstance(error, list):
        return _parts(error[0], depth - 1) if error and depth else []
    if not isinstance(error, dict) or not depth:
        return []
    given = [error.get(name) for name in _WORDS if name != "data" or isinstance(error.get(name), str)]
    if isinstance(code := error.get("code"), str) and not _NUMBER.fullmatch(code):
        given.append(code.replace("_", " "))
    more = error.get("data")
    if isinstance(more, dict) and _SAYS_NOTHING.fullmatch(str(error.get("message"))):
        given += [more.get(name) for name in _MORE_WORDS]
    return [part for each in given for part in _parts(each, depth - 1)]


def _blocks(parameters: Sequence[object]) -> int:
    try:
        wanted: Any = parameters[0]
        return int(wanted["toBlock"], 16) - int(wanted["fromBlock"], 16) + 1
    except (LookupError, TypeError, ValueError):
        return 1


_HEX_RANGE = re.compile(r"\[\s*(0x[0-9a-f]+)\s*,\s*(0x[0-9a-f]+)\s*\]", re.IGNORECASE)
_RANGE = re.compile(r"range[^\d]{1,5}(\d+)\s*-\s*(\d+)", re.IGNORECASE)
_LIMITS = (
    re.compile(r"\b(\d[\d,_]*)\s?(k)?[ -]blocks?\b", re.IGNORECASE),
    re.compile(r"\b(\d[\d,_]*)\s?(k)? range\b", re.IGNORECASE),
    re.compile(r"(?:\d\s?>|<=?)\s?(\d[\d,_]*)\s?(k)?\b", re.IGNORECASE),
    re.compile(
        r"(?:max(?:imum)?|most|up to|limit(?:ed)?|allowed|exceeds?|than|size|filter)\b[^\d]{0,40}?"
        r"(\d[\d,_]*)\s?(k\b)?(?![\d,_]|\s?(?:results|logs|events|bytes|[kmg]i?b|ms|s\b|sec))",
        re.IGNORECASE,
    ),
)
_LONGEST_NUMBER = 12  # digits


def _most_blocks(told: str, parameters: Sequence[object]) -> int | None:
    """How many blocks a node says that it would take, where that is fewer than it was asked for."""
    for pattern, base in ((_HEX_RANGE, 16), (_RANGE, 10)):
        if found := pattern.search(told):
            first, last = (int(each, base) for each in found.groups())
            limits = [last - first + 1]
            break
    else:
        limits = [
            int(re.sub(r"[,_]", "", digits)) * (1000 if thousands else 1)
            for pattern in _LIMITS
            for digits, thousands in pattern.findall(told)
            if len(digits) <= _LONGEST_NUMBER
        ]
    return max((limit for limit in limits if 0 < limit < _blocks(parameters)), default=None)


def _most_requests(told: str, parameters: Sequence[Any]) -> int | None:
    """The same of requests: 20 of "batch of 50 exceeds 20", 10 of "10 calls in 1 batch"."""
    numbers = [int(each) for each in re.findall(r"\b\d{1,4}\b", told)]
    return max((number for number in numbers if 1 < number < parameters[0]), default=None)


_AGAIN = re.compile(r"(?:retry|again) (?:in|after) (\d+(?:\.\d+)?) ?(ms|m|h)?", re.IGNORECASE)
_UNITS = {"": 1.0, "ms": 0.001, "m": 60.0, "h": 3600.0}


_LONGEST_WAIT = 3600.0
"""Seconds: a node that wants a year would not be asked when it is the only one left."""


def _wait(headers: Mapping[str, str], error: Any) -> float | None:
    """Seconds that a node asks for: by a header, in words, or as Infura has it, in data."""
    if after := headers.get("Retry-After", "").strip():
        # By the clock of who says it: this machine's may be hours off.
        said = _moment(headers.get("Date", "")) or datetime.now(UTC)
        if (seconds := _after(after, said)) is not None:
            return seconds
    data = error.get("data") if isinstance(error, dict) else None
    rate = data.get("rate", data) if isinstance(data, dict) else None
    backoff = rate.get("backoff_seconds") if isinstance(rate, dict) else None
    if isinstance(backoff, int | float) and not isinstance(backoff, bool):
        return float(min(max(0, backoff), _LONGEST_WAIT))
    if found := _AGAIN.search(_told(error, 0)):
        return min(float(found[1]) * _UNITS[(found[2] or "").lower()], _LONGEST_WAIT)
    return None


def _after(value: str, said: datetime) -> float | None:
    if re.fullmatch(r"\d{1,9}(\.\d+)?", value):
        return min(float(value), _LONGEST_WAIT)
    moment = _moment(value)
    return None if moment is None else min(max(0.0, (moment - said).total_seconds()), _LONGEST_WAIT)


def _moment(value: str) -> datetime | None:
    """A date of HTTP's; None when it is none."""
    try:
        moment = parsedate_to_datetime(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, TypeError):
        return None


def _revert_data(error: Any) -> bytes | None:
    """What a contract reverted with: in `data`, a level or two deeper, or after the word "Reverted"."""
    data = error.get("data") if isinstance(error, dict) else None
    for _ in range(3):
        if not isinstance(data, dict):
            break
        inner = [data.get(name) for name in ("data", "result", "return", "output")]
        # As ganache has it: by the transaction's hash.
        inner += [each for name, each in data.items() if str(name).startswith("0x")]
        data = next((each for each in inner if each), None)
    if not isinstance(data, str):
        return None
    found = re.fullmatch(r"(?:reverted )?0x((?:[0-9a-f]{2})*)", data.strip(), re.IGNORECASE)
    return bytes.fromhex(found[1]) if found else None
