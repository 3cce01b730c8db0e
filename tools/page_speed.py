"""Seconds until Chromium has drawn a page of 10,000 members and 1,000 rounds: `python tools/page_speed.py`.

Opens the file as a person would, from the disk, five times, each in a browser of its own, and prints each
time to the end of the page's script, by the browser's clock; the browser's own start is not in it.
"""

import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from offchain.page.story import Change, Fate, Proposal, Round, Story, Vote
from offchain.page.write import page

TIMES = 5
_TOLD = "<script>document.title = `drawn in ${performance.now()} ms`</script></body>"


def story(members: int, rounds: int) -> Story:
    """Return rounds of five proposers and 45 voters, each of whom gains or loses something."""
    played = []
    for number in range(1, rounds + 1):
        seats = [(number * 50 + place) % members for place in range(50)]
        proposals = [Proposal(m, Fate.INCLUDED, f"{number * 64 + j:064x}") for j, m in enumerate(seats[:5])]
        votes = [Vote(member, Fate.REVEALED, 0b11111) for member in seats[5:]]
        changes = [Change(member, Decimal("0.123456"), "ballot settled") for member in seats]
        scores = {"run": {"accuracy": 0.9}, "without_attack": {"accuracy": 0.95}}
        played.append(Round(number, "decided", proposals, votes, changes, Decimal(1), scores))
    names = [f"0x{member:040x}" for member in range(members)]
    return Story("speed", [], [], "T", names, {}, [Decimal(64)] * members, played)


def seconds(path: Path, chromium: str) -> float:
    """Return the time that one browser took."""
    told = subprocess.run(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = re.search(r"<title>drawn in ([\d.]+) ms</title>", told)
    if found is None:
        sys.exit("error: the page's script did not come to its end")
    return float(found[1]) / 1000


def main() -> None:
    """Measure, and print."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("error: no Chromium is on the PATH; install the package chromium")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index.html"
        path.write_text(page(story(10_000, 1_000)).replace("</body>", _TOLD), encoding="utf-8")
        found = [seconds(path, chromium) for _ in range(TIMES)]
        print(f"{path.stat().st_size / 1e6:.1f} MB; seconds: {', '.join(f'{each:.2f}' for each in found)}")
        print(f"median {statistics.median(found):.2f}")


if __name__ == "__main__":
    main()
