"""A table of twelve clinics that no default was chosen on, made: does a wound become infected?

python docs/results/arena/own-tasks/clinic.py clinic.csv
ape run encoding --data clinic.csv --target infected --group person --out clinic.json
"""

import csv
import sys
from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np

HEADER = (
    *("person", "clinic", "operated", "discharged", "kind", "smoker", "bmi", "albumin"),
    *("minutes", "blood_loss", "drain", "infected"),
)
KINDS = ("hernia", "bowel", "hip", "knee", "heart")


def rows(count: int = 3000, seed: int = 7) -> Iterator[tuple[object, ...]]:
    """Yield operations: clinics differ in size, in what they operate and in how often a wound is infected."""
    draw = np.random.default_rng(seed)
    sizes = draw.dirichlet(np.full(12, 3.0))
    mixes = draw.dirichlet(np.full(len(KINDS), 1.5), 12)
    habits = draw.normal(0, 0.5, 12)
    for number in range(count):
        person = number if draw.random() < 0.85 else draw.integers(number + 1)
        clinic = draw.choice(12, p=sizes)
        kind = draw.choice(len(KINDS), p=mixes[clinic])
        operated = date(2021, 3, 1) + timedelta(int(draw.integers(1200)))
        nights = 1 + draw.poisson((2, 7, 6, 5, 9)[kind])
        smoker, bmi = draw.random() < 0.3, draw.normal(27, 4.5)
        albumin, minutes = draw.normal(38, 5), draw.lognormal(4.4, 0.5)
        blood_loss = draw.lognormal(5, 0.9)
        drain = draw.random() < (0.1, 0.6, 0.5, 0.3, 0.8)[kind]
        risk = -2.3 + (0, 1.6, 0.2, 0, 0.6)[kind] + 0.9 * smoker + 0.12 * (bmi - 27) - 0.14 * (albumin - 38)
        risk += 0.008 * (minutes - 90) + 0.8 * drain + habits[clinic]
        infected = draw.random() < 1 / (1 + np.exp(-1.4 * risk))
        yield (
            f"{person:05}",
            f"clinic {clinic + 1}",
            f"{operated:%d.%m.%Y}",
            "" if draw.random() < 0.05 else f"{operated + timedelta(int(nights)):%d.%m.%Y}",
            KINDS[kind],
            ("no", "yes")[int(smoker)] if draw.random() > 0.08 else "unknown",
            "" if draw.random() < 0.1 else f"{bmi:.1f}",
            "" if draw.random() < 0.2 else f"{albumin:.1f}",
            round(minutes),
            f"{blood_loss:.0f}",
            str(bool(drain)).lower(),
            ("no", "yes")[int(infected)],
        )


if __name__ == "__main__":
    with open(sys.argv[1], "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *rows()])
