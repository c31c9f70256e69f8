"""A stand-in for every script of the workflow: makes the script's outputs, empty, and nothing else.

With it the real rules, and what Snakemake records of them, run in seconds, so that tests can ask
what a change makes out of date.
"""

import sys
from pathlib import Path

FOLDERS = {
    "train.py": ["config.json", "weights.pth", "history.csv"],
    "adopt_model.py": ["config.json", "weights.pth"],
    "link_events.py": [
        "events.parquet",
        "objects.parquet",
        "events.csv",
        "objects.csv",
        "tracks.geojson",
        "trajectories.nc",
        "tracks.csv",
        "nodes.txt",
    ],
    "make_planet.py": [],
    "make_samples.py": [],
    "draw_experiment.py": [],
    "draw_comparison.py": [],
    "draw_composite.py": [],
    "draw_decomposition.py": [],
    "draw_fields.py": [],
    "draw_sensitivity.py": [],
}
STEMS = {f"draw_{kind}.py" for kind in ("importance", "labels", "training")}
FORMATS = sys.argv[sys.argv.index("--formats") + 1 :] if "--formats" in sys.argv else ["png", "pdf"]

script, output = Path(sys.argv[0]).name, Path(sys.argv[sys.argv.index("--output") + 1])
if script in FOLDERS:
    output.mkdir(parents=True, exist_ok=True)
    for name in FOLDERS[script]:
        (output / name).touch()
elif script in STEMS:
    for kind in FORMATS:
        output.with_name(f"{output.name}.{kind}").touch()
else:
    output.parent.mkdir(parents=True, exist_ok=True)
    output.touch()
for flag in ("--table", "--origins", "--maps"):  # further outputs
    if flag in sys.argv and (flag != "--maps" or script == "verify.py"):
        Path(sys.argv[sys.argv.index(flag) + 1]).touch()
