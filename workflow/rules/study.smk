# STUDY: blocks of the configuration that are too long for a command
#
# OUTPUTS
#   blocks/{block}.json                     read by scripts as `--flag @FILE`


# Snakemake notices that a block has changed by `params`, and that its file is newer by its time.
BLOCKS = {
    "report": lambda: report_of(STUDY),
    "datasets": STUDY.given_datasets,
    "grids_of_datasets": STUDY.grids_of_datasets,
    "regions": lambda: STUDY.config.regions,
    "coasts": lambda: STUDY.config.coasts,
    "classes": lambda: STUDY.config.classes,
    **{
        f"members-of-{name}": lambda name=name: STUDY.members_of_agreement(name)
        for name in STUDY.agreements
    },
    "titles": lambda: [STUDY.title(name) for name in STUDY.shown],
}


# A template, for Snakemake fills it in by itself; for `run:` it would start once more, a second each.
rule write_block:
    input:
        ancient(os.path.join(ROOT, "workflow", "templates", "block.json.j2")),
    output:
        at.block("{block}"),
    log:
        at.log("write_block/{block}"),
    benchmark:
        at.benchmark("write_block/{block}")
    wildcard_constraints:
        block=any_of(BLOCKS),
    localrule: True
    threads: 1
    resources:
        mem_mb=asks(100),
        runtime=asks(5),
    params:
        content=lambda wildcards: flag(BLOCKS[wildcards.block]()),
    message:
        "the study's {wildcards.block}"
    template_engine:
        "jinja2"
