"""No contract grows beyond what one reads at a sitting: 260 lines of code a file, 40 a function."""

import re
from itertools import takewhile
from pathlib import Path

import pytest

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
FILES = sorted(path for path in CONTRACTS.rglob("*.sol") if ".cache" not in path.parts)
COMMENT = re.compile(r"\s*(//|/\*|\*|$)")
FUNCTION = re.compile(r"    (function|constructor|fallback|receive|modifier)\b")


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_files_and_functions_stay_short(file: Path):
    code = [line for line in file.read_text(encoding="utf-8").splitlines() if not COMMENT.match(line)]
    assert len(code) <= 260
    for number, line in enumerate(code):
        if FUNCTION.match(line):
            body = list(takewhile(lambda each: each != "    }", code[number:]))
            assert len(body) < 40 or line.endswith((";", "{}")), line
