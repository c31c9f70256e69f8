# CLIMATE: masks and events -> frequency, genesis, landfall, composites, comparisons
#
# REQUIRED INPUTS
#   masks/{experiment}/{year}.nc
#   events/{experiment}/…
#   samples/{dataset}/{grid}/{year}/        for composites
#
# OUTPUTS
#   frequency/{experiment}/frequency.nc     steps with each class, genesis and termination, all years
#   comparisons/{comparison}.nc             second minus first
#   decompositions/{comparison}.nc .csv     that difference, shared out among input fields
#   landfall/{experiment}.csv               events that reach a coast, by latitude
#   verification/{experiment}.json          tropical cyclones held against observed storms
#   agreement/{agreement}.json, .nc         experiments held against each other, by cell and by event
#   composites/{experiment}/{year}.nc       sums of fields, in all and while a class is present

# Of the study's classes, what counts depend on: which are lines (fronts), whose entries into cells
# are counted. New colours rerun nothing here.
KINDS = {
    name: entry.kind
    for name, entry in STUDY.config.classes.items()
    if "kind" in entry.model_fields_set
}


rule count_masks:
    input:
        mask=at.masks("{experiment}", "{year}"),
        classes=ancient(at.block("classes")),
    output:
        at.mask_counts("{experiment}", "{year}"),
    log:
        at.log("count_masks/{experiment}/{year}"),
    benchmark:
        at.benchmark("count_masks/{experiment}/{year}")
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(400, full=200),
        runtime=asks(5, full=5),
    params:
        period=lambda wildcards: STUDY.period(wildcards.experiment, wildcards.year),
        kinds=KINDS,
    message:
        "{wildcards.experiment} {wildcards.year}: counting masks"
    shell:
        python(
            "count_masks.py --mask {input.mask:q} --period {params.period:q}"
            " --classes @{input.classes:q} --output {output:q}"
        )


rule count_events:
    input:
        mask=masks_of,
        objects=lambda wildcards: (
            at.objects(STUDY.objects_of(wildcards.experiment), wildcards.year)
        ),
        events=at.events("{experiment}", "events.parquet"),
        tracked=at.events("{experiment}", "objects.parquet"),
        classes=ancient(at.block("classes")),
    output:
        at.event_counts("{experiment}", "{year}"),
    log:
        at.log("count_events/{experiment}/{year}"),
    benchmark:
        at.benchmark("count_events/{experiment}/{year}")
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(400, full=400),
        runtime=asks(5, full=5),
    params:
        events=subpath(input.events, parent=True),
        period=lambda wildcards: STUDY.period(wildcards.experiment, wildcards.year),
        kinds=KINDS,
    message:
        "{wildcards.experiment} {wildcards.year}: counting events"
    shell:
        python(
            "count_events.py --mask {input.mask:q} --objects {input.objects:q}"
            " --events {params.events:q} --period {params.period:q}"
            " --classes @{input.classes:q} --output {output:q}"
        )


rule merge_counts:
    input:
        masks=lambda wildcards: yearly(
            at.mask_counts(STUDY.masks_of(wildcards.experiment), "{year}"),
            wildcards.experiment,
        ),
        events=lambda wildcards: yearly(
            at.event_counts(wildcards.experiment, "{year}"), wildcards.experiment
        ),
        classes=at.block("classes"),
    output:
        at.frequency("{experiment}"),
    log:
        at.log("merge_counts/{experiment}"),
    benchmark:
        at.benchmark("merge_counts/{experiment}")
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(400, full=400),
        runtime=asks(5, yearly=1),
    message:
        "{wildcards.experiment}: frequency, genesis and termination of all years"
    shell:
        python(
            "merge_counts.py --masks {input.masks:q} --events {input.events:q}"
            " --classes @{input.classes:q} --output {output:q}"
        )


rule compare:
    input:
        first=lambda wildcards: at.frequency(STUDY.comparisons[wildcards.comparison].first),
        second=lambda wildcards: at.frequency(STUDY.comparisons[wildcards.comparison].second),
    output:
        at.comparison("{comparison}"),
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
        of=lambda wildcards: STUDY.comparisons[wildcards.comparison].of,
    message:
        "{wildcards.comparison}: second minus first"
    shell:
        python(
            "compare.py --first {input.first:q} --second {input.second:q}"
            " --of {params.of} --name {wildcards.comparison} --output {output:q}"
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
        classes=at.block("classes"),
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
        of=lambda wildcards: STUDY.comparisons[wildcards.comparison].of,
        fields=lambda wildcards: list(STUDY.comparisons[wildcards.comparison].decompose),
    message:
        "{wildcards.comparison}: the difference shared out among {params.fields}"
    shell:
        python(
            "decompose.py --first {input.first:q} --second {input.second:q}"
            " --fields {params.fields:q} --of-first {input.of_first:q}"
            " --of-second {input.of_second:q} --of {params.of} --name {wildcards.comparison}"
            " --regions @{input.regions:q} --classes @{input.classes:q}"
            " --output {output.maps:q} --table {output.table:q}"
        )


rule count_landfalls:
    input:
        objects=objects_of,
        coasts=at.block("coasts"),
        classes=at.block("classes"),
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
        mem_mb=asks(500, yearly=50),
        runtime=asks(5, yearly=1),
    params:
        events=subpath(input.events, parent=True),
    message:
        "{wildcards.experiment}: landfalls by latitude"
    shell:
        python(
            "count_landfalls.py --objects {input.objects:q} --events {params.events:q}"
            " --coasts @{input.coasts:q} --classes @{input.classes:q} --output {output:q}"
        )


rule verify:
    input:
        unpack(observed_storms),
        objects=objects_of,
        classes=at.block("classes"),
        events=at.events("{experiment}", "events.parquet"),
        trajectories=at.events("{experiment}", "trajectories.nc"),
    output:
        at.verification("{experiment}"),
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
        events=subpath(input.events, parent=True),
        how=verification_flags,
    message:
        "{wildcards.experiment}: tropical cyclones held against observed storms"
    shell:
        python(
            "verify.py --objects {input.objects:q} --events {params.events:q} {params.how:q}"
            " --classes @{input.classes:q} --output {output:q}"
        )


rule agree:
    input:
        files_of_agreement,
        members=at.block("members-of-{agreement}"),
        regions=at.block("regions"),
        classes=at.block("classes"),
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
        runtime=asks(5, full=5, yearly=15),
    params:
        how=agreement_flags,
        output=lambda wildcards, output: output.numbers.removesuffix(".json"),
    message:
        "{wildcards.agreement}: experiments held against each other"
    shell:
        python(
            "agree.py --members @{input.members:q} --regions @{input.regions:q} {params.how:q}"
            " --classes @{input.classes:q} --name {wildcards.agreement:q} --output {params.output:q}"
        )


rule compose_fields:
    input:
        samples=samples_of,
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
