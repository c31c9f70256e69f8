"""Label Studio's brush masks: RGBA values, run-length coded in a stream of bits.

The stream: 32 bits for the number of values, 5 bits for the bits of a value less one, four times 4
bits for the bits of a run's length less one; then runs. A run: one bit (1: one value repeated, 0:
as many values), two bits that choose the width of its length, the length less one, the value or
values. Of the four values of a pixel alpha alone counts.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stormtrace.errors import BadInput

#: Bits of the lengths of runs, as Label Studio's editor writes them.
WIDTHS = (3, 4, 8, 16)

#: Most values that a stream may promise: a picture of 20,000 × 20,000 pixels.
MOST_VALUES = 4 * 20_000**2


def decode_brush(rle: Sequence[int], size: tuple[int, int], where: str) -> NDArray[np.uint8]:
    """Return alpha, uint8 (height, width), of a brush; soft at its rim.

    Raises:
        BadInput: the stream is no brush of a picture of this size, or is cut off.

    """
    try:
        stream = np.asarray(rle, np.uint8)
        values = _decode(np.unpackbits(stream))
    except (ValueError, OverflowError, TypeError, IndexError) as error:
        raise BadInput(f"{where}: its brush is damaged ({error}): export it again") from error
    if values.size != 4 * size[0] * size[1]:
        raise BadInput(
            f"{where}: its brush has {values.size} values, but a picture of {size[1]} × {size[0]} "
            f"pixels has {4 * size[0] * size[1]}: give the picture's true size"
        )
    return values.reshape(*size, 4)[..., 3]


def _decode(bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
    count, width = _number(bits, 0, 32), _number(bits, 32, 5) + 1
    if width != 8 or count > MOST_VALUES:
        raise ValueError(f"{count} values of {width} bits")
    widths = [_number(bits, 37 + 4 * i, 4) + 1 for i in range(4)]
    # The byte that starts at each bit, so that values need no loop of their own.
    padded = np.concatenate([bits, np.zeros(8, np.uint8)])
    octets = np.zeros(bits.size, np.uint8)
    for place in range(8):
        octets |= padded[place : place + bits.size] << (7 - place)
    values, at, done = np.empty(count, np.uint8), 53, 0
    while done < count:
        repeats, chosen = int(bits[at]), widths[_number(bits, at + 1, 2)]
        length = _number(bits, at + 3, chosen) + 1
        at += 3 + chosen
        stored = 1 if repeats else length
        found = octets[at : at + 8 * stored : 8]
        if found.size != stored or done + length > count or at + 8 * stored > bits.size:
            raise ValueError(f"it ends after {done} of {count} values")
        values[done : done + length] = found
        at, done = at + 8 * stored, done + length
    return values


def _number(bits: NDArray[np.uint8], start: int, width: int) -> int:
    number = 0
    for bit in bits[start : start + width].tolist():
        number = 2 * number + bit
    if start + width > bits.size:
        raise ValueError("it is cut off")
    return number


def encode_brush(mask: NDArray[np.bool_]) -> list[int]:
    """Return the stream of a mask, (height, width): its pixels are 255 in all values, others 0."""
    flat = np.asarray(mask, bool).ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    starts = np.concatenate([[0], edges])
    lengths = 4 * np.diff(np.concatenate([starts, [flat.size]]))
    pieces = [f"{4 * flat.size:032b}{7:05b}", *(f"{width - 1:04b}" for width in WIDTHS)]
    for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
        value = "11111111" if flat[start] else "00000000"
        while length > 0:
            part = min(length, 2 ** WIDTHS[-1])
            choice = next(i for i, width in enumerate(WIDTHS) if part <= 2**width)
            pieces.append(f"1{choice:02b}{part - 1:0{WIDTHS[choice]}b}{value}")
            length -= part
    text = "".join(pieces)
    bits = np.frombuffer(text.encode(), np.uint8) - ord("0")
    return np.packbits(bits).tolist()
