"""What clips are trained towards: files of targets and captions, losses, validation, SONAR."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from sonar_sign.core.errors import UserError
from sonar_sign.core.options import DecoderOptions, LossOptions, PredictOptions
from sonar_sign.features.targets import read_targets
from sonar_sign.models.sign_encoder import SignEncoderConfig
from sonar_sign.training.data import FeatureClips, WindowClips
from sonar_sign.training.decoder import make_trainable
from sonar_sign.training.losses import Losses
from sonar_sign.training.mix import CorpusWeight
from sonar_sign.training.processes import gather_rows
from sonar_sign.training.supervision import TargetFiles, read_captions
from sonar_sign.training.validation import METRICS, Validation

if TYPE_CHECKING:
    from sonar_sign.models.sonar_text import SonarText


OpenSonar = Callable[[], "SonarText"]
"""Opens SONAR when it is first called; losses and validation share one decoder."""


def sonar_opener(folder: Path, device: torch.device, losses: LossOptions) -> OpenSonar:
    """A function that opens the SONAR of a folder once.

    Where no loss goes through the decoder, it only decodes for validation, and does so in the
    precision in which the workflow decodes by default.
    """
    only_decodes = losses.decoder_ce <= 0

    @cache
    def open_sonar() -> "SonarText":
        # Importing fairseq2 costs seconds, so only when it is needed.
        from sonar_sign.models.sonar_text import SonarText

        precision = PredictOptions().precision if only_decodes else "fp32"
        sonar = SonarText.open(folder, device, precision, only_decodes=only_decodes)
        # Opened now, so that a damaged file is found before training. Losses go through the
        # decoder; `trained_decoder` makes it trainable where asked to.
        sonar.decoder.requires_grad_(False)
        sonar.set_aside_decoder()
        return sonar

    return open_sonar


@dataclass(frozen=True)
class SupervisionFiles:
    """Files with the targets and captions of clips."""

    train: Sequence[TargetFiles]
    """The captions' language first, then further ones."""
    validation: TargetFiles
    """In the captions' language; its captions are the manifest."""
    sonar: Path
    """SONAR's folder; read only where its decoder is needed."""
    corpora: Sequence[CorpusWeight] = ()
    """How often clips are sampled: one per file of `train[0]`, in order; none: all alike."""

    def files(self) -> list[Path]:
        """All but SONAR's."""
        return [
            *[path for files in self.train for path in files.files()],
            *self.validation.files(),
        ]

    def languages(self) -> list[str]:
        """The captions' language first."""
        return [files.language for files in self.train]

    def captions_by_corpus(self) -> list[Mapping[str, str | None]]:
        """By clip id, for each corpus; None where no captions are given."""
        first = self.train[0]
        if first.captions:
            return [read_captions([path]) for path in first.captions]
        return [dict.fromkeys(read_targets(path)) for path in first.targets]


def require_widths(
    clips: FeatureClips | WindowClips, config: SignEncoderConfig, feature_dim: int
) -> None:
    """Check that features and targets are as wide as a sign encoder's input and output.

    Raises:
        UserError: they are not.
    """
    embedding_dim = len(clips.supervision[clips.clip_ids[0]])
    for what, given, expected in (
        ("features", feature_dim, config.feature_dim),
        ("targets", embedding_dim, config.embedding_dim),
    ):
        if given != expected:
            raise UserError(f"The {what} are {given} wide and the sign encoder's are {expected}.")


def make_losses(
    options: LossOptions,
    supervision_files: SupervisionFiles,
    clips: FeatureClips | WindowClips,
    open_sonar: OpenSonar,
) -> Losses:
    """The losses of positive weight.

    Raises:
        UserError: there are none, or captions or the decoder are needed and missing.
    """
    word_losses = None
    if options.decoder_ce > 0:
        without = [files.language for files in supervision_files.train if not files.captions]
        if without:
            raise UserError(f"The loss decoder_ce needs captions in {without[0]}, none are given.")
        sonar = open_sonar()
        for language in supervision_files.languages():
            sonar.check_language(language)

        def word_losses(embeddings: Tensor, captions: list[str], language: str) -> Tensor:
            return sonar.word_losses(embeddings, captions, language, options.label_smoothing)

    losses = Losses(
        options,
        clips.supervision.variance(clips.clip_ids),
        len(clips.supervision[clips.clip_ids[0]]),
        word_losses,
        gather_rows,
    )
    if not losses.names:
        raise UserError("All losses have the weight 0, so there is nothing to train for.")
    return losses


def trained_decoder(
    options: DecoderOptions, losses: LossOptions, open_sonar: OpenSonar
) -> nn.Module | None:
    """SONAR's decoder, its parameters requiring gradients as the options say; None for none.

    Raises:
        UserError: no loss would reach it, or it cannot be read.
    """
    if options.train_decoder == "none":
        return None
    if losses.decoder_ce <= 0:
        raise UserError(
            f"train_decoder {options.train_decoder} needs the loss decoder_ce: no other reaches it."
        )
    decoder = open_sonar().decoder
    make_trainable(decoder, options.train_decoder, options.lora_rank)
    return decoder


def make_validation(
    supervision_files: SupervisionFiles, select: str, open_sonar: OpenSonar
) -> Validation:
    """What validation needs to compute the metric `select`.

    Raises:
        UserError: `select` is not a metric, or a file cannot be read.
    """
    if select not in METRICS:
        raise UserError(f"select: {select!r} is not one of {', '.join(METRICS)}.")
    captions = read_captions(supervision_files.validation.captions)
    if select == "cosine":
        return Validation(captions, None)
    sonar, language = open_sonar(), supervision_files.validation.language
    sonar.check_language(language)

    def translate(embeddings: Tensor) -> list[str]:
        # Greedy decoding ranks checkpoints as beam search does, at a fraction of its time.
        texts = sonar.decode(embeddings, language, beam_size=1)
        sonar.set_aside_decoder()  # training needs the memory
        return texts

    return Validation(captions, translate, language)
