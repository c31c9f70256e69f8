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
        results("masks/{experiment}/{year}.nc"),
    output:
        results("frequency/{experiment}/masks/{year}.nc"),
    log:
        "logs/count_masks/{experiment}/{year}.log",
    benchmark:
        "logs/benchmarks/count_masks/{experiment}/{year}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(600),
        runtime=grows(10),
    params:
        period=lambda wildcards: STUDY.period(wildcards.experiment, wildcards.year),
    message:
        "{wildcards.experiment} {wildcards.year}: counting masks"
    shell:
        python("count_masks.py --mask {input:q} --period {params.period} --output {output:q}")


rule count_events:
    input:
        mask=lambda wildcards: results(
            f"masks/{STUDY.masks_of(wildcards.experiment)}/{wildcards.year}.nc"
        ),
        objects=lambda wildcards: (
            results(f"events/{STUDY.objects_of(wildcards.experiment)}/objects/{wildcards.year}.nc")
        ),
        events=results("events/{experiment}/events.parquet"),
        tracked=results("events/{experiment}/objects.parquet"),
    output:
        results("frequency/{experiment}/events/{year}.nc"),
    log:
        "logs/count_events/{experiment}/{year}.log",
    benchmark:
        "logs/benchmarks/count_events/{experiment}/{year}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(600),
        runtime=grows(10),
    params:
        events=subpath(input.events, parent=True),
        period=lambda wildcards: STUDY.period(wildcards.experiment, wildcards.year),
    message:
        "{wildcards.experiment} {wildcards.year}: counting events"
    shell:
        python(
            "count_events.py --mask {input.mask:q} --objects {input.objects:q}"
            " --events {params.events:q} --period {params.period} --output {output:q}"
        )


rule merge_counts:
    input:
        masks=lambda wildcards: yearly(
            results(f"frequency/{STUDY.masks_of(wildcards.experiment)}/masks/{{year}}.nc"),
            wildcards.experiment,
        ),
        events=lambda wildcards: yearly(
            results(f"frequency/{wildcards.experiment}/events/{{year}}.nc"), wildcards.experiment
        ),
    output:
        results("frequency/{experiment}/frequency.nc"),
    log:
        "logs/merge_counts/{experiment}.log",
    benchmark:
        "logs/benchmarks/merge_counts/{experiment}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(20),
    message:
        "{wildcards.experiment}: frequency, genesis and termination of all years"
    shell:
        python(
            "merge_counts.py --masks {input.masks:q} --events {input.events:q}"
            " --output {output:q}"
        )


rule compare:
    input:
        first=lambda wildcards: frequency(STUDY.comparisons[wildcards.comparison]["first"]),
        second=lambda wildcards: frequency(STUDY.comparisons[wildcards.comparison]["second"]),
    output:
        results("comparisons/{comparison}.nc"),
    log:
        "logs/compare/{comparison}.log",
    benchmark:
        "logs/benchmarks/compare/{comparison}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(3000),
        runtime=grows(20),
    message:
        "{wildcards.comparison}: second minus first"
    shell:
        python(
            "compare.py --first {input.first:q} --second {input.second:q}"
            " --name {wildcards.comparison} --output {output:q}"
        )


rule draw_experiment:
    input:
        frequency=results("frequency/{experiment}/frequency.nc"),
        events=results("events/{experiment}/events.parquet"),
        tracked=results("events/{experiment}/objects.parquet"),
    output:
        directory(results("figures/experiments/{experiment}")),
    log:
        "logs/draw_experiment/{experiment}.log",
    benchmark:
        "logs/benchmarks/draw_experiment/{experiment}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(20),
    params:
        events=subpath(input.events, parent=True),
        title=lambda wildcards: STUDY.title(wildcards.experiment),
        regions=lambda wildcards: flag(STUDY.config["regions"]),
    message:
        "{wildcards.experiment}: maps"
    shell:
        python(
            "draw_experiment.py --frequency {input.frequency:q}"
            " --events {params.events:q} --title {params.title:q} --regions {params.regions:q}"
            " --output {output:q}"
        )


rule draw_comparison:
    input:
        results("comparisons/{comparison}.nc"),
    output:
        directory(results("figures/comparisons/{comparison}")),
    log:
        "logs/draw_comparison/{comparison}.log",
    benchmark:
        "logs/benchmarks/draw_comparison/{comparison}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(20),
    params:
        title=lambda wildcards: STUDY.comparisons[wildcards.comparison].get(
            "title", wildcards.comparison
        ),
    message:
        "{wildcards.comparison}: maps"
    shell:
        python(
            "draw_comparison.py --comparison {input:q} --title {params.title:q}"
            " --output {output:q}"
        )


rule write_report:
    input:
        experiments=expand(
            results("frequency/{experiment}/frequency.nc"), experiment=STUDY.config["run"]
        ),
        figures=expand(results("figures/experiments/{experiment}"), experiment=STUDY.config["run"]),
        comparisons=expand(
            [results("comparisons/{comparison}.nc"), results("figures/comparisons/{comparison}")],
            comparison=STUDY.comparisons,
        ),
        scores=expand(results("models/{model}/scores.json"), model=STUDY.scored),
        training=expand(
            [results("models/{model}/history.csv"), results("figures/models/{model}.png")],
            model=STUDY.trained,
        ),
    output:
        results("report.html"),
    log:
        "logs/write_report.log",
    benchmark:
        "logs/benchmarks/write_report.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(3000),
        runtime=grows(30),
    params:
        report=lambda wildcards: flag(report_of(STUDY)),
    message:
        "the report: {output}"
    shell:
        python("write_report.py --report {params.report:q} --output {output:q}")
