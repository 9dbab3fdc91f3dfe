"""Write host/quelea/data/homes.csv: one week of 17 homes from the CityLearn 2022 data set.

    pip download --no-deps CityLearn==2.1.2 && unzip CityLearn-2.1.2*.whl -d FOLDER
    python tools/excerpt_demand.py FOLDER

The source gives kWh of electrical equipment in each hour; the excerpt gives the mean power of
that hour in W (kWh * 1000, rounded half up), hours 1 to 168 of the file, a column a home.
"""

import csv
import sys
from pathlib import Path

HOURS = 168
HOMES = 17
FOLDER = "citylearn/data/citylearn_challenge_2022_phase_all"
COLUMN = "Equipment Electric Power [kWh]"
OUT = Path(__file__).parent.parent / "host/quelea/data/homes.csv"


def home_w(path: Path) -> list[int]:
    """Return mean power in W of the first HOURS hours of one home."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))[:HOURS]
    return [int(float(row[COLUMN]) * 1000 + 0.5) for row in rows]


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    source = Path(sys.argv[1]) / FOLDER
    homes = [home_w(source / f"Building_{home}.csv") for home in range(1, HOMES + 1)]
    with OUT.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([f"home_{home:02d}_w" for home in range(1, HOMES + 1)])
        writer.writerows(zip(*homes, strict=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
