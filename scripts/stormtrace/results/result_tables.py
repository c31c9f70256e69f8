"""Tables as pandas data frames: events, objects, scores, shares."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stormtrace.formats.json_files import read_json
from stormtrace.formats.tables import read_classes, reading_parquet

if TYPE_CHECKING:
    import pandas as pd


def open_events(path: Path | str) -> "pd.DataFrame":
    """Return the table of events in a folder, one row an event; `feature` names the class."""
    return _open_table(Path(path) / "events.parquet")


def open_objects(path: Path | str) -> "pd.DataFrame":
    """Return the table of objects in a folder of events, one row an object and step."""
    return _open_table(Path(path) / "objects.parquet")


def open_scores(path: Path | str) -> "pd.DataFrame":
    """Return a model's scores, one row a class, one column a measure."""
    import pandas as pd

    scores = read_json(path, "evaluate.py")
    measures = {key: value for key, value in scores.items() if _is_by_label(value, scores["iou"])}
    return pd.DataFrame(measures)


def open_verification(path: Path | str) -> "pd.DataFrame":
    """Return how well an experiment's cyclones are those observed: one row a group of points.

    group, label (all; basin, season, year, intensity), then the scores of docs/verification.md and
    the ends of their intervals (pod, pod_low, pod_high …). No rows where days were not compared.
    """
    found = read_json(path, "scripts/verify.py").get("time")
    groups = {"all": {"all": found["all"]}, **found["by"]} if found else {}
    return _frame(
        {"group": group, "label": label, **_flat(one)}
        for group, table in groups.items()
        for label, one in table.items()
    )


def open_storms(path: Path | str) -> "pd.DataFrame":
    """Return storms a year of a verification, detected and observed: one row a side and basin.

    side, basin (or all), a_year, low, high, and storms a month: "1" … "12".
    """
    found = read_json(path, "scripts/verify.py")["climatology"]
    return _frame(
        {
            "side": side,
            "basin": basin,
            **_flat({"a_year": one["a_year"], "a_year_interval": one["interval"]}),
            **{str(month): count for month, count in enumerate(one["months"], start=1)},
        }
        for side, table in found.items()
        for basin, one in {"all": table["all"], **table["basins"]}.items()
    )


def open_agreement_scores(path: Path | str) -> "pd.DataFrame":
    """Return what pairs of members share: one row a region, period, pair and lag.

    first, second: as AR@control; scores as in docs/agreement.md, with the ends of their intervals.
    """
    found = read_json(path, "scripts/agree.py")
    called = [f"{one['short']}@{one['experiment']}" for one in found["members"]]
    return _frame(
        {"region": region, "period": period}
        | _flat(pair)
        | {side: called[pair[side]] for side in ("first", "second")}
        for region, periods in found["regions"].items()
        for period, table in periods.items()
        for pair in table["pairs"]
    )


def open_shares(path: Path | str) -> "pd.DataFrame":
    """Return shares.json, or the change between two experiments: one row a place, part and measure.

    place (a region, or the band of latitude `south` to `north`), period, part (flag of a class,
    none, all), measure (total, p99 …), then share, low, high, steps, mean (docs/attribution.md);
    of a change first, second, change, frequency, intensity, both with the ends of their intervals.
    """
    return _frame(_shares(read_json(path, "scripts/summarize_attribution.py")))


def _shares(found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    places = [
        ({"place": place, "period": period}, table)
        for place, periods in found["regions"].items()
        for period, table in periods.items()
    ]
    for (south, north), table in zip(
        found.get("bands", ()), found.get("latitude", ()), strict=True
    ):
        place = {"place": f"{south:g} to {north:g}", "period": "annual"}
        places.append(({**place, "south": south, "north": north}, table))
    for about, table in places:
        for part, measures in table.items():
            for measure, one in measures.items():
                yield {**about, "part": part, "measure": measure, **_flat(one)}


def _flat(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return numbers by name; intervals as `{name}_low` and `{name}_high`."""
    flat: dict[str, Any] = {}
    for name, value in one.items():
        if name == "intervals":
            flat |= _flat({f"{of}_interval": ends for of, ends in value.items()})
        elif name == "interval" or name.endswith("_interval"):
            low, high = value or (math.nan, math.nan)
            of = name.removesuffix("interval")
            flat |= {f"{of}low": low, f"{of}high": high}
        elif isinstance(value, Mapping):
            flat |= {f"{name}_{key}": each for key, each in _flat(value).items()}
        else:
            flat[name] = value
    return flat


def _frame(rows: Iterator[dict[str, Any]]) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame(list(rows))


def _open_table(path: Path) -> "pd.DataFrame":
    import pandas as pd

    with reading_parquet(path):
        table = pd.read_parquet(path)
    names = {feature.code: feature.short for feature in read_classes(path).features}
    table.insert(0, "feature", table["class"].map(names))
    return table


def _is_by_label(value: object, iou: Mapping[str, float]) -> bool:
    return isinstance(value, Mapping) and set(value) == set(iou)
