"""Command-line options of whoever looks where a first model is from."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from offchain.live.continuing.origin import Origin


def origin_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--old-network` and `--old-store`, which arrive together as `origin`."""

    @wraps(function)
    def with_origin(*args: Any, old_network: str | None, old_stores: tuple[str, ...], **others: Any) -> Any:
        return function(*args, origin=Origin(old_network, old_stores), **others)

    with_store = click.option(
        "--old-store",
        "old_stores",
        multiple=True,
        metavar="URL",
        help="Where artefacts of the deployment that this one continues are. Repeatable.  [default: --store]",
    )(with_origin)
    return click.option(
        "--old-network",
        metavar="ECOSYSTEM:NETWORK:PROVIDER",
        help="A node of that deployment's chain, where it is another chain than this one's.  [default: the "
        "node that ape-config.yaml names]",
    )(with_store)
