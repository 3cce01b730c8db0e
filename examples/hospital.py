"""A hospital's table of its own columns, made: which patients come back? Learned without a line of code.

python examples/hospital.py admissions.csv
ape run encoding --data admissions.csv --target readmitted --group patient --out readmission.json
ape run simulate --network foundry --task readmission.json --data admissions.csv --clients 20
"""

import csv
import sys
from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np

WARDS = ("cardiology", "surgery", "oncology", "general")
HEADER = ("patient", "age", "sex", "ward", "admitted", "lactate", "nights", "postcode", "note", "readmitted")


def rows(count: int = 3000, seed: int = 0) -> Iterator[tuple[object, ...]]:
    """Yield admissions: some patients twice, some lactate not measured, postcodes that begin with 0."""
    draw = np.random.default_rng(seed)
    for number in range(count):
        patient = number if draw.random() < 0.7 else draw.integers(number + 1)
        age, ward = round(np.clip(draw.normal(61, 16), 18, 99)), draw.integers(len(WARDS))
        lactate, nights = draw.lognormal(0.4, 0.5), 1 + draw.poisson(4)
        risk = -3.2 + 0.03 * (age - 61) + 1.4 * (lactate - 1.6) + 0.9 * (ward == 2) + 0.15 * nights
        again = draw.random() < 1 / (1 + np.exp(-risk))
        yield (
            *(f"P{patient:05}", age, draw.choice(("f", "m")), WARDS[ward]),
            date(2023, 1, 1) + timedelta(int(draw.integers(700))),
            "" if draw.random() < 0.12 else f"{lactate:.2f}",
            *(
                nights,
                f"{draw.integers(1, 40):05}",
                f"seen by {draw.integers(10**6)}",
                "yes" if again else "no",
            ),
        )


def main() -> None:
    """Write the file that is named."""
    with open(sys.argv[1], "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *rows()])


if __name__ == "__main__":
    main()
