"""Whether a translation can be trusted: whether its text means what the signs were taken for.

The cosine of a clip's embedding and the embedding that SONAR makes of the decoded text is high
where the decoder could say what the encoder saw. How high it usually is differs by system, so it is
compared with the clips of the validation split: a translation whose cosine is below that of
`LOW_SHARE` of them is marked.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sonar_sign.core.errors import UserError
from sonar_sign.features.feature_shards import open_features
from sonar_sign.serving.system_facts import results_folder
from sonar_sign.translation.loaded_system import ClipArrays, Wanted, timer_of
from sonar_sign.translation.results import Translation
from sonar_sign.translation.translator import Translator

# Clips that are decoded when the server starts, spread over the split.
N_CLIPS = 40
LEAST_CLIPS = 10
LOW_SHARE = 0.1


@dataclass(frozen=True, eq=False)
class Confidence:
    """Cosines of a system's validation clips."""

    translator: Translator
    cosines: np.ndarray
    """`(n,)`, ascending; none where there is nothing to compare with."""

    @classmethod
    def of(cls, translator: Translator, results: Path | None) -> "Confidence":
        """Decode validation clips, where the system is a workflow's and can embed texts."""
        cosines = []
        for features in _features(translator, results):
            arrays = ClipArrays(features)
            embedding = translator.system.embed(arrays)
            language = translator.definition.language
            wanted = Wanted([language], 1, translator.definition.decoding)
            found = translator.system.hypotheses(
                arrays, embedding, wanted, timer_of(translator.system)
            )
            text = found[language][0].text
            cosines.append(_cosine(translator, embedding[0].cpu().numpy(), text, language))
        return cls(translator, np.sort(np.array(cosines)))

    @property
    def is_calibrated(self) -> bool:
        return len(self.cosines) >= LEAST_CLIPS

    def of_translation(self, one: Translation) -> dict[str, Any] | None:
        """Cosine, the share of validation clips with a lower one, and whether that is low.

        None where nothing is known.
        """
        if not self.is_calibrated or one.embedding is None:
            return None
        language = self.translator.definition.language
        if language not in one.hypotheses:  # any other that SONAR reads
            language = next(iter(one.hypotheses), "")
        text = one.texts.get(language, "")
        if not text:
            return None
        cosine = _cosine(self.translator, one.embedding, text, language)
        share = float(np.searchsorted(self.cosines, cosine)) / len(self.cosines)
        return {
            "cosine": round(cosine, 4),
            "share_below": round(share, 3),
            "low": share < LOW_SHARE,
            "n_clips": len(self.cosines),
        }


def _cosine(translator: Translator, embedding: np.ndarray, text: str, language: str) -> float:
    of_text = translator.system.sonar.embed([text], language)[0].cpu().numpy()
    product = float(embedding @ of_text)
    return product / float(np.linalg.norm(embedding) * np.linalg.norm(of_text) + 1e-9)


def _features(translator: Translator, results: Path | None) -> list[np.ndarray]:
    """Features of validation clips, `(n, dim)` each; none where they cannot be used."""
    definition = translator.definition
    if definition.kind != "sonar" or definition.reads_landmarks:
        return []
    folder = results_folder(definition, results)
    if folder is None:
        return []
    try:
        _ = translator.system.sonar.encoder
    except UserError:  # a folder that only decodes
        return []
    # The folder of features is named after the training of the video encoder.
    shards = sorted(folder.glob(f"features/{definition.files.sign_hiera.parent.name}/val/*.npy"))
    clips = open_features(shards) if shards else {}
    names = [name for name in sorted(clips) if len(clips[name][name])]
    chosen = names[:: max(1, len(names) // N_CLIPS)][:N_CLIPS]
    return [np.asarray(clips[name][name]) for name in chosen]
