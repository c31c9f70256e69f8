"""Which times of a dataset are labelled: seeded, spread in time, none twice."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from stormtrace.commandline import log
from stormtrace.errors import BadInput
from stormtrace.labels.campaigns.campaign_block import Campaign
from stormtrace.prepare.raw.calendar_time import HOUR

SEASONS = ("DJF", "MAM", "JJA", "SON")


@dataclass(frozen=True, order=True)
class Candidate:
    """A time that could be labelled.

    seconds: since the calendar's epoch; time: YYYY-MM-DD HH:MM:SS. north: share of the features'
    area north of the equator, NaN where there is none or nothing is known; disputed: area, km².
    """

    seconds: int
    time: str
    north: float = float("nan")
    disputed: float = float("nan")

    @property
    def season(self) -> str:
        """The three months it lies in."""
        return SEASONS[int(self.time[5:7]) % 12 // 3]

    @property
    def hemisphere(self) -> str:
        """Where features mostly are: north, south, or nothing."""
        return "" if np.isnan(self.north) else "north" if self.north >= 0.5 else "south"


def choose_times(
    candidates: Sequence[Candidate], campaign: Campaign, labelled_days: Collection[str]
) -> list[Candidate]:
    """Return the times to label, in order of time.

    labelled_days: YYYY-MM-DD, of which none is chosen.

    Raises:
        BadInput: too few are left.

    """
    free = [one for one in sorted(candidates) if one.time[:10] not in labelled_days]
    order = np.random.default_rng(campaign.seed).permutation(len(free))
    queues = _queues([free[number] for number in order], campaign)
    picked = _pick(queues, campaign.times, round(campaign.apart_hours * HOUR))
    if len(picked) < campaign.times:
        without = len(candidates) - len(free)
        raise BadInput(
            f"campaign {campaign.name}: only {len(picked)} of {campaign.times} times can be chosen,"
            f" of {len(candidates)} steps, {without} of them on days that are labelled,"
            f" {campaign.apart_hours:g} hours apart: lower `times` or `apart_hours`, or choose from"
            " a longer `period`"
        )
    if campaign.choose == "stratified":
        counted = Counter(_stratum(one) for one in picked)
        log.info("%s", ", ".join(f"{' '.join(key)}: {n}" for key, n in sorted(counted.items())))
    return sorted(picked)


def _queues(shuffled: Sequence[Candidate], campaign: Campaign) -> list[Iterator[Candidate]]:
    """Return candidates in the order in which they are preferred; of strata, a queue each."""
    if campaign.choose == "disagreement":
        return [iter(sorted(shuffled, key=lambda one: -one.disputed))]  # ties stay shuffled
    if campaign.choose == "random":
        return [iter(shuffled)]
    strata: dict[tuple[str, ...], list[Candidate]] = {}
    for one in shuffled:
        strata.setdefault(_stratum(one), []).append(one)
    return [iter(strata[key]) for key in sorted(strata)]


def _stratum(one: Candidate) -> tuple[str, ...]:
    return one.season, one.hemisphere


def _pick(queues: list[Iterator[Candidate]], number: int, least: int) -> list[Candidate]:
    """Take candidates from the queues in turn, each at least some seconds from all others."""
    picked: list[Candidate] = []
    width, taken = max(least, 1), dict[int, list[int]]()

    def is_apart(one: Candidate) -> bool:
        box = one.seconds // width
        near = (other for at in (box - 1, box, box + 1) for other in taken.get(at, ()))
        return all(abs(one.seconds - other) >= least for other in near)

    while queues and len(picked) < number:
        for queue in queues[: number - len(picked)]:
            one = next(filter(is_apart, queue), None)
            if one is None:
                queues.remove(queue)
            else:
                taken.setdefault(one.seconds // width, []).append(one.seconds)
                picked.append(one)
    return picked
