# DETECT: a model and a year of samples -> one int8 mask file
#
# REQUIRED INPUTS
#   models/{model}/config.json weights.pth
#   samples/{dataset}/{grid}/{year}/
#   statistics/{dataset}/{grid}.json        unless the model's own are wanted
#
# OUTPUTS
#   masks/{experiment}/{year}.nc
#   checkpoints/masks/{experiment}/         what a job that was stopped has made, until it is done


rule detect:
    input:
        unpack(statistics_of),
        model=model_files,
        samples=samples_of,
        classes=ancient(at.block("classes")),  # how classes are shown makes no other masks
    output:
        at.masks("{experiment}", "{year}"),
    log:
        at.log("detect/{experiment}/{year}"),
    benchmark:
        at.benchmark("detect/{experiment}/{year}")
    conda:
        "../../envs/torch.yaml"
    threads: 1 if STUDY.config.device != "cuda" else 8
    resources:
        mem_mb=asks(1000, full=1500),
        runtime=asks(15, full=105),
        gpu=GPU,
    params:
        model=model_folders,
        seen=lambda wildcards: samples_seen(samples_of(wildcards)),
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
        # Outside of output, which Snakemake deletes before a rerun: a killed detection resumes.
        checkpoints=at.mask_checkpoints("{experiment}"),
    message:
        "{wildcards.experiment} {wildcards.year}: detection"
    shell:
        python(
            "detect.py --experiment {wildcards.experiment} --year {wildcards.year}"
            " {params.period:q} --missing-steps {params.missing_steps} --model {params.model:q} --samples {input.samples:q} {params.normalization:q}"
            " {params.look:q} {params.neutral:q} --classes @{input.classes:q} --threads {threads} --output {output:q}"
            f" --checkpoints {{params.checkpoints:q}} {TIME_BUDGET} --device {DEVICE}"
        )
