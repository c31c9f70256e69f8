# LABEL: a dataset, and what detectors found in it -> a project of Label Studio for people to label
#
# REQUIRED INPUTS
#   the raw files of the dataset (config/datasets.yaml), and regridding/{dataset}/{grid}.nc
#   masks/{experiment}/{year}.nc            of the experiments named in `annotate` and `ensemble`
#   labelled samples of the datasets named in `labelled`
#
# OUTPUTS
#   campaigns/{campaign}/                   pictures, tasks, labelling interface, table of times
#
# What people drew is imported by import_labels (learn.smk).


# `snakemake campaign`: every campaign of the study.
rule campaign:
    input:
        campaigns,
    localrule: True


rule make_campaign:
    input:
        unpack(lambda wildcards: campaign_input(STUDY, wildcards.campaign)),
        classes=at.block("classes"),
    output:
        directory(at.campaign("{campaign}")),
    log:
        at.log("make_campaign/{campaign}"),
    benchmark:
        at.benchmark("make_campaign/{campaign}")
    wildcard_constraints:
        campaign=any_of(STUDY.campaigns),
    conda:
        "../../envs/regrid.yaml"
    threads: 1
    resources:
        mem_mb=asks(1000, mesh=2000),
        runtime=asks(20, mesh=160),
    params:
        campaign=lambda wildcards: flag(STUDY.campaigns[wildcards.campaign]),
        dataset=lambda wildcards: flag(campaign_dataset(STUDY, wildcards.campaign)),
        # Sorted keys say nothing of the order of pages.
        pages=lambda wildcards: list(campaign_dataset(STUDY, wildcards.campaign).fields),
        grid=lambda wildcards: flag(STUDY.config.grids[STUDY.campaigns[wildcards.campaign].grid]),
        labelled=lambda wildcards: campaign_labels(STUDY, wildcards.campaign),
    message:
        "{wildcards.campaign}: times to label, drawn for Label Studio"
    shell:
        python(
            "make_campaign.py --campaign {params.campaign:q} --dataset {params.dataset:q}"
            " --pages {params.pages:q} --grid {params.grid:q} --matrix {input.matrix:q}"
            " --climatology {input.climatology:q} --detections {input.detections:q}"
            " --ensemble {input.ensemble:q} --labelled {params.labelled:q}"
            " --classes @{input.classes:q} --output {output:q}"
        )
