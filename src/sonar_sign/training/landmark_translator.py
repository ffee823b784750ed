"""A translator from landmarks to text, trained on captions, without any public weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file
from sonar_sign.core.options import LandmarkAugmentOptions, LandmarkModelOptions, TrainOptions
from sonar_sign.metrics.tokens import bleu_tokenizer
from sonar_sign.models.landmark_checkpoint import (
    from_t5_folder,
    load_landmark_model,
    new_landmark_model,
    save_landmark_model,
)
from sonar_sign.models.landmark_tokenizer import Tokenizer, read_tokenizer, train_tokenizer
from sonar_sign.models.landmark_translator import LandmarkTranslator
from sonar_sign.training.data import Batch
from sonar_sign.training.landmark_data import LandmarkClips
from sonar_sign.training.mix import CorpusWeight, corpora_of
from sonar_sign.training.module import TrainingModule
from sonar_sign.training.provenance import effective_settings
from sonar_sign.training.supervision import read_captions
from sonar_sign.training.task import Prepared, TrainingTask

METRICS = ("bleu_4", "chrf")


@dataclass(frozen=True)
class LandmarkInputs:
    """Files that training reads."""

    train_landmarks: Sequence[Path]
    val_landmarks: Sequence[Path]
    train_manifests: Sequence[Path]
    """Tables with `clip_id`, `text`, one per corpus."""
    val_manifest: Path
    further_captions: Sequence[Path] = ()
    """Tables with `text` that the tokenizer is trained on too: those of a later training."""
    start: Path | None = None
    """A landmark model to start from; its shape and its tokenizer are kept."""
    corpora: Sequence[CorpusWeight] = ()
    """How often clips are sampled: one per manifest, in order; none: all alike."""

    def models(self) -> dict[str, Path]:
        return {} if self.start is None else {"landmark_model": self.start}

    def files(self) -> list[Path]:
        captions = [*self.train_manifests, self.val_manifest, *self.further_captions]
        shards = [*self.train_landmarks, *self.val_landmarks]
        return [*shards, *captions, *self.models().values()]


class LandmarkModule(TrainingModule):
    """Trains a translator; validation decodes greedily, each process its own clips."""

    def __init__(
        self,
        model: LandmarkTranslator,
        tokenizer: Tokenizer,
        options: TrainOptions,
        label_smoothing: float,
        language: str,
    ):
        super().__init__(options)
        self.model, self.tokenizer = model, tokenizer
        self.label_smoothing, self.language = label_smoothing, language

    def losses_of(self, batch: Batch) -> tuple[dict[str, Tensor], Tensor]:
        captions = [
            self.tokenizer.encode(text) for text in batch.batch_targets.captions[self.language]
        ]
        pieces = torch.nn.utils.rnn.pad_sequence(
            [torch.tensor(caption, device=self.device) for caption in captions], batch_first=True
        )
        encoded = self.model.encode(batch.features, batch.lengths)
        loss = self.model.loss(encoded, pieces, self.label_smoothing)
        return {"pieces": loss}, loss

    def predict_for_validation(self, batch: Batch) -> tuple[list[str], list[str]]:
        # Greedy decoding ranks checkpoints as beam search does, at a fraction of its time.
        found = self.model.translate(batch.features, batch.lengths).pieces.tolist()
        texts = [self.tokenizer.decode(pieces) for pieces in found]
        return texts, batch.batch_targets.captions[self.language]

    def scores(self, predicted: list[tuple[list[str], list[str]]]) -> dict[str, float]:
        import sacrebleu

        texts = [text for some, _ in predicted for text in some]
        references = [[text for _, some in predicted for text in some]]
        return {
            "bleu_4": sacrebleu.corpus_bleu(
                texts, references, tokenize=bleu_tokenizer(self.language)
            ).score,
            "chrf": sacrebleu.corpus_chrf(texts, references).score,
        }


@dataclass(frozen=True)
class LandmarkTraining(TrainingTask):
    """Writes `best.pt`, a landmark model."""

    kind: ClassVar[str] = "landmark_translator"
    inputs: LandmarkInputs
    options: TrainOptions
    shape: LandmarkModelOptions
    augmentation: LandmarkAugmentOptions
    language: str = "eng_Latn"
    """FLORES code of the captions' language."""

    def files(self) -> list[Path]:
        return [*super().files(), *_files_of(self.shape)]

    def settings(self) -> dict[str, Any]:
        return effective_settings(self.options, shape=self.shape, augment=self.augmentation)

    def prepare(self, device: torch.device) -> Prepared:
        self._check()
        inputs = self.inputs
        by_corpus = [read_captions([path]) for path in inputs.train_manifests]
        captions = {clip_id: text for part in by_corpus for clip_id, text in part.items()}
        train = LandmarkClips(inputs.train_landmarks, captions, self.language, self.augmentation)
        val = LandmarkClips(
            inputs.val_landmarks, read_captions([inputs.val_manifest]), self.language
        )
        if train.sha256 != val.sha256:
            raise UserError(
                f"{inputs.train_landmarks[0]} and {inputs.val_landmarks[0]} were made by "
                "different settings; delete the older ones and extract again."
            )
        corpora = corpora_of(inputs.corpora, by_corpus, train.clip_ids)
        model, tokenizer = _start(inputs, self.shape, train, captions)
        if self.options.gradient_checkpointing:
            model.t5.gradient_checkpointing_enable({"use_reentrant": False})
        model.train()  # Lightning keeps the mode that it finds
        smoothing = self.shape.label_smoothing
        module = LandmarkModule(model, tokenizer, self.options, smoothing, self.language)

        def save(folder: Path, metadata: dict[str, Any]) -> None:
            save_landmark_model(folder / "best.pt", model, tokenizer, metadata)

        further = {"landmarks_sha256": train.sha256}
        return Prepared(module, train, val, corpora, save, further_metadata=further)

    def _check(self) -> None:
        if self.options.select not in METRICS:
            raise UserError(
                f"select: {self.options.select!r} is not one of {', '.join(METRICS)}, which a "
                "landmark_translator can be chosen by."
            )
        if self.inputs.start is not None and self.shape.t5_folder:
            raise UserError("A model to start from and t5_folder exclude each other; give one.")


def _start(
    inputs: LandmarkInputs,
    shape: LandmarkModelOptions,
    train: LandmarkClips,
    captions: dict[str, str],
) -> tuple[LandmarkTranslator, Tokenizer]:
    if inputs.start is not None:
        model, tokenizer = load_landmark_model(inputs.start)
        if model.config.feature_dim != train.feature_dim:
            raise UserError(
                f"The landmarks are {train.feature_dim} wide, but {inputs.start} takes landmarks "
                f"{model.config.feature_dim} wide."
            )
        # The first layer's weights belong to the mean and deviation that it was trained with.
        return model, tokenizer
    if shape.t5_folder:
        model, tokenizer = from_t5_folder(shape, train.feature_dim)
    else:
        if shape.tokenizer:
            tokenizer = read_tokenizer(Path(shape.tokenizer))
        else:
            further = read_captions(inputs.further_captions)
            texts = [captions[clip_id] for clip_id in train.clip_ids]
            tokenizer = train_tokenizer([*texts, *further.values()], shape.vocabulary_size)
        model = new_landmark_model(shape, train.feature_dim, tokenizer)
    model.front.fit(*train.statistics())
    return model, tokenizer


def _files_of(shape: LandmarkModelOptions) -> list[Path]:
    files = [Path(shape.tokenizer)] if shape.tokenizer else []
    if shape.t5_folder:
        folder = Path(shape.t5_folder)
        files += [folder / name for name in ("config.json", "model.safetensors", "spiece.model")]
    return [require_file(path, "What training starts from") for path in files]
