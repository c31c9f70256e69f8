"""Link the objects of all years to events, and write the tables of events and their objects.

    python scripts/link_events.py --objects results/events/control/objects/*.nc \
        --tracking '{"rule": "graph"}' --experiment control --output results/events/control

Writes events.parquet, events.csv, objects.parquet, objects.csv, tracks.geojson, trajectories.nc.
"""

import logging
from pathlib import Path

from stormtrace.commandline import from_json, parser, run
from stormtrace.formats.tables import write_geojson, write_tables, write_trajectories
from stormtrace.provenance import provenance
from stormtrace.track.events import event_table, object_table, only, sightings
from stormtrace.track.joining import check_labelling, read_record
from stormtrace.track.regions import events_in_region
from stormtrace.track.rules import assign
from stormtrace.track.tracking import read_tracking

log = logging.getLogger("stormtrace")


def main() -> None:
    """Read the flags, link the events, write the files."""
    flags = parser(__doc__)
    flags.add_argument("--objects", type=Path, nargs="+", required=True, help="one file a year")
    flags.add_argument("--tracking", type=from_json, default={}, help="the tracking block, JSON")
    flags.add_argument("--experiment", required=True, help="name of the experiment")
    flags.add_argument("--output", type=Path, required=True, help="folder to write to")
    args = flags.parse_args()

    tracking = read_tracking(args.tracking)
    record = read_record(args.objects)
    check_labelling(record, tracking)
    assignment = assign(record, tracking)
    objects = object_table(record, assignment)
    events = event_table(record, assignment, objects)
    if tracking.region:
        chosen = events_in_region(record, assignment.event, events, tracking.region)
        events, objects = only(events, chosen), only(objects, chosen)
    seen = sightings(objects, float(record.grid.lon[0]))
    log.info("%d objects, %d events", record.count, events["event"].size)

    attributes = provenance(args.objects, experiment=args.experiment, tracking=vars(tracking))
    time = {"units": record.time_units, "calendar": record.calendar}
    write_tables(args.output, "objects", objects, attributes | time)
    write_tables(args.output, "events", events, attributes | time)
    write_geojson(args.output / "tracks.geojson", events, seen)
    write_trajectories(args.output / "trajectories.nc", events, seen, time, attributes)


if __name__ == "__main__":
    run(main)
