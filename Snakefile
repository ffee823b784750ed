"""From a sign-language corpus to a comparison of SONAR systems; README.md has the table."""


configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/inputs.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/demo.smk"
include: "workflow/rules/corpus.smk"
include: "workflow/rules/features.smk"
include: "workflow/rules/landmarks.smk"
include: "workflow/rules/finetune.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/landmark_models.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/resources.smk"


localrules:
    all,
    generate,


rule all:
    default_target: True
    input:
        final_outputs(),
