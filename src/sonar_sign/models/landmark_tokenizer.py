"""Subword tokens of captions, by sentencepiece with T5's special tokens.

A token is called a *piece* here, as in sentencepiece. Piece 0 is padding, 1 the end of the text, 2
an unknown piece.
"""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import sentencepiece

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import require_file

PAD, END, UNKNOWN = 0, 1, 2


class Tokenizer:
    """A sentencepiece model.

    Args:
        model: content of its file.
        where: origin of the model, for error messages.

    Raises:
        UserError: `model` is not a sentencepiece model, or pieces 0, 1 and 2 differ from T5's.
    """

    def __init__(self, model: bytes, where: str = "The tokenizer"):
        self.model = model
        try:
            self._pieces = sentencepiece.SentencePieceProcessor(model_proto=model)
        except RuntimeError as error:
            raise UserError(f"{where} is not a sentencepiece model; give another file.") from error
        found = self._pieces.pad_id(), self._pieces.eos_id(), self._pieces.unk_id()
        if found != (PAD, END, UNKNOWN):
            raise UserError(
                f"{where} has pad, end and unknown at {', '.join(map(str, found))}; T5's are 0, 1 "
                "and 2, so train a model with these."
            )

    def __len__(self) -> int:
        return self._pieces.get_piece_size()

    def encode(self, caption: str) -> list[int]:
        """The pieces of a caption, followed by the end."""
        return [*self._pieces.encode(caption), END]

    def decode(self, pieces: Sequence[int]) -> str:
        """The text of pieces up to the first end; padding and invalid pieces are ignored."""
        known = []
        for piece in pieces:
            if piece == END:
                break
            if PAD < piece < len(self):
                known.append(piece)
        return self._pieces.decode(known)

    def pieces(self, numbers: Iterable[int]) -> list[str]:
        """Pieces as text, a space as `▁`."""
        return [self._pieces.id_to_piece(number) for number in numbers]


def read_tokenizer(path: Path) -> Tokenizer:
    """Read a sentencepiece model.

    Raises:
        UserError: the file is missing or not usable.
    """
    path = require_file(path, "The sentencepiece model")
    return Tokenizer(path.read_bytes(), str(path))


def train_tokenizer(captions: Iterable[str], vocabulary_size: int) -> Tokenizer:
    """Train a tokenizer; on a small corpus it gets fewer pieces than `vocabulary_size`.

    Raises:
        UserError: the captions contain more different characters than `vocabulary_size`.
    """
    captions = list(captions)
    written = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(captions),
            model_writer=written,
            vocab_size=vocabulary_size,
            # On a small corpus the unigram model prunes whole words; byte-pair encoding keeps them.
            model_type="bpe",
            character_coverage=1.0,
            hard_vocab_limit=False,
            pad_id=PAD,
            eos_id=END,
            unk_id=UNKNOWN,
            bos_id=-1,
            # With several threads the result differs each time.
            num_threads=1,
            minloglevel=2,
        )
    except RuntimeError as error:
        raise UserError(
            f"No tokenizer of {vocabulary_size} pieces can be trained on {len(captions)} captions "
            f"({str(error).splitlines()[-1]}); change vocabulary_size."
        ) from error
    return Tokenizer(written.getvalue())
