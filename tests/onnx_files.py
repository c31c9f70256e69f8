"""Small ONNX networks written by hand, field by field of onnx.proto: no package of ONNX is needed."""

import numpy as np

KINDS = {np.dtype("f4"): 1, np.dtype("i8"): 7}


def _number(value: int) -> bytes:
    """A whole number as protobuf has it: seven bits a byte."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def _message(*fields) -> bytes:
    """Pairs of a field's number and its value: a whole number, text, or bytes (a message)."""
    made = b""
    for number, value in fields:
        if isinstance(value, int):
            made += _number(number << 3) + _number(value)
        else:
            content = value.encode() if isinstance(value, str) else value
            made += _number(number << 3 | 2) + _number(len(content)) + content
    return made


def node(kind, inputs, output, **whole_numbers) -> bytes:
    """One operation. whole_numbers: its attributes."""
    attributes = [(5, _message((1, k), (3, v), (20, 2))) for k, v in whole_numbers.items()]
    return _message(*((1, one) for one in inputs), (2, output), (4, kind), *attributes)


def _port(name, shape) -> bytes:
    dimensions = [(1, _message((1, size))) for size in shape]
    tensor = _message((1, 1), (2, _message(*dimensions)))
    return _message((1, name), (2, _message((1, tensor))))


def _constant(name, values) -> bytes:
    sizes = [(1, size) for size in values.shape]
    return _message(*sizes, (2, KINDS[values.dtype]), (8, name), (9, values.tobytes()))


def write_network(path, nodes, inputs, outputs, constants=None):
    """Write a network. inputs, outputs: name -> shape, float32; constants: name -> array."""
    graph = _message(
        *((1, one) for one in nodes),
        (2, "stub"),
        *((5, _constant(name, np.asarray(one))) for name, one in (constants or {}).items()),
        *((11, _port(name, shape)) for name, shape in inputs.items()),
        *((12, _port(name, shape)) for name, shape in outputs.items()),
    )
    path.write_bytes(_message((1, 8), (7, graph), (8, _message((2, 13)))))
    return str(path)
