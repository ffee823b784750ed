"""Systems that translate landmarks with a landmark translator, into one language."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from sonar_sign.core.devices import autocast, choose_precision, n_parameters, timer_on
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import sha256_of
from sonar_sign.core.options import PredictOptions
from sonar_sign.core.padding import padded
from sonar_sign.features.feature_shards import FeatureShard, by_length, open_features
from sonar_sign.models.landmark_checkpoint import load_landmark_model
from sonar_sign.models.landmark_tokenizer import END, PAD, Tokenizer
from sonar_sign.models.landmark_translator import Encoded, LandmarkTranslator, Translations
from sonar_sign.models.model_files import read_metadata
from sonar_sign.translation.attention import Attention
from sonar_sign.translation.decoding import expected_chrf, reranked
from sonar_sign.translation.inputs import LandmarkFiles
from sonar_sign.translation.system import (
    BatchTranslations,
    SystemDescription,
    components_of,
    require_width,
)

# Of how many clips the attention is kept, to be drawn.
N_ATTENTION = 6


@dataclass(frozen=True, eq=False)
class LandmarkSystem:
    """A `System` of a landmark translator; keeps the attention of a few clips."""

    files: LandmarkFiles
    model: LandmarkTranslator
    tokenizer: Tokenizer
    language: str
    options: PredictOptions
    device: torch.device
    clips: Mapping[str, FeatureShard]
    attention_of: frozenset[str] = frozenset()
    """Clips whose attention is kept."""
    attention: list[Attention] = field(default_factory=list)
    """Filled by `translate`."""

    @classmethod
    def load(
        cls,
        files: LandmarkFiles,
        language: str,
        options: PredictOptions,
        device: torch.device,
        seed: int = 0,
    ) -> "LandmarkSystem":
        """Load the model and open the clips of a split.

        Args:
            language: of the captions that the model was trained on.
            seed: of the choice of clips whose attention is kept.

        Raises:
            UserError: a file cannot be used, landmarks and checkpoint do not belong together, or
                no clip has landmarks.
        """
        if options.rerank == "sonar":
            raise UserError(
                "rerank sonar needs SONAR's embeddings, and a landmark translator has none; use "
                "rerank mbr or none."
            )
        clips = open_features(files.landmarks)
        if not clips:
            raise UserError("The landmark shards given to predict_landmarks hold no clips.")
        model, tokenizer = load_landmark_model(files.model, device)
        require_width("landmarks", clips, files.model, model.config.feature_dim)
        _require_made_for(clips, files.model, language)
        usable = sorted(by_length(clips)[0])
        if not usable:
            raise UserError(
                "No clip of the split has usable landmarks, see the shards' .counts.json."
            )
        chosen = frozenset(random.Random(seed).sample(usable, min(N_ATTENTION, len(usable))))
        return cls(files, model, tokenizer, language, options, device, clips, chosen)

    @property
    def precision(self) -> str:
        return choose_precision(self.options.precision, self.device, n_parameters(self.model))

    def warm_up(self, clip_ids: Sequence[str]) -> None:
        self._translate(clip_ids)

    def translate(self, clip_ids: Sequence[str]) -> BatchTranslations:
        timer = timer_on(self.device)
        found = self._translate(clip_ids)
        texts = [self.tokenizer.decode(pieces) for pieces in found.pieces.tolist()]
        milliseconds = {"landmark_model": timer.lap("landmark_model")}
        self._keep_attention(found.encoded, found.pieces, clip_ids)
        return BatchTranslations({self.language: texts}, {self.language: milliseconds})

    @torch.inference_mode()
    def _translate(self, clip_ids: Sequence[str]) -> Translations:
        rows, lengths = padded([self.clips[clip_id][clip_id] for clip_id in clip_ids])
        options = self.options
        n_best = 1 if options.rerank == "none" else options.beam_size
        with autocast(self.device, self.precision):
            found = self.model.translate(
                rows.to(self.device),
                lengths.to(self.device),
                options.beam_size,
                options.length_penalty,
                n_best,
            )
        return found if n_best == 1 else self._by_mbr(found, n_best)

    def _by_mbr(self, found: Translations, n_best: int) -> Translations:
        """Of the `n_best` translations of each clip, the one with the best expected chrF."""
        pieces = found.pieces.unflatten(0, (-1, n_best))  # (n_clips, n_best, n_pieces)
        texts = [[self.tokenizer.decode(one) for one in of_clip] for of_clip in pieces.tolist()]
        probabilities = found.log_probabilities.unflatten(0, (-1, n_best)).tolist()
        scores = [expected_chrf(*of_clip) for of_clip in zip(texts, probabilities, strict=True)]
        best = [reranked(range(n_best), of_clip)[0] for of_clip in scores]
        return Translations(pieces[range(len(pieces)), best], found.encoded)

    @torch.inference_mode()
    def _keep_attention(self, encoded: Encoded, pieces: Tensor, clip_ids: Sequence[str]) -> None:
        """Keep the attention of the chosen clips of a batch that have a translation."""
        step_s = self.model.config.stride / self.files.rows_per_s
        for number, clip_id in enumerate(clip_ids):
            if clip_id not in self.attention_of:
                continue
            written = [piece for piece in pieces[number].tolist() if piece not in (PAD, END)]
            if not written:
                continue
            states, mask = encoded.states[number : number + 1], encoded.mask[number : number + 1]
            tokens = torch.tensor([written], device=pieces.device)
            weights = self.model.attention(Encoded(states, mask), tokens)[0, :, mask[0]]
            words = self.tokenizer.pieces(written)
            self.attention.append(Attention(clip_id, words, weights.float().cpu().numpy(), step_s))

    def describe(self) -> SystemDescription:
        path = self.files.model
        return SystemDescription(
            checkpoint_sha256=sha256_of(path),
            hashes={"landmarks_sha256": next(iter(self.clips.values())).encoder_sha256},
            components=components_of(landmark_model=path),
            models={"landmark_model": self.model},
            files=[path],
        )


def _require_made_for(clips: Mapping[str, FeatureShard], path: Path, language: str) -> None:
    shard, metadata = next(iter(clips.values())), read_metadata(path)
    if metadata.get("landmarks_sha256", shard.encoder_sha256) != shard.encoder_sha256:
        raise UserError(
            f"{shard.path} was made with other settings than the landmarks that {path} was "
            "trained on; extract its landmarks again."
        )
    if metadata.get("language", language) != language:
        raise UserError(f"{path} translates into {metadata['language']} only, not into {language}.")
