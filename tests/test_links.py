"""Links of all pages: the files, headings and pictures that they lead to are there."""

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parent.parent
FOLDERS = [each for each in ROOT.iterdir() if each.is_dir() and re.match(r"(?!node_modules$)\w", each.name)]
PAGES = sorted([*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in folder.rglob("*.md"))])
CODE = sorted(page for folder in FOLDERS for page in folder.rglob("*.py"))
OF_DOCS = re.compile(r"(?<![\w/.])docs/(?!\S*\bNAME\b)[\w/-]+\.(?:md|yaml|csv|png|json|py)\b(?:#[\w-]+)?")


def blocks(page):
    return MarkdownIt().parse(page.read_text(encoding="utf-8"))


@cache
def anchors(page):
    """What GitHub calls a page's headings: small letters, hyphens, no punctuation; -1, -2 of the same."""
    found = []
    tokens = blocks(page)
    for opening, heading in zip(tokens, tokens[1:], strict=False):
        if opening.type == "heading_open":
            text = "".join(each.content for each in heading.children if each.type in ("text", "code_inline"))
            name = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            found.append(f"{name}-{found.count(name)}" if name in found else name)
    return found


def broken(page, target):
    """Whether nothing is where a link of a page leads to."""
    name, _, anchor = unquote(target).partition("#")
    there = page.parent / name if name else page
    return not there.exists() or bool(anchor) and anchor not in anchors(there.resolve())


def targets(page):
    inline = (child for block in blocks(page) for child in block.children or ())
    found = (child.attrs.get("href") or child.attrs.get("src") for child in inline)
    return [str(target) for target in found if target and not re.match(r"[a-z]+:", str(target))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    assert [target for target in targets(page) if broken(page, target)] == []


def test_there_are_links_to_follow():
    found = [target for page in PAGES for target in targets(page)]
    assert len(PAGES) > 90 and len(found) > 300 and sum("#" in target for target in found) > 60


@pytest.mark.parametrize("file", [*PAGES, *CODE], ids=lambda file: str(file.relative_to(ROOT)))
def test_pages_that_are_named_are_there(file):
    named = set(OF_DOCS.findall(file.read_text(encoding="utf-8")))
    assert {name for name in named if broken(ROOT / "README.md", name)} == set()
