"""Raw files found on disk by the patterns of a dataset.

A plan finds files of many years, but opens few or none: what opens them is imported then.
"""

import glob
import re
from collections.abc import Callable, Iterable, Sequence

from stormtrace.errors import BadInput
from stormtrace.formats.file_kinds import is_remote
from stormtrace.prepare.dataset import Dataset, Source

#: As many headers are read before a study starts to find a variable that no file is named after.
HEADERS = 20

#: Numbers in the name of a file that may be a year, month, day, hour or all of them; not h1 or 850.
DATES = re.compile(r"\d{4,}|(?<![^\W_])\d\d(?![^\W_])")


def find_files(source: Source, year: int | None) -> list[str]:
    """Return the files that match, sorted; `year` None means those of any year.

    Where none has the variable in its name as it is spelt, those count that have it in small
    letters: NCAR's ERA5 keeps TCWV and VAR_2T in files named ….128_137_tcwv.… and ….128_167_2t.….
    """
    return _matching(source, source.variable, year) or _matching(
        source, source.variable.lower().removeprefix("var_"), year
    )


def _matching(source: Source, variable: str, year: int | None) -> list[str]:
    found: set[str] = set()
    for pattern in source.files:
        wanted = pattern.replace("{variable}", glob.escape(variable))
        wanted = wanted.replace("{year}", "[0-9]" * 4 if year is None else f"{year:04d}")
        if is_remote(wanted):
            found.add(wanted)
            continue
        # Patterns may be absolute and hold wildcards anywhere, which Path.glob cannot do.
        found.update(glob.glob(wanted, recursive=True))  # noqa: PTH207
    return sorted(found)


def not_replaced(source: Source) -> str:
    """Return what in a pattern stands for itself though it does not look so; else an empty text."""
    for word in re.findall(r"\{(\w+)\}", " ".join(source.files)):
        if word not in ("variable", "year"):
            return (
                f"{{{word}}} stands for itself: only {{variable}}, {{year}}, {{data}} and"
                " {results} are replaced; write * for what differs from file to file"
            )
    if any(re.search(r"\$\w|\$\{", pattern) for pattern in source.files):
        return (
            "$ stands for itself: the environment's names are replaced in `data:` and `results:`"
            " alone; give the folder as `data:`, and {data} here"
        )
    return ""


#: How files are found: of a source in one year, or in any (None).
Find = Callable[[Source, int | None], list[str]]


def files_near(source: Source, year: int, find: Find = find_files) -> list[str]:
    """Return the files that may hold times of `year`: its own and one of each kind on either side.

    A stamp at the end of an interval may stand in the next year's first file. Files of one kind
    differ in dates alone: where winds and pressure lie in files of their own, each has a first one.
    """
    if not any("{year}" in pattern for pattern in source.files):
        return find(source, None)
    before, after = find(source, year - 1), find(source, year + 1)
    last = {_kind(path): path for path in before}.values()
    first = {_kind(path): path for path in reversed(after)}.values()
    return sorted({*last, *find(source, year), *first})


def _kind(path: str) -> str:
    """Return a path without what may be its date: numbers of two digits, or of four and more.

    Months in words, or of one digit, are kinds of their own, since names do not sort them by time.
    """
    return DATES.sub("#", path)


def candidates(
    dataset: Dataset, source: Source, year: int | None, find: Find = find_files
) -> list[str]:
    """Return the files that may hold a variable in `year` (None: in any year).

    Where a file without times starts may depend on all those before it.
    """
    continued = dataset.time is not None and "{year}" not in dataset.time.start
    if year is None or continued:
        return find(source, None)
    return files_near(source, year, find)


def year_in_name(path: str, source: Source) -> int:
    """Return what {year} stands for in a file's name; BadInput if its pattern has none."""
    for pattern in source.files:
        text = _expression(pattern).replace(r"\{variable\}", re.escape(source.variable))
        text = text.replace(r"\{year\}", r"(\d{4})", 1).replace(r"\{year\}", r"\d{4}")
        match = re.fullmatch(text, path)
        if match and match.groups():
            return int(match.group(1))
    raise BadInput(f"{path}: time.start has {{year}}, but the pattern in `files` has none")


def _expression(pattern: str) -> str:
    """Return a glob as a regular expression; `glob.escape` writes [*] for a star in a name."""
    pieces = re.split(r"\[([\[*?])\]", pattern)  # at odd places the character itself
    return "".join(
        re.escape(piece) if place % 2 else _of_wildcards(piece)
        for place, piece in enumerate(pieces)
    )


def _of_wildcards(pattern: str) -> str:
    return re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")


def first_file(dataset: Dataset) -> tuple[str, str]:
    """Return (path, variable) of the first raw file there is: it carries the mesh.

    The file holds the variable, unless none does.
    """
    another = None
    for part in dataset.parts:
        for derivation in dataset.fields.values():
            source = dataset.where(part, derivation, derivation.variable)
            paths = find_files(source, None)
            path = first_holding(source, paths)
            if path:
                return path, derivation.variable
            another = another or (paths and (paths[0], derivation.variable))
    if another:
        return another
    patterns = ", ".join(_all_patterns(dataset))
    raise BadInput(f"dataset {dataset.name}: there is no raw file; looked for {patterns}")


def first_holding(source: Source, paths: Sequence[str]) -> str | None:
    """Return the first of some files that holds the variable, by its name or its header."""
    if source.named or not paths:
        return next(iter(paths), None)
    from stormtrace.prepare.raw.raw_formats import open_raw_file

    for path in paths:
        with open_raw_file(path) as opened:
            if source.variable in opened:
                return path
    return None


def why_lacking(source: Source, paths: Sequence[str]) -> str:
    """Return why no job can read a variable from some files, by their headers; else an empty text.

    One header is read of files named after the variable. Of others, which may hold other variables,
    all are, and none if they are more than `HEADERS`; nor of remote ones.
    """
    looked = paths[:1] if source.named else paths
    if len(looked) > HEADERS or any(map(is_remote, looked)):
        return ""
    if not looked:
        return ""
    from stormtrace.formats.netcdf import NoVariable
    from stormtrace.prepare.raw.raw_formats import open_raw_file

    reason = ""
    for path in looked:
        try:
            with open_raw_file(path) as opened:
                opened.variable(source.variable)
                return ""
        except NoVariable as error:
            reason = reason or str(error)
        except (BadInput, OSError):  # an error of the job, which says it better
            return ""
    return reason + (f", nor has any other of {len(looked)} files" if len(looked) > 1 else "")


def _all_patterns(dataset: Dataset) -> Iterable[str]:
    return dict.fromkeys(pattern for part in dataset.parts for pattern in part.files)
