"""What the commands that translate are given: models, and the clips of a split.

Like options, these dataclasses become command-line flags, so their fields carry the help text.
Nothing heavy is imported here.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated


@dataclass(frozen=True)
class SonarModels:
    """The model files of a system that decodes with SONAR."""

    sign_hiera: Annotated[Path, "SignHiera checkpoint, the one that computed the features."]
    sign_encoder: Annotated[Path, "Checkpoint of the sign encoder, or of a fused encoder."]
    sonar: Annotated[Path, "Folder with SONAR's text encoder, decoder and tokenizer."]
    sonar_decoder: Annotated[Path | None, "Fine-tuned decoder that replaces SONAR's."] = None
    landmark_model: Annotated[
        Path | None, "Landmark model that the fused encoder was trained with."
    ] = None


@dataclass(frozen=True)
class FeatureFiles:
    """The clips of a split, as a system that decodes with SONAR reads them."""

    features: Annotated[list[Path], "Feature shard; repeat for all shards of the split."]
    timings: Annotated[
        list[Path], "Timings that crop, extract or extract_landmarks wrote; repeat for all."
    ]
    landmarks: Annotated[list[Path], "Landmark shard, for a fused encoder; repeat for all."] = ()
    targets: Annotated[
        Path | None, "Targets of the clips; adds the column cosine, of embedding and target."
    ] = None


@dataclass(frozen=True)
class LandmarkFiles:
    """The clips of a split, as a landmark translator reads them, and the translator."""

    landmarks: Annotated[list[Path], "Landmark shard; repeat for all shards of the split."]
    timings: Annotated[list[Path], "Timings of a landmark shard; repeat for all."]
    model: Annotated[Path, "Checkpoint of the landmark translator."]
    rows_per_s: Annotated[float, "Rows of landmarks per second."] = 12.0
