r"""Link the objects of all years into events, and write the tables of events and their objects.

    python scripts/link_events.py --objects results/events/control/objects/*.nc \
        --tracking '{"rule": "graph"}' --experiment control --output results/events/control

Writes events.parquet, events.csv, objects.parquet, objects.csv, and the tracks: tracks.geojson,
trajectories.nc (CF), tracks.csv and nodes.txt (as TempestExtremes' StitchNodes writes them).
"""

from pathlib import Path

from stormtrace import commandline
from stormtrace.formats.tables import write_tables
from stormtrace.formats.track_texts import node_columns, write_nodes, write_tracks_csv
from stormtrace.formats.tracks import write_geojson, write_trajectories
from stormtrace.provenance import provenance
from stormtrace.track.dropped import dropped
from stormtrace.track.events import event_table, object_table, only, sightings
from stormtrace.track.joining import check_labelling, read_record
from stormtrace.track.regions import events_in_region
from stormtrace.track.rules import assign
from stormtrace.track.track_points import track_points
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

    record = read_record(args.objects, args.classes)
    tracking = read_tracking(args.tracking, record.classes)
    check_labelling(record, tracking)
    assignment = assign(record, tracking)
    objects = object_table(record, assignment)
    events = event_table(record, assignment, objects)
    if tracking.region:
        chosen = events_in_region(record, assignment.event, events, tracking.region)
        events, objects = only(events, chosen), only(objects, chosen)
    points = track_points(objects, sightings(objects, record.grid), record.grid, record.classes)
    commandline.log.info("%d objects, %d events", record.count, events["event"].size)

    attributes = provenance(args.objects, experiment=args.experiment, tracking=vars(tracking))
    attributes["doubts"] = "\n".join(dropped(record, assignment, tracking))
    for doubt in filter(None, attributes["doubts"].split("\n")):
        commandline.log.warning("%s", doubt)
    time = {"units": record.time_units, "calendar": record.calendar}
    classes, units = record.classes, record.field_units
    write_tables(args.output, "objects", objects, classes, attributes | time, units)
    write_tables(args.output, "events", events, classes, attributes | time, units)
    write_geojson(args.output / "tracks.geojson", events, points, classes)
    write_trajectories(
        args.output / "trajectories.nc", events, points, classes, time, attributes, units
    )
    write_tracks_csv(args.output / "tracks.csv", points, classes)
    write_nodes(args.output / "nodes.txt", points, classes)
    commandline.log.info("nodes.txt: --in_fmt %s", ",".join(node_columns(points)))


if __name__ == "__main__":
    commandline.run(main)
