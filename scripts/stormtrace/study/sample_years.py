"""How many years of samples exist at once, with `samples: temporary`.

Snakemake counts a resource while a job runs. A year of samples takes its place on disk until the
last job that reads it has ended, so the resource `sample_years` is counted by what exists: jobs
that make samples are kept back until there is a place (docs/decisions/temporary-samples.md).
"""

import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

#: The rule whose outputs are counted, and the resource of the profile that limits them.
RULE, RESOURCE = "make_samples", "sample_years"

#: Flag of an input that is taken to be there while a plan is made.
MADE_AGAIN = "made_again"

Select = Callable[..., Sequence[Any] | None]


def keep_finished(io_file: Any, mtime: Any) -> None:
    """Have Snakemake leave jobs alone that are done, where samples are made again for others.

    io_file, mtime: Snakemake's classes of files and of their times. It runs a job again whose input
    is made, unless that input is `ancient` and exists; temporary samples do not exist any more.
    """
    exists, time = io_file.exists, io_file.mtime_uncached

    async def exists_or_is_made_again(self: Any) -> bool:
        return self.is_flagged(MADE_AGAIN) or await exists(self)

    async def time_or_none(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self.is_flagged(MADE_AGAIN) and not await exists(self):
            return mtime(local=0.0)
        return await time(self, *args, **kwargs)

    io_file.exists, io_file.mtime_uncached = exists_or_is_made_again, time_or_none


class SampleYears:
    """Keeps back jobs that make samples while there are as many years as there may be.

    scheduler, dag: Snakemake's. warn: prints a sentence.
    """

    def __init__(self, scheduler: Any, dag: Any, warn: Callable[[str], None]) -> None:
        self.scheduler, self.dag, self.warn = scheduler, dag, warn
        self.limit = scheduler.global_resources.get(RESOURCE, sys.maxsize)
        folders = {_folder(job): job for job in dag.jobs if _makes_samples(job)}
        self.there = {path: job for path, job in folders.items() if Path(path).exists()}

    def selecting(self, select: Select) -> Select:
        """Return Snakemake's `select_jobs`, without the jobs that have to wait."""

        def select_some(jobs: Iterable[Any], *others: Any) -> Sequence[Any] | None:
            jobs = list(jobs)
            making = sorted(filter(_makes_samples, jobs), key=_folder)
            rest = [job for job in jobs if job not in making]
            if making:
                self._forget()
            if len(self.there) >= self.limit and making:
                self._give_up()
            free = max(self.limit - len(self.there), 0)
            chosen = select([*rest, *making[:free]], *others)
            if making and not chosen and not free and not self.scheduler.running:
                # Or the run would wait for ever.
                self.warn(
                    f"all {self.limit} years of samples ({RESOURCE}) wait for another one: "
                    f"{_folder(making[0])} is made beyond them"
                )
                chosen = select(making[:1], *others)
            self.there |= {_folder(job): job for job in chosen or () if _makes_samples(job)}
            return chosen

        return select_some

    def _forget(self) -> None:
        """Free the places of samples that are gone: Snakemake has removed them, or a job failed."""
        running = self.scheduler.running
        self.there = {
            path: job for path, job in self.there.items() if job in running or Path(path).exists()
        }

    def _give_up(self) -> None:
        """Remove samples that no job of this run can read any more, since one of them failed."""
        blocked = set(self.dag.bfs(self.dag.depending, *self.scheduler.failed))
        for path, job in list(self.there.items()):
            waiting = {
                other
                for other in self.dag.depending[job]
                if self.dag.needrun(other) and not self.dag.finished(other)
            }
            if job in self.scheduler.running or path in self.dag.targetfiles or waiting - blocked:
                continue
            if waiting:
                self.warn(f"{path} is removed, since jobs that need it failed; it is made again")
            shutil.rmtree(path, ignore_errors=True)
            del self.there[path]


def limit_sample_years(scheduler: Any, dag: Any, warn: Callable[[str], None]) -> None:
    """Put `SampleYears` between a run's scheduler and what selects its jobs."""
    selectors = ("_job_selector", "job_selector_greedy")
    if RESOURCE not in scheduler.global_resources or not all(
        hasattr(scheduler, one) for one in selectors
    ):
        warn(
            "samples: temporary, but nothing limits how many years exist at once: choose a profile,"
            f" or say --resources {RESOURCE}=4"
        )
        return
    years = SampleYears(scheduler, dag, warn)
    for name in selectors:
        setattr(scheduler, name, years.selecting(getattr(scheduler, name)))


def _makes_samples(job: Any) -> bool:
    return not job.is_group() and job.rule.name == RULE


def _folder(job: Any) -> str:
    return str(job.output[0])
