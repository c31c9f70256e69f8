# Stormtrace: raw model output and reanalysis -> atmospheric rivers and tropical cyclones -> a report.
#
#   snakemake --profile profiles/local                 the mini planet (make demo)
#   snakemake --profile profiles/pbs-casper -n         the plan of the NCAR study
#   snakemake check                                    what is there of the raw files, and what not
#
# prepare -> learn -> detect -> track -> map; a stage a file, each opens with what it needs and makes.
from snakemake.utils import min_version

min_version("9.0")


# The tables of the study: by default the demo's; `base:` in a file of your own names another folder,
# or none if the file is a whole study by itself.
if (base := config.get("base", "config")) != "none":

    for table in ("config", "datasets", "models", "experiments"):

        configfile: f"{workflow.basedir}/{base}/{table}.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/prepare.smk"
include: "workflow/rules/learn.smk"
include: "workflow/rules/detect.smk"
include: "workflow/rules/track.smk"
include: "workflow/rules/climate.smk"
include: "workflow/rules/draw.smk"


report: "workflow/report/workflow.rst"


localrules:
    all,
    artmip,
    painted,
    check,


rule all:
    default_target: True
    input:
        results("report.html"),
