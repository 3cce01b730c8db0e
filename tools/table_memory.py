"""What memory and how many seconds a large table takes to be looked at, read as a task, and learned from.

`python tools/table_memory.py --rows 200000` makes a file of 151 columns shaped like Lending Club's (text,
numbers, dates, gaps, free text), runs `ape run encoding` on it, and in another process reads it as the task
that this wrote, trains on it once as a member does, and judges by it. Seconds are of processor time. Memory
of its own is what the kernel cannot take back (RssAnon), looked at fifty times a second; with what is mapped
of files, it is the kernel's peak (VmHWM). The file is deleted afterwards, but where `--table` names one: that
is read, made where it is not there, and stays; `--form` names a task, and then none is made. Linux only.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa
from pyarrow import csv

ROOT = Path(__file__).resolve().parent.parent
APE = Path(sys.executable).with_name("ape")
COLUMNS = 151
_BLOCK = 20_000  # Rows that are made at a time.


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
    months = np.array([f"{date(2007 + k // 12, 1 + k % 12, 1):%b-%Y}" for k in range(140)])
    for number in range(6):
        yield f"month_{number}", months[draw.integers(0, 140, count)]
    for number in range(50):
        yield f"count_{number}", draw.poisson(1 + number, count)
    for number in range(COLUMNS - 77):
        amounts = np.round(draw.lognormal(8, 1, count) + 100 * risk, 2)
        yield f"amount_{number}", pa.array(amounts, mask=draw.random(count) < 0.01 * (number % 20))


def busy(arguments: list[str]) -> str:
    """Return what a process took, in words."""
    started = perf_counter()
    process = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(arguments[:4])} failed")
    seconds, peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss >> 10
    return f"{seconds:.0f} s busy of {perf_counter() - started:.0f}, {peak:,} MiB at most"


def main() -> None:
    """Print a line for each step."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--rows", type=int, default=200_000)
    options.add_argument("--folder", type=Path, help="where the file is made meanwhile")
    options.add_argument("--table", type=Path, help="a file to read, which stays")
    options.add_argument("--form", type=Path, help="a task that was made of such a table")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        data = chosen.table or Path(name) / "loans.csv"
        if not data.exists():
            write(data, chosen.rows)
        print(f"{data}: {COLUMNS} columns, {data.stat().st_size >> 20:,} MiB", flush=True)
        form = chosen.form or Path(name) / "loans.json"
        if not form.exists():
            wishes = ["--target", "loan_status", "--drop", "url", "--allow-missing", "1", "--out", str(form)]
            look = [str(APE), "run", "encoding", "--data", str(data.resolve()), *wishes]
            print(f"ape run encoding: {busy(look)}", flush=True)
        read = [sys.executable, "-m", "tools.table_steps", str(form.resolve()), str(data.resolve())]
        subprocess.run(read, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
