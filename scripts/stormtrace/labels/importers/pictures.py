"""What several importers need of files that other programs wrote: JSON, and sizes of pictures."""

import json
from pathlib import Path
from typing import Any

from stormtrace.errors import BadInput


def read_other_json(path: Path) -> Any:
    """Return what a JSON file of another program holds; BadInput if it is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(f"{path} is not there") from error
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"{path} is not JSON ({error}): export it again") from error


def picture_size(name: str, folder: str | None) -> tuple[int, int]:
    """Return (height, width) of a picture in a folder; BadInput if it is not there."""
    from PIL import Image, UnidentifiedImageError

    path = Path(folder or ".") / name
    if folder is None or not path.is_file():
        raise BadInput(f"its picture {name} is not {'known' if folder is None else f'in {folder}'}")
    try:
        with Image.open(path) as image:
            return image.height, image.width
    except (OSError, UnidentifiedImageError) as error:
        raise BadInput(f"{path} is no picture ({error})") from error
