r"""Link the objects of all years into events, and write the tables of events and their objects.

    python scripts/link_events.py --objects results/events/control/objects/*.nc \
        --tracking '{"rule": "graph"}' --experiment control --output results/events/control

Writes events.parquet, events.csv, objects.parquet, objects.csv, and the tracks: tracks.geojson,
trajectories.nc (CF), tracks.csv and nodes.txt (as TempestExtremes' StitchNodes writes them).
Years are linked one after the other: memory does not grow with their number.
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.provenance import provenance
from stormtrace.track.event_files import write_event_files
from stormtrace.track.joining import check_labelling
from stormtrace.track.linking import Linking
from stormtrace.track.tracking import read_tracking


def main() -> None:
    """Parse the flags, link the events, write the files."""
    parser = commandline.parser(__doc__)
    parser.add_argument("--objects", type=Path, nargs="+", required=True, help="one file per year")
    parser.add_argument(
        "--tracking", type=commandline.from_json, default={}, help="the tracking block, JSON"
    )
    commandline.add_classes(parser)
    parser.add_argument("--experiment", required=True, help="name of the experiment")
    parser.add_argument("--output", type=Path, required=True, help="folder to write to")
    args = parser.parse_args()

    linking = Linking(args.objects, args.classes)
    tracking = read_tracking(args.tracking, linking.classes)
    check_labelling(linking.headers[0], tracking)
    attributes = provenance(args.objects, experiment=args.experiment, tracking=vars(tracking))
    for doubt in write_event_files(args.output, linking, tracking, attributes):
        commandline.log.warning("%s", doubt)


if __name__ == "__main__":
    commandline.run(main)
