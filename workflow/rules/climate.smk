# CLIMATE: masks and events -> frequency, genesis, landfall, composites, comparisons
#
# REQUIRED INPUTS
#   masks/{experiment}/{year}.nc
#   events/{experiment}/…
#   samples/{dataset}/{grid}/{year}/        for composites
#
# OUTPUTS
#   frequency/{experiment}/frequency.nc     steps with each class, genesis and termination, all years
#   comparisons/{comparison}.nc .csv        second minus first, as maps and in the mean of regions
#   decompositions/{comparison}.nc .csv     that difference, shared out among input fields
#   landfall/{experiment}.csv               events that reach a coast, by latitude
#   verification/{experiment}.json .nc      tropical cyclones held against observed storms
#   agreement/{agreement}/{year}.nc         what experiments mark together, counted in one year
#   agreement/{agreement}.json, .nc         experiments held against each other, by cell and by event
#   composites/{experiment}/{year}.nc       sums of fields, in all and while a class is present
#   attribution/{experiment}/{field}/…      what features bring: extremes, sums, shares
#   attribution/{comparison}.{field}.json   why that differs between two experiments

# Of the study's classes, what counts depend on: which are lines (fronts), whose entries into cells
# are counted, and which are unions of others. New colours rerun nothing here.
KINDS = {
    name: entry.union_of or entry.kind
    for name, entry in STUDY.config.classes.items()
    if {"kind", "union_of"} & entry.model_fields_set
}


rule compute_frequency:
    input:
        masks=lambda wildcards: yearly(
            at.masks(STUDY.masks_of(wildcards.experiment), "{year}"), wildcards.experiment
        ),
        objects=objects_of,
        events=at.events("{experiment}", "events.parquet"),
        tracked=at.events("{experiment}", "objects.parquet"),
    output:
        at.frequency("{experiment}"),
    log:
        at.log("compute_frequency/{experiment}"),
    benchmark:
        at.benchmark("compute_frequency/{experiment}")
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(400, full=600),
        runtime=asks(5, yearly=1),
    params:
        classes=classes_flag,
        events=subpath(input.events, parent=True),
        periods=lambda wildcards: [
            word
            for year in STUDY.years(wildcards.experiment)
            for word in ("--period", *STUDY.period(wildcards.experiment, year))
        ],
        kinds=KINDS,
    message:
        "{wildcards.experiment}: frequency, genesis and termination of all years"
    shell:
        python(
            "compute_frequency.py --masks {input.masks:q} {params.periods:q}"
            " --objects {input.objects:q} --events {params.events:q}"
            " --classes {params.classes:q} --output {output:q}"
        )


rule compare:
    input:
        first=lambda wildcards: at.frequency(STUDY.comparisons[wildcards.comparison].first),
        second=lambda wildcards: at.frequency(STUDY.comparisons[wildcards.comparison].second),
        regions=at.block("regions"),
    output:
        maps=at.comparison("{comparison}"),
        table=at.comparison("{comparison}", "csv"),
    log:
        at.log("compare/{comparison}"),
    benchmark:
        at.benchmark("compare/{comparison}")
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(400, full=800),
        runtime=asks(5, full=5, yearly=1),
    params:
        sides=experiments_of,  # Snakemake compares inputs without their order
        of=lambda wildcards: STUDY.comparisons[wildcards.comparison].of,
    message:
        "{wildcards.comparison}: second minus first"
    shell:
        python(
            "compare.py --first {input.first:q} --second {input.second:q}"
            " --of {params.of} --name {wildcards.comparison} --regions @{input.regions:q}"
            " --output {output.maps:q} --table {output.table:q}"
        )


rule decompose:
    input:
        first=lambda wildcards: at.frequency(STUDY.comparisons[wildcards.comparison].first),
        second=lambda wildcards: at.frequency(STUDY.comparisons[wildcards.comparison].second),
        of_first=lambda wildcards: [
            at.frequency(name) for name in STUDY.counterfactuals_of(wildcards.comparison, "first")
        ],
        of_second=lambda wildcards: [
            at.frequency(name) for name in STUDY.counterfactuals_of(wildcards.comparison, "second")
        ],
        regions=at.block("regions"),
    output:
        maps=at.decomposition("{comparison}", "nc"),
        table=at.decomposition("{comparison}", "csv"),
    log:
        at.log("decompose/{comparison}"),
    benchmark:
        at.benchmark("decompose/{comparison}")
    wildcard_constraints:
        comparison=any_of(STUDY.decomposed),
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(400, full=1500),
        runtime=asks(5, full=10, yearly=3),
    params:
        classes=uncoloured_classes,
        sides=experiments_of,  # Snakemake compares inputs without their order
        of=lambda wildcards: STUDY.comparisons[wildcards.comparison].of,
        fields=lambda wildcards: list(STUDY.comparisons[wildcards.comparison].decompose),
    message:
        "{wildcards.comparison}: the difference shared out among {params.fields}"
    shell:
        python(
            "decompose.py --first {input.first:q} --second {input.second:q}"
            " --fields {params.fields:q} --of-first {input.of_first:q}"
            " --of-second {input.of_second:q} --of {params.of} --name {wildcards.comparison}"
            " --regions @{input.regions:q} --classes {params.classes:q}"
            " --output {output.maps:q} --table {output.table:q}"
        )


rule count_landfalls:
    input:
        objects=objects_of,
        coasts=at.block("coasts"),
        events=at.events("{experiment}", "events.parquet"),
        tracked=at.events("{experiment}", "objects.parquet"),
    output:
        at.landfall("{experiment}"),
    log:
        at.log("count_landfalls/{experiment}"),
    benchmark:
        at.benchmark("count_landfalls/{experiment}")
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(300, 500),
        runtime=asks(5, yearly=1),
    params:
        classes=uncoloured_classes,
        events=subpath(input.events, parent=True),
    message:
        "{wildcards.experiment}: landfalls by latitude"
    shell:
        python(
            "count_landfalls.py --objects {input.objects:q} --events {params.events:q}"
            " --coasts @{input.coasts:q} --classes {params.classes:q} --output {output:q}"
        )


rule verify:
    input:
        unpack(observed_storms),
        objects=objects_of,
        events=at.events("{experiment}", "events.parquet"),
        trajectories=at.events("{experiment}", "trajectories.nc"),
    output:
        numbers=at.verification("{experiment}", "json"),
        maps=at.verification("{experiment}", "nc"),
    log:
        at.log("verify/{experiment}"),
    benchmark:
        at.benchmark("verify/{experiment}")
    wildcard_constraints:
        experiment=any_of(STUDY.verified),
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(1500),
        runtime=asks(5, yearly=1),
    params:
        classes=uncoloured_classes,
        events=subpath(input.events, parent=True),
        how=verification_flags,
    message:
        "{wildcards.experiment}: tropical cyclones held against observed storms"
    shell:
        python(
            "verify.py --objects {input.objects:q} --events {params.events:q} {params.how:q}"
            " --classes {params.classes:q} --output {output.numbers:q} --maps {output.maps:q}"
        )


rule count_agreement:
    input:
        files_of_year_of_agreement,
        tables_of_agreement,
        regions=at.block("regions"),
    output:
        at.agreement_sums("{agreement}", "{year}"),
    log:
        at.log("count_agreement/{agreement}/{year}"),
    benchmark:
        at.benchmark("count_agreement/{agreement}/{year}")
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(600, full=1500),
        runtime=asks(5, full=10),
    params:
        classes=uncoloured_classes,
        how=agreement_flags,
        members=lambda wildcards: flag(members_in_year(wildcards)),
    message:
        "{wildcards.agreement} {wildcards.year}: counting what is marked together"
    shell:
        python(
            "count_agreement.py --members {params.members:q} --regions @{input.regions:q}"
            " {params.how:q} --classes {params.classes:q} --name {wildcards.agreement:q}"
            " --year {wildcards.year} --output {output:q}"
        )


rule agree:
    input:
        masks_of_agreement,
        tables_of_agreement,
        sums=lambda wildcards: [
            at.agreement_sums(wildcards.agreement, year)
            for year in STUDY.years_of_agreement(wildcards.agreement)
        ],
        members=at.block("members-of-{agreement}"),
        regions=at.block("regions"),
    output:
        numbers=at.agreement("{agreement}", "json"),
        maps=at.agreement("{agreement}", "nc"),
    log:
        at.log("agree/{agreement}"),
    benchmark:
        at.benchmark("agree/{agreement}")
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(600, full=1500),
        runtime=asks(5, full=5, yearly=1),
    params:
        classes=uncoloured_classes,
        how=agreement_flags,
        event_overlap=lambda wildcards: STUDY.agreements[wildcards.agreement].event_overlap,
        output=lambda wildcards, output: output.numbers.removesuffix(".json"),
    message:
        "{wildcards.agreement}: experiments held against each other"
    shell:
        python(
            "agree.py --members @{input.members:q} --regions @{input.regions:q} {params.how:q}"
            " --event-overlap {params.event_overlap} --sums {input.sums:q}"
            " --classes {params.classes:q} --name {wildcards.agreement:q} --output {params.output:q}"
        )


rule compose_fields:
    input:
        unpack(samples_of_year),
        mask=masks_of,
    output:
        at.composites("{experiment}", "{year}"),
    log:
        at.log("compose_fields/{experiment}/{year}"),
    benchmark:
        at.benchmark("compose_fields/{experiment}/{year}")
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(400, full=400),
        runtime=asks(5, full=25),
    params:
        fields=lambda wildcards: list(STUDY.config.composites[wildcards.experiment]),
    message:
        "{wildcards.experiment} {wildcards.year}: composites"
    shell:
        python(
            "compose_fields.py --samples {input.samples:q} --mask {input.mask:q}"
            " --fields {params.fields:q} --output {output:q}"
        )


# What is extreme: percentiles by cell over the years of the experiment.
rule compute_extremes:
    input:
        unpack(samples_of_extremes),
    output:
        at.attribution("{experiment}", "{field}", "extremes.nc"),
    log:
        at.log("compute_extremes/{experiment}.{field}"),
    benchmark:
        at.benchmark("compute_extremes/{experiment}.{field}")
    wildcard_constraints:
        field=FIELD,
    conda:
        "../../envs/regrid.yaml"
    threads: 1
    resources:
        mem_mb=asks(700, full=1300),
        runtime=asks(10, yearly=10),
    params:
        how=extremes_flags,
    message:
        "{wildcards.experiment}: percentiles of {wildcards.field}"
    shell:
        python(
            f"compute_extremes.py {SAMPLES_OF_EXTREMES} --field {{wildcards.field}}"
            " {params.how:q} --output {output:q}"
        )


rule attribute_field:
    input:
        unpack(attribution_input),
        unpack(samples_of_year),
        mask=masks_of,
    output:
        at.attribution("{experiment}", "{field}", "{year}.nc"),
    log:
        at.log("attribute_field/{experiment}.{field}/{year}"),
    benchmark:
        at.benchmark("attribute_field/{experiment}.{field}/{year}")
    wildcard_constraints:
        field=FIELD,
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(400, full=1000),
        runtime=asks(5, full=25),
    params:
        classes=uncoloured_classes,
        how=attribution_flags,
    message:
        "{wildcards.experiment} {wildcards.year}: {wildcards.field} in and near features"
    shell:
        python(
            "attribute_field.py --mask {input.mask:q} --samples {input.samples:q}"
            " --field {wildcards.field} {params.how:q} --classes {params.classes:q}"
            " --output {output:q}"
        )


rule summarize_attribution:
    input:
        sums=lambda wildcards: attribution_sums(wildcards.experiment, wildcards.field),
        regions=at.block("regions"),
    output:
        at.attribution("{experiment}", "{field}", "shares.json"),
    log:
        at.log("summarize_attribution/{experiment}.{field}"),
    benchmark:
        at.benchmark("summarize_attribution/{experiment}.{field}")
    wildcard_constraints:
        field=FIELD,
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(400, full=300),
        runtime=asks(5, yearly=1),
    params:
        classes=uncoloured_classes,
        percentiles=lambda wildcards: percentile_flags(wildcards.experiment, wildcards.field),
    message:
        "{wildcards.experiment}: shares of {wildcards.field} by region, season and year"
    shell:
        python(
            "summarize_attribution.py --sums {input.sums:q} --field {wildcards.field}"
            " {params.percentiles:q} --regions @{input.regions:q} --classes {params.classes:q}"
            " --output {output:q}"
        )


rule summarize_attribution_change:
    input:
        first=lambda wildcards: attribution_sums(
            STUDY.comparisons[wildcards.comparison].first, wildcards.field
        ),
        second=lambda wildcards: attribution_sums(
            STUDY.comparisons[wildcards.comparison].second, wildcards.field
        ),
        regions=at.block("regions"),
    output:
        at.attribution_change("{comparison}", "{field}"),
    log:
        at.log("summarize_attribution_change/{comparison}.{field}"),
    benchmark:
        at.benchmark("summarize_attribution_change/{comparison}.{field}")
    wildcard_constraints:
        field=FIELD,
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(400, full=300),
        runtime=asks(5, yearly=2),
    params:
        classes=uncoloured_classes,
        sides=experiments_of,  # Snakemake compares inputs without their order
        percentiles=lambda wildcards: percentile_flags(
            STUDY.comparisons[wildcards.comparison].first, wildcards.field
        ),
    message:
        "{wildcards.comparison}: why what features bring of {wildcards.field} differs"
    shell:
        python(
            "summarize_attribution.py --sums {input.first:q} --second {input.second:q}"
            " --field {wildcards.field} {params.percentiles:q} --regions @{input.regions:q}"
            " --classes {params.classes:q} --output {output:q}"
        )
