"""The list of public files, and a list of one's own over it."""

import pytest
import yaml

from sonar_sign.core.errors import UserError
from sonar_sign.models.registry import REGISTRY, public_file, registry


def test_sizes_and_hashes_of_third_parties_are_unverified():
    encoder, tokenizer = public_file("sonar_text_encoder"), public_file("sonar_tokenizer")
    assert (encoder.size, encoder.sha256[:8]) == (3_064_513_202, "b46ffc66")
    assert (tokenizer.size, tokenizer.sha256[:8]) == (4_852_054, "14bb8dfb")
    assert not any(entry.verified for entry in registry().values())


def test_a_list_of_ones_own_is_laid_over(monkeypatch, tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text(yaml.safe_dump({"sign_hiera": {"address": "http://mirror/x", "size": 5}}))
    before = public_file("sign_hiera")
    monkeypatch.setenv(REGISTRY, str(mine))
    after = public_file("sign_hiera")
    assert (after.address, after.size) == ("http://mirror/x", 5)
    assert (after.file, after.sha256) == (before.file, before.sha256)
    monkeypatch.delenv(REGISTRY)
    assert public_file("sign_hiera") == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- sign_hiera", "no mapping"),
        ("sign_hiera: [", "cannot be read"),
        ("sign_heira: {}", "did you mean sign_hiera"),
        ("sign_hiera: 3", "must be a mapping"),
        ("sign_hiera: {sise: 3}", "did you mean size"),
        ("sign_hiera: {size: many}", "size cannot be 'many'"),
        ("sign_hiera: {size: true}", "size cannot be True"),
        ("sign_hiera: {sha256: abc}", "sha256 cannot be 'abc'"),
        ("sign_hiera: {verified: 1}", "verified cannot be 1"),
        ("sign_hiera: {address: null}", "address cannot be None"),
        ("sign_hiera: {compression: zip}", "compression cannot be 'zip'"),
    ],
)
def test_a_list_that_is_wrong(monkeypatch, tmp_path, text, words):
    mine = tmp_path / "mine.yaml"
    mine.write_text(text)
    monkeypatch.setenv(REGISTRY, str(mine))
    with pytest.raises(UserError, match=words):
        registry()


def test_a_list_that_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv(REGISTRY, str(tmp_path / "none.yaml"))
    with pytest.raises(UserError, match="cannot be read"):
        registry()
