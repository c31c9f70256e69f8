# PREPARE: raw files -> canonical fields -> the grid -> 3-hourly samples -> statistics
#
# REQUIRED INPUTS
#   the raw files of each dataset (config/datasets.yaml; the mini planet makes its own)
#
# OUTPUTS
#   weights/{dataset}/{grid}.nc             the ESMF map mesh -> grid
#   samples/{dataset}/{grid}/{year}/        one file a time
#   statistics/{dataset}/{grid}.json        mean and standard deviation of each field


rule make_planet:
    output:
        directory(RESULTS + "/planet/{part}"),
    params:
        settings=flag(STUDY.config.get("planet", {}) | {"grid": STUDY.config["grids"].get("mini")}),
    log:
        "logs/make_planet/{part}.log",
    benchmark:
        "logs/benchmarks/make_planet/{part}.tsv"
    message:
        "mini planet: {wildcards.part}"
    wildcard_constraints:
        part="historical|warmer|merra2|climatenet",
    threads: 1
    resources:
        mem_mb=grows(1500),
        runtime=grows(10),
    conda:
        "../../envs/analysis.yaml"
    shell:
        "{PYTHON} {SCRIPTS}/make_planet.py --part {wildcards.part} --settings {params.settings:q}"
        " --output {output:q} > {log:q} 2>&1"


rule make_weights:
    input:
        raw=lambda wildcards: raw_input(STUDY, wildcards.dataset),
    output:
        RESULTS + "/weights/{dataset}/{grid}.nc",
    params:
        dataset=lambda wildcards: flag(STUDY.dataset_in(wildcards.dataset)),
        grid=lambda wildcards: flag(STUDY.config["grids"][wildcards.grid]),
    log:
        "logs/make_weights/{dataset}/{grid}.log",
    benchmark:
        "logs/benchmarks/make_weights/{dataset}/{grid}.tsv"
    message:
        "{wildcards.dataset}: weights map to {wildcards.grid}"
    threads: 1
    resources:
        mem_mb=grows(3000),
        runtime=grows(15),
    conda:
        "../../envs/regrid.yaml"
    shell:
        "{PYTHON} {SCRIPTS}/make_weights.py --dataset {params.dataset:q} --grid {params.grid:q}"
        " --output {output:q} > {log:q} 2>&1"


rule make_samples:
    input:
        raw=lambda wildcards: raw_input(STUDY, wildcards.dataset, wildcards.year),
        weights=RESULTS + "/weights/{dataset}/{grid}.nc",
    output:
        directory(RESULTS + "/samples/{dataset}/{grid}/{year}"),
    params:
        dataset=lambda wildcards: flag(STUDY.dataset_in(wildcards.dataset, wildcards.year)),
        grid=lambda wildcards: flag(STUDY.config["grids"][wildcards.grid]),
        compression=STUDY.config["compression"],
    log:
        "logs/make_samples/{dataset}/{grid}/{year}.log",
    benchmark:
        "logs/benchmarks/make_samples/{dataset}/{grid}/{year}.tsv"
    message:
        "{wildcards.dataset} {wildcards.year}: raw files to samples on {wildcards.grid}"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(120),
    conda:
        "../../envs/regrid.yaml"
    shell:
        "{PYTHON} {SCRIPTS}/make_samples.py --dataset {params.dataset:q} --grid {params.grid:q}"
        " --year {wildcards.year} --weights {input.weights:q} --compression {params.compression}"
        " --output {output:q} > {log:q} 2>&1"


rule compute_statistics:
    input:
        samples=samples_of_piece,
    output:
        RESULTS + "/statistics/{dataset}/{grid}/{piece}.json",
    params:
        fields=lambda wildcards: list(STUDY.datasets[wildcards.dataset]["fields"]),
        samples=lambda wildcards: STUDY.datasets[wildcards.dataset].get(
            "train", f"{RESULTS}/samples/{wildcards.dataset}/{wildcards.grid}/{wildcards.piece}"
        ),
    log:
        "logs/compute_statistics/{dataset}/{grid}/{piece}.log",
    benchmark:
        "logs/benchmarks/compute_statistics/{dataset}/{grid}/{piece}.tsv"
    message:
        "{wildcards.dataset} {wildcards.piece}: statistics on {wildcards.grid}"
    wildcard_constraints:
        piece="[0-9]{4}|train",
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(30),
    conda:
        "../../envs/analysis.yaml"
    shell:
        "{PYTHON} {SCRIPTS}/compute_statistics.py --samples {params.samples:q}"
        " --fields {params.fields:q} --output {output:q} > {log:q} 2>&1"


rule merge_statistics:
    input:
        lambda wildcards: expand(
            RESULTS + "/statistics/{dataset}/{grid}/{piece}.json",
            piece=STUDY.pieces(wildcards.dataset),
            allow_missing=True,
        ),
    output:
        RESULTS + "/statistics/{dataset}/{grid}.json",
    log:
        "logs/merge_statistics/{dataset}/{grid}.log",
    benchmark:
        "logs/benchmarks/merge_statistics/{dataset}/{grid}.tsv"
    message:
        "{wildcards.dataset}: statistics of all years on {wildcards.grid}"
    threads: 1
    resources:
        mem_mb=grows(500),
        runtime=grows(5),
    conda:
        "../../envs/analysis.yaml"
    shell:
        "{PYTHON} {SCRIPTS}/merge_statistics.py --pieces {input:q} --dataset {wildcards.dataset}"
        " --grid {wildcards.grid} --output {output:q} > {log:q} 2>&1"


# `snakemake check`: the headers of every raw file of the study in one table, made anew each time.
rule check:
    params:
        datasets=flag(list(STUDY.datasets.values())),
        table=RESULTS + "/check.txt",
    log:
        "logs/check.log",
    benchmark:
        "logs/benchmarks/check.tsv"
    message:
        "headers of all raw files: what is there, missing, inconsistent"
    threads: 8
    resources:
        mem_mb=grows(1500),
        runtime=grows(60),
    conda:
        "../../envs/analysis.yaml"
    shell:
        "{PYTHON} {SCRIPTS}/check_raw.py --datasets {params.datasets:q} --output {params.table:q}"
        " 2> {log:q}"
