"""The tokenizer of the landmark model."""

import io

import pytest
import sentencepiece
from landmark_shards import CAPTIONS

from sonar_sign.core.errors import UserError
from sonar_sign.models.landmark_tokenizer import END, Tokenizer, read_tokenizer, train_tokenizer


def test_captions_come_back(tmp_path):
    tokenizer = train_tokenizer(CAPTIONS.values(), 60)
    (tmp_path / "t.model").write_bytes(tokenizer.model)
    again = read_tokenizer(tmp_path / "t.model")
    for caption in CAPTIONS.values():
        pieces = tokenizer.encode(caption)
        assert pieces[-1] == END and pieces == again.encode(caption)
        # Decoding stops at the end, whatever is behind it.
        assert tokenizer.decode([*pieces, 5, 0, 0]) == caption
    assert len(tokenizer.encode("You cut the apple.")) < len("You cut the apple.")


def test_training_twice_gives_the_same():
    models = [train_tokenizer(CAPTIONS.values(), 60).model for _ in range(2)]
    assert models[0] == models[1]


def test_what_is_unusable_is_refused(tmp_path):
    with pytest.raises(UserError, match="not found"):
        read_tokenizer(tmp_path / "gone.model")
    (tmp_path / "text.model").write_text("no model")
    with pytest.raises(UserError, match="text.model is not a sentencepiece model"):
        read_tokenizer(tmp_path / "text.model")
    with pytest.raises(UserError, match="No tokenizer of 5 pieces"):
        train_tokenizer(CAPTIONS.values(), 5)
    # Sentencepiece's own numbers of <unk>, <s>, </s>.
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CAPTIONS.values()), model_writer=written, vocab_size=60,
        model_type="bpe", minloglevel=2,
    )  # fmt: skip
    with pytest.raises(UserError, match="-1, 2, 0; T5's are 0, 1 and 2"):
        Tokenizer(written.getvalue())
