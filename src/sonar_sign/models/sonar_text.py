"""SONAR's text encoder, text decoder and tokenizer, opened from a folder.

Only the modules `sonar_*` of this folder import `fairseq2` or `sonar`. Importing them takes
seconds: import them inside the function that needs them.

A SONAR folder contains a text encoder, a text decoder and a sentencepiece model, and asset cards
(`*.yaml`) that name these files and describe their models; see `sonar_cards`. A folder with SONAR's
three public files (`sonar_text_encoder.pt`, `sonar_text_decoder.pt`,
`sentencepiece.source.256000.model`) needs no cards.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import torch
from fairseq2.assets import AssetCard
from fairseq2.data.tokenizers import Tokenizer, load_tokenizer
from fairseq2.models.nllb import get_nllb_tokenizer_hub
from fairseq2.nn import BatchLayout
from sonar.inference_pipelines.text import TextToEmbeddingModelPipeline
from sonar.models.sonar_text import (
    SONAR_TEXT_DECODER_FAMILY,
    SONAR_TEXT_ENCODER_FAMILY,
    get_sonar_text_decoder_hub,
)
from torch import Tensor, nn

from sonar_sign.core.devices import LARGE_MODEL, PRECISIONS, choose_precision
from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file
from sonar_sign.core.wording import nearest
from sonar_sign.models.hypothesis import Hypothesis
from sonar_sign.models.mapped import give_back_freed_memory
from sonar_sign.models.sonar_cards import card_errors, file_errors, file_of, read_cards
from sonar_sign.models.sonar_decoding import Search, check_embeddings, search
from sonar_sign.models.sonar_weights import NAMES, Placement, load_weights
from sonar_sign.models.vocabulary_loss import IGNORED, vocabulary_losses

__all__ = ["Hypothesis", "SonarText"]


class SonarText:
    """SONAR's text models in one folder; each file is read when it is first needed.

    Create it with `SonarText.open`. The models are in evaluation mode.
    """

    def __init__(
        self,
        folder: Path,
        cards: dict[str, AssetCard],
        device: torch.device,
        precision: str,
        only_decodes: bool,
    ) -> None:
        self.folder = folder
        self.cards = cards
        self.device = device
        self.precision = precision
        self.only_decodes = only_decodes

    @classmethod
    def open(
        cls,
        folder: Path,
        device: str | torch.device = "cpu",
        precision: str = "fp32",
        decoder: Path | None = None,
        only_decodes: bool = False,
    ) -> "SonarText":
        """Read the cards of `folder`, but no weights yet.

        Args:
            precision: `auto`, `fp32`, `bf16` or `fp16`, of weights and computation. `auto` is
                decided for encoder and decoder alone, see `choose_precision`.
            decoder: a checkpoint that is used instead of the folder's decoder.
            only_decodes: the decoder computes no losses; on a CPU it is several times faster then.

        Raises:
            UserError: the folder or a card cannot be read. A missing or damaged checkpoint raises
                a UserError when it is first needed.
        """
        folder = Path(folder).absolute()
        if not folder.is_dir():
            raise UserError(f"SONAR folder not found: {folder} is missing or not a folder.")
        cards = read_cards(folder)
        if decoder is not None:
            of_folder = cards[SONAR_TEXT_DECODER_FAMILY]
            address = {"checkpoint": f"file://{Path(decoder).absolute()}", "restrict": True}
            cards[SONAR_TEXT_DECODER_FAMILY] = AssetCard(of_folder.name, address, of_folder)
        return cls(folder, cards, torch.device(device), precision, only_decodes)

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The language codes of the tokenizer, for instance `eng_Latn`, sorted."""
        card = self.cards[SONAR_TEXT_DECODER_FAMILY]
        with card_errors(self.folder):
            return tuple(sorted(get_nllb_tokenizer_hub().get_tokenizer_config(card).langs))

    @cached_property
    def embedding_dim(self) -> int:
        """Width of an embedding: 1,024 for the public SONAR."""
        card = self.cards[SONAR_TEXT_DECODER_FAMILY]
        with card_errors(self.folder):
            config = get_sonar_text_decoder_hub().get_model_config(card)
        return config.input_dim or config.model_dim

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """fairseq2's tokenizer of the NLLB family; encoder and decoder share it."""
        card = self.cards[SONAR_TEXT_DECODER_FAMILY]
        with file_errors(file_of(card, "tokenizer"), "SONAR tokenizer"):
            return load_tokenizer(card)

    @property
    def decoder_file(self) -> Path:
        """The decoder's checkpoint."""
        return file_of(self.cards[SONAR_TEXT_DECODER_FAMILY], "checkpoint")

    @cached_property
    def encoder_precision(self) -> str:
        """The text encoder's: what `auto` means for it, or the one that was asked for."""
        return self._precision_of(SONAR_TEXT_ENCODER_FAMILY)

    @cached_property
    def decoder_precision(self) -> str:
        """The text decoder's: what `auto` means for it, or the one that was asked for."""
        return self._precision_of(SONAR_TEXT_DECODER_FAMILY)

    @cached_property
    def encoder(self) -> nn.Module:
        """The text encoder, a `SonarTextTransformerEncoderModel`, on the device."""
        family = SONAR_TEXT_ENCODER_FAMILY
        placement = Placement(self.device, _dtype_of(self.encoder_precision))
        return load_weights(family, self.cards[family], placement)

    @cached_property
    def decoder(self) -> nn.Module:
        """The text decoder, a `ConditionalTransformerDecoderModel`, on the device.

        Its parameters require gradients after loading; freeze it with `requires_grad_(False)`.
        """
        family = SONAR_TEXT_DECODER_FAMILY
        packed = self.only_decodes and (self._is_large(family) or self.decoder_precision == "bf16")
        placement = Placement(self.device, _dtype_of(self.decoder_precision), packed)
        return load_weights(family, self.cards[family], placement)

    def set_aside_decoder(self) -> None:
        """Give back main memory of a large decoder that only decodes, until it is needed again.

        Opening it again takes seconds.
        """
        in_memory = self.only_decodes and self.device.type == "cpu"
        large = in_memory and self._is_large(SONAR_TEXT_DECODER_FAMILY)
        if large and self.__dict__.pop("decoder", None) is not None:
            give_back_freed_memory()

    def check_language(self, language: str) -> str:
        """Return `language` if the tokenizer knows it.

        Raises:
            UserError: it does not; the nearest code is named, or some of them.
        """
        if language in self.languages:
            return language
        raise UserError(
            f"Unknown language {language!r}: SONAR in {self.folder} knows "
            f"{len(self.languages)} codes; {nearest(language, self.languages)}."
        )

    def embed(self, texts: Sequence[str], language: str, batch_size: int = 32) -> Tensor:
        """Embed texts that are all in `language`: `(n_texts, embedding_dim)` float32, no gradient.

        A text longer than the model's maximum is truncated with a warning.

        Raises:
            UserError: unknown language, or a file of the folder cannot be read.
        """
        self.check_language(language)
        if not texts:
            return torch.zeros(0, self.embedding_dim, device=self.device)
        pipeline = TextToEmbeddingModelPipeline(
            self.encoder, self.tokenizer, self.device, _dtype_of(self.encoder_precision)
        )
        embeddings = pipeline.predict(list(texts), language, batch_size=batch_size)
        # The clone is an ordinary tensor, usable in training; inference tensors are not.
        return embeddings.clone().float()

    def embed_tokens(self, sequences: Sequence[Tensor]) -> Tensor:
        """Embed outputs of `tokenize(..., "source")` in one batch, with gradients.

        Returns `(n_sequences, embedding_dim)`. Dropout is active if `encoder` is in training mode.
        """
        tokens = _stack(sequences, self.tokenizer.vocab_info.pad_idx)
        layout = BatchLayout.of(tokens, [len(sequence) for sequence in sequences])
        return self.encoder(tokens, layout).sentence_embeddings

    def decode(
        self,
        embeddings: Tensor,
        language: str,
        beam_size: int = 5,
        max_length: int = 128,
        batch_size: int = 32,
    ) -> list[str]:
        """The most probable text of each embedding by beam search; see `decode_n_best`."""
        hypotheses = self.decode_n_best(embeddings, language, 1, beam_size, max_length, batch_size)
        return [best.text for best, *_ in hypotheses]

    def decode_n_best(
        self,
        embeddings: Tensor,
        language: str,
        n_best: int = 5,
        beam_size: int = 5,
        max_length: int = 128,
        batch_size: int = 32,
    ) -> list[list[Hypothesis]]:
        """The `n_best` texts in `language` of each embedding, best first.

        Puts `decoder` into evaluation mode.

        Args:
            embeddings: `(n, embedding_dim)`, any float type, any device.
            beam_size: raised to `n_best` if smaller.
            max_length: maximum number of generated tokens, including the final `</s>`.
            batch_size: embeddings decoded at once; changes the speed, not the texts.

        Raises:
            UserError: unknown language, an embedding of another width or with NaN or infinite
                numbers, or a file of the folder cannot be read.
        """
        self.check_language(language)
        check_embeddings(embeddings, self.embedding_dim, self.folder)
        if len(embeddings) == 0:
            return []
        dtype = next(self.decoder.parameters()).dtype
        return search(
            self.decoder,
            self.tokenizer,
            embeddings.detach().to(self.device, dtype),
            language,
            Search(beam_size, n_best, max_length, batch_size),
        )

    def word_losses(
        self,
        embeddings: Tensor,
        texts: Sequence[str],
        language: str,
        label_smoothing: float = 0.0,
    ) -> Tensor:
        """Mean cross-entropy (nats per token) of each text given its embedding: `(n,)`.

        The decoder attends to the embedding as an encoder output of one step and reads the text
        after `</s> __lang__`. The text's tokens and the final `</s>` are scored; the two tokens
        before them are not, because they are given at inference. Differentiable in `embeddings`
        and in the parameters of `decoder`, whose mode (training or evaluation) is not changed.

        Args:
            embeddings: `(n, embedding_dim)`, `n` at least 1.
            texts: `n` texts in `language`.
        """
        sequences = self.tokenize(texts, language, "target")
        losses = self._token_losses(embeddings, sequences, label_smoothing, score_language=False)
        n_scored = torch.tensor([len(sequence) - 2 for sequence in sequences], device=losses.device)
        return losses.sum(dim=1) / n_scored

    def token_loss(
        self,
        embeddings: Tensor,
        sequences: Sequence[Tensor],
        label_smoothing: float = 0.0,
        score_language: bool = False,
    ) -> Tensor:
        """Mean cross-entropy over all tokens of `tokenize(..., "target")`: a scalar.

        The sequences may be in different languages. `score_language` scores the language token
        too, which is needed to train a decoder from scratch: beam search adds its log-probability,
        and an untrained one (-14 was observed), divided by the length, favours longer texts.
        """
        losses = self._token_losses(embeddings, sequences, label_smoothing, score_language)
        n_unscored = 1 if score_language else 2
        return losses.sum() / sum(len(sequence) - n_unscored for sequence in sequences)

    def _token_losses(
        self,
        embeddings: Tensor,
        sequences: Sequence[Tensor],
        label_smoothing: float,
        score_language: bool,
    ) -> Tensor:
        """The cross-entropy of every token, `(n, longest)`; zero for tokens that are not scored."""
        if self.only_decodes:
            raise ValueError("This SONAR was opened with only_decodes, so it computes no losses.")
        check_embeddings(embeddings, self.embedding_dim, self.folder)
        if not 0 < len(sequences) == len(embeddings):
            raise ValueError(f"{len(sequences)} texts for {len(embeddings)} embeddings.")
        # Padding comes last and attention is causal, so no scored token attends to it. A layout
        # that declares it would only make fairseq2 build a mask for every sequence.
        inputs = _stack([s[:-1] for s in sequences], self.tokenizer.vocab_info.pad_idx)
        targets = _stack([s[1:] for s in sequences], IGNORED)
        if not score_language:
            targets[:, 0] = IGNORED

        memory = embeddings.to(self.device, _dtype_of(self.decoder_precision)).unsqueeze(1)
        hidden = self.decoder.decode(
            inputs, BatchLayout.of(inputs), memory, BatchLayout.of(memory)
        )  # (n, longest, model_dim)
        n_tokens = self.tokenizer.vocab_info.size
        return vocabulary_losses(hidden, self.decoder.project, targets, n_tokens, label_smoothing)

    def tokenize(self, texts: Sequence[str], language: str, mode: str) -> list[Tensor]:
        """Token ids of each text, `(n_tokens,)` int64, truncated to the model's maximum.

        `mode` is `source` (`__lang__ ... </s>`, for the encoder) or `target`
        (`</s> __lang__ ... </s>`, for the decoder).
        """
        self.check_language(language)
        encode = self.tokenizer.create_encoder(
            task="translation", lang=language, mode=mode, device=self.device
        )
        model = self.encoder.encoder_frontend if mode == "source" else self.decoder.decoder_frontend
        limit = model.pos_encoder.max_seq_len
        return [encode(text)[:limit].long() for text in texts]

    def _precision_of(self, family: str) -> str:
        # A model that is being made has no file yet, and its precision is not `auto`.
        n_parameters = self._n_parameters(family) if self.precision == "auto" else 0
        return choose_precision(self.precision, self.device, n_parameters)

    def _is_large(self, family: str) -> bool:
        return self._n_parameters(family) >= LARGE_MODEL

    def _n_parameters(self, family: str) -> int:
        """About the number of parameters of a model, by the size of its file, which is fp32."""
        path = require_file(file_of(self.cards[family], "checkpoint"), NAMES[family])
        return path.stat().st_size // 4


def _dtype_of(precision: str) -> torch.dtype:
    return PRECISIONS[precision] or torch.float32


def _stack(sequences: Sequence[Tensor], padding: int) -> Tensor:
    """One row per sequence, `(n_sequences, longest)`, padded with `padding` at the end."""
    return nn.utils.rnn.pad_sequence(list(sequences), batch_first=True, padding_value=padding)
