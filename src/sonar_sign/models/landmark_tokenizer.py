"""Captions to pieces and back, by sentencepiece in T5's layout: 0 pads, 1 ends, 2 is unknown."""

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
        model: the bytes of its file.

    Raises:
        UserError: they are none, or 0, 1 and 2 are something else in it; `where` says whose.
    """

    def __init__(self, model: bytes, where: str = "The tokenizer"):
        self.model = model
        try:
            self._pieces = sentencepiece.SentencePieceProcessor(model_proto=model)
        except RuntimeError as error:
            raise UserError(f"{where} is no sentencepiece model.") from error
        found = self._pieces.pad_id(), self._pieces.eos_id(), self._pieces.unk_id()
        if found != (PAD, END, UNKNOWN):
            raise UserError(
                f"{where} has pad, end and unknown at {', '.join(map(str, found))}; T5's are 0, 1 "
                "and 2, so train one with these."
            )

    def __len__(self) -> int:
        return self._pieces.get_piece_size()

    def encode(self, caption: str) -> list[int]:
        """A caption's pieces and the end."""
        return [*self._pieces.encode(caption), END]

    def decode(self, pieces: Sequence[int]) -> str:
        """The text of pieces, up to the first end; pads and what is beyond the vocabulary count
        as nothing."""
        known = []
        for piece in pieces:
            if piece == END:
                break
            if PAD < piece < len(self):
                known.append(piece)
        return self._pieces.decode(known)

    def pieces(self, numbers: Iterable[int]) -> list[str]:
        """How pieces are written, a space as `▁`."""
        return [self._pieces.id_to_piece(number) for number in numbers]


def read_tokenizer(path: Path) -> Tokenizer:
    """A sentencepiece model from a file.

    Raises:
        UserError: it is missing or unusable.
    """
    path = require_file(path, "The sentencepiece model")
    return Tokenizer(path.read_bytes(), str(path))


def train_tokenizer(captions: Iterable[str], vocabulary_size: int) -> Tokenizer:
    """Train one on captions; a small corpus gets fewer pieces than asked for.

    Raises:
        UserError: the captions hold more characters than pieces were asked for.
    """
    captions = list(captions)
    written = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(captions),
            model_writer=written,
            vocab_size=vocabulary_size,
            # On a small corpus unigram prunes whole words, where pairs that are frequent stay.
            model_type="bpe",
            character_coverage=1.0,
            hard_vocab_limit=False,
            pad_id=PAD,
            eos_id=END,
            unk_id=UNKNOWN,
            bos_id=-1,
            # Several threads train another model each time.
            num_threads=1,
            minloglevel=2,
        )
    except RuntimeError as error:
        raise UserError(
            f"No tokenizer of {vocabulary_size} pieces can be trained on {len(captions)} captions "
            f"({str(error).splitlines()[-1]}); change vocabulary_size."
        ) from error
    return Tokenizer(written.getvalue())
