"""Tables of what honest updates need, as founders read them."""

from rich.console import Console

from ml.judging.calibration import MANY
from ml.judging.policy import EVIDENCE
from offchain.runs.calibration_report import print_calibration
from offchain.simulation.calibration import Calibration
from offchain.simulation.calibration import TestBorne as Borne

TESTS = (
    Borne(test="contrast", step=0.5, setting="errors", now=4, typical=0, needed=MANY, refused=0.05),
    Borne(test="skill", step=0.5, setting="errors", now=2, typical=0, needed=999.9, refused=0.01),
    Borne(test="size", step=None, setting="most", now=1.5, typical=1, needed=MANY, refused=0.2),
)


def test_it_is_said_where_no_number_of_errors_is_enough():
    found = Calibration(
        policy="evidence",
        rounds=1,
        pairs=20,
        tests=TESTS,
        shortened=0,
        knows=None,
        finds=0.01,
        rows=96,
        warnings=(),
        recommended=EVIDENCE,
    )
    console = Console(width=120, record=True)
    print_calibration(console, found)
    lines = console.export_text().splitlines()
    cells = {line.split()[0]: line for line in lines if line.split() and line.split()[-1].endswith("%")}
    assert "none is enough" in cells["contrast,"] and "1000" not in cells["contrast,"]
    assert "999.9" in cells["skill,"] and "1000" in cells["size"]
