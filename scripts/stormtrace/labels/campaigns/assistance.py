"""A user's own segmentation network in ONNX, asked with boxes or points of detected objects.

The pair is that of Segment Anything (Kirillov et al. 2023): an encoder of pictures, and a decoder
that is asked with points. A box is two points, its corners, labelled 2 and 3; a point that counts
is labelled 1, and −1 pads. OpenVINO runs both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.commandline import log
from stormtrace.errors import BadInput
from stormtrace.labels.campaigns.campaign_block import Assistance
from stormtrace.labels.campaigns.pre_annotations import Masks
from stormtrace.network.openvino_core import openvino_core

Mask = NDArray[np.bool_]

#: Mean and standard deviation of the channels that Segment Anything was trained with.
MEAN, STD = np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])

#: Side of the encoder's square where its input does not say.
SIDE = 1024


@dataclass(eq=False)
class Assistant:
    """Encoder and decoder, ready to run. asked, kept: objects, and those whose own masks stayed."""

    encoder: Any
    decoder: Any
    side: int
    prompt: str
    asked: int = field(default=0, init=False)
    kept: int = field(default=0, init=False)

    @classmethod
    def load(cls, block: Assistance) -> "Assistant":
        """Read both networks.

        Raises:
            BadInput: OpenVINO is not installed, a file is no ONNX network, or takes other inputs.

        """
        encoder, decoder = _compiled(block.encoder), _compiled(block.decoder)
        shape = encoder.inputs[0].partial_shape
        if len(encoder.inputs) != 1 or len(shape) != 4 or str(shape[1]) not in ("3", "?"):
            raise BadInput(
                f"{block.encoder} takes {[str(one.partial_shape) for one in encoder.inputs]}; an "
                "encoder takes one picture, (1, 3, S, S)"
            )
        side = shape[3].get_length() if shape[3].is_static else SIDE
        assistant = cls(encoder, decoder, side, block.prompt)
        given = {*_POINTS, *_names(encoder.outputs)}
        wanted = [one.get_any_name() for one in decoder.inputs]
        if others := [one for one in wanted if one not in given and one != "image_embeddings"]:
            raise BadInput(
                f"{block.decoder} wants {', '.join(others)}; known are image_embeddings, "
                f"{', '.join(_POINTS)}, and what the encoder gives: export it as Segment Anything "
                "is"
            )
        return assistant

    def improve(self, picture: NDArray[np.uint8], objects: Masks) -> Masks:
        """Yield classes and masks as the network draws them. picture: (height, width, 3).

        An object at both ends of a picture is asked for at each. Where the network finds nothing,
        the object's own cells stay.
        """
        embedded: Mapping[str, Any] | None = None
        for feature, mask in objects:
            embedded = embedded or self._embed(picture)
            self.asked += 1
            drawn = np.zeros_like(mask)
            for piece in _pieces(mask):
                drawn |= self._ask(embedded, piece)
            self.kept += not drawn.any()
            yield feature, drawn if drawn.any() else mask

    def report(self) -> None:
        """Log what became of the objects."""
        said = "assist: %d objects, of which %d kept their own cells, for the network found nothing"
        (log.warning if self.kept else log.info)(said, self.asked, self.kept)

    def _embed(self, picture: NDArray[np.uint8]) -> dict[str, Any]:
        """Return what the decoder gets of a picture."""
        from PIL import Image

        height, width = picture.shape[:2]
        scale = self.side / max(height, width)
        small = (max(1, round(width * scale)), max(1, round(height * scale)))
        resized = Image.fromarray(picture).resize(small, Image.Resampling.BILINEAR)
        square = np.zeros((1, 3, self.side, self.side), np.float32)
        normal = (np.asarray(resized, np.float32) - MEAN) / STD
        square[0, :, : small[1], : small[0]] = normal.transpose(2, 0, 1)
        found = self.encoder([square])
        given = {name: found[out] for out in self.encoder.outputs for name in out.get_names()}
        given.setdefault("image_embeddings", found[self.encoder.outputs[0]])
        return given | {"orig_im_size": np.array([height, width], np.float32), "scale": scale}

    def _ask(self, embedded: Mapping[str, Any], piece: Mask) -> Mask:
        """Return the mask of one piece that the network likes best."""
        points, kinds = _box(piece) if self.prompt == "box" else _point(piece)
        given = {
            **embedded,
            "point_coords": (points * embedded["scale"]).astype(np.float32)[None],
            "point_labels": kinds.astype(np.float32)[None],
            "mask_input": np.zeros((1, 1, self.side // 4, self.side // 4), np.float32),
            "has_mask_input": np.zeros(1, np.float32),
        }
        found = self.decoder([given[_name_in(given, one)] for one in self.decoder.inputs])
        named = {name: found[out] for out in self.decoder.outputs for name in out.get_names()}
        masks = named.get("masks", found[self.decoder.outputs[0]])[0]
        scores = named.get("iou_predictions")
        best = 0 if scores is None else int(np.argmax(scores[0]))
        mask = np.asarray(masks[best] > 0)
        if mask.shape != piece.shape:
            raise BadInput(
                f"assist: the decoder gives masks of {mask.shape} for a picture of {piece.shape} "
                "pixels: export it with masks of the original size"
            )
        return mask


#: What every decoder may ask for, besides embeddings.
_POINTS = ("point_coords", "point_labels", "mask_input", "has_mask_input", "orig_im_size")


def _compiled(path: str) -> Any:
    try:
        core = openvino_core()
    except ImportError as error:
        raise BadInput(
            "`assist` runs its networks with OpenVINO, which is not installed: pip install "
            "openvino, or leave `assist` out"
        ) from error
    if not Path(path).is_file():
        raise BadInput(f"assist: {path} is not there: give an ONNX file of your own")
    try:
        return core.compile_model(path, "CPU")
    except RuntimeError as error:
        line = str(error).strip().splitlines()[-1]
        raise BadInput(f"assist: {path} is no ONNX network that can be run ({line})") from error


def _names(ports: Any) -> set[str]:
    return {name for port in ports for name in port.get_names()}


def _name_in(given: Mapping[str, Any], port: Any) -> str:
    return next(name for name in port.get_names() if name in given)


def _pieces(mask: Mask) -> list[Mask]:
    """Return the connected pieces of a mask within the picture, whose ends do not meet."""
    from skimage.measure import label

    numbers = label(mask, connectivity=2)
    return [numbers == number for number in range(1, int(numbers.max()) + 1)]


def _box(piece: Mask) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the corners of the bounding box, x and y in pixels, and what they are."""
    rows, columns = np.flatnonzero(piece.any(axis=1)), np.flatnonzero(piece.any(axis=0))
    corners = [[columns[0], rows[0]], [columns[-1] + 1, rows[-1] + 1]]
    return np.array(corners, float), np.array([2.0, 3.0])


def _point(piece: Mask) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the centre of the cell that lies farthest within, and a point that pads."""
    from scipy.ndimage import distance_transform_cdt

    depth = distance_transform_cdt(np.pad(piece, 1), metric="chessboard")[1:-1, 1:-1]
    row, column = np.unravel_index(int(depth.argmax()), piece.shape)
    return np.array([[column + 0.5, row + 0.5], [0.0, 0.0]]), np.array([1.0, -1.0])
