# TRACK: masks -> objects and overlaps, year by year -> events of all years
#
# REQUIRED INPUTS
#   masks/{experiment}/{year}.nc
#
# OUTPUTS
#   events/{experiment}/objects/{year}.nc   objects, links, and what stitching needs
#   events/{experiment}/events.parquet      and objects.parquet, and tracks for other programs


rule find_objects:
    input:
        unpack(measured_samples),
        mask=masks_of,
    output:
        at.objects("{experiment}", "{year}"),
    log:
        at.log("find_objects/{experiment}/{year}"),
    benchmark:
        at.benchmark("find_objects/{experiment}/{year}")
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(400, full=200),
        runtime=asks(5, full=5),
    params:
        classes=classes_flag,
        samples=measure_flags,
        tracking=lambda wildcards: flag(STUDY.labelling(wildcards.experiment)),
    message:
        "{wildcards.experiment} {wildcards.year}: objects"
    shell:
        python(
            "find_objects.py --mask {input.mask:q} --tracking {params.tracking:q}"
            " --classes {params.classes:q} {params.samples:q} --output {output:q}"
        )


rule link_events:
    input:
        objects=objects_of,
    output:
        [at.events("{experiment}", file) for file in EVENT_TABLES],
    log:
        at.log("link_events/{experiment}"),
    benchmark:
        at.benchmark("link_events/{experiment}")
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(1000),
        runtime=asks(5, yearly=1),
    params:
        tracking=lambda wildcards: flag(STUDY.experiments[wildcards.experiment].tracking),
        classes=classes_flag,
        # Of the classes, what events depend on: new colours rerun nothing here.
        told={
            name: (entry.short, entry.kind, entry.basins)
            for name, entry in STUDY.config.classes.items()
            if {"short", "kind", "basins"} & entry.model_fields_set
        },
        folder=subpath(output[0], parent=True),
    message:
        "{wildcards.experiment}: events of all years"
    shell:
        python(
            "link_events.py --objects {input.objects:q} --tracking {params.tracking:q}"
            " --classes {params.classes:q}"
            " --experiment {wildcards.experiment} --output {params.folder:q}"
        )


rule paint_events:
    input:
        mask=masks_of,
        objects=objects_of_year,
        events=at.events("{experiment}", "events.parquet"),
        tracked=at.events("{experiment}", "objects.parquet"),
    output:
        at.painted("{experiment}", "{year}"),
    log:
        at.log("paint_events/{experiment}/{year}"),
    benchmark:
        at.benchmark("paint_events/{experiment}/{year}")
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(400, full=200),
        runtime=asks(5, full=15),
    params:
        classes=classes_flag,
        events=subpath(input.events, parent=True),
    message:
        "{wildcards.experiment} {wildcards.year}: masks of event IDs"
    shell:
        python(
            "paint_events.py --mask {input.mask:q} --objects {input.objects:q}"
            " --events {params.events:q} --classes {params.classes:q}"
            " --output {output:q}"
        )


rule export_artmip:
    input:
        mask=lambda wildcards: masks_of(wildcards, year=wildcards.start[:4]),
        objects=lambda wildcards: at.objects(
            STUDY.objects_of(wildcards.experiment), wildcards.start[:4]
        ),
        events=at.events("{experiment}", "events.parquet"),
        tracked=at.events("{experiment}", "objects.parquet"),
    output:
        at.artmip("{experiment}", "{dataset}.ar_tag.Stormtrace.{step}hr.{start}-{end}.nc"),
    log:
        at.log("export_artmip/{experiment}/{dataset}.{step}hr.{start}-{end}"),
    benchmark:
        at.benchmark("export_artmip/{experiment}/{dataset}.{step}hr.{start}-{end}")
    wildcard_constraints:
        start="[0-9]{8}",
        end="[0-9]{8}",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(400, full=200),
        runtime=asks(5, full=15),
    params:
        classes=classes_flag,
        events=subpath(input.events, parent=True),
    message:
        "{wildcards.experiment} {wildcards.start}-{wildcards.end}: ARTMIP catalogue"
    shell:
        python(
            "export_artmip.py --mask {input.mask:q} --objects {input.objects:q}"
            " --events {params.events:q} --classes {params.classes:q}"
            " --output {output:q}"
        )


# `snakemake artmip`: catalogue files of every experiment that is run.
rule artmip:
    input:
        catalogue,
    localrule: True


# `snakemake painted`: masks of event IDs of every experiment that is run.
rule painted:
    input:
        [at.painted(name, year) for name in STUDY.shown for year in STUDY.years(name)],
    localrule: True
