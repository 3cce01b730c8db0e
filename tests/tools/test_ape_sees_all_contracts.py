from pathlib import Path

import ape


def test_ape_reads_every_contract_of_the_project():
    """Ape stops at 500 files under contracts/, where it also leaves a copy of the library."""
    folder = Path(ape.project.contracts_folder)
    ours = {path for path in folder.rglob("*.sol") if ".cache" not in path.parts}
    assert len(ours) > 20
    assert ours <= set(ape.project.sources.paths)
    assert sum(1 for _ in folder.rglob("*.*")) < 450
