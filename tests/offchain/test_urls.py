"""URLs in messages: no user, password or key."""

import pytest

from offchain.urls import shown, without_secrets


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("s3://key:secret@bucket/x@y", "s3://bucket/x@y"),
        ("/a/plain@folder", "/a/plain@folder"),
        ("https://me:secret@store.example:8443/a", "https://store.example:8443/a"),
        ("https://store.example/?token=secret", "https://store.example/"),
        ("https://store.example#secret", "https://store.example"),
        ("http://me:secret@127.0.0.1:1/x?u=http://y", "http://127.0.0.1:1/x"),
        ("http://me:sec/ret@host/x", "http://host/x"),
        ("http://me:sec@ret@host/x", "http://host/x"),
        ("https://[::1]:8787/a@b", "https://[::1]:8787/a@b"),
        ("zip://a.zip::https://me:secret@host/b", "zip://a.zip::https://host/b"),
        ("ipfs+http://me:secret@127.0.0.1:5001", "ipfs+http://127.0.0.1:5001"),
    ],
)
def test_a_url_is_shown_without_secrets(url, told):
    assert shown(url) == told


@pytest.mark.parametrize(
    "text",
    [
        "cannot connect to https://me:s3%20cret@host/x?token=abcdef",
        "bucket me:s3%20cret@host is none",
        "login as me with s3 cret failed",
        "Max retries exceeded with url: /x?token=abcdef",
    ],
)
def test_what_a_library_says_of_a_url_shows_none(text):
    told = without_secrets(text, "https://me:s3%20cret@host/x?token=abcdef")
    assert not any(secret in told for secret in ("s3%20cret", "s3 cret", "abcdef")), told
