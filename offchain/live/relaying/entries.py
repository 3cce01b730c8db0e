"""What a member hands over to a relay: a signed commitment, or an opening."""

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ml.validation import first_fault
from offchain.chain.gateway import Deployed
from offchain.live.access.chain import Invocation
from offchain.live.deploying.configuration import Address
from offchain.live.errors import RelayError

Function = Literal["propose", "publish", "commitBallot", "revealBallot"]
FUNCTIONS: tuple[Function, ...] = get_args(Function)

BATCH: dict[Function, str] = {
    "propose": "propose",
    "publish": "publish",
    "commitBallot": "commitBallots",
    "revealBallot": "revealBallots",
}
"""The relay contract's function for many entries of a kind."""

SINGLE: dict[Function, str] = {
    "propose": "proposeBySig",
    "publish": "publishFor",
    "commitBallot": "commitBallotBySig",
    "revealBallot": "revealBallotFor",
}
"""The round manager's function for one."""


def _hex_of(size: int) -> AfterValidator:
    def check(value: str) -> str:
        if len(value) != 2 + 2 * size or not value.startswith("0x"):
            raise ValueError(f"expected 0x and {2 * size} hexadecimal digits")
        bytes.fromhex(value[2:])
        return value

    return AfterValidator(check)


Bytes24 = Annotated[str, _hex_of(24)]
Bytes32 = Annotated[str, _hex_of(32)]


class Entry(BaseModel):
    """One member's act; which kind follows from the function that it is for."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    client: Address

    @property
    def arguments(self) -> tuple[object, ...]:
        """As the contracts take them."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return tuple(
            bytes.fromhex(value[2:]) if isinstance(value, str) and value != self.client else value
            for value in values
        )


class Signed(Entry):
    """A commitment and its member's EIP-712 signature."""

    commitment: Bytes24
    r: Bytes32
    vs: Bytes32


class OpenedUpdate(Entry):
    """What opens a commitment to an update."""

    root: Bytes32
    samples: int = Field(ge=1, lt=2**16)
    salt: Bytes32


class OpenedBallot(Entry):
    """What opens a commitment to a ballot."""

    ballot: int = Field(ge=0, lt=2**16)
    salt: Bytes32


_KINDS: dict[Function, type[Entry]] = {
    "propose": Signed,
    "publish": OpenedUpdate,
    "commitBallot": Signed,
    "revealBallot": OpenedBallot,
}


def parse(function: Function, text: bytes) -> Entry:
    """Return the entry that a request's body is.

    Raises:
        RelayError: When it is none; with one sentence.
    """
    try:
        return _KINDS[function].model_validate_json(text)
    except ValidationError as error:
        raise RelayError(first_fault(error, "the body")) from error


def signed(client: str, commitment: bytes, signature: tuple[bytes, bytes]) -> Signed:
    """Return the entry of a commitment, 24 bytes, with its compact signature (r, vs)."""
    r, vs = signature
    return Signed(client=client, commitment=_hex(commitment), r=_hex(r), vs=_hex(vs))


def opening(function: Function, client: str, arguments: tuple[object, ...]) -> Entry:
    """Return the entry of an opening from the arguments that `publish` or `revealBallot` takes."""
    values = [_hex(value) if isinstance(value, bytes) else value for value in arguments]
    names = [name for name in _KINDS[function].model_fields if name != "client"]
    return _KINDS[function](client=client, **dict(zip(names, values, strict=True)))


def single(manager: Deployed, function: Function, entry: Entry) -> Invocation:
    """Return the round manager's call for one entry."""
    return Invocation(manager, SINGLE[function], entry.arguments)


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
