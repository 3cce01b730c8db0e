"""Text that people write, in files: UTF-8, or a word on what to do."""


def decoded(content: bytes) -> str:
    r"""Return text in UTF-8, which may begin with a mark of byte order.

    >>> decoded(b"\xef\xbb\xbfa")
    'a'

    Raises:
        ValueError: When it is in another encoding, with where.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = f"byte {error.start + 1} is {content[error.start]:#04x}"
        raise ValueError(f"it is no text in UTF-8 ({place}); save it as UTF-8") from None
