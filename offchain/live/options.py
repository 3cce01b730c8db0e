"""Command-line options that the commands of a live network share."""

from collections.abc import Callable
from decimal import Decimal
from functools import wraps
from typing import Any, TypeVar

import click

from offchain.chain.addresses import address
from offchain.finite_range import FiniteRange
from offchain.listening import host_of
from offchain.live.access.network import Nodes
from offchain.live.access.sending import GWEI, LONE_TIP, SendingSettings
from offchain.live.monitoring import Monitoring
from offchain.monitoring.vitals import STALL_SECONDS
from offchain.user_path import UserPath

Command = TypeVar("Command", bound=Callable[..., Any])

_DEFAULTS = SendingSettings()


def chain_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--network`, `--rpc` and `--log-range`, which arrive together as `nodes`."""

    @wraps(function)
    def with_nodes(
        *args: Any, network: str | None, rpcs: tuple[str, ...], log_range: int | None, **others: Any
    ) -> Any:
        return function(*args, nodes=Nodes(network, rpcs, log_range), **others)

    with_range = click.option(
        "--log-range",
        type=click.IntRange(min=1),
        metavar="BLOCKS",
        help="Blocks whose logs are asked for at once, to begin with; less where the node refuses.  "
        "[default: 10000]",
    )(with_nodes)
    with_rpc = click.option(
        "--rpc",
        "rpcs",
        multiple=True,
        metavar="URL",
        help="Another node of the same chain, tried when those before do not answer. Repeatable.",
    )(with_range)
    return click.option(
        "--network",
        metavar="ECOSYSTEM:NETWORK:PROVIDER",
        help="Chain and node: ethereum:sepolia:https://..., a URL, or as Ape has it, ethereum:sepolia:node.  "
        "[default: the deployment's network, at the node that ape-config.yaml names; no public one]",
    )(with_rpc)


def deployment_option(function: Command) -> Command:
    """Adds `--deployment`: which one."""
    return click.option(
        "--deployment",
        required=True,
        metavar="NAME",
        help="Name of deployments/NAME.yaml and NAME.json, or the path of either.",
    )(function)


def log_cache_option(function: Command) -> Command:
    """Adds `--cache`: where logs are kept."""
    return click.option(
        "--cache",
        type=UserPath(file_okay=False),
        help="Where logs are kept, so that the next call asks for new blocks only.  "
        "[default: the user's cache folder]",
    )(function)


def poll_option(function: Command) -> Command:
    """Adds `--poll`: how often to look."""
    return click.option(
        "--poll",
        type=FiniteRange(min=0.01),
        metavar="SECONDS",
        help="Time between two looks at the chain.  [default: a block's, up to a minute in long phases]",
    )(function)


def metrics_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds what is told to a monitor, and where; arrives as `monitoring`."""

    @wraps(function)
    def with_monitoring(
        *args: Any, metrics: int | None, metrics_host: str, stall: float, **others: Any
    ) -> Any:
        return function(*args, monitoring=Monitoring(metrics, metrics_host, stall), **others)

    for option in (
        click.option(
            "--stall",
            type=FiniteRange(min=1),
            default=STALL_SECONDS,
            show_default=True,
            metavar="SECONDS",
            help="Time without a new block after which /health turns red.",
        ),
        click.option(
            "--metrics-host",
            type=HOST,
            default="127.0.0.1",
            show_default=True,
            metavar="ADDRESS",
            help="Address to tell them at.",
        ),
        click.option(
            "--metrics",
            type=click.IntRange(0, 65535),
            metavar="PORT",
            help="Tell measures for Prometheus at /metrics, and at /health whether all is well; 0 for a free "
            "port.  [default: no]",
        ),
    ):
        with_monitoring = option(with_monitoring)
    return with_monitoring


def account_option(function: Command) -> Command:
    """Adds `--account`: whose key."""
    return click.option(
        "--account",
        required=True,
        metavar="ALIAS",
        help="Account of Ape's keystore or of a plugin; passphrase of the former by prompt or "
        "APE_ACCOUNTS_<ALIAS>_PASSPHRASE, in which _ stands for what no variable's name may have.",
    )(function)


def sending_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds what a user decides about transactions, which arrives as `sending`, the settings."""

    @wraps(function)
    def with_settings(*args: Any, **given: Any) -> Any:
        own = {name: given.pop(name) for name in ("fee_cap", "tip_cap", "confirmations", "patience")}
        return function(*args, sending=SendingSettings(**own), **given)

    for option in (
        click.option(
            "--patience",
            type=click.IntRange(min=1),
            default=_DEFAULTS.patience,
            show_default=True,
            metavar="SECONDS",
            help="Time after which a transaction that was not mined is replaced, paying 12.5 % more.",
        ),
        click.option(
            "--confirmations",
            type=click.IntRange(1, 100),
            default=_DEFAULTS.confirmations,
            show_default=True,
            help="Blocks after which a transaction counts as done.",
        ),
        click.option(
            "--tip-cap",
            type=Gwei(),
            help="Most of it that whoever builds the block gets, gwei.  [default: "
            f"{LONE_TIP // GWEI} with a single node, which may say what it likes; all of it with more]",
        ),
        click.option(
            "--fee-cap",
            type=Gwei(),
            default=str(_DEFAULTS.fee_cap // GWEI),
            show_default=True,
            help="Most that is ever paid for gas, gwei.",
        ),
    ):
        with_settings = option(with_settings)
    return with_settings


class Gwei(click.ParamType):
    """An amount in gwei, decimal, as wei."""

    name = "gwei"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Returns wei per gas."""
        try:
            wei = int(Decimal(str(value)) * GWEI)
        except (ArithmeticError, ValueError):
            wei = 0
        if wei <= 0:
            self.fail(f"{value!r} is no amount of gwei above 0.", param, ctx)
        return wei


class Read(click.ParamType):
    """A text as a function reads it, whose ValueError says what was expected.

    Args:
        name: Of the kind of value.
        read: Returns what a command gets.
    """

    def __init__(self, name: str, read: Callable[[str], str]) -> None:
        self.name = name
        self._read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Returns the value as it was read."""
        try:
            return self._read(str(value))
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


ADDRESS = Read("address", address)
"""Of an account or contract, passed on in lower case."""
HOST = Read("address", host_of)
"""That a server is to listen on, as sockets take it."""
