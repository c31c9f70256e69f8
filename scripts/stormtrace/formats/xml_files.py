"""XML of other programs: no entities, no document types, nothing fetched."""

from pathlib import Path
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from stormtrace.errors import BadInput


def read_xml(source: Path, content: bytes | None = None) -> Element:
    """Return the root of an XML file. content: its bytes, where it lies inside an archive.

    Raises:
        BadInput: it is not there, no XML, or declares a document type (entities, which may grow
            without end or name other files).

    """

    def refuse(*_: object) -> NoReturn:
        raise BadInput(f"{source} declares a document type, which labels never need: remove it")

    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(source.read_bytes() if content is None else content, True)
        return builder.close()
    except FileNotFoundError as error:
        raise BadInput(f"{source} is not there") from error
    except (expat.ExpatError, AssertionError) as error:
        raise BadInput(f"{source} is not XML ({error}): export it again") from error
