"""Where the real files are, and the reason a test gives when they are not."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data"


def real_data(relative: str) -> Path:
    """Return the path of a real file, or skip the test that wants it."""
    path = FOLDER / relative
    if not path.exists():
        pytest.skip(f"the real file {relative} is not beside this checkout (../shared/data)")
    return path
