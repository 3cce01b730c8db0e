"""How much memory, and how many seconds, a large table takes to be looked at and to be read as a task.

`python tools/table_memory.py --rows 200000` makes a file of 151 columns shaped like Lending Club's (text,
numbers, dates, gaps, free text), runs `ape run encoding` on it, and reads it as the task that this wrote,
each in a process of its own, whose peak resident memory and seconds of processor time are the kernel's. The
file is deleted afterwards. Linux only.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa
from pyarrow import csv

ROOT = Path(__file__).resolve().parent.parent
APE = Path(sys.executable).with_name("ape")
COLUMNS = 151
_BLOCK = 20_000  # Rows that are made at a time.
_READ = """
import sys
from pathlib import Path
from ml.tasks.federating import read_rows
from ml.tasks.loading import Named
task = Named(sys.argv[1], {}).load()
rows = read_rows(task, Path(sys.argv[2]))
print(len(rows), "rows of", rows.inputs.shape[1], "inputs,", rows.inputs.nbytes >> 20, "MiB of float32")
"""


def write(path: Path, rows: int) -> None:
    """Write a table of that many rows; the same number gives the same table."""
    generator, writer = np.random.default_rng(rows), None
    for first in range(0, rows, _BLOCK):
        block = pa.table(dict(_columns(generator, first, min(_BLOCK, rows - first))))
        writer = writer or csv.CSVWriter(path, block.schema)  # type: ignore[attr-defined]
        writer.write_table(block)
    if writer is not None:
        writer.close()


def _columns(draw: np.random.Generator, first: int, count: int) -> Iterator[tuple[str, object]]:
    """Yield 151 columns: one of outcomes, an identifier, free text, categories, dates, numbers with gaps."""
    risk = draw.normal(size=count)
    yield "loan_status", np.where(risk + draw.normal(size=count) > 1, "Charged Off", "Fully Paid")
    yield "id", np.arange(10_000_000 + first, 10_000_000 + first + count)
    yield "url", [f"https://example.org/loans?id={number}" for number in range(first, first + count)]
    yield "emp_title", [f"occupation {number}" for number in draw.zipf(1.3, count) % 500_000]
    yield "zip_code", [f"{number:03}xx" for number in draw.integers(0, 950, count)]
    for number in range(16):
        yield f"category_{number}", draw.choice([f"value {k}" for k in range(2 + 3 * number)], count)
    for number in range(6):
        months = np.datetime64("2007-01") + draw.integers(0, 140, count)
        yield f"month_{number}", [f"{month.astype(object):%b-%Y}" for month in months]
    for number in range(50):
        yield f"count_{number}", draw.poisson(1 + number, count)
    for number in range(COLUMNS - 77):
        amounts = np.round(draw.lognormal(8, 1, count) + 100 * risk, 2)
        yield f"amount_{number}", pa.array(amounts, mask=draw.random(count) < 0.01 * (number % 20))


def measured(arguments: list[str], folder: Path) -> tuple[str, str]:
    """Return what a process took, in words, and what it said at last."""
    started = perf_counter()
    with (folder / "said").open("w+") as said:
        process = subprocess.Popen(arguments, cwd=ROOT, stdout=said, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = perf_counter() - started
        said.seek(0)
        lines = said.read().splitlines() or [""]
    if status:
        raise SystemExit(f"{' '.join(arguments[:4])} failed: {lines[-1]}")
    busy = usage.ru_utime + usage.ru_stime
    return f"{busy:.0f} s busy of {seconds:.0f}, {usage.ru_maxrss // 1024:,} MiB at most", lines[-1]


def main() -> None:
    """Print a line for each of the two."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--rows", type=int, default=200_000)
    options.add_argument("--folder", type=Path, help="where the file is made meanwhile")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        folder = Path(name)
        data, form = folder / "loans.csv", folder / "loans.json"
        write(data, chosen.rows)
        print(f"{chosen.rows:,} rows of {COLUMNS} columns, {data.stat().st_size >> 20:,} MiB", flush=True)
        wishes = ["--target", "loan_status", "--drop", "url", "--allow-missing", "1", "--out", str(form)]
        look = [str(APE), "run", "encoding", "--data", str(data), *wishes]
        for what, arguments in {
            "ape run encoding": look,
            "read as a task": [sys.executable, "-c", _READ, str(form), str(data)],
        }.items():
            took, said = measured(arguments, folder)
            print(f"{what}: {took}" + (f"; {said}" if arguments[1] == "-c" else ""), flush=True)


if __name__ == "__main__":
    main()
