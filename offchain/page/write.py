"""One HTML file: the template with a story's data inside, and nothing that asks another machine."""

import json
from html import escape
from pathlib import Path

from ml.private_files import write_whole
from offchain.errors import PageError
from offchain.machine_json import finite
from offchain.page.story import Story, page_json

_PARTS = Path(__file__).parent / "parts"


def page(story: Story) -> str:
    """Return the page of a story, HTML.

    The data is JSON in which every < is written by its number, so that no text ends its element; the page's
    script puts texts into the document as text, never as HTML.
    """
    told = json.dumps(finite(page_json(story)), separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    data = told.replace("<", "\\u003c")
    parts = {
        "TITLE": escape(story.title),
        "STYLE": _part("page.css"),
        "SCRIPT": _part("page.js"),
        "DATA": data,
    }
    html = _part("page.html")
    for name, text in parts.items():
        html = html.replace(f"<!--{name}-->", text, 1)
    # Names that came as bytes may hold what no file in UTF-8 can.
    return html.encode("utf-8", "backslashreplace").decode("utf-8")


def write_page(story: Story, folder: Path) -> Path:
    """Write a story's page into a folder, made when it is missing; where it is then.

    Raises:
        PageError: When it cannot be written.
    """
    path = folder / "index.html"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, page(story))
    except OSError as error:
        raise PageError(
            f"the page cannot be written to {path}: {error.strerror}; choose another --out"
        ) from error
    return path


def _part(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")
