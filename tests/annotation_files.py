"""What tests of importers share: a block of YAML read onto a grid, and small files of each tool."""

import io
import json
import zipfile

import netCDF4
import numpy as np

from stormtrace.blocks import read_block
from stormtrace.grids import Grid
from stormtrace.labels.annotation_blocks import AnnotatedDataset
from stormtrace.labels.importing import read_annotations
from stormtrace.labels.labelling_store import LabellingStore

AR, TC, BE = "Atmospheric River", "Tropical Cyclone", "Blocking"
LABELS = ["Background", TC, AR]


def entry_of(*blocks, **changes):
    """The dataset of some blocks of annotations, as a typed entry."""
    block = {
        "source": "annotations",
        "annotations": list(blocks),
        "dataset": "raw",
        "grid": "small",
        "test_period": ["2001-01-01", "2002-01-01"],
        **changes,
    }
    return read_block(AnnotatedDataset, block, "dataset campaign").model_copy(
        update={"name": "campaign"}
    )


def imported(grid: Grid, *blocks, grids=None, **changes) -> LabellingStore:
    """Read blocks of annotations onto a grid."""
    return read_annotations(entry_of(*blocks, **changes), grid, grids or {})


def labels(store, time="2000-01-01 00:00:00", annotator=""):
    """The class codes of one labelling."""
    return store.read((time, annotator))[0]


def write_table(path, times):
    """Write a table of times: a mapping of names, or a list, a line each."""
    if isinstance(times, dict):
        rows = ["name,time", *(f"{name},{time}" for name, time in times.items())]
    else:
        rows = list(times)
    path.write_text("\n".join(rows) + "\n")
    return str(path)


def write_front_masks(
    path, times, cells, lat, lon, names=("cold", "warm", "stationary", "occluded")
):
    """Write masks of fronts as they are published. cells: (times, fronts, lat, lon); hours of 2021."""
    with netCDF4.Dataset(path, "w") as nc:
        sizes = {"time": len(times), "front": len(names), "lat": len(lat), "lon": len(lon)}
        for name, size in sizes.items():
            nc.createDimension(name, size)
        for name, values in (("time", times), ("lat", lat), ("lon", lon)):
            nc.createVariable(name, "f8", (name,))[:] = values
        nc["time"].units, nc["time"].calendar = "hours since 2021-01-01 00:00:00", "gregorian"
        nc.createVariable("front_type", str, ("front",))[:] = np.array(names, object)
        fronts = nc.createVariable("fronts", "u1", ("time", "front", "lat", "lon"), zlib=True)
        fronts[:] = cells
    return str(path)


def write_contours(path, objects, size, *, filename="data-2000-01-01-01-1.jpg", session="7"):
    """Write ClimateContours' XML. objects: (name, confidence, deleted, user, points)."""
    text = "".join(
        f"<object><name>{name}</name><confidence>{sure}</confidence><deleted>{deleted}</deleted>"
        f"<polygon><username>{user}</username>"
        + "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in points)
        + "</polygon></object>"
        for name, sure, deleted, user, points in objects
    )
    path.write_text(
        f"<annotation><filename>{filename}</filename><session_id>{session}</session_id>"
        f"<imagesize><nrows>{size[0]}</nrows><ncols>{size[1]}</ncols></imagesize>{text}</annotation>"
    )
    return str(path)


def task(results, *, image="data-2000-01-01-00000.png", annotator=1, **more):
    """One task of Label Studio with one annotation."""
    one = {"id": 1, "completed_by": annotator, "result": results, **more}
    return {"id": 5, "data": {"image": f"/data/upload/1/{image}"}, "annotations": [one]}


def region(kind, value, label, size, id_="a", **more):
    """One result of Label Studio: a shape with its label."""
    value = {**value, f"{kind}labels": [label]}
    return {
        "id": id_,
        "type": f"{kind}labels",
        "value": value,
        "original_height": size[0],
        "original_width": size[1],
        **more,
    }


def write_json(path, content):
    path.write_text(json.dumps(content))
    return str(path)


def write_annotation_zip(path, layers, *, boxes=(), user="anna", segments=""):
    """Write an annotation of WEBKNOSSOS. layers: name -> (x, y, z) voxels, as raw Zarr 3 of 8³.

    boxes: (x, y, z, width, height, depth).
    """
    with zipfile.ZipFile(path, "w") as outer:
        volumes = ""
        for number, (name, voxels) in enumerate(layers.items()):
            location = f"data_{number}.zip"
            volumes += (
                f'<volume id="{number}" name="{name}" location="{location}">{segments}</volume>'
            )
            outer.writestr(location, _zarr_zip(np.asarray(voxels, np.uint32)))
        text = "".join(
            f'<taskBoundingBox topLeftX="{b[0]}" topLeftY="{b[1]}" topLeftZ="{b[2]}" width="{b[3]}" '
            f'height="{b[4]}" depth="{b[5]}"/>'
            for b in boxes
        )
        outer.writestr(
            "a.nml",
            f'<things><meta name="username" content="{user}"/><parameters>{text}</parameters>'
            f"{volumes}</things>",
        )
    return str(path)


def _zarr_zip(voxels, side=8):
    about = {
        "node_type": "array",
        "data_type": "uint32",
        "shape": [1, *voxels.shape],
        "fill_value": 0,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1, side, side, side]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}},
        "codecs": [
            {"name": "transpose", "configuration": {"order": "F"}},
            {"name": "bytes", "configuration": {"endian": "little"}},
        ],
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as inner:
        inner.writestr("volume/1/zarr.json", json.dumps(about))
        for place in np.ndindex(*(-(-size // side) for size in voxels.shape)):
            cut = tuple(slice(at * side, (at + 1) * side) for at in place)
            chunk = np.zeros((side,) * 3, np.uint32)
            part = voxels[cut]
            chunk[tuple(slice(size) for size in part.shape)] = part
            if chunk.any():
                name = "volume/1/c.0." + ".".join(map(str, place))
                inner.writestr(name, chunk.tobytes(order="F"))
    return target.getvalue()
