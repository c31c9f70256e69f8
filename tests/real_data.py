"""Where the real files are, and the reason a test gives when they are not."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data"

#: Example of the README -> the real files it needs.
NEEDED = {
    "merra2-day": (
        "merra2/IWV_IVT_MERRA_20170228_00.nc",
        "cgnet_weights/trained_cgnet.092023_TMQ",
    ),
    "e3sm-columns": (
        "e3sm_ne4pg2/e3sm_mmf_ne4pg2_as_cam_history.nc",
        "cgnet_weights/trained_cgnet.040523",
        "cgnet_weights/trained_cgnet.092023_TMQ",
    ),
}


def real_data(relative: str) -> Path:
    """Return the path of a real file, or skip the test that wants it."""
    path = FOLDER / relative
    if not path.exists():
        pytest.skip(f"the real file {relative} is not beside this checkout (../shared/data)")
    return path
