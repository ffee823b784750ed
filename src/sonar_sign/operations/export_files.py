"""Which files the rule `export` reads."""

from sonar_sign.operations.workflow_files import Inputs, WorkflowFiles

MODELS = ("sign_hiera", "sign_encoder", "landmark_model", "model", "sonar", "sonar_decoder")


def export_inputs(files: WorkflowFiles, label: str) -> Inputs:
    """The models of a system, its scores in every language, and the counts of its corpus.

    Args:
        label: of one of the main runs.
    """
    run = files.experiment.run(label)
    found = files.prediction_inputs(label, files.name, files.evaluated)
    scores = [
        f"{files.results}/metrics/{label}{'' if code == files.captions else f'.{code}'}.{end}"
        for code in files.experiment.systems[run.name].languages
        for end in ("json", "npz")
    ]
    models = {role: found[role] for role in MODELS if role in found}
    return {**models, "scores": scores, "counts": f"{files.results}/manifests/summary.json"}


def export_pattern(files: WorkflowFiles) -> str:
    """A regular expression for the labels of systems that can be exported."""
    return "|".join(run.label.replace(".", r"\.") for run in files.main_runs())
