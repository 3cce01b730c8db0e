"""The tree beside each test file: its leaves are the file's tests, and what they name exists."""

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# Of one subject each, and told by themselves.
WITHOUT_TREE = {
    "test_bytecode.py",
    "test_happy_round.py",
    "test_lint.py",
    "test_logs_rebuild_balances.py",
    "test_size.py",
    "test_spec.py",
    "test_trees.py",
}
FILES = sorted(path for path in HERE.rglob("test_*.py") if path.name not in WITHOUT_TREE)
LINE = re.compile(r"^(?P<indent>(?:│   |    )*)(?:├── |└── )(?P<text>.+)$")
NAMED = re.compile(r"(\w+)\(([\w, ]*)\)")


def leaves(tree: Path) -> list[tuple[str, str]]:
    """Text of each leaf before the arrow, and what follows it."""
    lines = [LINE.match(line) for line in tree.read_text().splitlines()[1:]]
    assert all(lines), f"{tree.name} has a line that is no branch"
    depths = [len(line["indent"]) for line in lines] + [0]
    texts = [
        line["text"] for line, depth, after in zip(lines, depths, depths[1:], strict=False) if after <= depth
    ]
    return [(text.partition(" → ")[0], text.partition(" → ")[2]) for text in texts]


def names(file: Path) -> list[str]:
    return [
        node.name
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def slug(text: str) -> str:
    return "test_" + re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_leaves_are_the_tests(file: Path):
    assert sorted(slug(text) for text, _ in leaves(file.with_suffix(".tree"))) == sorted(names(file))


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_errors_and_events_exist(file: Path, project):
    known = {
        (abi.name, tuple(value.name for value in abi.inputs))
        for contract in project.contracts.values()
        for abi in [*contract.contract_type.errors, *contract.contract_type.events]
    }
    named = [
        (name, tuple(filter(None, re.split(r", *", values))))
        for _, after in leaves(file.with_suffix(".tree"))
        for name, values in NAMED.findall(after)
    ]
    assert [item for item in named if item not in known] == []


def test_every_tree_belongs_to_a_file():
    assert sorted(HERE.rglob("*.tree")) == [file.with_suffix(".tree") for file in FILES]
