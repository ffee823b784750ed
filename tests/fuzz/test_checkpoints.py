"""Checkpoints: damaged archives, and configs and metadata that hold anything."""

import io
from dataclasses import asdict
from functools import cache
from pathlib import Path

import pytest
import torch
from fuzz_worker import Worker
from fuzzing import assert_sentence, fresh_folder
from golden_weights import tiny_encoder, tiny_hiera
from hypothesis import example, given
from hypothesis import strategies as st
from mutations import EDITS, Edit, changed, damaged

from sonar_sign.core.errors import UserError
from sonar_sign.models.checkpoint import (
    load_sign_encoder,
    load_sign_hiera,
    read_metadata,
    save_sign_encoder,
    save_sign_hiera,
)
from sonar_sign.models.model_content import HASH, content_hash

LOAD = {"encoder": load_sign_encoder, "hiera": load_sign_hiera}
METADATA = {"training": "stage2", "seed": 1, "settings": {"lr": 0.1}, "scores": {"cosine": 0.5}}


def opened(kind: str, path: str) -> tuple[dict, str]:
    """Config and content of a model, and its metadata, as loading gives them."""
    torch.set_num_threads(1)
    model = LOAD[kind](Path(path))
    return asdict(model.config), content_hash({"state": dict(model.state_dict())})


def described(path: str) -> dict:
    return read_metadata(Path(path))


load, describe = Worker(opened, (UserError,)), Worker(described, (UserError,))


@pytest.fixture(scope="module", autouse=True)
def _end_the_workers():
    yield
    load.close()
    describe.close()


def contents() -> dict[str, bytes]:
    with fresh_folder() as folder:
        save_sign_encoder(folder / "encoder", tiny_encoder(), METADATA)
        save_sign_hiera(folder / "hiera", tiny_hiera(), METADATA)
        return {kind: (folder / kind).read_bytes() for kind in LOAD}


CONTENTS = contents()


def loaded(kind: str, content: bytes):
    """What loading gives, None where it refuses; the file stays as it is."""
    with fresh_folder() as folder:
        path = folder / "model.pt"
        path.write_bytes(content)
        found, refusal = load(kind, str(path))
        metadata, refusal_of_metadata = describe(str(path))
        assert path.read_bytes() == content
    for message in filter(None, (refusal, refusal_of_metadata)):
        assert_sentence(message)
    return found, metadata


@cache
def intact(kind: str) -> tuple:
    """What loading gives of the file as it was written."""
    found, _ = loaded(kind, CONTENTS[kind])
    assert found
    return found


@given(kind=st.sampled_from([*LOAD]), edits=EDITS)
@example(kind="encoder", edits=[Edit("flip", -23, 0)])  # zipfile raised BadZipFile
def test_a_damaged_checkpoint_is_refused_or_loads_as_written(kind, edits):
    other = CONTENTS["hiera" if kind == "encoder" else "encoder"]
    found, metadata = loaded(kind, damaged(CONTENTS[kind], edits, other))
    assert found in (None, intact(kind))
    assert metadata in (None, METADATA)


def with_entry(kind: str, entry: str, value: object) -> bytes:
    """A checkpoint as another program may write it: one entry changed, and no hash."""
    file = torch.load(io.BytesIO(CONTENTS[kind]), weights_only=True)
    del file[HASH]
    written = io.BytesIO()
    torch.save({**file, entry: value}, written)
    return written.getvalue()


CONFIGS = {"encoder": asdict(tiny_encoder().config), "hiera": asdict(tiny_hiera().config)}


@given(kind=st.sampled_from([*LOAD]), data=st.data())
def test_another_config_is_refused_or_fits_the_tensors(kind, data):
    config = data.draw(changed(CONFIGS[kind]))
    found, _ = loaded(kind, with_entry(kind, "config", config))
    if found is not None:
        assert found[1] == intact(kind)[1]  # the same tensors under the same names
        given = config if isinstance(config, dict) else {}
        assert all(found[0][key] == _plain(value, found[0][key]) for key, value in given.items())


def _plain(value: object, like: object) -> object:
    return tuple(value) if isinstance(like, tuple) and isinstance(value, list) else value


@given(metadata=changed(METADATA))
def test_any_metadata_are_given_as_they_are_or_refused(metadata):
    found, read = loaded("encoder", with_entry("encoder", "extra", metadata))
    assert found == intact("encoder")
    if isinstance(metadata, dict):
        assert repr(read) == repr(metadata)
    else:
        assert read is None
