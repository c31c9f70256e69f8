# LEARN: annotations -> labelled samples; labelled samples + statistics -> a model with its history -> scores
#
# REQUIRED INPUTS
#   the train/ and test/ folders of each labelled dataset, or the annotations they are made of
#   statistics/{dataset}/{grid}.json        of the training labels
#
# OUTPUTS
#   models/{model}/config.json weights.pth history.csv
#   models/{model}/scores.json              skill on the test labels
#   models/{model}/importance.json          the skill a model loses without each field
#   labelled/{dataset}/                     labelled samples, of annotations
#   labels/{dataset}.json                   faults of the labels


GPUS = STUDY.config.gpus * GPU

# Scores depend on the study's classes only where some are unions of others.
UNIONS = {name: entry.union_of for name, entry in STUDY.config.classes.items() if entry.union_of}


rule train:
    input:
        samples=lambda wildcards: labels_input(
            STUDY, STUDY.models[wildcards.model].dataset, "train"
        ),
        statistics=lambda wildcards: at.statistics(
            STUDY.models[wildcards.model].dataset, STUDY.models[wildcards.model].grid
        ),
    output:
        [at.model("{model}", file) for file in ("config.json", "weights.pth", "history.csv")],
    log:
        at.log("train/{model}"),
    benchmark:
        at.benchmark("train/{model}")
    wildcard_constraints:
        model=any_of(STUDY.trained),
    priority: 2  # the longest job, which many wait for
    conda:
        "../../envs/torch.yaml"
    threads: 8 * GPUS or 1
    resources:
        mem_mb=asks(1500, full=22000 * GPUS or 16000),
        runtime=asks(30, full=330),
        gpu=GPUS,
    params:
        classes=classes_flag,
        exclude=lambda wildcards: flag(
            STUDY.excluded(STUDY.models[wildcards.model].dataset, "train")
        ),
        model=lambda wildcards: flag(STUDY.training(wildcards.model)),
        samples=lambda wildcards: STUDY.labelled(STUDY.models[wildcards.model].dataset).train,
        seen=lambda wildcards: labels_seen(STUDY, STUDY.models[wildcards.model].dataset, "train"),
        folder=subpath(output[0], parent=True),
        # Outside of output, which Snakemake deletes before a rerun: a killed training resumes.
        checkpoints=at.checkpoints("{model}"),
    message:
        "{wildcards.model}: training on {params.samples}"
    shell:
        python(
            "train.py --samples {params.samples:q} --exclude {params.exclude:q}"
            " --statistics {input.statistics:q}"
            " --model {params.model:q} --classes {params.classes:q}"
            " --checkpoints {params.checkpoints:q}"
            f" --output {{params.folder:q}} {TIME_BUDGET} --device {DEVICE}"
            f" --processes {GPUS or 1}"
        )


rule adopt_model:
    input:
        lambda wildcards: published_files(STUDY, wildcards.model),
    output:
        [at.model("{model}", file) for file in ("config.json", "weights.pth")],
    log:
        at.log("adopt_model/{model}"),
    benchmark:
        at.benchmark("adopt_model/{model}")
    wildcard_constraints:
        model=any_of(STUDY.published),
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=asks(1500),
        runtime=asks(5),
    params:
        classes=classes_flag,
        weights=lambda wildcards: STUDY.models[wildcards.model].weights,
        trained_on=lambda wildcards: STUDY.trained_on(wildcards.model),
        folder=subpath(output[0], parent=True),
    message:
        "{wildcards.model}: adopted from {params.weights}"
    shell:
        python(
            "adopt_model.py --weights {params.weights:q} --classes {params.classes:q}"
            " {params.trained_on:q} --output {params.folder:q}"
        )


rule evaluate:
    input:
        samples=lambda wildcards: labels_input(STUDY, STUDY.models[wildcards.model].dataset, "test"),
        config=at.model("{model}", "config.json"),
        weights=at.model("{model}", "weights.pth"),
    output:
        at.scores("{model}"),
    log:
        at.log("evaluate/{model}"),
    benchmark:
        at.benchmark("evaluate/{model}")
    wildcard_constraints:
        model=any_of(STUDY.scored),
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=asks(1000, full=2000),
        runtime=asks(10, full=50),
        gpu=GPU,
    params:
        classes=classes_flag,
        exclude=lambda wildcards: flag(
            STUDY.excluded(STUDY.models[wildcards.model].dataset, "test")
        ),
        samples=lambda wildcards: test_labels(wildcards),
        seen=lambda wildcards: test_labels_seen(wildcards),
        folder=subpath(input.config, parent=True),
        tolerance=lambda wildcards: STUDY.models[wildcards.model].tolerance_km,
        unions=UNIONS,
    message:
        "{wildcards.model}: scores on {params.samples}"
    shell:
        python(
            "evaluate.py --model {params.folder:q} --samples {params.samples:q}"
            " --exclude {params.exclude:q} --classes {params.classes:q} --output {output:q}"
            f" --tolerance-km {{params.tolerance}} --device {DEVICE}"
        )


rule explain:
    input:
        samples=lambda wildcards: labels_input(STUDY, STUDY.models[wildcards.model].dataset, "test"),
        config=at.model("{model}", "config.json"),
        weights=at.model("{model}", "weights.pth"),
    output:
        at.importance("{model}"),
    log:
        at.log("explain/{model}"),
    benchmark:
        at.benchmark("explain/{model}")
    wildcard_constraints:
        model=any_of(STUDY.scored),
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=asks(1000, full=2000),
        runtime=asks(10, full=110),
        gpu=GPU,
    params:
        exclude=lambda wildcards: flag(
            STUDY.excluded(STUDY.models[wildcards.model].dataset, "test")
        ),
        samples=lambda wildcards: test_labels(wildcards),
        seen=lambda wildcards: test_labels_seen(wildcards),
        folder=subpath(input.config, parent=True),
    message:
        "{wildcards.model}: importance of each field"
    shell:
        python(
            "explain.py --model {params.folder:q} --samples {params.samples:q}"
            " --exclude {params.exclude:q} --output {output:q}"
            f" --device {DEVICE}"
        )


rule import_labels:
    input:
        unpack(lambda wildcards: import_input(STUDY, wildcards.dataset)),
    output:
        directory(at.labelled("{dataset}")),
    log:
        at.log("import_labels/{dataset}"),
    benchmark:
        at.benchmark("import_labels/{dataset}")
    wildcard_constraints:
        dataset=any_of(STUDY.annotated),
    priority: 1  # trainings wait for it
    conda:
        "../../envs/regrid.yaml"
    threads: 4
    resources:
        mem_mb=asks(1500, mesh=4000),
        runtime=asks(20, mesh=340),
    params:
        labels=lambda wildcards: flag(
            STUDY.annotated[wildcards.dataset].model_copy(update={"title": None})
        ),
        dataset=lambda wildcards: flag(
            STUDY.raw(STUDY.fields_from(wildcards.dataset)).model_copy(update={"title": None})
        ),
        grids=lambda wildcards: flag(
            import_grids(STUDY.annotated[wildcards.dataset], STUDY.config.grids)
        ),
        compression=lambda wildcards: STUDY.config.compression,
    message:
        "{wildcards.dataset}: annotations to labelled samples"
    shell:
        python(
            "import_labels.py --labels {params.labels:q} --dataset {params.dataset:q}"
            " --grids {params.grids:q} --matrix {input.matrix:q}"
            " --climatology {input.climatology:q} --compression {params.compression}"
            " --workers {threads} --output {output:q}"
        )


rule check_labels:
    input:
        train=lambda wildcards: labels_input(STUDY, wildcards.dataset, "train"),
        test=lambda wildcards: labels_input(STUDY, wildcards.dataset, "test"),
    output:
        at.labels("{dataset}"),
    log:
        at.log("check_labels/{dataset}"),
    benchmark:
        at.benchmark("check_labels/{dataset}")
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=asks(500, full=1000),
        runtime=asks(5, full=25),
    params:
        classes=uncoloured_classes,
        folders=lambda wildcards: [
            getattr(STUDY.labelled(wildcards.dataset), split) for split in ("train", "test")
        ],
        seen=lambda wildcards: [
            labels_seen(STUDY, wildcards.dataset, split) for split in ("train", "test")
        ],
        exclude=lambda wildcards: flag(STUDY.labelled(wildcards.dataset).exclude),
        labels=lambda wildcards: flag(STUDY.labels_of(wildcards.dataset)),
        imported=lambda wildcards: (
            ["--imported", f"{at.labelled(wildcards.dataset)}/imported.json"]
            if wildcards.dataset in STUDY.annotated
            else []
        ),
    message:
        "{wildcards.dataset}: checking the labels"
    shell:
        python(
            "check_labels.py --samples {params.folders:q} --exclude {params.exclude:q}"
            " {params.imported:q} --labels {params.labels:q} --classes {params.classes:q} --output {output:q}"
        )
