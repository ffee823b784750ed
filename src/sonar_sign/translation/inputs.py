"""What the commands that translate are given: models, and the clips of a split.

Like options, these dataclasses become command-line flags, so their fields carry the help text.
Nothing heavy is imported here.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from sonar_sign.core.bounds import above
from sonar_sign.core.settings import INPUT_FILE, INPUT_FOLDER


@dataclass(frozen=True)
class SonarModels:
    """The model files of a system that decodes with SONAR."""

    sign_hiera: Annotated[
        Path, "SignHiera checkpoint, the one that computed the features.", INPUT_FILE
    ]
    sign_encoder: Annotated[
        Path, "Checkpoint of the sign encoder, or of a fused encoder.", INPUT_FILE
    ]
    sonar: Annotated[Path, "Folder with SONAR's text encoder, decoder and tokenizer.", INPUT_FOLDER]
    sonar_decoder: Annotated[
        Path | None, "Fine-tuned decoder that replaces SONAR's.", INPUT_FILE
    ] = None
    landmark_model: Annotated[
        Path | None, "Landmark model that the fused encoder was trained with.", INPUT_FILE
    ] = None


@dataclass(frozen=True)
class FeatureFiles:
    """The clips of a split, as a system that decodes with SONAR reads them."""

    features: Annotated[
        list[Path], "Feature shard; repeat for all shards of the split.", INPUT_FILE
    ]
    timings: Annotated[
        list[Path],
        "Timings that crop, extract or extract_landmarks wrote; repeat for all.",
        INPUT_FILE,
    ]
    landmarks: Annotated[
        list[Path], "Landmark shard, for a fused encoder; repeat for all.", INPUT_FILE
    ] = ()
    order: Annotated[
        list[Path],
        "Shard table or manifest with the clips' places in their videos, for a sign encoder that "
        "reads the sentences before; repeat for all.",
        INPUT_FILE,
    ] = ()
    targets: Annotated[
        Path | None,
        "Targets of the clips; adds the column cosine, of embedding and target.",
        INPUT_FILE,
    ] = None


@dataclass(frozen=True)
class LandmarkFiles:
    """The clips of a split, as a landmark translator reads them, and the translator."""

    landmarks: Annotated[
        list[Path], "Landmark shard; repeat for all shards of the split.", INPUT_FILE
    ]
    timings: Annotated[list[Path], "Timings of a landmark shard; repeat for all.", INPUT_FILE]
    model: Annotated[Path, "Checkpoint of the landmark translator.", INPUT_FILE]
    rows_per_s: Annotated[float, "Rows of landmarks per second.", above(0, 240)] = 12.0
