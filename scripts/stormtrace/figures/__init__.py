"""Every drawing of matplotlib, and the films.

experiment_figures     frequency, agreement, genesis and termination of one experiment
line_figures           its seasons, years, coasts, and distributions of events
comparison_figures     two experiments and their difference
composite_figures      fields while a class is present
sensitivity_figures    many experiments side by side
label_figures          labels and predictions; input fields with detections
model_figures          training and importance
agreement_figures      where methods agree
decomposition_figures  what each field contributes to a difference
threshold_figures      what is extreme
animation              detections over a field, as a film
maps, layers           one map: field, hatching, colour bar; layers of its image
map_lines, outlines    coasts and graticule; edges of masks
projections            map projections, and the one that suits a grid
panels                 figures of several maps
printing               PNG and PDF, at a resolution, with or without titles
colours, names         scales and colours of classes; words for titles
"""

import sys
import warnings

from stormtrace.absent import is_script, quicken

# matplotlib looks for its axes in three dimensions whenever something is drawn first: see `absent`.
if is_script() and "matplotlib.projections" not in sys.modules:
    sys.modules.setdefault("mpl_toolkits.mplot3d", None)  # type: ignore[arg-type]
    warnings.filterwarnings("ignore", "Unable to import Axes3D")
    # While it is imported it lists the properties of every artist for the docstring of its `set`.
    quicken("matplotlib.artist", kwdoc=lambda artist: "")
