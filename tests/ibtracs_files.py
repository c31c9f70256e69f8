"""IBTrACS' CSV and netCDF as the archive writes them: units in the second line, blanks, fills."""

import netCDF4
import numpy as np

COLUMNS = ["SID", "SEASON", "BASIN", "NAME", "ISO_TIME", "NATURE", "LAT", "LON", "WMO_WIND",
           "TRACK_TYPE", "USA_STATUS", "USA_LAT", "USA_LON", "USA_WIND"]  # fmt: skip
UNITS = [" ", "Year", " ", " ", " ", " ", "degrees_north", "degrees_east", "kts", " ", " ",
         "degrees_north", "degrees_east", "kts"]  # fmt: skip


def row(sid, time, lat, lon, knots=50, stage="TS", track="main", usa=True):
    """One point; the agencies agree, or there is no American one."""
    american = [stage, lat, lon, knots] if usa else [" ", " ", " ", " "]
    nature = {"TS": "TS", "EX": "ET"}.get(stage, "NR")
    wind = " " if knots is None else knots
    american = [" " if value is None else value for value in american]
    return [sid, time[:4], "NA", "ANNA", time, nature, lat, lon, wind, track, *american]


def write_csv(path, rows):
    """Write rows of `row` as IBTrACS' CSV."""
    lines = [",".join(map(str, line)) for line in (COLUMNS, UNITS, *rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def write_netcdf(path, rows):
    """Write rows of `row` as IBTrACS' netCDF: (storm, date_time), padded."""
    storms = list(dict.fromkeys(line[0] for line in rows))
    by_storm = [[line for line in rows if line[0] == storm] for storm in storms]
    longest = max(map(len, by_storm)) + 2
    with netCDF4.Dataset(path, "w") as nc:
        for name, size in (("storm", len(storms)), ("date_time", longest), ("char", 19)):
            nc.createDimension(name, size)
        texts = {"iso_time": 4, "nature": 5, "usa_status": 10}
        for name, column in texts.items():
            values = np.full((len(storms), longest), "", "S19")
            for k, lines in enumerate(by_storm):
                values[k, : len(lines)] = [str(line[column]).strip().encode() for line in lines]
            variable = nc.createVariable(name, "S1", ("storm", "date_time", "char"))
            variable[:] = netCDF4.stringtochar(values)
        for name, column in {"sid": 0, "track_type": 9}.items():
            values = np.array([lines[0][column].encode() for lines in by_storm], "S19")
            nc.createVariable(name, "S1", ("storm", "char"))[:] = netCDF4.stringtochar(values)
        numbers = {"lat": 6, "lon": 7, "wmo_wind": 8, "usa_lat": 11, "usa_lon": 12, "usa_wind": 13}
        for name, column in numbers.items():
            variable = nc.createVariable(name, "f4", ("storm", "date_time"), fill_value=-9999.0)
            for k, lines in enumerate(by_storm):
                for j, line in enumerate(lines):
                    if str(line[column]).strip():
                        variable[k, j] = float(line[column])
    return path
