"""An entry of a study's `catalogues:`, apart from what reads the tables: plans start without it."""

from typing import Annotated

from pydantic import Field

from stormtrace.blocks import Block

Column = Annotated[str, Field(min_length=1)]


class Columns(Block):
    """Which column of a catalogue's table is what."""

    event: Column = Field(description="The identifier of the event a row belongs to.")
    time: Column = Field(description="Its time: ISO, or as `time_format` says.")
    lat: Column = Field(description="Latitude of its position, degrees north.")
    lon: Column = Field(description="Longitude of its position, degrees east.")
    axis_lat: Column | None = Field(
        None, description="Latitudes of its axis, a list such as [31.5, 32.25] or `31.5;32.25`."
    )
    axis_lon: Column | None = Field(None, description="Longitudes of its axis, as many.")
    landfall_lat: Column | None = Field(
        None, description="Latitude where it makes landfall; empty where it does not."
    )
    landfall_lon: Column | None = Field(None, description="Longitude where it makes landfall.")


class Catalogue(Block):
    """A table of events that others made (PIKART, ARtracks …): CSV, a row an event and time."""

    file: str = Field(description="The CSV file; {data} stands for the folder of raw data.")
    columns: Columns = Field(description="What is in which of its columns.")
    time_format: str | None = Field(
        None, description="How times are written, as strptime says it (%Y%m%d%H); ISO where absent."
    )
    title: str | None = Field(None, description="What the report calls it; the name where absent.")
