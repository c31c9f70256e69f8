"""What a plan does not do again, or keep, for each job: it plans the same as Snakemake does alone."""

import re
import shutil
import sys

import pytest
from snakemake.io import AnnotatedString, IOFile, ancient
from snakemake.iocontainers import AttributeGuard, Namedlist
from snakemake.jobs import Job
from snakemake.output_index import OutputIndex
from snakemake.rules import Rule

from stormtrace.study import plan_costs
from workflow_runs import ROOT, snakemake


def jobs_of(text):
    """What a dry run prints of each job, but for its number: why it runs, and its command.

    Files in a reason are in no order.
    """
    jobs = re.split(r"^\[.*\]$", text, flags=re.MULTILINE)[1:]
    said = (re.sub(r"Job \d+: ", "", job.partition("\n\n\n")[0]) for job in jobs)
    reasons = (
        re.sub("Reason: .*", lambda one: str(sorted(re.split("[ ,;]+", one[0]))), job)
        for job in said
    )
    return sorted(map(str.strip, reasons))


def planned_by(checkout, changed):
    """What a dry run of the demo prints of each job, with or without what `plan_costs` changes."""
    checkout.mkdir()
    shutil.copy(ROOT / "Snakefile", checkout)
    shutil.copytree(ROOT / "workflow", checkout / "workflow")
    for name in ("scripts", "config", "profiles", "envs"):
        (checkout / name).symlink_to(ROOT / name)
    if not changed:
        common = checkout / "workflow" / "rules" / "common.smk"
        lines = common.read_text().splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith("plan_costs.")]
        assert len(lines) - len(kept) == 5
        common.write_text("".join(kept))
    done = snakemake(checkout, "--dry-run", "--printshellcmds", "--quiet", "host", root=checkout)
    return jobs_of(done.stdout.replace(str(checkout), ""))


def test_jobs_reasons_and_commands_are_those_of_snakemake_alone(tmp_path):
    jobs = planned_by(tmp_path / "changed", changed=True)
    assert jobs == planned_by(tmp_path / "alone", changed=False)
    assert len(jobs) > 130 and sum("--dataset=mini-historical" in job for job in jobs) > 2
    assert sum("'Reason:'" in job for job in jobs) > 130


class OneRule:
    """As much of a rule as files and jobs of it ask for."""

    def __init__(self, conda=None):
        self.pathvars, self.asked, self._conda_env = self, 0, conda

    def apply(self, path):
        return path

    def expand_conda_env(self, wildcards, params=None, input=None):
        self.asked += 1
        return wildcards["experiment"], params


class OneJob(Job):
    """A job whose parameters cannot be evaluated."""

    params = property(lambda self: sys.exit("evaluated"))

    def __init__(self, rule):
        self.rule, self.wildcards_dict, self._conda_env_spec = rule, {"experiment": "e"}, None
        self._input = []


def test_a_conda_environment_is_found_without_parameters_unless_it_is_a_function():
    class Late(OneJob):
        pass

    with pytest.raises(SystemExit):
        OneJob(OneRule()).conda_env_spec  # noqa: B018 - as Snakemake does it
    plan_costs.evaluate_params_late(Late, Rule)
    rule = OneRule("envs/analysis.yaml")
    job = Late(rule)
    assert job.conda_env_spec == job.conda_env_spec == ("e", None)
    assert rule.asked == 1
    with pytest.raises(SystemExit):
        Late(OneRule(lambda wildcards, params: "x")).conda_env_spec  # noqa: B018


def test_another_snakemake_is_left_alone():
    class Other:
        conda_env_spec = property(lambda self: "its own")

        def expand_conda_env(self, wildcards, params, input):
            return "other"

        def __init__(self, one, two):
            pass

    before = dict(vars(Other))
    plan_costs.read_parameters_once(Other)
    plan_costs.evaluate_params_late(Other, Other)
    plan_costs.find_producers_once(Other)
    plan_costs.share_guards(Other)
    plan_costs.keep_plain_paths(Other)
    assert dict(vars(Other)) == before


def test_what_is_replaced_is_there():
    for name in plan_costs.FILES:
        assert callable(getattr(Rule, name))
    assert isinstance(Job.conda_env_spec, property)
    assert callable(OutputIndex.match_producers)


def test_which_rules_make_a_file_is_asked_once_of_each_index():
    class Index(OutputIndex):
        def __init__(self, rules):
            self.rules, self.asked = rules, 0

        def match_producers(self, file):
            self.asked += 1
            return {rule for rule in self.rules if file.startswith(rule)}

    plan_costs.find_producers_once(Index)
    one, other = Index(["a", "ab", "c"]), Index(["a"])
    for _ in range(2):
        assert one.match_producers("abc") == {"a", "ab"}
        assert one.match_producers(IOFile("abd", OneRule())) == {"a", "ab"}
        assert one.match_producers("d") == set()
        assert other.match_producers("abc") == {"a"}
    assert (one.asked, other.asked) == (3, 1)


def test_guards_are_shared_and_still_guard():
    class Guard(AttributeGuard):
        pass

    plan_costs.share_guards(Guard)
    assert Guard("index") is Guard("index") is not Guard("sort")
    assert isinstance(Guard("sort"), AttributeGuard)
    with pytest.raises(AttributeError, match=r"^sort\(\) cannot be used"):
        Guard("sort")()
    with pytest.raises(AttributeError, match=r"^index\(\) cannot be used"):
        Namedlist().index("a")


def test_a_file_keeps_its_flags_and_one_without_any_is_plain_text():
    rule = OneRule()

    class Files:
        def expand_input(self, wildcards):
            patterns = (IOFile("a/{year}", rule), IOFile(ancient("b/{year}"), rule))
            return [one.apply_wildcards(wildcards) for one in patterns], {}

        def expand_benchmark(self, wildcards):
            return None

    plan_costs.keep_plain_paths(Files)
    (plain, flagged), _ = Files().expand_input({"year": "2000"})
    assert Files().expand_benchmark({}) is None
    assert type(plain._file) is str and plain == "a/2000" and hash(plain) == hash("a/2000")
    assert isinstance(flagged._file, AnnotatedString) and flagged.is_ancient
    assert not plain.is_ancient and plain.flags == {}
    plain.set_flags({"ancient": True})  # as Snakemake does where it flags a file later
    assert plain.is_ancient and plain == "a/2000"
    copied = IOFile("c", rule)
    copied.clone_flags(Files().expand_input({"year": "2000"})[0][0])
    assert copied.flags == {}
