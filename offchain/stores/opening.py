"""From a URL to a store."""

from collections.abc import Sequence

from ml.updates.schema import Schema
from offchain.errors import StoreError
from offchain.stores.artefacts import Artefacts
from offchain.stores.base import Store
from offchain.stores.files import FileStore
from offchain.stores.http import HttpStore, Permit
from offchain.stores.ipfs import PREFIX, IpfsStore
from offchain.stores.permits import Place
from offchain.urls import shown, url_fault


def open_store(url: str, schema: Schema, place: Place | None = None, permit: Permit | None = None) -> Store:
    """Return the store that a URL names; nothing is sent yet.

    `http://` and `https://` are servers of `ape run store`, `ipfs+http://` and `ipfs+https://` the API of an
    IPFS node; everything else, plain folders too, goes to fsspec.

    Args:
        url: Where.
        schema: The artefacts' model.
        place: The deployment; none when it is not known.
        permit: What makes a permit to write to a server; none to read only.

    Raises:
        StoreError: When nothing opens such a URL.
    """
    scheme, mark, rest = url.partition("://")
    url = f"{scheme.lower() if mark else scheme}{mark}{rest}"
    if "http" in scheme.lower() and mark and (fault := url_fault(url.removeprefix(PREFIX))):
        raise StoreError(f"{shown(url)!r} is no URL of a store: {fault}")
    if url.startswith((f"{PREFIX}http://", f"{PREFIX}https://")):
        return IpfsStore(url, schema)
    if url.startswith(("http://", "https://")):
        return HttpStore(url, place, permit)
    return FileStore(url)


def open_artefacts(
    urls: Sequence[str], schema: Schema, place: Place | None = None, permit: Permit | None = None
) -> Artefacts:
    """Return the artefacts in the stores that `urls` name, asked in this order.

    Raises:
        StoreError: When there is no URL, or nothing opens one.
    """
    if not urls:
        raise StoreError("no store was named; give --store a folder, s3://…, https://… or ipfs+http://…")
    return Artefacts([open_store(url, schema, place, permit) for url in urls], schema)
