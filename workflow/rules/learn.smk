# LEARN: labelled samples + statistics -> a model with its history -> scores
#
# REQUIRED INPUTS
#   the train/ and test/ folders of each labelled dataset
#   statistics/{dataset}/{grid}.json        of the training labels
#
# OUTPUTS
#   models/{model}/config.json weights.pth history.csv
#   models/{model}/scores.json              skill on the test labels


rule train:
    input:
        samples=lambda wildcards: labels_input(STUDY, STUDY.models[wildcards.model]["dataset"], "train"),
        statistics=lambda wildcards: statistics(
            STUDY.models[wildcards.model]["dataset"], STUDY.models[wildcards.model]["grid"]
        ),
    output:
        multiext(RESULTS + "/models/{model}/", "config.json", "weights.pth", "history.csv"),
    params:
        model=lambda wildcards: flag(STUDY.training(wildcards.model)),
        samples=lambda wildcards: STUDY.datasets[STUDY.models[wildcards.model]["dataset"]]["train"],
        folder=RESULTS + "/models/{model}",
        # Outside of output, which Snakemake deletes before a rerun: a killed training resumes.
        checkpoints=RESULTS + "/checkpoints/{model}",
    log:
        "logs/train/{model}.log",
    benchmark:
        "logs/benchmarks/train/{model}.tsv"
    message:
        "{wildcards.model}: training on {params.samples}"
    wildcard_constraints:
        model=any_of(STUDY.trained),
    threads: 1 if STUDY.config["device"] != "cuda" else 8
    resources:
        mem_mb=grows(4000 if STUDY.config["device"] != "cuda" else 60000),
        runtime=grows(360),
        gpu=GPU,
    conda:
        "../../envs/torch.yaml"
    shell:
        "{PYTHON} {SCRIPTS}/train.py --samples {params.samples:q} --statistics {input.statistics:q}"
        " --model {params.model:q} --checkpoints {params.checkpoints:q} --device {DEVICE}"
        " --time-budget $(( {resources.runtime} * 60 - 600 > 60 ? {resources.runtime} * 60 - 600 : 60 ))"
        " --output {params.folder:q} > {log:q} 2>&1"


rule adopt_model:
    input:
        lambda wildcards: STUDY.published_weights(wildcards.model),
    output:
        multiext(RESULTS + "/models/{model}/", "config.json", "weights.pth"),
    params:
        folder=RESULTS + "/models/{model}",
    log:
        "logs/adopt_model/{model}.log",
    benchmark:
        "logs/benchmarks/adopt_model/{model}.tsv"
    message:
        "{wildcards.model}: adopted from {input}"
    wildcard_constraints:
        model=any_of(STUDY.published),
    threads: 1
    resources:
        mem_mb=grows(1500),
        runtime=grows(5),
    conda:
        "../../envs/torch.yaml"
    shell:
        "{PYTHON} {SCRIPTS}/adopt_model.py --weights {input:q} --output {params.folder:q}"
        " > {log:q} 2>&1"


rule evaluate:
    input:
        samples=lambda wildcards: labels_input(STUDY, STUDY.models[wildcards.model]["dataset"], "test"),
        model=multiext(RESULTS + "/models/{model}/", "config.json", "weights.pth"),
    output:
        RESULTS + "/models/{model}/scores.json",
    params:
        samples=lambda wildcards: STUDY.datasets[STUDY.models[wildcards.model]["dataset"]]["test"],
        folder=RESULTS + "/models/{model}",
    log:
        "logs/evaluate/{model}.log",
    benchmark:
        "logs/benchmarks/evaluate/{model}.tsv"
    message:
        "{wildcards.model}: scores on {params.samples}"
    wildcard_constraints:
        model=any_of(STUDY.scored),
    threads: 1
    resources:
        mem_mb=grows(3000),
        runtime=grows(60),
        gpu=GPU,
    conda:
        "../../envs/torch.yaml"
    shell:
        "{PYTHON} {SCRIPTS}/evaluate.py --model {params.folder:q} --samples {params.samples:q}"
        " --output {output:q} > {log:q} 2>&1"


rule draw_training:
    input:
        RESULTS + "/models/{model}/history.csv",
    output:
        multiext(RESULTS + "/figures/models/{model}", ".png", ".pdf"),
    params:
        stem=RESULTS + "/figures/models/{model}",
    log:
        "logs/draw_training/{model}.log",
    benchmark:
        "logs/benchmarks/draw_training/{model}.tsv"
    message:
        "{wildcards.model}: training curves"
    wildcard_constraints:
        model=any_of(STUDY.trained),
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(10),
    conda:
        "../../envs/analysis.yaml"
    shell:
        "{PYTHON} {SCRIPTS}/draw_training.py --history {input:q} --output {params.stem:q}"
        " > {log:q} 2>&1"
