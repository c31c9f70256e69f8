# DETECT: a detector and a year of samples -> one int8 mask file
#
# The detector is a model (detect), a threshold recipe (apply_thresholds), or masks that somebody else
# made (adopt_masks); what follows is the same for all.
#
# REQUIRED INPUTS
#   models/{model}/config.json weights.pth
#   samples/{dataset}/{grid}/{year}/
#   statistics/{dataset}/{grid}.json        unless the model's own are wanted
#   percentiles/{dataset}/{grid}/{field}-{percentile}.nc   where a recipe compares with them
#   zonal/{dataset}/{grid}/{field}-{match}.nc              where fields are adjusted
#
# OUTPUTS
#   masks/{experiment}/{year}.nc
#   checkpoints/masks/{experiment}/         what a job that was stopped has made, until it is done


rule detect:
    input:
        unpack(statistics_of),
        unpack(samples_of_year),
        model_files,
        zonal_files,
    output:
        at.masks("{experiment}", "{year}"),
    log:
        at.log("detect/{experiment}/{year}"),
    benchmark:
        at.benchmark("detect/{experiment}/{year}")
    wildcard_constraints:
        experiment=any_of(STUDY.detected_by(type(None))),
    conda:
        "../../envs/torch.yaml"
    threads: 1 if STUDY.config.device != "cuda" else 8
    resources:
        # Of several that a scheduler's job starts together one works for all, in less than the sum
        # of these (three: 1,700 MB), and the others hold 21 MB each (docs/decisions/start-up.md).
        mem_mb=asks(1000, full=1500),
        runtime=asks(15, full=105),
        gpu=GPU,
        shared_input=lambda wildcards: samples_of(wildcards),  # see profiles/scheduler/shared.py
    params:
        classes=classes_flag,
        model=model_folders,
        seen=year_seen,
        # Named here too, since Snakemake does not notice a change of params made from input.
        normalization=normalization,
        look=lambda wildcards: [
            f"--{key}={getattr(STUDY.experiments[wildcards.experiment], key)}"
            for key in ("dataset", "grid", "precision", "runtime")
        ]
        + ["--probabilities"] * STUDY.experiments[wildcards.experiment].probabilities
        + ["--regrid-to-learned"] * STUDY.experiments[wildcards.experiment].regrid_to_learned
        + ["--blank=allow"] * (STUDY.experiments[wildcards.experiment].blank == "allow"),
        neutral=lambda wildcards: [
            f"--neutral={field}" for field in STUDY.experiments[wildcards.experiment].neutral
        ],
        period=lambda wildcards: [
            word
            for period in STUDY.periods(wildcards.experiment, wildcards.year)
            for word in ("--period", *period)
        ],
        missing_steps=lambda wildcards: STUDY.missing_steps(wildcards.experiment),
        adjust=adjust_flags,
        # Outside of output, which Snakemake deletes before a rerun: a killed detection resumes.
        checkpoints=at.mask_checkpoints("{experiment}"),
    message:
        "{wildcards.experiment} {wildcards.year}: detection"
    shell:
        python(
            "detect.py --experiment {wildcards.experiment} --year {wildcards.year}"
            " {params.period:q} --missing-steps {params.missing_steps} --model {params.model:q} --samples {input.samples:q} {params.normalization:q}"
            " {params.look:q} {params.neutral:q} {params.adjust:q} --classes {params.classes:q} --threads {threads} --output {output:q}"
            f" --checkpoints {{params.checkpoints:q}} {TIME_BUDGET} --device {DEVICE}"
        )


rule apply_thresholds:
    input:
        unpack(samples_of_year),
        percentiles=percentile_files,
        zonal=zonal_files,
    output:
        at.masks("{experiment}", "{year}"),
    log:
        at.log("apply_thresholds/{experiment}/{year}"),
    benchmark:
        at.benchmark("apply_thresholds/{experiment}/{year}")
    wildcard_constraints:
        experiment=any_of(STUDY.detected_by(ThresholdRecipe)),
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(500, full=600),
        runtime=asks(5, full=15),
    params:
        classes=classes_flag,
        recipe=recipe_flag,
        seen=year_seen,
        where=lambda wildcards: [
            f"--{key}={getattr(STUDY.experiments[wildcards.experiment], key)}"
            for key in ("dataset", "grid")
        ],
        period=period_flags,
        missing_steps=lambda wildcards: STUDY.missing_steps(wildcards.experiment),
        adjust=adjust_flags,
    message:
        "{wildcards.experiment} {wildcards.year}: thresholds"
    shell:
        python(
            "apply_thresholds.py --experiment {wildcards.experiment} --year {wildcards.year}"
            " {params.where:q} {params.period:q} --missing-steps {params.missing_steps}"
            " --recipe {params.recipe:q} --samples {input.samples:q} {params.adjust:q}"
            " --percentiles {input.percentiles:q} --classes {params.classes:q} --output {output:q}"
        )


rule adopt_masks:
    input:
        unpack(samples_of_adopted),
        masks=lambda wildcards: adopted_files(STUDY, wildcards.experiment, wildcards.year),
    output:
        at.masks("{experiment}", "{year}"),
    log:
        at.log("adopt_masks/{experiment}/{year}"),
    benchmark:
        at.benchmark("adopt_masks/{experiment}/{year}")
    wildcard_constraints:
        experiment=any_of(STUDY.detected_by(AdoptedMasks)),
    conda:
        "../../envs/regrid.yaml"
    threads: 1
    resources:
        mem_mb=asks(500, full=600),
        runtime=asks(5, full=15),
    params:
        classes=classes_flag,
        masks=recipe_flag,
        cells=lambda wildcards: flag(
            STUDY.config.grids[STUDY.experiments[wildcards.experiment].grid]
        ),
        where=lambda wildcards: [
            f"--{key}={getattr(STUDY.experiments[wildcards.experiment], key)}"
            for key in ("dataset", "grid")
        ],
        period=period_flags,
        step_hours=lambda wildcards: STUDY.step_hours(wildcards.experiment),
        samples=lambda wildcards, input: (
            [f"--samples={input.samples}"] if "samples" in input.keys() else []
        ),
    message:
        "{wildcards.experiment} {wildcards.year}: masks made elsewhere"
    shell:
        python(
            "adopt_masks.py --experiment {wildcards.experiment} --year {wildcards.year}"
            " {params.where:q} {params.period:q} --step-hours {params.step_hours}"
            " --masks {params.masks:q} --cells {params.cells:q} {params.samples:q}"
            " --classes {params.classes:q} --output {output:q}"
        )
