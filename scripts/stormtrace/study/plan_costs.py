"""What Snakemake does again, or keeps, for each job of a plan without need: done without.

Each function replaces one thing of Snakemake's, where that is as we know it. What a plan holds of
jobs, files and reasons is the same (tests/workflow/test_plan_costs.py).
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any


def read_parameters_once(*modules: Any) -> None:
    """Keep the parameters of functions, which are read some ten times a job.

    modules: those of Snakemake that have `get_function_params`.
    """
    for where in modules:
        if hasattr(where, "get_function_params"):
            where.get_function_params = functools.cache(where.get_function_params)


def evaluate_params_late(job: Any, rule: Any) -> None:
    """Find a job's conda environment without its `params`, which all are evaluated for it.

    Only an environment that is a function is given them. Those of a job are evaluated when it is
    printed, compared with what it was run with, or run.

    job, rule: Snakemake's classes.
    """
    known = getattr(job, "conda_env_spec", None)
    expand = getattr(rule, "expand_conda_env", None)
    if not isinstance(known, property) or expand is None:
        return
    needed = inspect.signature(expand).parameters
    if any(needed[name].default is not None for name in ("params", "input") if name in needed):
        return

    def conda_env_spec(self: Any) -> Any:
        if callable(self.rule._conda_env):
            return known.__get__(self)
        if self._conda_env_spec is None:
            self._conda_env_spec = self.rule.expand_conda_env(self.wildcards_dict)
        return self._conda_env_spec

    job.conda_env_spec = property(conda_env_spec)


def find_producers_once(index: Any) -> None:
    """Keep which rules make a file: a plan asks once for each job that reads it.

    index: Snakemake's class of what is made by which rule.
    """
    match = getattr(index, "match_producers", None)
    if match is None:
        return

    def match_producers(self: Any, file: str) -> frozenset[Any]:
        found, alike = self.__dict__.setdefault("_found", ({}, {}))
        if file not in found:
            rules = frozenset(match(self, file))
            found[file] = alike.setdefault(rules, rules)  # thousands of files, few such sets
        return found[file]

    index.match_producers = match_producers


def share_guards(guard: Any) -> None:
    """Make one guard of each name, not two for each list of files that Snakemake has.

    guard: Snakemake's class of what stands for `index` and `sort`, holding nothing but this name.
    """
    if guard.__new__ is object.__new__ and [*inspect.signature(guard).parameters] == ["name"]:
        guard.__new__ = staticmethod(functools.cache(lambda cls, name="": object.__new__(cls)))


#: What makes a job's files from patterns -> the files in what it returns.
FILES: dict[str, Callable[[Any], Any]] = {
    "expand_input": lambda made: made[0],
    "expand_output": lambda made: made[0],
    "expand_log": lambda made: made,
    "expand_benchmark": lambda made: [] if made is None else [made],
}


def keep_plain_paths(rule: Any) -> None:
    """Keep the path of a file without flags as plain text, half a kB less than text with none.

    rule: Snakemake's class.
    """
    for name, files in FILES.items():
        if (expand := getattr(rule, name, None)) is not None:
            setattr(rule, name, _plain(expand, files))


def _plain(expand: Callable[..., Any], files: Callable[[Any], Any]) -> Callable[..., Any]:
    @functools.wraps(expand)
    def expanded(*args: Any, **kwargs: Any) -> Any:
        made = expand(*args, **kwargs)
        for file in files(made):
            if not file.flags and isinstance(file._file, str):
                file._file = str(file._file)
        return made

    return expanded
