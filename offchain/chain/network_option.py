"""The chain that a script runs on: its command-line option, and the connection with errors of one sentence.

Ape's own option refuses the short name `--network foundry`, and connects before the command knows whether it
needs a chain; a script therefore takes `network_option`, and enters `connected` when it does.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import ape
import click
from ape.exceptions import ApeException

from ml.messages import reason
from offchain.chain.ports import free_port

if TYPE_CHECKING:
    from ape.api import ProviderAPI

PROVIDERS = ("foundry", "test")
START_SECONDS = 60
_LOCAL = ("localhost", "127.0.0.1", "::1")
_DEFAULTS = ("ethereum", "local", "foundry")

Command = TypeVar("Command", bound=Callable[..., Any])


class NetworkUnavailableError(click.ClickException):
    """The chain that was asked for did not start or did not answer."""


class LocalNetwork(click.ParamType):
    """A local chain, by provider (`foundry`) or in Ape's form (`ethereum:local:foundry`, `::foundry`)."""

    name = "network"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Returns the choice in full, as `ecosystem:network:provider`."""
        parts = ("", "", value) if value in PROVIDERS else tuple(value.split(":"))
        parts += ("",) * (3 - len(parts))
        full = tuple(part or default for part, default in zip_longest(parts, _DEFAULTS))
        if full not in {(*_DEFAULTS[:2], provider) for provider in PROVIDERS}:
            self.fail(
                f"{value!r} is no local chain; use 'foundry' (anvil) or 'test' (in this process), in full "
                "'ethereum:local:foundry' or 'ethereum:local:test'.",
                param,
                ctx,
            )
        return ":".join(full)


def network_option(function: Command) -> Command:
    """Adds `--network`, which passes the chain to the command as `network`, in full and not yet connected."""
    return click.option(
        "--network",
        type=LocalNetwork(),
        default="foundry",
        show_default=True,
        help="Local chain: foundry (anvil), test (in this process), or in full, ethereum:local:foundry.",
    )(function)


@contextmanager
def connected(network: str, start_seconds: int = START_SECONDS) -> Iterator["ProviderAPI"]:
    """Connects to a chain, starting it where needed, and stops it at the end.

    Args:
        network: The chain in full, as `network_option` passes it.
        start_seconds: How long a chain may take to start.

    Raises:
        NetworkUnavailableError: When it is not installed, does not start in time or does not answer.
    """
    if network.endswith(":foundry") and shutil.which("anvil") is None:
        raise NetworkUnavailableError(
            "anvil is not on the PATH; run `make install`, or choose `--network test`."
        )
    allow_slow_start(start_seconds)
    give_a_free_port()
    _leave_out_proxies()
    _forget_chains_that_ended()
    with ExitStack() as stack:
        try:
            provider = ape.networks.get_provider_from_choice(network)
            stack.enter_context(provider.network.use_provider(provider, disconnect_after=True))
        except ApeException as error:
            raise NetworkUnavailableError(f"{network} cannot be used: {reason(error)}") from error
        yield provider


def allow_slow_start(seconds: int = START_SECONDS) -> None:
    """Gives anvil more time to start than Ape's fixed 20 seconds, which a busy machine exceeds."""
    from ape.api import SubprocessProvider  # Here: it brings web3, which `--help` need not wait for.

    SubprocessProvider.start.__defaults__ = (seconds,)


def give_a_free_port() -> None:
    """Lets anvil listen where nobody does: Ape draws a port unseen, and where it is taken waits in vain."""
    # Here, since whoever installs a wheel for a live network runs no chain of its own.
    import ape_foundry.provider as foundry

    foundry.EPHEMERAL_PORTS_START = foundry.EPHEMERAL_PORTS_END = free_port()


def _leave_out_proxies() -> None:
    # A proxy of the environment cannot reach a chain of this machine; Ape's libraries and anvil read these.
    for name in ("NO_PROXY", "no_proxy"):
        others = [each for each in os.environ.get(name, "").split(",") if each]
        os.environ[name] = ",".join(dict.fromkeys([*others, *_LOCAL]))


def _forget_chains_that_ended() -> None:
    # Ape notes every chain it starts and, with anvil, never forgets one; to stop another it goes through them
    # all, which takes seconds once there are some hundred.
    known = ape.networks.running_nodes
    ended = [pid for pid in known.process_ids if not Path(f"/proc/{pid}").exists()]
    if ended and Path("/proc/self").exists():
        known.remove_processes(*ended)
