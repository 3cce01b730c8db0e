"""What a client's owner chooses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ml.settings import AnyPolicy
from offchain.live.access.sending import SendingSettings
from offchain.live.client.options import KEEP_ROUNDS
from offchain.live.client.own_data import DataOptions
from offchain.live.continuing.origin import Origin
from offchain.worker.limits import START_SECONDS


@dataclass(frozen=True)
class ClientOptions:
    """What `ape run client` is given.

    Attributes:
        data: Its rows.
        stores: URLs, at least one.
        origin: Where the deployment that this one continues is asked for.
        cache: Folder of its own; none for the user's cache folder.
        training: Where it trains otherwise than the task says, by the names of `TrainingSettings`.
        leave: Whether it wants to leave.
        keep: Tokens below which free ones are topped up from the wallet; empty for never.
        poll: Seconds between two looks at the chain; None for what blocks and phases ask for.
        sending: What it pays.
        salts: File of the secret behind its salts; none for a signature of its key.
        client: Address of the client whose operator the account is; none for the account's own.
        join: Whether it joins and does nothing after that.
        relay: URL of a relay that sends what it plays; none to send itself.
        device: Where models compute.
        keep_rounds: Rounds of which the cache keeps every update.
        shadow: Policy that is computed beside the one that decides; none for none.
        proof: What an admission contract of others is shown; None for nothing.
        store_patience: Seconds for which a store that does not answer at the start is asked again.
        start_seconds: For which a task's code that is not the project's may load and read rows.
    """

    data: DataOptions
    stores: tuple[str, ...]
    origin: Origin = field(default_factory=Origin)
    cache: Path | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    leave: bool = False
    keep: str = ""
    poll: float | None = None
    sending: SendingSettings = field(default_factory=SendingSettings)
    salts: Path | None = None
    client: str | None = None
    join: bool = False
    relay: str | None = None
    device: str = "cpu"
    keep_rounds: int = KEEP_ROUNDS
    shadow: AnyPolicy | None = None
    proof: bytes | None = None
    store_patience: float = 30.0
    start_seconds: float = START_SECONDS

    @property
    def told(self) -> dict[str, Any]:
        """What of it decides what is learned, by name, for who compares clients."""
        return {"data": self.data.path or self.data.share, "train": self.data.train, **self.training}

    @property
    def can_play(self) -> bool:
        """Whether it has what a seat takes: rows and a store."""
        return self.data.is_given and bool(self.stores)
