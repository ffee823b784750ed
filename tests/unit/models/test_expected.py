"""A file that is not the registry's: both hashes are said, and how to go on with it."""

import hashlib
import shlex
import subprocess

import preloaded
import pytest
import yaml
from hostile_server import CONTENT, SHA256, serving

from sonar_sign.core.errors import UserError
from sonar_sign.models.expected import accepted_hash, note_of
from sonar_sign.models.fetch import fetch_model
from sonar_sign.models.registry import REGISTRY


@pytest.fixture
def server():
    with serving() as plan:
        yield plan


@pytest.fixture
def destination(tmp_path):
    return tmp_path / "models" / "model.pth"


def sonar_sign(*words):
    """The command as a person calls it."""
    command = [str(preloaded.commands() / "sonar-sign"), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True)


def command_of(message):
    """The command that a message proposes."""
    return shlex.split(message.partition("use it with: sonar-sign ")[2])


def registry_with(monkeypatch, tmp_path, **entries):
    path = tmp_path / "registry.yaml"
    path.write_text(yaml.safe_dump(entries))
    monkeypatch.setenv(REGISTRY, str(path))


def test_the_command_of_the_message_goes_on_without_another_download(server, destination):
    words = ["fetch_model", "--name", "sign_hiera", "--output", destination]
    first = sonar_sign(*words, "--source", server.address)
    assert first.returncode == 2 and first.stderr.count("\n") == 1
    assert (
        "df84d487" in first.stderr and SHA256 in first.stderr and "could not verify" in first.stderr
    )
    n_requests = len(server.requests)
    second = sonar_sign(*command_of(first.stderr))
    assert second.returncode == 0, second.stderr
    assert len(server.requests) == n_requests
    assert destination.read_bytes() == CONTENT
    # From now on this hash is the one that is checked, and sha256sum knows it too.
    assert sonar_sign(*words).returncode == 0
    checked = subprocess.run(
        ["sha256sum", "--check", note_of(destination).name], cwd=destination.parent,
        capture_output=True, text=True,
    )  # fmt: skip
    assert checked.stdout == "model.pth: OK\n"
    destination.write_bytes(b"damaged")
    third = sonar_sign(*words)
    assert third.returncode == 2 and f"instead of {SHA256} (accepted in " in third.stderr


def test_another_size_is_refused_before_the_download_and_can_be_accepted(server, destination):
    words = ["fetch_model", "--name", "sonar_tokenizer", "--output", destination]
    first = sonar_sign(*words, "--source", server.address)
    assert first.returncode == 2
    assert "has 1024000 bytes instead of 4852054" in first.stderr
    assert len(server.requests) == 1 and not destination.exists()
    assert sonar_sign(*command_of(first.stderr)).returncode == 0
    assert destination.read_bytes() == CONTENT and accepted_hash(destination) == SHA256


def test_a_local_file_can_be_accepted(tmp_path, destination):
    mine = tmp_path / "my model.pth"
    mine.write_bytes(CONTENT)
    words = ["fetch_model", "--name", "sign_encoder", "--output", destination, "--source", mine]
    first = sonar_sign(*words)
    assert first.returncode == 2 and f"{mine} is not sign_encoder" in first.stderr
    assert sonar_sign(*command_of(first.stderr)).returncode == 0
    assert destination.read_bytes() == mine.read_bytes() == CONTENT


def test_a_file_that_is_there_can_be_accepted(destination):
    destination.parent.mkdir()
    destination.write_bytes(CONTENT)
    fetch_model("sign_hiera", destination, accept=True)
    assert accepted_hash(destination) == SHA256
    fetch_model("sign_hiera", destination)


def test_a_file_whose_hash_nobody_knows_gets_one(destination):
    destination.parent.mkdir()
    destination.write_bytes(CONTENT)
    fetch_model("sonar_text_decoder", destination, accept=True)
    destination.write_bytes(CONTENT[:-1] + b"?")
    with pytest.raises(UserError, match=f"instead of {SHA256}"):
        fetch_model("sonar_text_decoder", destination)


def test_the_registrys_own_file_needs_no_note(destination, monkeypatch, tmp_path):
    registry_with(monkeypatch, tmp_path, sign_hiera={"sha256": SHA256})
    destination.parent.mkdir()
    destination.write_bytes(b"other")
    fetch_model("sign_hiera", destination, accept=True)
    assert note_of(destination).exists()
    destination.write_bytes(CONTENT)
    fetch_model("sign_hiera", destination, accept=True)
    assert not note_of(destination).exists()


@pytest.mark.parametrize("content", [b"", b"<html>quota</html>", b"PK\x03\x04" + bytes(900)])
def test_what_cannot_be_a_model_is_not_accepted(destination, content):
    destination.parent.mkdir()
    destination.write_bytes(content)
    done = sonar_sign(
        "fetch_model", "--name", "sonar_text_decoder", "--output", destination, "--accept"
    )
    assert done.returncode == 2 and "is not sonar_text_decoder.pt: it is" in done.stderr
    assert accepted_hash(destination) is None


def test_a_hash_that_was_given_or_verified_is_not_replaced(destination, monkeypatch, tmp_path):
    with pytest.raises(UserError, match="a hash was given"):
        fetch_model("sign_hiera", destination, sha256="0" * 64, accept=True)
    registry_with(monkeypatch, tmp_path, sign_hiera={"verified": True})
    with pytest.raises(UserError, match="its hash is verified"):
        fetch_model("sign_hiera", destination, accept=True)
    destination.parent.mkdir(exist_ok=True)
    destination.write_bytes(CONTENT)
    with pytest.raises(UserError, match="delete it and run the same command again"):
        fetch_model("sign_hiera", destination)


@pytest.mark.parametrize("text", ["", "no hash", "ab" * 31])
def test_a_note_that_is_none(destination, text):
    destination.parent.mkdir()
    destination.write_bytes(CONTENT)
    note_of(destination).write_text(text)
    with pytest.raises(UserError, match="holds no SHA-256; delete it"):
        fetch_model("sign_hiera", destination)


def test_a_note_that_is_a_folder(destination):
    note_of(destination).mkdir(parents=True)
    destination.write_bytes(CONTENT)
    with pytest.raises(UserError, match="holds no SHA-256; delete it"):
        fetch_model("sign_hiera", destination, accept=True)


def test_a_note_is_that_of_sha256sum(destination):
    destination.parent.mkdir()
    destination.write_bytes(CONTENT)
    line = f"{hashlib.sha256(CONTENT).hexdigest().upper()} *model.pth\n"
    note_of(destination).write_text(line)
    fetch_model("sign_hiera", destination)
