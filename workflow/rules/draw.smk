# DRAW: frequency, comparisons, events, models -> figures, films -> the report
#
# REQUIRED INPUTS
#   frequency/{experiment}/frequency.nc
#   comparisons/{comparison}.nc
#   events/{experiment}/…
#   models/{model}/scores.json history.csv
#
# OUTPUTS
#   figures/…                               PNG and PDF, as the study wants (figures: formats)
#   animations/{experiment}.{month}.mp4     detections over the water vapour
#   report.html                             one self-contained page


rule draw_training:
    input:
        history=at.model("{model}", "history.csv"),
        classes=at.block("classes"),
    output:
        report(
            model_figures("{model}", "training")[0],
            caption="../report/training.rst",
            category="Models",
        ),
        model_figures("{model}", "training")[1:],
    log:
        at.log("draw_training/{model}"),
    benchmark:
        at.benchmark("draw_training/{model}")
    wildcard_constraints:
        model=any_of(STUDY.trained),
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(600),
        runtime=asks(5),
    params:
        printing=PRINTING,
        stem=subpath(output[0], strip_suffix=".png"),
        title=lambda wildcards: STUDY.model_title(wildcards.model),
    message:
        "{wildcards.model}: training curves"
    shell:
        python(
            "draw_training.py --history {input.history:q} --classes @{input.classes:q}"
            " --title {params.title:q} --output {params.stem:q}"
            " {params.printing}"
        )


rule draw_importance:
    input:
        importance=at.importance("{model}"),
        classes=at.block("classes"),
    output:
        model_figures("{model}", "importance"),
    log:
        at.log("draw_importance/{model}"),
    benchmark:
        at.benchmark("draw_importance/{model}")
    wildcard_constraints:
        model=any_of(STUDY.scored),
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(600),
        runtime=asks(5),
    params:
        printing=PRINTING,
        stem=subpath(output[0], strip_suffix=".png"),
        title=lambda wildcards: STUDY.model_title(wildcards.model),
    message:
        "{wildcards.model}: importance of each field, drawn"
    shell:
        python(
            "draw_importance.py --importance {input.importance:q} --classes @{input.classes:q}"
            " --title {params.title:q} --output {params.stem:q}"
            " {params.printing}"
        )


rule draw_labels:
    input:
        samples=lambda wildcards: labels_input(STUDY, STUDY.models[wildcards.model].dataset, "test"),
        config=at.model("{model}", "config.json"),
        weights=at.model("{model}", "weights.pth"),
        classes=at.block("classes"),
    output:
        model_figures("{model}", "labels"),
    log:
        at.log("draw_labels/{model}"),
    benchmark:
        at.benchmark("draw_labels/{model}")
    wildcard_constraints:
        model=any_of(STUDY.scored),
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=asks(1000, full=2000),
        runtime=asks(5, full=15),
    params:
        printing=PRINTING,
        samples=lambda wildcards: test_labels(wildcards),
        seen=lambda wildcards: test_labels_seen(wildcards),
        exclude=lambda wildcards: flag(
            STUDY.excluded(STUDY.models[wildcards.model].dataset, "test")
        ),
        folder=subpath(input.config, parent=True),
        stem=subpath(output[0], strip_suffix=".png"),
        title=lambda wildcards: STUDY.model_title(wildcards.model),
    message:
        "{wildcards.model}: labels and predictions side by side"
    shell:
        python(
            "draw_labels.py --model {params.folder:q} --samples {params.samples:q}"
            " --exclude {params.exclude:q} --classes @{input.classes:q} --output {params.stem:q}"
            " --title {params.title:q}"
            f" --device {DEVICE}"
            " {params.printing}"
        )


rule draw_experiment:
    input:
        frequency=at.frequency("{experiment}"),
        events=at.events("{experiment}", "events.parquet"),
        tracked=at.events("{experiment}", "objects.parquet"),
        regions=at.block("regions"),
        coasts=at.block("coasts"),
        classes=at.block("classes"),
    output:
        report(
            directory(at.experiment_figures("{experiment}")),
            patterns=["{figure}.png"],
            caption="../report/experiment.rst",
            category="Experiments",
            subcategory="{experiment}",
        ),
    log:
        at.log("draw_experiment/{experiment}"),
    benchmark:
        at.benchmark("draw_experiment/{experiment}")
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(800, full=800),
        runtime=asks(5, full=5),
    params:
        printing=PRINTING,
        events=subpath(input.events, parent=True),
        title=lambda wildcards: STUDY.title(wildcards.experiment),
        of=STUDY.counted_from,
    message:
        "{wildcards.experiment}: maps"
    shell:
        python(
            "draw_experiment.py --frequency {input.frequency:q}"
            " --events {params.events:q} --title {params.title:q} --of {params.of}"
            " --regions @{input.regions:q}"
            " --coasts @{input.coasts:q} --classes @{input.classes:q} --output {output:q}"
            " {params.printing}"
        )


rule draw_comparison:
    input:
        comparison=at.comparison("{comparison}"),
        classes=at.block("classes"),
    output:
        report(
            directory(at.comparison_figures("{comparison}")),
            patterns=["{figure}.png"],
            caption="../report/comparison.rst",
            category="Comparisons",
            subcategory="{comparison}",
        ),
    log:
        at.log("draw_comparison/{comparison}"),
    benchmark:
        at.benchmark("draw_comparison/{comparison}")
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(600, full=1000),
        runtime=asks(5, full=5),
    params:
        printing=PRINTING,
        title=lambda wildcards: STUDY.comparison_title(wildcards.comparison),
        titles=lambda wildcards: flag(STUDY.titles_of_sides(wildcards.comparison)),
    message:
        "{wildcards.comparison}: maps"
    shell:
        python(
            "draw_comparison.py --comparison {input.comparison:q} --title {params.title:q}"
            " --titles {params.titles:q} --classes @{input.classes:q} --output {output:q}"
            " {params.printing}"
        )


rule draw_decomposition:
    input:
        maps=at.decomposition("{comparison}", "nc"),
        classes=at.block("classes"),
    output:
        report(
            directory(at.decomposition_figures("{comparison}")),
            patterns=["{figure}.png"],
            caption="../report/comparison.rst",
            category="Comparisons",
            subcategory="{comparison}",
        ),
    log:
        at.log("draw_decomposition/{comparison}"),
    benchmark:
        at.benchmark("draw_decomposition/{comparison}")
    wildcard_constraints:
        comparison=any_of(STUDY.decomposed),
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(600, full=1500),
        runtime=asks(5, full=5),
    params:
        printing=PRINTING,
        title=lambda wildcards: STUDY.comparison_title(wildcards.comparison),
    message:
        "{wildcards.comparison}: maps of what each field contributes"
    shell:
        python(
            "draw_decomposition.py --decomposition {input.maps:q} --title {params.title:q}"
            " --classes @{input.classes:q} --output {output:q}"
            " {params.printing}"
        )


rule draw_sensitivity:
    input:
        frequency=[at.frequency(name) for name in STUDY.shown],
        titles=at.block("titles"),
        classes=at.block("classes"),
    output:
        directory(at.sensitivity),
    log:
        at.log("draw_sensitivity"),
    benchmark:
        at.benchmark("draw_sensitivity")
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(600, full=1000),
        runtime=asks(5, full=15),
    params:
        printing=PRINTING,
        of=STUDY.counted_from,
    message:
        "all experiments side by side"
    shell:
        python(
            "draw_sensitivity.py --frequency {input.frequency:q} --titles @{input.titles:q}"
            " --of {params.of} --classes @{input.classes:q} --output {output:q}"
            " {params.printing}"
        )


rule draw_snapshot:
    input:
        unpack(samples_of_stamp),
        mask=lambda wildcards: masks_of(wildcards, year=wildcards.stamp[:4]),
        classes=at.block("classes"),
    output:
        directory(at.snapshot("{experiment}", "{stamp}")),
    log:
        at.log("draw_snapshot/{experiment}.{stamp}"),
    benchmark:
        at.benchmark("draw_snapshot/{experiment}.{stamp}")
    wildcard_constraints:
        stamp="[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]{5}",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(600, full=1000),
        runtime=asks(5, full=5),
    params:
        printing=PRINTING,
        sample=lambda wildcards: "{}/{}.{}.nc".format(
            samples_of(wildcards, year=wildcards.stamp[:4]),
            STUDY.experiments[wildcards.experiment].dataset,
            wildcards.stamp,
        ),
        fields=lambda wildcards: list(
            STUDY.raw(STUDY.experiments[wildcards.experiment].dataset).fields
        ),
        title=lambda wildcards: STUDY.title(wildcards.experiment),
    message:
        "{wildcards.experiment} {wildcards.stamp}: input fields and what was found"
    shell:
        python(
            "draw_fields.py --sample {params.sample:q} --mask {input.mask:q} --fields {params.fields:q}"
            " --title {params.title:q} --classes @{input.classes:q} --output {output:q}"
            " {params.printing}"
        )


rule draw_composite:
    input:
        composites=lambda wildcards: composites_of(wildcards.experiment),
        classes=at.block("classes"),
    output:
        directory(at.composite_figures("{experiment}", "{field}")),
    log:
        at.log("draw_composite/{experiment}.{field}"),
    benchmark:
        at.benchmark("draw_composite/{experiment}.{field}")
    wildcard_constraints:
        field="[A-Za-z][A-Za-z0-9_]*",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(600, full=1000),
        runtime=asks(5, full=5),
    params:
        printing=PRINTING,
        title=lambda wildcards: STUDY.title(wildcards.experiment),
    message:
        "{wildcards.experiment}: composites of {wildcards.field}"
    shell:
        python(
            "draw_composite.py --composites {input.composites:q} --field {wildcards.field}"
            " --title {params.title:q} --classes @{input.classes:q} --output {output:q}"
            " {params.printing}"
        )


rule draw_composite_change:
    input:
        first=lambda wildcards: composites_of(STUDY.comparisons[wildcards.comparison].first),
        second=lambda wildcards: composites_of(STUDY.comparisons[wildcards.comparison].second),
        classes=at.block("classes"),
    output:
        directory(at.composite_change("{comparison}", "{field}")),
    log:
        at.log("draw_composite_change/{comparison}.{field}"),
    benchmark:
        at.benchmark("draw_composite_change/{comparison}.{field}")
    wildcard_constraints:
        field="[A-Za-z][A-Za-z0-9_]*",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(600, full=1000),
        runtime=asks(5, full=5),
    params:
        sides=experiments_of,  # Snakemake compares inputs without their order
        printing=PRINTING,
        title=lambda wildcards: STUDY.comparison_title(wildcards.comparison),
    message:
        "{wildcards.comparison}: change of {wildcards.field} by frequency and by intensity"
    shell:
        python(
            "draw_composite.py --composites {input.first:q} --second {input.second:q}"
            " --field {wildcards.field} --title {params.title:q} --classes @{input.classes:q}"
            " --output {output:q}"
            " {params.printing}"
        )


rule draw_attribution:
    input:
        unpack(drawn_extremes),
        sums=lambda wildcards: attribution_sums(wildcards.experiment, wildcards.field),
        classes=at.block("classes"),
    output:
        directory(at.attribution_figures("{experiment}", "{field}")),
    log:
        at.log("draw_attribution/{experiment}.{field}"),
    benchmark:
        at.benchmark("draw_attribution/{experiment}.{field}")
    wildcard_constraints:
        field=FIELD,
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(600, full=1000),
        runtime=asks(5, full=5, yearly=1),
    params:
        printing=PRINTING,
        extremes=lambda wildcards, input: (
            ["--extremes", input.extremes] if "extremes" in input.keys() else []
        ),
        percentiles=lambda wildcards: percentile_flags(wildcards.experiment, wildcards.field),
        whose=lambda wildcards: whose_extremes(
            STUDY.extremes_of(wildcards.experiment, wildcards.field)
        ),
        title=lambda wildcards: STUDY.title(wildcards.experiment),
    message:
        "{wildcards.experiment}: maps of what features bring of {wildcards.field}"
    shell:
        python(
            "draw_attribution.py --sums {input.sums:q} --field {wildcards.field}"
            " {params.percentiles:q} {params.extremes:q} {params.whose:q}"
            " --title {params.title:q}"
            " --classes @{input.classes:q} --output {output:q} {params.printing}"
        )


rule draw_attribution_change:
    input:
        first=lambda wildcards: attribution_sums(
            STUDY.comparisons[wildcards.comparison].first, wildcards.field
        ),
        second=lambda wildcards: attribution_sums(
            STUDY.comparisons[wildcards.comparison].second, wildcards.field
        ),
        classes=at.block("classes"),
    output:
        directory(at.attribution_figures("change.{comparison}", "{field}")),
    log:
        at.log("draw_attribution_change/{comparison}.{field}"),
    benchmark:
        at.benchmark("draw_attribution_change/{comparison}.{field}")
    wildcard_constraints:
        field=FIELD,
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(600, full=1000),
        runtime=asks(5, full=5, yearly=1),
    params:
        sides=experiments_of,  # Snakemake compares inputs without their order
        printing=PRINTING,
        percentiles=lambda wildcards: percentile_flags(
            STUDY.comparisons[wildcards.comparison].first, wildcards.field
        ),
        whose=lambda wildcards: whose_extremes(
            STUDY.extremes_of_change(wildcards.comparison, wildcards.field)
        ),
        title=lambda wildcards: STUDY.comparison_title(wildcards.comparison),
    message:
        "{wildcards.comparison}: why what features bring of {wildcards.field} differs"
    shell:
        python(
            "draw_attribution.py --sums {input.first:q} --second {input.second:q}"
            " --field {wildcards.field} {params.percentiles:q} {params.whose:q}"
            " --title {params.title:q}"
            " --classes @{input.classes:q} --output {output:q} {params.printing}"
        )


rule animate:
    input:
        unpack(samples_of_year),
        mask=masks_of,
        classes=at.block("classes"),
    output:
        at.film("{experiment}", "{year}-{month}"),
    log:
        at.log("animate/{experiment}.{year}-{month}"),
    benchmark:
        at.benchmark("animate/{experiment}.{year}-{month}")
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
        field=lambda wildcards: STUDY.film_field(wildcards.experiment),
    message:
        "{wildcards.experiment}: film of {wildcards.year}-{wildcards.month}"
    shell:
        python(
            "animate.py --samples {input.samples:q} --mask {input.mask:q} --month {params.month}"
            " --field {params.field} --classes @{input.classes:q} --output {output:q}"
        )


rule draw_agreement:
    input:
        at.agreement("{agreement}", "nc"),
    output:
        report(
            directory(at.agreement_figures("{agreement}")),
            patterns=["{figure}.png"],
            caption="../report/comparison.rst",
            category="Agreement",
            subcategory="{agreement}",
        ),
    log:
        at.log("draw_agreement/{agreement}"),
    benchmark:
        at.benchmark("draw_agreement/{agreement}")
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(600, full=1500),
        runtime=asks(5, full=5),
    params:
        printing=PRINTING,
        title=lambda wildcards: STUDY.agreements[wildcards.agreement].title or wildcards.agreement,
        names=lambda wildcards: flag(STUDY.names_in_agreement(wildcards.agreement)),
    message:
        "{wildcards.agreement}: maps of agreement"
    shell:
        python(
            "draw_agreement.py --maps {input:q} --title {params.title:q} --names {params.names:q}"
            " --output {output:q} {params.printing}"
        )


rule draw_verification:
    input:
        comparison=at.verification("{experiment}", "nc"),
        classes=at.block("classes"),
    output:
        report(
            directory(at.verification_figures("{experiment}")),
            patterns=["{figure}.png"],
            caption="../report/comparison.rst",
            category="Verification",
            subcategory="{experiment}",
        ),
    log:
        at.log("draw_verification/{experiment}"),
    benchmark:
        at.benchmark("draw_verification/{experiment}")
    wildcard_constraints:
        experiment=any_of(STUDY.verified),
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(600),
        runtime=asks(5),
    params:
        printing=PRINTING,
        title=lambda wildcards: STUDY.title(wildcards.experiment),
        titles=lambda wildcards: flag(
            {"first": "Observed storms", "second": STUDY.title(wildcards.experiment)}
        ),
    message:
        "{wildcards.experiment}: maps of observed and detected tracks"
    shell:
        python(
            "draw_comparison.py --comparison {input.comparison:q} --title {params.title:q}"
            " --titles {params.titles:q} --classes @{input.classes:q} --output {output:q}"
            " {params.printing}"
        )


rule write_report:
    input:
        report=at.block("report"),
        experiments=[at.frequency(name) for name in STUDY.shown],
        figures=[at.experiment_figures(name) for name in STUDY.shown],
        comparisons=[at.comparison(name) for name in STUDY.comparisons],
        regional=[at.comparison(name, "csv") for name in STUDY.comparisons],
        differences=[at.comparison_figures(name) for name in STUDY.comparisons],
        decompositions=[at.decomposition(name, "csv") for name in STUDY.decomposed],
        contributions=[at.decomposition_figures(name) for name in STUDY.decomposed],
        scores=[at.scores(name) for name in STUDY.scored],
        training=[model_figures(name, "training") for name in STUDY.trained],
        labels=[at.labels(name) for name in STUDY.datasets if STUDY.is_labelled(name)],
        predictions=[model_figures(name, "labels") for name in STUDY.scored],
        importance=[at.importance(name) for name in STUDY.explained],
        bars=[model_figures(name, "importance") for name in STUDY.explained],
        sensitivity=at.sensitivity,
        landfall=[at.landfall(name) for name in STUDY.shown],
        verified=[at.verification(name, "json") for name in STUDY.verified],
        tracks=[at.verification_figures(name) for name in STUDY.verified],
        agreed=[at.agreement(name, "json") for name in STUDY.agreements],
        consensus=[at.agreement_figures(name) for name in STUDY.agreements],
        shares=[at.attribution(*one, "shares.json") for one in STUDY.attributed],
        shared=[at.attribution_figures(*one) for one in STUDY.attributed],
        brought=[at.attribution_change(*one) for one in STUDY.attribution_changes()],
        split=[
            at.attribution_figures(f"change.{name}", field)
            for name, field in STUDY.attribution_change_maps()
        ],
        films=[film for name in STUDY.shown for film in STUDY.films(name)],
        snapshots=[folder for name in STUDY.shown for folder in STUDY.snapshots(name)],
        composites=[
            at.composite_figures(name, field)
            for name in STUDY.shown
            for field in STUDY.config.composites.get(name, ())
        ],
        changes=[
            at.composite_change(name, field)
            for name in STUDY.comparisons
            for field in STUDY.composed(name)
        ],
    output:
        report(at.report, caption="../report/page.rst", category="The report"),
    log:
        at.log("write_report"),
    benchmark:
        at.benchmark("write_report")
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(600, full=1500),
        runtime=asks(5, full=15),
    message:
        "the report: {output}"
    shell:
        python("write_report.py --report @{input.report:q} --output {output:q}")
