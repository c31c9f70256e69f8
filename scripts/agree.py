r"""Hold masks and events of several experiments against each other, by cell and by event.

    python scripts/agree.py --members @results/blocks/members-of-rivers.json --name rivers \
        --output results/agreement/rivers

`--members` is a list of `{experiment, class, masks, objects, events}`: files of all years, and the
folder of linked events. Writes `{output}.json` (what pairs share by region and season, with lags,
and how many events are found) and `{output}.nc` (steps with each member, with both of a pair, with
at least so many members, by season). Members on different grids meet on the coarsest.
"""

from pathlib import Path

import numpy as np

from stormtrace import commandline
from stormtrace.blocks import read_block
from stormtrace.errors import BadInput
from stormtrace.formats.agreement_maps import write_agreement_maps
from stormtrace.formats.json_files import write_json
from stormtrace.grids import box_cells
from stormtrace.provenance import provenance
from stormtrace.verification import MOST_MEMBERS
from stormtrace.verification.agreement_scores import event_scores, scores
from stormtrace.verification.catalogue_entry import Catalogue
from stormtrace.verification.catalogues import Meeting, meeting, read_catalogue
from stormtrace.verification.members import common_grid, common_seconds, read_member, walk, years_of
from stormtrace.verification.together import count_together, pairs_of


def main() -> None:
    """Parse the flags, count, write."""
    parser = commandline.parser(__doc__)
    parser.add_argument(
        "--members", type=commandline.from_json, required=True, help="what is compared, JSON"
    )
    parser.add_argument(
        "--regions", type=commandline.from_json, default={}, help="name -> box, JSON"
    )
    parser.add_argument("--lags", type=float, nargs="+", default=[0.0], help="hours")
    parser.add_argument("--of", choices=("masks", "events"), default="masks", help="cells of what")
    parser.add_argument(
        "--event-overlap", type=float, default=0.1, help="share of an event that must be marked"
    )
    parser.add_argument(
        "--catalogues", type=commandline.from_json, default={}, help="tables of events, JSON"
    )
    parser.add_argument("--radius", type=float, default=200.0, help="km, to a catalogue's points")
    parser.add_argument("--name", required=True, help="name of the agreement, kept in the files")
    parser.add_argument("--output", type=Path, required=True, help="files without their ending")
    commandline.add_classes(parser)
    args = parser.parse_args()

    if not 2 <= len(args.members) <= MOST_MEMBERS:
        raise BadInput(f"--members needs 2 to {MOST_MEMBERS} members; found {len(args.members)}")
    members = [
        read_member(
            one["experiment"], one["class"], one["masks"], one["objects"], one["events"],
            args.classes,
        )
        for one in args.members
    ]  # fmt: skip
    grid, common = common_grid(members), common_seconds(members)
    regions = {"all": np.ones(grid.shape, bool)}
    regions |= {name: box_cells(grid, box) for name, box in args.regions.items()}
    regions = {name: cells for name, cells in regions.items() if cells.any()}
    lags = sorted({0, *(round(3600 * lag) for lag in args.lags)})
    calendar = members[0].calendar
    tables = [
        read_catalogue(name, read_block(Catalogue, block, f"catalogues.{name}"), calendar)
        for name, block in args.catalogues.items()
    ]
    meetings = [
        (number, table, Meeting(table, grid, args.radius, len(one.table["event"])))
        for table in tables
        for number, one in enumerate(members)
    ]
    walked = meeting(walk(members, grid, common, args.of), [(n, one) for n, _, one in meetings])
    steps = commandline.progress(walked, "steps", common.size)
    found = count_together(
        steps,
        grid,
        regions,
        years_of(members, common),
        len(members),
        [len(one.table["event"]) for one in members],
        lags,
    )
    files = [file for one in args.members for file in one["masks"]]
    files += [block["file"] for block in args.catalogues.values()]
    left_out = [sum(map(len, one.seconds)) - common.size for one in members]
    about = {
        "agreement": args.name,
        "of": args.of,
        "event_overlap": args.event_overlap,
        "grid": grid.describe(),
        "steps": int(common.size),
        "members": [
            {"experiment": one.experiment, "class": one.feature.name, "short": one.feature.short,
             "regridded": not one.grid.same_as(grid), "steps_left_out": left}
            for one, left in zip(members, left_out, strict=True)
        ],
    }  # fmt: skip
    content = {
        "regions": scores(found, grid, regions, len(members)),
        "events": event_scores(found, members, args.event_overlap),
        "radius_km": args.radius,
        "catalogues": [
            {"member": number, "catalogue": table.name, **one.scores(np.random.default_rng(0))}
            for number, table, one in meetings
        ],
        "provenance": provenance(files, agreement=args.name),
    }
    write_json(Path(f"{args.output}.json"), about | content)
    counts = {"count": found.cells, "both": found.pairs, "at_least": found.at_least}
    write_agreement_maps(
        Path(f"{args.output}.nc"),
        grid,
        found.map_steps,
        counts,
        [f"{one.feature.short}@{one.experiment}".replace(" ", "_") for one in members],
        pairs_of(len(members)),
        provenance(files, agreement=args.name),
    )


if __name__ == "__main__":
    commandline.run(main)
