"""What IOOS's compliance checker finds in a file, against CF 1.11."""

import functools
import warnings

import pytest


@functools.cache
def _suite():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        runner = pytest.importorskip("compliance_checker.runner")
        runner.CheckSuite.load_all_available_checkers()
    return runner.CheckSuite


def cf_findings(path):
    """Return every error and warning, as ``section: message``."""
    suite = _suite()()
    dataset = suite.load_dataset(str(path))
    try:
        results, _ = suite.run_all(dataset, ["cf:1.11"], [])["cf:1.11"]
    finally:
        dataset.close()
    found = []
    for result in results:
        if isinstance(result.value, tuple) and result.value[0] < result.value[1]:
            found += [f"{result.name}: {message}" for message in result.msgs]
    return found
