"""Pictures of codes: PNG (grey, or with a palette) and NPY, a class code a pixel."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput
from stormtrace.labels.annotation_blocks import AnnotationFiles
from stormtrace.labels.importers.annotation import Annotation, Annotations, layer_shapes


def read_pixels(path: Path, block: AnnotationFiles) -> Annotations:
    """Yield the one annotation of a file; the words of its classes are its codes."""
    codes = _npy(path) if path.suffix.lower() == ".npy" else _png(path)
    if codes.ndim != 2 or codes.dtype.kind not in "biu":
        raise BadInput(
            f"{path} is {codes.dtype} {codes.shape}; expected one map of whole numbers, a class "
            "code a pixel"
        )
    height, width = codes.shape
    shapes = layer_shapes(codes, lambda code: (str(code),))
    yield Annotation(str(path), str(path), "", (height, width), shapes)


def _npy(path: Path) -> NDArray:
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} is no array of numpy ({error}): save it with numpy.save") from error


def _png(path: Path) -> NDArray:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            if image.mode not in ("1", "L", "P", "I", "I;16"):
                raise BadInput(
                    f"{path} has the colours of {image.mode}; expected grey or a palette, a class "
                    "code a pixel"
                )
            return np.array(image)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise BadInput(f"{path} is no picture ({error})") from error
