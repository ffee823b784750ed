"""`verify_checkpoint`: every kind of model file, whole and not."""

import hashlib

import pytest
import torch
from checkpoint_files import damage, edit
from landmark_shards import CAPTIONS, SHAPE, WIDTH
from tiny_models import tiny_encoder, tiny_hiera

from sonar_sign.core.errors import UserError
from sonar_sign.models.checkpoint import save_sign_encoder, save_sign_hiera
from sonar_sign.models.fused_encoder import FusedEncoder, save_fused_encoder
from sonar_sign.models.landmark_checkpoint import new_landmark_model, save_landmark_model
from sonar_sign.models.landmark_tokenizer import train_tokenizer
from sonar_sign.models.verify_checkpoint import verify_checkpoint

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A file of every kind, by the entry that says which kind it is."""
    folder = tmp_path_factory.mktemp("models")
    tokenizer = train_tokenizer(CAPTIONS.values(), SHAPE.vocabulary_size)
    landmark_model = new_landmark_model(SHAPE, WIDTH, tokenizer)
    save_sign_hiera(folder / "hiera.pth", tiny_hiera())
    save_sign_encoder(folder / "encoder.pth", tiny_encoder())
    save_landmark_model(folder / "landmarks.pt", landmark_model, tokenizer)
    save_fused_encoder(folder / "fused.pt", FusedEncoder(tiny_encoder(), landmark_model), {})
    torch.save({"model": {"w": torch.randn(100, 100)}}, folder / "sonar.pt")
    return folder


KINDS = {
    "hiera.pth": "model_state",
    "encoder.pth": "student",
    "landmarks.pt": "landmark_model",
    "fused.pt": "student",
    "sonar.pt": "model",
}


@pytest.mark.parametrize("name", KINDS)
def test_whole_and_damaged(files, tmp_path, name):
    content = (files / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    assert verify_checkpoint(path) == verify_checkpoint(path, sha256) == KINDS[name]
    damage(path)
    with pytest.raises(UserError, match=name):
        verify_checkpoint(path)
    with pytest.raises(UserError, match=f"instead of {sha256}"):
        verify_checkpoint(path, sha256)
    path.write_bytes(content[:-200])
    with pytest.raises(UserError, match="cut off"):
        verify_checkpoint(path)


def test_nan_anywhere(files, tmp_path):
    for name, entry in (("sonar.pt", "model"), ("fused.pt", "fusion")):
        path = tmp_path / name
        path.write_bytes((files / name).read_bytes())
        file = torch.load(path, weights_only=True)
        next(iter(file[entry].values())).view(-1)[3] = torch.nan
        file.pop("content_xxh3_128", None)
        torch.save(file, path)
        with pytest.raises(UserError, match="NaN or infinite weights"):
            verify_checkpoint(path)


def test_a_tokenizer_that_is_too_large_or_none(files, tmp_path):
    for tokenizer, words in (
        (torch.zeros(65 << 20, dtype=torch.uint8), "more than any has"),
        (torch.zeros(9, 9, dtype=torch.uint8), "holds no tokenizer"),
        (torch.zeros(9), "holds no tokenizer"),
    ):
        path = tmp_path / "landmarks.pt"
        path.write_bytes((files / "landmarks.pt").read_bytes())
        edit(path, lambda file, given=tokenizer: file.update(tokenizer=given))
        with pytest.raises(UserError, match=words):
            verify_checkpoint(path)


def test_a_file_of_no_known_model(tmp_path):
    torch.save({"weights": {}}, tmp_path / "x.pt")
    with pytest.raises(UserError, match="no checkpoint of a known model: it has none of model_st"):
        verify_checkpoint(tmp_path / "x.pt")
