"""The conventions of raw files: a vocabulary for each source, over the same machinery.

cesm        CAM's history files
merra2      NASA's collections
era5        ECMWF's reanalysis, as three archives lay it out
cmip6       the variables of CMIP6 and HighResMIP
e3sm        EAM's history files, and SCREAM's
mpas, icon  models on meshes of hexagons and triangles
climatenet  labelled samples, ready to learn from
"""

from collections.abc import Mapping
from types import MappingProxyType

from stormtrace.prepare.sources import cesm, climatenet, cmip6, e3sm, era5, icon, merra2, mpas
from stormtrace.prepare.sources.vocabulary import Vocabulary

#: Source, as a dataset names it -> layout -> vocabulary; the first layout is the default.
SOURCES: Mapping[str, Mapping[str, Vocabulary]] = MappingProxyType(
    {
        "cesm": {"cam": cesm.VOCABULARY},
        "merra2": {"slv": merra2.VOCABULARY},
        "era5": {"cds": era5.CDS, "ncar": era5.NCAR, "arco": era5.ARCO},
        "cmip6": {"cmor": cmip6.VOCABULARY},
        "e3sm": {"eam": e3sm.EAM, "scream": e3sm.SCREAM},
        "mpas": {"atmosphere": mpas.VOCABULARY},
        "icon": {"icon": icon.VOCABULARY},
        "climatenet": {"climatenet": climatenet.VOCABULARY},
    }
)


def layouts(source: str | None) -> list[str]:
    """Return the layouts of a source, the default first; none of an unknown one."""
    return list(SOURCES.get(source or "", {}))


def vocabulary(source: str, layout: str | None) -> Vocabulary:
    """Return the vocabulary of a source's layout; None is the default one."""
    return SOURCES[source][layout or layouts(source)[0]]


__all__ = ["SOURCES", "Vocabulary", "layouts", "vocabulary"]
