# MAP: masks and events -> frequency, genesis, comparisons -> figures -> the report
#
# REQUIRED INPUTS
#   masks/{experiment}/{year}.nc
#   events/{experiment}/…
#   models/{model}/scores.json history.csv
#
# OUTPUTS
#   frequency/{experiment}/frequency.nc     steps with each class, genesis and termination, all years
#   comparisons/{comparison}.nc             second minus first
#   figures/…                               PDF and PNG
#   report.html                             one self-contained page


rule count_masks:
    input:
        RESULTS + "/masks/{experiment}/{year}.nc",
    output:
        RESULTS + "/frequency/{experiment}/masks/{year}.nc",
    params:
        period=lambda wildcards: STUDY.period(wildcards.experiment, wildcards.year),
    log:
        "logs/count_masks/{experiment}/{year}.log",
    benchmark:
        "logs/benchmarks/count_masks/{experiment}/{year}.tsv"
    message:
        "{wildcards.experiment} {wildcards.year}: counting masks"
    threads: 1
    resources:
        mem_mb=grows(600),
        runtime=grows(10),
    conda:
        "../../envs/analysis.yaml"
    shell:
        "{PYTHON} {SCRIPTS}/count_masks.py --mask {input:q} --period {params.period} --output {output:q} > {log:q} 2>&1"


rule count_events:
    input:
        mask=lambda wildcards: f"{RESULTS}/masks/{STUDY.masks_of(wildcards.experiment)}/{wildcards.year}.nc",
        objects=lambda wildcards: (
            f"{RESULTS}/events/{STUDY.masks_of(wildcards.experiment)}/objects/{wildcards.year}.nc"
        ),
        events=multiext(RESULTS + "/events/{experiment}/", "events.parquet", "objects.parquet"),
    output:
        RESULTS + "/frequency/{experiment}/events/{year}.nc",
    params:
        events=RESULTS + "/events/{experiment}",
        period=lambda wildcards: STUDY.period(wildcards.experiment, wildcards.year),
    log:
        "logs/count_events/{experiment}/{year}.log",
    benchmark:
        "logs/benchmarks/count_events/{experiment}/{year}.tsv"
    message:
        "{wildcards.experiment} {wildcards.year}: counting events"
    threads: 1
    resources:
        mem_mb=grows(600),
        runtime=grows(10),
    conda:
        "../../envs/analysis.yaml"
    shell:
        "{PYTHON} {SCRIPTS}/count_events.py --mask {input.mask:q} --objects {input.objects:q}"
        " --events {params.events:q} --period {params.period} --output {output:q} > {log:q} 2>&1"


rule merge_counts:
    input:
        masks=lambda wildcards: yearly(
            f"{RESULTS}/frequency/{STUDY.masks_of(wildcards.experiment)}/masks/{{year}}.nc",
            wildcards.experiment,
        ),
        events=lambda wildcards: yearly(
            f"{RESULTS}/frequency/{wildcards.experiment}/events/{{year}}.nc", wildcards.experiment
        ),
    output:
        RESULTS + "/frequency/{experiment}/frequency.nc",
    log:
        "logs/merge_counts/{experiment}.log",
    benchmark:
        "logs/benchmarks/merge_counts/{experiment}.tsv"
    message:
        "{wildcards.experiment}: frequency, genesis and termination of all years"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(20),
    conda:
        "../../envs/analysis.yaml"
    shell:
        "{PYTHON} {SCRIPTS}/merge_counts.py --masks {input.masks:q} --events {input.events:q}"
        " --output {output:q} > {log:q} 2>&1"


rule compare:
    input:
        first=lambda wildcards: frequency(STUDY.comparisons[wildcards.comparison]["first"]),
        second=lambda wildcards: frequency(STUDY.comparisons[wildcards.comparison]["second"]),
    output:
        RESULTS + "/comparisons/{comparison}.nc",
    log:
        "logs/compare/{comparison}.log",
    benchmark:
        "logs/benchmarks/compare/{comparison}.tsv"
    message:
        "{wildcards.comparison}: second minus first"
    threads: 1
    resources:
        mem_mb=grows(3000),
        runtime=grows(20),
    conda:
        "../../envs/analysis.yaml"
    shell:
        "{PYTHON} {SCRIPTS}/compare.py --first {input.first:q} --second {input.second:q}"
        " --name {wildcards.comparison} --output {output:q} > {log:q} 2>&1"


rule draw_experiment:
    input:
        frequency=RESULTS + "/frequency/{experiment}/frequency.nc",
        events=multiext(RESULTS + "/events/{experiment}/", "events.parquet", "objects.parquet"),
    output:
        directory(RESULTS + "/figures/experiments/{experiment}"),
    params:
        events=RESULTS + "/events/{experiment}",
        title=lambda wildcards: STUDY.title(wildcards.experiment),
        regions=flag(STUDY.config["regions"]),
    log:
        "logs/draw_experiment/{experiment}.log",
    benchmark:
        "logs/benchmarks/draw_experiment/{experiment}.tsv"
    message:
        "{wildcards.experiment}: maps"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(20),
    conda:
        "../../envs/analysis.yaml"
    shell:
        "{PYTHON} {SCRIPTS}/draw_experiment.py --frequency {input.frequency:q}"
        " --events {params.events:q} --title {params.title:q} --regions {params.regions:q}"
        " --output {output:q} > {log:q} 2>&1"


rule draw_comparison:
    input:
        RESULTS + "/comparisons/{comparison}.nc",
    output:
        directory(RESULTS + "/figures/comparisons/{comparison}"),
    params:
        title=lambda wildcards: STUDY.comparisons[wildcards.comparison].get(
            "title", wildcards.comparison
        ),
    log:
        "logs/draw_comparison/{comparison}.log",
    benchmark:
        "logs/benchmarks/draw_comparison/{comparison}.tsv"
    message:
        "{wildcards.comparison}: maps"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(20),
    conda:
        "../../envs/analysis.yaml"
    shell:
        "{PYTHON} {SCRIPTS}/draw_comparison.py --comparison {input:q} --title {params.title:q}"
        " --output {output:q} > {log:q} 2>&1"
