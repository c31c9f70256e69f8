# TRACK: masks -> objects and overlaps, year by year -> events of all years
#
# REQUIRED INPUTS
#   masks/{experiment}/{year}.nc
#
# OUTPUTS
#   events/{experiment}/objects/{year}.nc   objects, links, and what stitching needs
#   events/{experiment}/events.parquet      and objects.parquet, events.csv, tracks.geojson, trajectories.nc


rule find_objects:
    input:
        lambda wildcards: results(
            f"masks/{STUDY.masks_of(wildcards.experiment)}/{wildcards.year}.nc"
        ),
    output:
        results("events/{experiment}/objects/{year}.nc"),
    log:
        "logs/find_objects/{experiment}/{year}.log",
    benchmark:
        "logs/benchmarks/find_objects/{experiment}/{year}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(600),
        runtime=grows(10),
    params:
        tracking=lambda wildcards: flag(STUDY.labelling(wildcards.experiment)),
    message:
        "{wildcards.experiment} {wildcards.year}: objects"
    shell:
        python(
            "find_objects.py --mask {input:q} --tracking {params.tracking:q} --output {output:q}"
        )


rule link_events:
    input:
        objects_of,
    output:
        multiext(
            results("events/{experiment}/"),
            "events.parquet",
            "objects.parquet",
            "events.csv",
            "tracks.geojson",
            "trajectories.nc",
        ),
    log:
        "logs/link_events/{experiment}.log",
    benchmark:
        "logs/benchmarks/link_events/{experiment}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(20),
    params:
        tracking=lambda wildcards: flag(STUDY.experiments[wildcards.experiment]["tracking"]),
        folder=subpath(output[0], parent=True),
    message:
        "{wildcards.experiment}: events of all years"
    shell:
        python(
            "link_events.py --objects {input:q} --tracking {params.tracking:q}"
            " --experiment {wildcards.experiment} --output {params.folder:q}"
        )
