# DRAW: frequency, comparisons, events, models -> figures, films -> the report
#
# REQUIRED INPUTS
#   frequency/{experiment}/frequency.nc
#   comparisons/{comparison}.nc
#   events/{experiment}/…
#   models/{model}/scores.json history.csv
#
# OUTPUTS
#   figures/…                               PDF and PNG
#   animations/{experiment}.{month}.mp4     detections over the water vapour
#   report.html                             one self-contained page


rule draw_training:
    input:
        results("models/{model}/history.csv"),
    output:
        report(
            results("figures/models/{model}-training.png"),
            caption="../report/training.rst",
            category="Models",
        ),
        results("figures/models/{model}-training.pdf"),
    log:
        "logs/draw_training/{model}.log",
    benchmark:
        "logs/benchmarks/draw_training/{model}.tsv"
    wildcard_constraints:
        model=any_of(STUDY.trained),
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(600),
        runtime=asks(5),
    params:
        stem=subpath(output[0], strip_suffix=".png"),
    message:
        "{wildcards.model}: training curves"
    shell:
        python("draw_training.py --history {input:q} --output {params.stem:q}")


rule draw_labels:
    input:
        samples=lambda wildcards: labels_input(
            STUDY, STUDY.models[wildcards.model]["dataset"], "test"
        ),
        config=results("models/{model}/config.json"),
        weights=results("models/{model}/weights.pth"),
    output:
        multiext(results("figures/models/{model}-labels"), ".png", ".pdf"),
    log:
        "logs/draw_labels/{model}.log",
    benchmark:
        "logs/benchmarks/draw_labels/{model}.tsv"
    wildcard_constraints:
        model=any_of(STUDY.scored),
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=asks(1000, full=2000),
        runtime=asks(5, full=15),
    params:
        samples=lambda wildcards: STUDY.datasets[STUDY.models[wildcards.model]["dataset"]]["test"],
        exclude=lambda wildcards: flag(
            STUDY.excluded(STUDY.models[wildcards.model]["dataset"], "test")
        ),
        folder=subpath(input.config, parent=True),
        stem=subpath(output[0], strip_suffix=".png"),
    message:
        "{wildcards.model}: labels and predictions side by side"
    shell:
        python(
            "draw_labels.py --model {params.folder:q} --samples {params.samples:q}"
            " --exclude {params.exclude:q} --output {params.stem:q}"
            f" --device {DEVICE}"
        )


rule draw_experiment:
    input:
        frequency=results("frequency/{experiment}/frequency.nc"),
        events=results("events/{experiment}/events.parquet"),
        tracked=results("events/{experiment}/objects.parquet"),
    output:
        report(
            directory(results("figures/experiments/{experiment}")),
            patterns=["{figure}.png"],
            caption="../report/experiment.rst",
            category="Experiments",
            subcategory="{experiment}",
        ),
    log:
        "logs/draw_experiment/{experiment}.log",
    benchmark:
        "logs/benchmarks/draw_experiment/{experiment}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(800, full=800),
        runtime=asks(5, full=5),
    params:
        events=subpath(input.events, parent=True),
        title=lambda wildcards: STUDY.title(wildcards.experiment),
        regions=flag(STUDY.config["regions"]),
        coasts=flag(STUDY.config["coasts"]),
    message:
        "{wildcards.experiment}: maps"
    shell:
        python(
            "draw_experiment.py --frequency {input.frequency:q}"
            " --events {params.events:q} --title {params.title:q} --regions {params.regions:q}"
            " --coasts {params.coasts:q} --output {output:q}"
        )


rule draw_comparison:
    input:
        results("comparisons/{comparison}.nc"),
    output:
        report(
            directory(results("figures/comparisons/{comparison}")),
            patterns=["{figure}.png"],
            caption="../report/comparison.rst",
            category="Comparisons",
            subcategory="{comparison}",
        ),
    log:
        "logs/draw_comparison/{comparison}.log",
    benchmark:
        "logs/benchmarks/draw_comparison/{comparison}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(600, full=1000),
        runtime=asks(5, full=5),
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


rule draw_sensitivity:
    input:
        expand(results("frequency/{experiment}/frequency.nc"), experiment=STUDY.shown),
    output:
        directory(results("figures/sensitivity")),
    log:
        "logs/draw_sensitivity.log",
    benchmark:
        "logs/benchmarks/draw_sensitivity.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(600, full=1000),
        runtime=asks(5, full=15),
    params:
        titles=[STUDY.title(name) for name in STUDY.shown],
    message:
        "all experiments side by side"
    shell:
        python(
            "draw_sensitivity.py --frequency {input:q} --titles {params.titles:q} --output {output:q}"
        )


rule draw_snapshot:
    input:
        mask=lambda wildcards: masks_of(wildcards, year=wildcards.stamp[:4]),
        samples=lambda wildcards: samples_of(wildcards, year=wildcards.stamp[:4]),
    output:
        directory(results("figures/snapshots/{experiment}.{stamp}")),
    log:
        "logs/draw_snapshot/{experiment}.{stamp}.log",
    benchmark:
        "logs/benchmarks/draw_snapshot/{experiment}.{stamp}.tsv"
    wildcard_constraints:
        stamp="[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]{5}",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(600, full=1000),
        runtime=asks(5, full=5),
    params:
        sample=lambda wildcards: "{}/{}.{}.nc".format(
            samples_of(wildcards, year=wildcards.stamp[:4]),
            STUDY.experiments[wildcards.experiment]["dataset"],
            wildcards.stamp,
        ),
        fields=lambda wildcards: list(
            STUDY.datasets[STUDY.experiments[wildcards.experiment]["dataset"]]["fields"]
        ),
        title=lambda wildcards: STUDY.title(wildcards.experiment),
    message:
        "{wildcards.experiment} {wildcards.stamp}: input fields and what was found"
    shell:
        python(
            "draw_fields.py --sample {params.sample:q} --mask {input.mask:q} --fields {params.fields:q}"
            " --title {params.title:q} --output {output:q}"
        )


rule draw_composite:
    input:
        lambda wildcards: composites_of(wildcards.experiment),
    output:
        directory(results("figures/composites/{experiment}.{field}")),
    log:
        "logs/draw_composite/{experiment}.{field}.log",
    benchmark:
        "logs/benchmarks/draw_composite/{experiment}.{field}.tsv"
    wildcard_constraints:
        field="[A-Za-z][A-Za-z0-9_]*",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(600, full=1000),
        runtime=asks(5, full=5),
    params:
        title=lambda wildcards: STUDY.title(wildcards.experiment),
    message:
        "{wildcards.experiment}: composites of {wildcards.field}"
    shell:
        python(
            "draw_composite.py --composites {input:q} --field {wildcards.field}"
            " --title {params.title:q} --output {output:q}"
        )


rule draw_composite_change:
    input:
        first=lambda wildcards: composites_of(STUDY.comparisons[wildcards.comparison]["first"]),
        second=lambda wildcards: composites_of(STUDY.comparisons[wildcards.comparison]["second"]),
    output:
        directory(results("figures/composites/change.{comparison}.{field}")),
    log:
        "logs/draw_composite_change/{comparison}.{field}.log",
    benchmark:
        "logs/benchmarks/draw_composite_change/{comparison}.{field}.tsv"
    wildcard_constraints:
        field="[A-Za-z][A-Za-z0-9_]*",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(600, full=1000),
        runtime=asks(5, full=5),
    params:
        title=lambda wildcards: STUDY.comparisons[wildcards.comparison].get(
            "title", wildcards.comparison
        ),
    message:
        "{wildcards.comparison}: change of {wildcards.field} by frequency and by intensity"
    shell:
        python(
            "draw_composite.py --composites {input.first:q} --second {input.second:q}"
            " --field {wildcards.field} --title {params.title:q} --output {output:q}"
        )


rule animate:
    input:
        mask=masks_of,
        samples=samples_of,
    output:
        results("animations/{experiment}.{year}-{month}.mp4"),
    log:
        "logs/animate/{experiment}.{year}-{month}.log",
    benchmark:
        "logs/benchmarks/animate/{experiment}.{year}-{month}.tsv"
    wildcard_constraints:
        month="[0-9]{2}",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(600, full=1000),
        runtime=asks(5, full=10),
    params:
        month=lambda wildcards: int(wildcards.month),
    message:
        "{wildcards.experiment}: film of {wildcards.year}-{wildcards.month}"
    shell:
        python(
            "animate.py --samples {input.samples:q} --mask {input.mask:q} --month {params.month}"
            " --output {output:q}"
        )


rule write_report:
    input:
        experiments=expand(results("frequency/{experiment}/frequency.nc"), experiment=STUDY.shown),
        figures=expand(results("figures/experiments/{experiment}"), experiment=STUDY.shown),
        comparisons=expand(
            [results("comparisons/{comparison}.nc"), results("figures/comparisons/{comparison}")],
            comparison=STUDY.comparisons,
        ),
        scores=expand(results("models/{model}/scores.json"), model=STUDY.scored),
        training=expand(results("figures/models/{model}-training.png"), model=STUDY.trained),
        labels=expand(
            results("labels/{dataset}.json"), dataset=filter(STUDY.is_labelled, STUDY.datasets)
        ),
        predictions=expand(results("figures/models/{model}-labels.png"), model=STUDY.scored),
        importance=expand(results("models/{model}/importance.json"), model=STUDY.explained),
        sensitivity=results("figures/sensitivity"),
        landfall=expand(results("landfall/{experiment}.csv"), experiment=STUDY.shown),
        films=[film for name in STUDY.shown for film in STUDY.films(name)],
        snapshots=[folder for name in STUDY.shown for folder in STUDY.snapshots(name)],
        composites=[
            results(f"figures/composites/{name}.{field}")
            for name in STUDY.shown
            for field in STUDY.config["composites"].get(name, [])
        ],
        changes=[
            results(f"figures/composites/change.{name}.{field}")
            for name in STUDY.comparisons
            for field in STUDY.composed(name)
        ],
    output:
        report(results("report.html"), caption="../report/page.rst", category="The report"),
    log:
        "logs/write_report.log",
    benchmark:
        "logs/benchmarks/write_report.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(600, full=1500),
        runtime=asks(5, full=15),
    params:
        report=lambda wildcards: flag(report_of(STUDY)),
    message:
        "the report: {output}"
    shell:
        python("write_report.py --report {params.report:q} --output {output:q}")
