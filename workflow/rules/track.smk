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
        RESULTS + "/masks/{experiment}/{year}.nc",
    output:
        RESULTS + "/events/{experiment}/objects/{year}.nc",
    log:
        "logs/find_objects/{experiment}/{year}.log",
    benchmark:
        "logs/benchmarks/find_objects/{experiment}/{year}.tsv"
    message:
        "{wildcards.experiment} {wildcards.year}: objects"
    threads: 1
    resources:
        mem_mb=grows(600),
        runtime=grows(10),
    conda:
        "../../envs/analysis.yaml"
    shell:
        "{PYTHON} {SCRIPTS}/find_objects.py --mask {input:q} --output {output:q} > {log:q} 2>&1"


rule link_events:
    input:
        objects_of,
    output:
        multiext(
            RESULTS + "/events/{experiment}/",
            "events.parquet",
            "objects.parquet",
            "events.csv",
            "tracks.geojson",
            "trajectories.nc",
        ),
    params:
        tracking=lambda wildcards: flag(STUDY.experiments[wildcards.experiment]["tracking"]),
        folder=RESULTS + "/events/{experiment}",
    log:
        "logs/link_events/{experiment}.log",
    benchmark:
        "logs/benchmarks/link_events/{experiment}.tsv"
    message:
        "{wildcards.experiment}: events of all years"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(20),
    conda:
        "../../envs/analysis.yaml"
    shell:
        "{PYTHON} {SCRIPTS}/link_events.py --objects {input:q} --tracking {params.tracking:q}"
        " --experiment {wildcards.experiment} --output {params.folder:q} > {log:q} 2>&1"
