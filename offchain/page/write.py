"""One HTML file: the template with a story's data inside, and nothing that asks another machine."""

import json
from html import escape
from pathlib import Path

from ml.messages import cleaned
from ml.private_files import write_whole
from offchain.errors import PageError
from offchain.machine_json import finite
from offchain.page.story import Story, page_json

_PARTS = Path(__file__).parent / "parts"


def page(story: Story, follow: float = 0) -> str:
    """Return the page of a story, HTML.

    The data is JSON in which every < is written by its number, so that no text ends its element; the page's
    script puts texts into the document as text, never as HTML.

    Args:
        story: What it shows.
        follow: Seconds after which it asks its own server for `data.json`; 0 for a page that asks nobody.
    """
    parts = {
        "TITLE": escape(cleaned(story.title, 200)),
        "CONNECT": " connect-src 'self';" if follow else "",
        "FOLLOW": f"{follow:g}",
        "STYLE": _part("page.css"),
        "SCRIPT": _part("page.js"),
        "DATA": page_data(story).replace("<", "\\u003c"),
    }
    html = _part("page.html")
    for name, text in parts.items():
        html = html.replace(f"<!--{name}-->", text, 1)
    return html


def page_data(story: Story) -> str:
    """Return what a page's script reads of a story, JSON."""
    return json.dumps(finite(page_json(story)), separators=(",", ":"), ensure_ascii=False, allow_nan=False)


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
