# PREPARE: raw files -> canonical fields -> the grid -> 3-hourly samples -> statistics
#
# REQUIRED INPUTS
#   the raw files of each dataset (config/datasets.yaml; the mini planet makes its own)
#
# OUTPUTS
#   regridding/{dataset}/{grid}.nc          the sparse matrix mesh -> grid, in ESMF's format
#   samples/{dataset}/{grid}/{year}/        one file a time
#   climatology/{dataset}/{grid}/{n}.nc     mean and n harmonics of the year, for anomalies
#   percentiles/{dataset}/{grid}/….nc       percentiles of a field by cell and month
#   zonal/{dataset}/{grid}/….nc             moments or quantiles of a field by month and latitude
#   statistics/{dataset}/{grid}.json        mean and standard deviation of each field


rule make_planet:
    output:
        directory(at.planet("{part}")),
    log:
        at.log("make_planet/{part}"),
    benchmark:
        at.benchmark("make_planet/{part}")
    wildcard_constraints:
        part="historical|warmer|merra2|climatenet|fronts",
    priority: 1  # trainings wait for it
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(600),
        runtime=asks(10),
    params:
        settings=lambda wildcards: flag(planet_settings()),
    message:
        "mini planet: {wildcards.part}"
    shell:
        python(
            "make_planet.py --part {wildcards.part} --settings {params.settings:q}"
            " --output {output:q}"
        )


rule make_regridding_matrix:
    input:
        raw=lambda wildcards: raw_input(STUDY, wildcards.dataset),
    output:
        at.regridding_matrix("{dataset}", "{grid}"),
    log:
        at.log("make_regridding_matrix/{dataset}/{grid}"),
    benchmark:
        at.benchmark("make_regridding_matrix/{dataset}/{grid}")
    conda:
        "../../envs/regrid.yaml"
    threads: 1
    resources:
        mem_mb=asks(500, mesh=2500),
        runtime=asks(5, mesh=25),
    params:
        dataset=lambda wildcards: flag(STUDY.dataset_in(wildcards.dataset)),
        grid=lambda wildcards: flag(STUDY.config.grids[wildcards.grid]),
    message:
        "{wildcards.dataset}: regridding matrix to {wildcards.grid}"
    shell:
        python(
            "make_regridding_matrix.py --dataset {params.dataset:q} --grid {params.grid:q}"
            " --output {output:q}"
        )


rule make_samples:
    input:
        raw=lambda wildcards: raw_input(STUDY, wildcards.dataset, wildcards.year),
        matrix=at.regridding_matrix("{dataset}", "{grid}"),
        climatology=climatologies,
    output:
        **SAMPLES_MADE,
    log:
        at.log("make_samples/{dataset}/{grid}/{year}"),
    benchmark:
        at.benchmark("make_samples/{dataset}/{grid}/{year}")
    conda:
        "../../envs/regrid.yaml"
    threads: 1
    resources:
        mem_mb=asks(500, mesh=1500),
        runtime=asks(10, mesh=110),
        sample_years=int(TEMPORARY),
    params:
        dataset=lambda wildcards: flag(STUDY.dataset_in(wildcards.dataset, wildcards.year)),
        grid=lambda wildcards: flag(STUDY.config.grids[wildcards.grid]),
        compression=lambda wildcards: STUDY.config.compression,
    message:
        "{wildcards.dataset} {wildcards.year}: raw files to samples on {wildcards.grid}"
    shell:
        python(
            "make_samples.py --dataset {params.dataset:q} --grid {params.grid:q}"
            " --year {wildcards.year} --matrix {input.matrix:q} --compression {params.compression}"
            " --climatology {input.climatology:q}"
            f" --output {{output.samples:q}}{' --origins {output.origins:q}' if TEMPORARY else ''}"
        )


# What temporary samples are made from: jobs that read them are out of date when this is newer, or says
# something else. Samples themselves are made again whenever a job needs them.
rule record_samples:
    input:
        template=ancient(os.path.join(ROOT, "workflow", "templates", "block.json.j2")),
        raw=lambda wildcards: raw_input(STUDY, wildcards.dataset, wildcards.year),
        matrix=at.regridding_matrix("{dataset}", "{grid}"),
        climatology=climatologies,
    output:
        at.samples_record("{dataset}", "{grid}", "{year}"),
    log:
        at.log("record_samples/{dataset}/{grid}/{year}"),
    benchmark:
        at.benchmark("record_samples/{dataset}/{grid}/{year}")
    localrule: True
    threads: 1
    resources:
        mem_mb=asks(100),
        runtime=asks(5),
    params:
        content=lambda wildcards: flag(
            {
                "dataset": dump(STUDY.dataset_in(wildcards.dataset, wildcards.year)),
                "grid": dump(STUDY.config.grids[wildcards.grid]),
            }
        ),
    message:
        "{wildcards.dataset} {wildcards.year}: what samples on {wildcards.grid} are made from"
    template_engine:
        "jinja2"


# What anomalies are the departure from: fitted over all samples of a dataset, it is subtracted where
# those of another one are made.
rule make_climatology:
    input:
        unpack(all_samples),
    output:
        at.climatology("{dataset}", "{grid}", "{harmonics}"),
    log:
        at.log("make_climatology/{dataset}/{grid}/{harmonics}"),
    benchmark:
        at.benchmark("make_climatology/{dataset}/{grid}/{harmonics}")
    wildcard_constraints:
        harmonics="[0-9]+",
    conda:
        "../../envs/regrid.yaml"
    threads: 1
    resources:
        mem_mb=asks(500, full=500),
        runtime=asks(10, yearly=4),
    params:
        seen=all_seen,
        fields=lambda wildcards: STUDY.climatology_fields(
            wildcards.dataset, int(wildcards.harmonics)
        ),
    message:
        "{wildcards.dataset}: climatology on {wildcards.grid}, {wildcards.harmonics} harmonics"
    shell:
        python(
            f"make_climatology.py {ALL_SAMPLES}"
            " --fields {params.fields:q}"
            " --harmonics {wildcards.harmonics} --output {output:q}"
        )


# What a threshold recipe compares fields with.
rule compute_percentiles:
    input:
        unpack(all_samples),
    output:
        at.percentiles("{dataset}", "{grid}", "{field}", "{percentile}"),
    log:
        at.log("compute_percentiles/{dataset}/{grid}/{field}-{percentile}"),
    benchmark:
        at.benchmark("compute_percentiles/{dataset}/{grid}/{field}-{percentile}")
    wildcard_constraints:
        field="[A-Za-z][A-Za-z0-9_]*",
        percentile="[0-9.e-]+",
    conda:
        "../../envs/regrid.yaml"
    threads: 1
    resources:
        mem_mb=asks(700, full=1300),
        runtime=asks(10, yearly=10),
    params:
        seen=all_seen,
    message:
        "{wildcards.dataset}: percentile {wildcards.percentile} of {wildcards.field} on {wildcards.grid}"
    shell:
        python(
            f"compute_percentiles.py {ALL_SAMPLES}"
            " --dataset {wildcards.dataset}"
            " --field {wildcards.field} --percentile {wildcards.percentile} --output {output:q}"
        )


# What inputs are adjusted from and to.
rule compute_zonal_climatology:
    input:
        unpack(all_samples),
    output:
        at.zonal("{dataset}", "{grid}", "{field}", "{match}"),
    log:
        at.log("compute_zonal_climatology/{dataset}/{grid}/{field}-{match}"),
    benchmark:
        at.benchmark("compute_zonal_climatology/{dataset}/{grid}/{field}-{match}")
    wildcard_constraints:
        field="[A-Za-z][A-Za-z0-9_]*",
        match="moments|quantiles",
    conda:
        "../../envs/regrid.yaml"
    threads: 1 if TEMPORARY else 4  # raw files take as many times the memory
    resources:
        mem_mb=asks(600, full=600),
        runtime=asks(10, yearly=10),
    params:
        seen=all_seen,
    message:
        "{wildcards.dataset}: {wildcards.match} of {wildcards.field} by month and latitude on {wildcards.grid}"
    shell:
        python(
            f"compute_zonal_climatology.py {ALL_SAMPLES}"
            " --dataset {wildcards.dataset}"
            " --grid {wildcards.grid} --field {wildcards.field} --match {wildcards.match}"
            " --processes {threads} --output {output:q}"
        )


rule compute_statistics:
    input:
        unpack(samples_of_piece),
    output:
        at.statistics_piece("{dataset}", "{grid}", "{piece}"),
    log:
        at.log("compute_statistics/{dataset}/{grid}/{piece}"),
    benchmark:
        at.benchmark("compute_statistics/{dataset}/{grid}/{piece}")
    wildcard_constraints:
        piece="[0-9]{4}|train",
    priority: 1  # trainings wait for it
    conda:
        "../../envs/regrid.yaml"
    threads: 1
    resources:
        mem_mb=asks(300, full=200),
        runtime=asks(5, full=25),
    params:
        fields=lambda wildcards: STUDY.fields_of(wildcards.dataset),
        samples=PIECE,
        seen=piece_seen,
        grid=lambda wildcards: flag(STUDY.config.grids[wildcards.grid]),
        exclude=lambda wildcards: (
            flag(STUDY.excluded(wildcards.dataset, "train"))
            if STUDY.is_labelled(wildcards.dataset)
            else "[]"
        ),
    message:
        "{wildcards.dataset} {wildcards.piece}: statistics on {wildcards.grid}"
    shell:
        python(
            f"compute_statistics.py {OF_PIECE} --grid {{params.grid:q}}"
            " --fields {params.fields:q} --exclude {params.exclude:q} --output {output:q}"
        )


rule merge_statistics:
    input:
        lambda wildcards: expand(
            at.statistics_piece("{dataset}", "{grid}", "{piece}"),
            piece=STUDY.pieces(wildcards.dataset),
            allow_missing=True,
        ),
    output:
        at.statistics("{dataset}", "{grid}"),
    log:
        at.log("merge_statistics/{dataset}/{grid}"),
    benchmark:
        at.benchmark("merge_statistics/{dataset}/{grid}")
    priority: 1  # trainings wait for it
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(300),
        runtime=asks(5),
    message:
        "{wildcards.dataset}: statistics of all years on {wildcards.grid}"
    shell:
        python(
            "merge_statistics.py --pieces {input:q} --dataset {wildcards.dataset}"
            " --grid {wildcards.grid} --output {output:q}"
        )


# `snakemake check`: every raw file of the study in one table: its header, and where all headers are
# right, the first and last step of each year made as the jobs make them. It is made again each time
# (so it has neither output nor benchmark: what has one is made once).
rule check:
    input:
        datasets=at.block("datasets"),
        grids=at.block("grids_of_datasets"),
    log:
        at.log("check"),
    localrule: True
    conda:
        "../../envs/regrid.yaml"
    threads: 8
    resources:
        mem_mb=asks(1500),
        runtime=asks(60),
    params:
        table=lambda wildcards: at.raw_check,
    message:
        "all raw files: what is there, missing, inconsistent"
    shell:
        python(
            "check_raw.py --datasets @{input.datasets:q} --grids @{input.grids:q}"
            " --output {params.table:q}",
            keep="2> {log:q}",
        )
