"""The drill of docs/OPERATE.md: between a commit and its opening everything is lost but a backup."""

import shutil
import signal
import subprocess

from live import eventually
from live_game import game, keys_for


def test_a_client_goes_on_from_its_backup_on_another_machine(tmp_path, compiled, tmp_path_factory):
    keys_for(8, tmp_path_factory.mktemp("ape"))
    with game(tmp_path, compiled, clients=4, rows=600, salt=b"\x05" * 32) as network:
        deaths = tmp_path / "deaths"
        deaths.mkdir()
        (deaths / "commitBallot-after").touch()
        homes = {member.alias: tmp_path / f"home-{member.alias}" for member in network.members}
        for member in network.members:
            home = homes[member.alias]
            home.mkdir()
            cut = member.arguments.index("--cache")
            member.arguments[cut + 1] = str(home / "cache")
            member.arguments += ["--salts", str(home / "salts")]
        network.fund()
        for member in network.members:
            member.start(deaths=str(deaths))
        network.everyone_joined()
        network.keeping.start()
        (lost,) = eventually(lambda: [m for m in network.members if not m.process.is_alive()])
        assert lost.process.exitcode == -signal.SIGKILL
        home, backup = homes[lost.alias], tmp_path / "backup.tar"
        subprocess.run(["tar", "--create", "--file", backup, "salts", "cache"], cwd=home, check=True)
        shutil.rmtree(home)
        assert "BallotRevealed" not in {event.name for event in network.events()}
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        subprocess.run(["tar", "--extract", "--file", backup], cwd=elsewhere, check=True)
        lost.arguments = [word.replace(str(home), str(elsewhere)) for word in lost.arguments]
        lost.start()
        network.until(lambda v: v.round > 1 or v.finalised)
        revealed = {event.values["client"] for event in network.events("BallotRevealed")}
        assert lost.key.address in revealed and len(revealed) == 3, network.logs()
        assert (elsewhere / "salts").stat().st_mode & 0o077 == 0


def test_without_the_salts_the_ballot_cannot_be_opened(tmp_path, compiled, tmp_path_factory):
    """What the drill is for: the same, with a backup that lacks the file."""
    keys_for(8, tmp_path_factory.mktemp("ape"))
    with game(tmp_path, compiled, clients=4, rows=600, salt=b"\x06" * 32) as network:
        deaths = tmp_path / "deaths"
        deaths.mkdir()
        (deaths / "commitBallot-after").touch()
        for member in network.members:
            member.arguments += ["--salts", str(tmp_path / f"salts-{member.alias}")]
        network.fund()
        for member in network.members:
            member.start(deaths=str(deaths))
        network.everyone_joined()
        network.keeping.start()
        (lost,) = eventually(lambda: [m for m in network.members if not m.process.is_alive()])
        (tmp_path / f"salts-{lost.alias}").unlink()
        lost.start()
        eventually(lambda: "was committed to with other salts" in lost.said)
