"""Links of all pages: the files, headings and pictures that they lead to are there."""

import os
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote

from markdown_it import MarkdownIt

ROOT = Path(__file__).parent.parent


def ours():
    """Files of the project, but for what is installed and kept beside them."""
    for folder, inner, names in os.walk(ROOT):
        inner[:] = sorted(each for each in inner if not re.match(r"\.|node_modules$", each))
        yield from (Path(folder, name) for name in sorted(names))


FILES = list(ours())
PAGES, CODE = ([file for file in FILES if file.suffix == kind] for kind in (".md", ".py"))
OF_DOCS = re.compile(r"(?<![\w/.])docs/(?!\S*\bNAME\b)[\w/-]+\.(?:md|yaml|csv|png|json|py)\b(?:#[\w-]+)?")


def blocks(page):
    return MarkdownIt().parse(page.read_text(encoding="utf-8"))


@cache
def anchors(page):
    """What GitHub calls a page's headings: small letters, hyphens, no punctuation; -1, -2 of the same."""
    names, found = [], []
    tokens = blocks(page)
    for opening, heading in zip(tokens, tokens[1:], strict=False):
        if opening.type == "heading_open":
            text = "".join(each.content for each in heading.children if each.type in ("text", "code_inline"))
            name = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            found.append(f"{name}-{names.count(name)}" if name in names else name)
            names.append(name)
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


def test_links_lead_somewhere():
    found = {str(page): [each for each in targets(page) if broken(page, each)] for page in PAGES}
    assert {page: names for page, names in found.items() if names} == {}


def test_pages_that_are_named_are_there():
    named = {
        (str(file), name) for file in [*PAGES, *CODE] for name in OF_DOCS.findall(file.read_text("utf-8"))
    }
    assert {(file, name) for file, name in named if broken(ROOT / "README.md", name)} == set()


def test_there_are_links_to_follow():
    found = [target for page in PAGES for target in targets(page)]
    assert len(PAGES) > 90 and len(found) > 300 and sum("#" in target for target in found) > 60


def test_headings_have_the_names_that_github_gives_them(tmp_path):
    page = tmp_path / "page.md"
    headings = ("`evidence`: a hundred, and η", "The member's [pass](a.md)", *["As-is"] * 3)
    page.write_text("\n\n".join(["```\n# no\n```", *(f"## {each}" for each in headings)]))
    assert anchors(page) == ["evidence-a-hundred-and-η", "the-members-pass", "as-is", "as-is-1", "as-is-2"]
    page.with_name("other.md").write_text("")
    assert not broken(page, "#as-is-2") and broken(page, "#as-is-3")
    assert not broken(page, "other.md") and broken(page, "other.md#as-is") and broken(page, "none.md")
