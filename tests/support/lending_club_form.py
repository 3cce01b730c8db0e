"""Lending Club's file as a table's file of JSON: what `examples/lending_club*.json` are made by.

python tests/support/lending_club_form.py FILE  (from the root of the repository)
"""

import json
import sys
from pathlib import Path

from ml.tasks.built_in.lending_club.columns import CREDIT_MONTHS, CREDIT_SINCE, ISSUED, STATUS
from ml.tasks.built_in.lending_club.common_encoding import CommonEncoding
from ml.tasks.built_in.lending_club.reading import read
from ml.tasks.tables.form import Form

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FILES = {"application": EXAMPLES / "lending_club.json", "all": EXAMPLES / "lending_club_all.json"}


def spellings(name, values):
    """How other vintages write terms and years of employment."""
    if name == "term":
        return {f"{value.split()[0]}{end}": value for value in values for end in ("", ".0", " mo")}
    if name == "emp_length":
        return {value.removesuffix("s").removesuffix(" year"): value for value in values}
    return {}


def form_of(encoding):
    """The form that reads loans as an encoding does, bit for bit."""
    categories = [
        {"column": name, "kind": "category", "values": values, "other": False, "loose": True}
        | ({"spellings": spelt} if (spelt := spellings(name, values)) else {})
        for name, values in encoding.categories.items()
    ]
    numbers = [
        {"column": name, "kind": "number", "mean": spread.mean, "scale": spread.scale}
        for name, spread in encoding.numbers.items()
    ]
    age = {"kind": "between", "since": CREDIT_SINCE, "until": ISSUED, "unit": "months", "least": 0}
    numbers = [each | age if each["column"] == CREDIT_MONTHS else each for each in numbers]
    outcomes = {"values": ["Charged Off", "Fully Paid"], "loose": True, "others": "apart"}
    leaks = encoding.features == "all"
    return Form.model_validate(
        {
            "format": 1,
            "target": {"column": STATUS, "kind": "classes", **outcomes},
            "inputs": categories + numbers,
            "simulation": {"metric": "accuracy" if leaks else "auroc", "batch": 128},
        }
    )


def text_of(form):
    """As it stands in a file: an input a line."""
    said = form.model_dump(mode="json", exclude_unset=True)
    inputs = ",\n".join(f"  {json.dumps(each)}" for each in said.pop("inputs"))
    rest = ",\n".join(f" {json.dumps(name)}: {json.dumps(value)}" for name, value in said.items())
    return f'{{\n{rest},\n "inputs": [\n{inputs}\n ]\n}}\n'


if __name__ == "__main__":
    for chosen, path in FILES.items():
        fitted = CommonEncoding.fit(read(Path(sys.argv[1]), chosen).table, chosen)
        path.write_text(text_of(form_of(fitted)), encoding="utf-8")
