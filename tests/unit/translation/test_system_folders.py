"""Exported folders that somebody has changed, by accident or to do harm."""

import json
import os
import pickle
import shutil
import struct

import pytest
from tiny_systems import build_project

from sonar_sign.core.errors import UserError
from sonar_sign.core.files import sha256_of, write_json
from sonar_sign.translation.system_folders import read_system_folder


@pytest.fixture(scope="module")
def good(tmp_path_factory, tiny_sonar):
    """An exported system that reads video, landmarks and SONAR."""
    from sonar_sign.export.system_export import export_system

    project = tmp_path_factory.mktemp("project")
    build_project(project, tiny_sonar, predicted=False)
    output = tmp_path_factory.mktemp("out") / "fused"
    export_system("fused", output, results=project / "results/tiny")
    return output


@pytest.fixture
def folder(good, tmp_path):
    return shutil.copytree(good, tmp_path / "fused")


def refused(folder, words):
    with pytest.raises(UserError, match=words) as error:
        read_system_folder(folder)
    assert "\n" not in str(error.value)


def files_of(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def change(folder, **values):
    path = folder / "system.json"
    write_json(path, json.loads(path.read_text()) | values)


def listed_anew(folder, name):
    """`system.json` with the right size and hash of a changed file: nobody signs it."""
    files = json.loads((folder / "system.json").read_text())["files"]
    path = folder / name
    files[name] = {"sha256": sha256_of(path), "bytes": path.stat().st_size}
    change(folder, files=files)


def test_a_good_folder_is_what_was_exported(good, tmp_path):
    found = read_system_folder(good)
    assert (found.name, found.kind, found.reads_landmarks) == ("fused", "sonar", True)
    assert found.decoding.beam_size == 3 and found.clips.crop.size == 32
    assert found.trained_on_drawings
    (tmp_path / "link").symlink_to(good)
    assert read_system_folder(tmp_path / "link").name == "fused"


def test_every_changed_file_is_refused(folder):
    names = [name for name in files_of(folder) if name != "system.json"]
    assert len(names) == 14
    for name in names:
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        before = (folder / name).read_bytes()
        (folder / name).write_bytes(content)
        refused(folder, f"{name}: it is not the file that system.json names")
        (folder / name).write_bytes(before + b" ")
        refused(folder, f"{name}: it has {len(before) + 1} bytes and system.json says")
        (folder / name).unlink()
        refused(folder, f"{name}: it is missing")
        (folder / name).write_bytes(before)
    read_system_folder(folder)


def test_links_are_not_followed(folder, tmp_path):
    for name in files_of(folder):
        outside = tmp_path / "outside"
        (folder / name).rename(outside)
        (folder / name).symlink_to(outside)
        refused(folder, "it is no file, but a link")
        (folder / name).unlink()
        outside.rename(folder / name)
    (folder / "sonar").rename(tmp_path / "sonar")
    (folder / "sonar").symlink_to(tmp_path / "sonar")
    refused(folder, "sonar: it is no folder, but a link")


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "sonar/../../x", "model.pt", "sonar/code.py", "", "a\0b"]
)
def test_paths_of_its_own_lead_nowhere(folder, name):
    files = json.loads((folder / "system.json").read_text())["files"]
    change(folder, files=files | {name: {"sha256": "0" * 64, "bytes": 1}})
    refused(folder, "which no system has")


@pytest.mark.parametrize("name", ["sonar/evil.yaml", "video_encoder/model.pt", "sonar/.hidden"])
def test_files_that_are_not_listed_are_refused_beside_models(folder, name):
    (folder / name).write_bytes(pickle.dumps("code"))
    refused(folder, "system.json does not list it")


def test_what_lies_beside_is_left_alone(folder):
    (folder / ".gitattributes").write_text("*.safetensors filter=lfs")
    (folder / "notes.txt").write_text("mine")
    assert read_system_folder(folder).name == "fused"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"format": "something"}, "its format is not"),
        ({"version": 2}, "has the version 2 and this program reads 1"),
        ({"kind": "shell"}, "incomplete"),
        ({"kind": ["sonar"]}, "incomplete"),
        ({"languages": ["xx"]}, "a language is not one of SONAR's"),
        ({"languages": "eng_Latn"}, "language"),
        ({"caption_language": {}}, "incomplete"),
        ({"decoding": {"beam_size": 10**9}}, "decoding: beam_size is 1000000000: it must be"),
        ({"decoding": {"beam_size": "5; rm"}}, "beam_size is 5; rm"),
        ({"decoding": {"hook": "os.system"}}, "'hook' is unknown"),
        ({"decoding": 7}, "holds no settings"),
        ({"clips": {"crop": {"size": 10**6}}}, "crop: size is 1000000"),
        ({"clips": {}}, "incomplete"),
        ({"clips": {"crop": {}, "extract": {"batch_units": -1}}}, "batch_units is -1"),
        ({"files": {}}, "it lists no"),
        ({"files": {"README.md": {"sha256": "x", "bytes": 1}}}, "cannot be that"),
        ({"files": {"README.md": {"sha256": "0" * 64, "bytes": True}}}, "cannot be that"),
        ({"files": []}, "incomplete"),
        ({"public_files": [{"name": "x", "file": "y", "sha256": "0" * 64, "bytes": 1}]}, "not"),
        ({"public_files": {"a": 1}}, "incomplete"),
    ],
)
def test_impossible_values_are_refused(folder, values, words):
    change(folder, **values)
    refused(folder, words)


def test_a_public_file_stays_in_its_folder(folder):
    part = {"name": "sonar_tokenizer", "file": "../../x", "sha256": "0" * 64, "bytes": 1}
    change(folder, public_files=[part])
    refused(folder, "holds a path separator")


@pytest.mark.parametrize("content", ["", "[]", "{", "\0", '{"a": 1, "a": 2}', "[" * 100_000])
def test_a_broken_description_is_refused(folder, content):
    (folder / "system.json").write_text(content)
    refused(folder, "system.json: it describes no system")
    (folder / "system.json").write_bytes(b" " * (2 << 20))
    refused(folder, "more than")
    (folder / "system.json").unlink()
    os.mkfifo(folder / "system.json")
    refused(folder, "it is no file")
    (folder / "system.json").unlink()
    refused(folder, "it has no system.json")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &x [1]\nb: *x\n", "refers to itself"),
        ("a: [", "is no YAML"),
        ("a: " + "b" * 300_000, "bytes"),
    ],
)
def test_cards_that_grow_are_refused(folder, text, words):
    (folder / "sonar/cards.yaml").write_text(text)
    listed_anew(folder, "sonar/cards.yaml")
    refused(folder, words)


def loaded(folder):
    from sonar_sign.translation.translator import load

    return load(folder, device="cpu")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no safetensors"),
        (b"PK\3\4" + bytes(100), "no safetensors"),
        (pickle.dumps({"a": 1}), "no safetensors"),
        (struct.pack("<Q", 1 << 60) + b"{}", "no safetensors"),
        (struct.pack("<Q", 2) + b"{}", "SignHiera"),
        (struct.pack("<Q", 9) + b"{" * 9, "no safetensors"),
        (
            struct.pack("<Q", 82)
            + b'{"model_state/a": {"dtype": "F32", "shape": [9000000000], "data_offsets": [0, 4]}}',
            "no safetensors",
        ),
    ],
)
def test_weights_that_are_none_are_refused(folder, content, words):
    (folder / "video_encoder/model.safetensors").write_bytes(content)
    listed_anew(folder, "video_encoder/model.safetensors")
    with pytest.raises(UserError, match=words):
        loaded(folder)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"config": {"stages": [10**6]}}, "no SignHieraConfig"),
        ({"config": "os.system"}, "no SignHieraConfig"),
        ({"tied": {"a": "b"}}, "tied to no tensor"),
        ({"tied": 3}, "does not hold the settings"),
        ({"extra": "code"}, "is damaged"),
        ({"content_xxh3_128": "0" * 32}, "is damaged"),
    ],
)
def test_impossible_models_are_refused(folder, values, words):
    path = folder / "video_encoder/config.json"
    write_json(path, json.loads(path.read_text()) | values)
    listed_anew(folder, "video_encoder/config.json")
    with pytest.raises(UserError, match=words):
        from sonar_sign.models.hiera_checkpoint import load_sign_hiera
        from sonar_sign.models.model_files import read_metadata

        load_sign_hiera(read_system_folder(folder).files.sign_hiera)
        read_metadata(path.with_name("model.safetensors"))
