"""`predict` and `predict_landmarks`: a system over the clips of a split, in one loop."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sonar_sign.core.devices import choose_device, peak_memory_gb
from sonar_sign.core.options import PredictOptions
from sonar_sign.core.progress import track
from sonar_sign.core.settings import check_options
from sonar_sign.features.feature_shards import by_length
from sonar_sign.translation.attention import write_attention
from sonar_sign.translation.costs import cost, feature_times, summarise_timings
from sonar_sign.translation.inputs import FeatureFiles, LandmarkFiles, SonarModels
from sonar_sign.translation.landmark_system import LandmarkSystem
from sonar_sign.translation.predictions import write_predictions
from sonar_sign.translation.run_timings import RunTimings, write_timings
from sonar_sign.translation.sonar_system import SonarSystem
from sonar_sign.translation.system import BatchTranslations, System


@dataclass(frozen=True)
class PredictionRun:
    """What is predicted: for which system, with which seed, into which files."""

    system: str
    """The name of the system, any."""
    outputs: Mapping[str, Path]
    """The table to write, `predictions/{system}/{split}.tsv`, for each language."""
    seed: int = 0
    """That of the system's training."""
    device: str = "auto"


def predict(
    models: SonarModels, files: FeatureFiles, options: PredictOptions, run: PredictionRun
) -> None:
    """Translate features with SONAR: for each language a table, its run info and its timings.

    Raises:
        UserError: a file cannot be used, or features and checkpoints do not belong together.
    """
    check_options(options)
    device = choose_device(run.device)
    system = SonarSystem.load(models, files, run.outputs, options, device)
    predict_with(system, files.timings, run)


def predict_landmarks(
    files: LandmarkFiles, options: PredictOptions, run: PredictionRun, attention: Path
) -> None:
    """Translate landmarks: a table, its run info, timings and the attention of a few clips.

    Raises:
        UserError: a file cannot be used, or landmarks and checkpoint do not belong together.
    """
    check_options(options)
    device = choose_device(run.device)
    (language,) = run.outputs
    system = LandmarkSystem.load(files, language, options, device, run.seed)
    predict_with(system, files.timings, run)
    write_attention(attention, system.attention)


def predict_with(system: System, timings: Sequence[Path], run: PredictionRun) -> None:
    """Translate all clips of a system and write the tables, run infos and timings.

    Args:
        timings: what the steps before measured for the clips, see `costs.feature_times`.

    Raises:
        UserError: a clip lacks timings.
    """
    clip_ids, dropped = by_length(system.clips)
    times_before = feature_times(timings, clip_ids)
    size = system.options.batch_size
    batches = [clip_ids[first : first + size] for first in range(0, len(clip_ids), size)]
    # What the first call imports, loads and sets up is not inference.
    system.warm_up(clip_ids[:1])
    found = _Translations()
    for batch in track(batches, f"Translating batches with {run.system}", len(batches)):
        found.add(system.translate(batch), len(batch))
    description = system.describe()
    about = {
        "device": str(system.device),
        "precision": system.precision,
        "n_clips": len(system.clips),
        "n_dropped": len(dropped),
        "decoding": asdict(system.options),
        "components": description.components,
    }
    needed = cost(description.models, description.files, peak_memory_gb(system.device))
    for language, output in run.outputs.items():
        info: dict[str, Any] = {
            "system": run.system,
            "checkpoint_sha256": description.checkpoint_sha256,
            **description.hashes,
            "seed": run.seed,
            "language": language,
            **about,
        }
        texts = dict(zip(clip_ids, found.texts[language], strict=True))
        times = summarise_timings(times_before | found.milliseconds[language])
        # The predictions last: where they are, everything else is.
        write_timings(
            output,
            RunTimings(run.system, language, run.seed, str(system.device), cost=needed, **times),
        )
        write_predictions(output, texts, dropped, info, found.cosines)


@dataclass
class _Translations:
    """The translations of all batches so far, in the order of the clips."""

    texts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """By language."""
    milliseconds: dict[str, dict[str, list[float]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    """Per clip, by language and stage."""
    cosines: list[float] | None = None

    def add(self, batch: BatchTranslations, n_clips: int) -> None:
        for language, texts in batch.texts.items():
            self.texts[language] += texts
            for stage, milliseconds in batch.milliseconds[language].items():
                # Clips of a batch are computed together, so each gets the same share.
                self.milliseconds[language][stage] += n_clips * [milliseconds / n_clips]
        if batch.cosines is not None:
            self.cosines = [*(self.cosines or []), *batch.cosines]
