# Stormtrace: raw model output and reanalysis -> atmospheric rivers and tropical cyclones -> a report.
#
#   snakemake --profile profiles/local                 the mini planet (make demo)
#   snakemake --profile profiles/pbs-casper -n         the plan of the NCAR study
#   snakemake check                                    which raw files are there, and which are not
#
# prepare -> learn -> detect -> track -> climate -> draw; a stage a file, each opens with what it needs
# and makes. Another workflow can use all of it as a module: docs/module.md.
import os

from snakemake.utils import min_version

min_version("9.0")

# The folder of this file, also where another workflow uses it as a module.
ROOT = str(workflow.current_basedir)


include: "workflow/rules/common.smk"
include: "workflow/rules/samples.smk"


rule all:
    input:
        at.report,


include: "workflow/rules/study.smk"
include: "workflow/rules/prepare.smk"
include: "workflow/rules/label.smk"
include: "workflow/rules/learn.smk"
include: "workflow/rules/detect.smk"
include: "workflow/rules/track.smk"
include: "workflow/rules/climate.smk"
include: "workflow/rules/draw.smk"


if workflow.is_main_process:
    check_results()


report: "workflow/report/workflow.rst"
