"""What a deployment is, as its founders write it: `deployments/NAME.yaml`."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from ml.messages import nearest
from ml.validation import Written
from offchain.chain.addresses import address
from offchain.learning.description import Learning
from offchain.live.errors import ConfigurationError
from offchain.pasted import is_secret, said_back
from offchain.reference.seats import MIN_MEMBERS
from offchain.yaml_file import read_mapping

SeedSource = Literal["prevrandao", "blockhash", "simulated"]

SOURCES: Mapping[SeedSource, str] = {
    "prevrandao": "PrevrandaoSeed",
    "blockhash": "BlockhashSeed",
    "simulated": "SimulatedSeed",
}
"""The contract of each seed source."""

Address = Annotated[str, AfterValidator(address)]
Addresses = tuple[Address, ...]
Amount = Annotated[Decimal, Field(ge=0, max_digits=30)]
Digest = Annotated[str, Field(pattern="^0x[0-9a-f]{64}$")]


_NETWORK = re.compile(r"[\w.-]+:[\w.-]+")


def _network(name: str) -> str:
    """A URL would be copied into the address book, with the key in it."""
    if not _NETWORK.fullmatch(name):
        raise ValueError(
            "expected Ape's name of a network, such as ethereum:sepolia; a node's URL is --network's"
        )
    return name


class _Part(Written):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NewToken(_Part):
    """A StakeToken to be deployed; its whole supply goes to the deployer, who hands it out."""

    name: str = Field(min_length=1, description="ERC-20 name.")
    symbol: str = Field(min_length=1, max_length=11, description="ERC-20 symbol.")
    supply: Annotated[Decimal, Field(gt=0)] = Field(description="Whole tokens in existence, for ever.")


class ExistingToken(_Part):
    """An ERC-20 that is there already."""

    address: Address = Field(description="Its address.")


def _kind_of_token(value: Any) -> str:
    given = value if isinstance(value, Mapping) else vars(value) if isinstance(value, BaseModel) else {}
    return "existing" if "address" in given else "new"


Token = Annotated[
    Annotated[NewToken, Tag("new")] | Annotated[ExistingToken, Tag("existing")],
    Discriminator(_kind_of_token),
]


class Registry(_Part):
    """A list of who may join that an owner keeps: a RegistryAdmission to be deployed."""

    owner: Address = Field(description="Who changes it: a Safe, a governor, a timelock.")
    members: Addresses = Field((), description="Addresses on it from the beginning.")


class ExistingAdmission(_Part):
    """A contract that says who may join, and is there already."""

    address: Address = Field(description="Its address.")


def _kind_of_admission(value: Any) -> str:
    given = value if isinstance(value, Mapping) else vars(value) if isinstance(value, BaseModel) else None
    if given is None:
        return "listed"
    return "existing" if "address" in given else "registry"


Admission = Annotated[
    Annotated[Addresses, Tag("listed")]
    | Annotated[Registry, Tag("registry")]
    | Annotated[ExistingAdmission, Tag("existing")],
    Discriminator(_kind_of_admission),
]


class Protocol(_Part):
    """The round manager's parameters, amounts in whole tokens, times in seconds."""

    proposer_stake: Amount = Field(description="Tokens that a proposer stakes.")
    voter_stake: Amount = Field(description="Tokens that a voter stakes.")
    bond: Amount = Field(description="Tokens that joining takes and a member keeps.")
    absence_penalty: Amount = Field(description="Tokens, at most, for a seat neither used nor excused.")
    proposer_reward: Amount = Field(
        Decimal(0), description="Tokens of the budget for an included proposal; 0 for no rewards."
    )
    voter_reward: Amount = Field(
        Decimal(0), description="Tokens of the budget for a ballot revealed, whatever its bits."
    )
    proposer_bps: int = Field(description="Share of members that propose, basis points.")
    voter_seats: int = Field(description="Voters a round.")
    quorum_bps: int = Field(description="Share of voters below which a round is void, basis points.")
    max_strikes: int = Field(description="Seats missed in a row until removal; 0 for never.")
    max_samples: int = Field(1, description="Cap on a claimed sample count.")
    max_rounds: int = Field(0, description="Rounds in all; 0 for no end.")
    min_members: int = Field(MIN_MEMBERS, description="Members below which no round opens, 4 or more.")
    seed_delay: int = Field(description="Blocks from the opening to the anchor.")
    propose_for: int = Field(description="Seconds to train and commit.")
    publish_for: int = Field(description="Seconds to publish.")
    vote_for: int = Field(description="Seconds to fetch, score and commit.")
    reveal_for: int = Field(description="Seconds to reveal.")
    mark_for: int = Field(
        0,
        ge=0,
        description="Seconds after the reveal deadline for marking the absent, before anyone finalises.",
    )
    interval: int = Field(
        0, ge=0, description="Seconds from one draw to the next opening, at least; 0 for none."
    )
    unbonding: int = Field(description="Seconds from leaving to withdrawal.")


class Continues(_Part):
    """The deployment whose model is the first one of another; it may be on another chain."""

    network: str = Field(description="Ape's name of its network, without provider.")
    chain_id: int = Field(ge=1, description="Its chain's id.")
    manager: Address = Field(description="Its round manager.")
    block: int = Field(ge=0, description="In which that was deployed: logs are read from there on.")
    round: int = Field(ge=1, description="Whose global model is the first one here.")

    def __str__(self) -> str:
        """The round, in words."""
        return f"round {self.round} of manager {self.manager} on chain {self.chain_id}"


class Configuration(_Part):
    """A deployment before it is deployed."""

    network: Annotated[str, AfterValidator(_network)] = Field(
        description="Ape's name of the network, without provider: ethereum:sepolia."
    )
    chain_id: int = Field(ge=1, description="The chain's id, which every node is asked for.")
    token: Token = Field(description="The staked token.")
    seed_source: SeedSource = Field(description="Where seeds of seats come from.")
    seed_salt: Digest = Field(
        "0x" + 64 * "0", description="What the simulated source starts from; unused by others."
    )
    protocol: Protocol = Field(description="Rules of money and time.")
    learning: Learning = Field(description="Rules of learning.")
    continues: Continues | None = Field(
        None, description="Where the first model is from, when it is another deployment's."
    )
    admission: Admission = Field(
        (), description="Addresses that may join, or who says which may; none for anyone."
    )
    treasury: Address | None = Field(
        None, description="Address that gets what nobody can win any more; nobody when left out."
    )

    @property
    def is_open(self) -> bool:
        """Whether anyone may join."""
        return self.admission == ()

    @property
    def listed(self) -> Addresses:
        """Addresses that may join, for ever; none where there is no such list."""
        return self.admission if isinstance(self.admission, tuple) else ()


def load_configuration(path: Path) -> Configuration:
    """Return what a file says, each value checked by itself; how they fit each other is for `parameters`.

    Raises:
        ConfigurationError: With one sentence on the first thing that is wrong.
    """
    content = read_mapping(path, "configuration", ConfigurationError)
    try:
        return Configuration.model_validate(content)
    except ValidationError as error:
        raise ConfigurationError(f"configuration {path}: {_sentence(error)}") from error


_TAGS = ("new", "existing", "listed", "registry")  # Of no entry: which kind one was taken for.


def _sentence(error: ValidationError) -> str:
    # A name that is mistyped is missing too.
    first = min(error.errors(include_url=False), key=lambda each: each["type"] != "extra_forbidden")
    where = [str(part) for part in first["loc"] if part not in _TAGS]
    name = ".".join(where)
    if first["type"] == "extra_forbidden":
        return f"there is no {name!r}{nearest(where[-1], _names())}"
    if first["type"] == "missing":
        return f"{name} is missing"
    if first["input"] is None:
        return f"{name} stands there without a value"
    if first["type"] == "tuple_type":
        return f"{name} is {said_back(first['input'])}: expected a list, each on a line of its own after a -"
    if first["type"] == "value_error":
        return f"{name}: {first['ctx']['error']}" if name else str(first["ctx"]["error"])
    if first["type"] == "string_type" and isinstance(first["input"], int | float | date):
        given = said_back(first["input"]) if _is_key(name, first["input"]) else _unquoted(first["input"])
        return f"{name} is {given} when it is written without quotes: put it in quotes"
    reason: str = first["msg"]
    return f"{name} is {said_back(first['input'])}: {reason[:1].lower() + reason[1:]}"


def _is_key(name: str, value: object) -> bool:
    """Whether a key may stand where an address is due; digests have as many digits."""
    return name.startswith(("admission", "token")) and is_secret(value)


def _unquoted(value: int | float | date) -> str:
    """What YAML takes a text for; long numbers as people wrote them, since they are addresses and digests."""
    return f"the number {value:#x}" if isinstance(value, int) and value >= 2**64 else f"{value} to YAML"


def _names() -> list[str]:
    parts: tuple[type[BaseModel], ...] = (
        Configuration,
        Protocol,
        Learning,
        NewToken,
        ExistingToken,
        Continues,
        Registry,
        ExistingAdmission,
    )
    return [name for part in parts for name in part.model_fields]


def plain(configuration: Configuration) -> Any:
    """Return a configuration as JSON has it, the same for the same content however the file was written.

    What has its default is left out, so that what was deployed before there was such an entry is found again.
    A policy's list of tests loses their names with that: `rules`, which are compared beside, bind them.
    """
    return configuration.model_dump(mode="json", exclude_defaults=True)
