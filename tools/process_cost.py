"""Seconds to a command's first line of output, those of a processor too, and what it then has in memory.

`python tools/process_cost.py` measures the `--help` of every command;
`python tools/process_cost.py run COMMAND OPTIONS...` one command as it is used, which is then ended.
Linux only.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APE = Path(sys.executable).with_name("ape")


def measured(arguments: list[str]) -> tuple[float, float, int, int]:
    """Return seconds to the first line, those of a processor, and MiB resident and private at that moment."""
    started = time.monotonic()
    with subprocess.Popen(
        [APE, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        seconds = time.monotonic() - started
        worked, memory = _worked(process.pid), _memory(process.pid)
        process.terminate()
        process.stdout.read()
    return seconds, worked, memory["Rss"], memory["Private_Dirty"]


def _worked(process: int) -> float:
    """Seconds of a processor that a process took, its own and the system's: a busy machine adds none."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(process: int) -> dict[str, int]:
    """Fields of the kernel's summary of a process's memory, MiB."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    return {name.rstrip(":"): int(amount) // 1024 for name, amount, *_ in map(str.split, lines)}


def main() -> None:
    """Print a line for each command."""
    commands = sorted(path.stem for path in (ROOT / "scripts").glob("[!_]*.py"))
    chosen = [sys.argv[1:]] if sys.argv[1:] else [["run", command, "--help"] for command in commands]
    for arguments in chosen:
        seconds, worked, resident, private = measured(arguments)
        print(
            f"{seconds:5.1f} s, {worked:4.1f} s of a processor {resident:5} MiB resident {private:5} MiB "
            f"private  ape {' '.join(arguments)}"
        )


if __name__ == "__main__":
    main()
