"""Where each result lies: the one place that knows the paths under `results/`.

A rule asks for patterns (`at.masks("{experiment}", "{year}")`), plans and the status for files.
What is in each file is written in docs/architecture.md.
"""

import functools
import glob
from dataclasses import dataclass
from pathlib import Path

#: What `link_events.py` writes into the folder of an experiment's events.
EVENT_TABLES = (
    "events.parquet",
    "objects.parquet",
    "events.csv",
    "objects.csv",
    "tracks.geojson",
    "trajectories.nc",
    "tracks.csv",
    "nodes.txt",
)


@functools.cache
def _first_below(folder: str, path: str) -> str | None:
    """Return the name in a folder that a path, or a pattern, leads through; None: it does not."""
    for above in (folder, glob.escape(folder)):
        if Path(above) in Path(path).parents:
            return Path(path).relative_to(above).parts[0]
    return None


@dataclass(frozen=True)
class Layout:
    """Paths of one study's results; `root` is the folder they are all in."""

    root: str

    def _at(self, path: str) -> str:
        return f"{self.root}/{path}"

    @property
    def logs(self) -> str:
        """The folder of the logs, notes and benchmarks of jobs."""
        return self._at("logs")

    def log(self, job: str) -> str:
        """What the script of a job says; `job`: the rule and its wildcards, joined by /."""
        return f"{self.logs}/{job}.log"

    def benchmark(self, job: str) -> str:
        """How long a job took, and its memory."""
        return f"{self.logs}/benchmarks/{job}.tsv"

    def planet(self, part: str) -> str:
        """Raw files of one part of the mini planet."""
        return self._at(f"planet/{part}")

    def planet_part(self, path: str) -> str | None:
        """Return the part of the mini planet that a raw file lies in, or None."""
        part = _first_below(self._at("planet"), path)
        return self.planet(part) if part else None

    def block(self, name: str) -> str:
        """A block of the study that is too long for a command, as JSON."""
        return self._at(f"blocks/{name}.json")

    def regridding_matrix(self, dataset: str, grid: str) -> str:
        """The matrix from a dataset's mesh to a grid."""
        return self._at(f"regridding/{dataset}/{grid}.nc")

    def samples(self, dataset: str, grid: str, year: str) -> str:
        """The folder of one year's samples."""
        return self._at(f"samples/{dataset}/{grid}/{year}")

    def samples_record(self, dataset: str, grid: str, year: str) -> str:
        """What one year's temporary samples are made from; results older than it are made again."""
        return self._at(f"samples/{dataset}/{grid}/{year}.record.json")

    def samples_origins(self, dataset: str, grid: str, year: str) -> str:
        """Raw files of one year's temporary samples, with their checksums."""
        return self._at(f"samples/{dataset}/{grid}/{year}.inputs.json")

    def climatology(self, dataset: str, grid: str, harmonics: str) -> str:
        """Mean and harmonics of the year of some of a dataset's fields."""
        return self._at(f"climatology/{dataset}/{grid}/{harmonics}.nc")

    def percentiles(self, dataset: str, grid: str, field: str, percentile: str) -> str:
        """A percentile of a field of a dataset's samples, by cell and month."""
        return self._at(f"percentiles/{dataset}/{grid}/{field}-{percentile}.nc")

    def zonal(self, dataset: str, grid: str, field: str, match: str) -> str:
        """Moments or quantiles of a field of a dataset's samples, by month and latitude."""
        return self._at(f"zonal/{dataset}/{grid}/{field}-{match}.nc")

    def statistics(self, dataset: str, grid: str) -> str:
        """Mean and standard deviation of a dataset's fields."""
        return self._at(f"statistics/{dataset}/{grid}.json")

    def statistics_piece(self, dataset: str, grid: str, piece: str) -> str:
        """Moments of one year, or of the training labels."""
        return self._at(f"statistics/{dataset}/{grid}/{piece}.json")

    def model(self, model: str, file: str = "") -> str:
        """A model's folder, or a file in it."""
        return self._at(f"models/{model}/{file}") if file else self._at(f"models/{model}")

    def scores(self, model: str) -> str:
        """A model's skill on its test labels."""
        return self.model(model, "scores.json")

    def importance(self, model: str) -> str:
        """Importance of each field of a model."""
        return self.model(model, "importance.json")

    def labels(self, dataset: str) -> str:
        """Findings about a labelled dataset."""
        return self._at(f"labels/{dataset}.json")

    def campaign(self, campaign: str) -> str:
        """The folder of a labelling campaign."""
        return self._at(f"campaigns/{campaign}")

    def labelled(self, dataset: str) -> str:
        """The folder of the labelled samples that annotations become."""
        return self._at(f"labelled/{dataset}")

    def checkpoints(self, model: str) -> str:
        """What a stopped training resumes from."""
        return self._at(f"checkpoints/{model}")

    def mask_checkpoints(self, experiment: str) -> str:
        """What a stopped detection resumes from."""
        return self._at(f"checkpoints/masks/{experiment}")

    def masks(self, experiment: str, year: str) -> str:
        """One year of masks."""
        return self._at(f"masks/{experiment}/{year}.nc")

    def objects(self, experiment: str, year: str) -> str:
        """One year of objects."""
        return self._at(f"events/{experiment}/objects/{year}.nc")

    def events(self, experiment: str, file: str = "") -> str:
        """The folder of an experiment's events, or a file in it."""
        folder = self._at(f"events/{experiment}")
        return f"{folder}/{file}" if file else folder

    def painted(self, experiment: str, year: str) -> str:
        """One year of event IDs."""
        return self.events(experiment, f"painted/{year}.nc")

    def artmip(self, experiment: str, file: str) -> str:
        """A file of the ARTMIP catalogue."""
        return self._at(f"artmip/{experiment}/{file}")

    def frequency(self, experiment: str) -> str:
        """Counts of all years of masks and events."""
        return self._at(f"frequency/{experiment}/frequency.nc")

    def comparison(self, comparison: str, ending: str = "nc") -> str:
        """Second minus first: maps (`nc`), or a table of means over regions (`csv`)."""
        return self._at(f"comparisons/{comparison}.{ending}")

    def decomposition(self, comparison: str, ending: str) -> str:
        """A difference shared out among input fields: maps (`nc`) or a table (`csv`)."""
        return self._at(f"decompositions/{comparison}.{ending}")

    def landfall(self, experiment: str) -> str:
        """Events that reach a coast, by latitude."""
        return self._at(f"landfall/{experiment}.csv")

    def verification(self, experiment: str, ending: str) -> str:
        """Tropical cyclones held against observed storms: numbers (json) and maps (nc)."""
        return self._at(f"verification/{experiment}.{ending}")

    def agreement(self, agreement: str, ending: str) -> str:
        """Experiments held against each other: numbers (json) and maps (nc)."""
        return self._at(f"agreement/{agreement}.{ending}")

    def agreement_sums(self, agreement: str, year: str) -> str:
        """What was counted of one year of an agreement."""
        return self._at(f"agreement/{agreement}/{year}.nc")

    def composites(self, experiment: str, year: str) -> str:
        """One year's sums of fields."""
        return self._at(f"composites/{experiment}/{year}.nc")

    def attribution(self, experiment: str, field: str, file: str) -> str:
        """What features bring: `extremes.nc`, sums of a year, or `shares.json`."""
        return self._at(f"attribution/{experiment}/{field}/{file}")

    def attribution_change(self, comparison: str, field: str) -> str:
        """Second minus first of what features bring."""
        return self._at(f"attribution/{comparison}.{field}.json")

    def attribution_figures(self, name: str, field: str) -> str:
        """The folder of the maps of what features bring, or (`change.` and a comparison) why."""
        return self._at(f"figures/attribution/{name}.{field}")

    def film(self, experiment: str, month: str) -> str:
        """An animation of one month (YYYY-MM)."""
        return self._at(f"animations/{experiment}.{month}.mp4")

    def model_figure(self, model: str, kind: str) -> str:
        """A figure of a model without its ending: `training`, `labels` or `importance`."""
        return self._at(f"figures/models/{model}-{kind}")

    def experiment_figures(self, experiment: str) -> str:
        """The folder of an experiment's maps."""
        return self._at(f"figures/experiments/{experiment}")

    def comparison_figures(self, comparison: str) -> str:
        """The folder of a comparison's maps."""
        return self._at(f"figures/comparisons/{comparison}")

    def verification_figures(self, experiment: str) -> str:
        """The folder of the maps of observed and detected tracks."""
        return self._at(f"figures/verification/{experiment}")

    def agreement_figures(self, agreement: str) -> str:
        """The folder of an agreement's maps."""
        return self._at(f"figures/agreements/{agreement}")

    def decomposition_figures(self, comparison: str) -> str:
        """The folder of the figures of a decomposition."""
        return self._at(f"figures/decompositions/{comparison}")

    def snapshot(self, experiment: str, stamp: str) -> str:
        """The folder of the figures of one time."""
        return self._at(f"figures/snapshots/{experiment}.{stamp}")

    def composite_figures(self, experiment: str, field: str) -> str:
        """The folder of a field's composites."""
        return self._at(f"figures/composites/{experiment}.{field}")

    def composite_change(self, comparison: str, field: str) -> str:
        """The folder of the change of a field's composites."""
        return self.composite_figures(f"change.{comparison}", field)

    @property
    def sensitivity(self) -> str:
        """The folder of the figures of all experiments together."""
        return self._at("figures/sensitivity")

    @property
    def raw_check(self) -> str:
        """The table of raw files that `snakemake check` writes."""
        return self._at("check.txt")

    @property
    def report(self) -> str:
        """The page."""
        return self._at("report.html")
