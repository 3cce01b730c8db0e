"""Files that people write, and send to each other."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from yaml.events import AliasEvent
from yaml.nodes import MappingNode, Node, ScalarNode

from ml.home import at_home
from ml.messages import cleaned
from ml.private_files import opened
from ml.utf8 import decoded
from offchain.errors import OffchainError

_LARGEST = 2**20  # bytes; a configuration has some thousand
_DEEPEST = 32
_LONGEST = 4096  # characters of one value
_NUMBER_OF_OTHERS = re.compile(r"[+-]?(0[0-7_]+|0b[01_]+|\d[\d_]*(:[0-5]?\d)+(\.\d*)?)")
"""What YAML 1.1 takes for numbers of base 8, 2 and 60, and people for decimal ones and for times."""
_MOST_DIGITS = 100  # of a number; 2^256 has 78


_UNCONVERTED = (ValueError, OverflowError, LookupError, AttributeError, TypeError)
"""What conversions of YAML's own types raise: of 2001-99-99, !!int '', !!bool x, !!timestamp x."""
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_LONE = re.compile("[\ud800-\udfff]")


class _Loader(yaml.SafeLoader):
    """YAML as people write it by hand: what only makes a small file large, or deep, is refused."""

    _depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        """Refuse repetition by reference, which nine lines multiply to a billion values, and depth."""
        if self.check_event(AliasEvent):
            self._refuse("a reference (*name); write the value out")
        if self._depth >= _DEEPEST:
            self._refuse(f"values that are nested more than {_DEEPEST} deep")
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def construct_scalar(self, node: Any) -> Any:
        """Refuse a value, or a number, that is longer than any that is meant."""
        is_number = node.tag.endswith((":int", ":float"))
        if isinstance(node, ScalarNode) and len(node.value) > (_MOST_DIGITS if is_number else _LONGEST):
            what = "number" if is_number else "value"
            raise yaml.MarkedYAMLError(
                None, None, f"holds a {what} of {len(node.value)} characters", node.start_mark
            )
        if is_number and _NUMBER_OF_OTHERS.fullmatch(node.value):
            raise yaml.MarkedYAMLError(
                None,
                None,
                f"holds {node.value}, which is no decimal number; write it as one",
                node.start_mark,
            )
        if is_number and _is_rounded(node.value):
            raise yaml.MarkedYAMLError(
                None,
                None,
                f"holds {node.value}, of which a number keeps some 16 digits; put it in quotes",
                node.start_mark,
            )
        if _LONE.search(node.value):
            raise yaml.MarkedYAMLError(None, None, "holds half of a surrogate pair", node.start_mark)
        return super().construct_scalar(node)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Refuse a name that stands there twice: one of both values would be thrown away."""
        seen: set[str] = set()
        for name, _ in node.value if isinstance(node, MappingNode) else ():
            if isinstance(name, ScalarNode):
                if name.value in seen:
                    raise yaml.MarkedYAMLError(None, None, f"holds {name.value} twice", name.start_mark)
                seen.add(name.value)
        return super().construct_mapping(node, deep)

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        """Say of a value of YAML's own types that it is none, such as the 99th of a month."""
        try:
            return super().construct_object(node, deep)
        except _UNCONVERTED as error:
            kind = node.tag.rpartition(":")[2]
            raise yaml.MarkedYAMLError(None, None, f"is no {kind} ({error})", node.start_mark) from error

    def _refuse(self, what: str) -> None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        raise yaml.MarkedYAMLError(None, None, f"holds {what}", event.start_mark)


def _is_rounded(text: str) -> bool:
    """Whether YAML makes another number of a text than stands there: amounts have up to 29 digits."""
    plain = text.replace("_", "")
    if not _DECIMAL.fullmatch(plain):
        return False
    return "." in plain and Decimal(plain) != Decimal(repr(float(plain)))


def read_value(text: str) -> Any:
    """Return the value that YAML makes of a text.

    Raises:
        ValueError: When it is none, with a sentence.
    """
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader that refuses more.
    except yaml.YAMLError as error:
        raise ValueError(cleaned(error, _LONGEST)) from error


def read_mapping(path: Path, what: str, refusal: type[OffchainError]) -> dict[Any, Any]:
    """Return the mapping of names to values that a YAML file holds.

    Args:
        path: The file.
        what: What it is, in messages.
        refusal: What is raised when it is not there or not readable as such.
    """
    try:
        with opened(at_home(path), follow=True) as file:
            text = file.read(_LARGEST + 1)
        if len(text) > _LARGEST:
            raise ValueError(f"it has more than {_LARGEST} bytes")
        content = read_value(decoded(text))
    except FileNotFoundError:
        raise refusal(f"there is no {what} {path}") from None
    except (OSError, ValueError) as error:
        raise refusal(f"{what} {path} cannot be read as YAML: {cleaned(error, _LONGEST)}") from error
    if not isinstance(content, dict):
        raise refusal(f"{what} {path} holds no mapping of names to values")
    return content


def section(name: str, content: Any) -> str:
    r"""Return an entry of a mapping at the top of a file, as people would write it.

    >>> section("token", {"symbol": "TST", "supply": 5})
    'token: {symbol: TST, supply: 5}\n'
    """
    return yaml.safe_dump({name: content}, sort_keys=False, width=110, default_flow_style=None)


def with_section(text: str, name: str, content: Any) -> str:
    r"""Return a file's text with an entry at its top in place of the one of that name, or at the end.

    Comments outside of the entry stay; the text has to be a mapping in YAML's block form.

    >>> with_section("a: 1 # one\nb:\n  c: 2\n\n# Of d.\nd: 3\n", "b", {"e": 4})
    'a: 1 # one\nb: {e: 4}\n\n# Of d.\nd: 3\n'
    """
    written = section(name, content)
    node = yaml.compose(text, _Loader)
    for key, value in node.value if isinstance(node, MappingNode) else ():
        if key.value == name:
            start, end = key.start_mark.index, value.end_mark.index
            old = text[start:end]
            lines = old.splitlines(keepends=True)
            while lines and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
                lines.pop()  # Of what follows: a block's mark is where the next one begins.
            kept = old[len("".join(lines)) :] + text[end:]
            return text[:start] + written + (kept if old.endswith("\n") else kept.partition("\n")[2])
    return text.rstrip("\n") + "\n\n" + written
