"""Downloads against a server on this machine that does everything a server can do wrong."""

import bz2
import hashlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hostile_server import CONTENT, SHA256, serving

from sonar_sign.core.errors import UserError
from sonar_sign.models.download import FetchOptions
from sonar_sign.models.fetch import fetch_model
from sonar_sign.models.registry import registry

QUICK = FetchOptions(attempts=3, progress_bytes=50_000, backoff_s=0.01, stall_s=0.3)


@pytest.fixture
def server():
    with serving() as plan:
        yield plan


@pytest.fixture
def destination(tmp_path):
    return tmp_path / "models" / "model.pth"


def fetch(server, destination, sha256=SHA256, name="sign_hiera"):
    fetch_model(name, destination, server.address, sha256=sha256, options=QUICK)


def assert_only(destination, content=CONTENT):
    """The file is there, and nothing that a download leaves on its way."""
    assert destination.read_bytes() == content
    assert list(destination.parent.iterdir()) == [destination]


def test_a_good_server(server, destination):
    fetch(server, destination)
    assert_only(destination)
    assert len(server.requests) == 1


def test_cuts_are_resumed(server, destination):
    server.cut_after = [300_000, 0, 200_000, 1, None]
    fetch(server, destination)
    assert_only(destination)
    ranges = server.ranges()
    assert ranges[0] is None
    assert ranges[1] == ranges[2] == "bytes=300000-"
    assert ranges[3:] == ["bytes=500000-", "bytes=500001-"]


def test_a_later_run_resumes(server, destination):
    server.cut_after = [300_000, 0]
    with pytest.raises(UserError, match="received 300000 of 1024000 bytes|interrupted"):
        fetch(server, destination)
    assert not destination.exists()
    server.requests.clear()
    server.cut_after = [None]
    fetch(server, destination)
    assert server.ranges() == ["bytes=300000-"]
    assert_only(destination)


def test_a_run_stopped_after_the_last_byte(server, destination):
    server.cut_after = [300_000, 0]
    with pytest.raises(UserError):
        fetch(server, destination)
    (destination.parent / ".model.pth.partial").write_bytes(CONTENT)
    server.cut_after = [None]
    fetch(server, destination)
    assert_only(destination)


def test_a_file_that_changed_meanwhile_starts_again(server, destination):
    old = b"x" * len(CONTENT)
    server.content, server.cut_after = old, [300_000, 0]
    with pytest.raises(UserError):
        fetch(server, destination, sha256=None, name="sonar_text_decoder")
    server.content, server.cut_after, server.etag = CONTENT, [None], ['"two"']
    fetch(server, destination, sha256=None, name="sonar_text_decoder")
    assert_only(destination)


def test_without_a_version_and_a_hash_nothing_is_joined(server, destination):
    server.etag, server.cut_after = [None], [300_000, None]
    fetch(server, destination, sha256=None, name="sonar_text_decoder")
    assert server.ranges() == [None, None]
    assert_only(destination)


def test_silence_counts_as_a_cut(server, destination):
    server.stall_after = [131_072, None]
    started = time.monotonic()
    fetch(server, destination)
    assert time.monotonic() - started < 5
    assert_only(destination)
    assert server.ranges()[1] is not None


@pytest.mark.parametrize("trickle", [0, 100])
def test_an_endless_silence_is_given_up(server, destination, trickle):
    server.stall_after = [trickle]
    with pytest.raises(UserError, match="no answer in time"):
        fetch(server, destination)
    assert len(server.requests) == 3


@pytest.mark.parametrize("extra", [5, 1_000_000])
def test_more_bytes_promised_than_sent(server, destination, extra):
    server.extra_length = extra
    server.ignores_range = True
    with pytest.raises(UserError, match="cannot be downloaded"):
        fetch(server, destination)
    assert not destination.exists()


def test_fewer_bytes_promised_than_there_are(server, destination):
    server.extra_length = -1000
    with pytest.raises(UserError, match="SHA-256"):
        fetch(server, destination)
    assert not destination.exists()


def test_a_server_that_ignores_ranges(server, destination):
    server.ignores_range, server.cut_after = True, [300_000, 200_000, None]
    fetch(server, destination)
    assert_only(destination)


def test_a_server_that_ignores_ranges_and_always_cuts_is_given_up(server, destination):
    server.ignores_range, server.cut_after = True, [300_000]
    with pytest.raises(UserError, match="cannot be downloaded"):
        fetch(server, destination)
    assert len(server.requests) == 3


def test_a_server_that_sends_another_part(server, destination):
    server.wrong_part, server.cut_after = True, [300_000, None]
    fetch(server, destination)
    assert_only(destination)


def test_wrong_bytes_are_kept_aside_and_never_used(server, destination):
    server.content = CONTENT[:-1] + b"?"
    with pytest.raises(UserError) as caught:
        fetch(server, destination)
    aside = destination.with_name("model.pth.wrong-sha256")
    assert str(aside) in str(caught.value)
    assert SHA256 in str(caught.value)
    assert hashlib.sha256(server.content).hexdigest() in str(caught.value)
    assert_only(aside, server.content)


def test_the_registrys_hash_is_checked_and_called_unverified(server, destination):
    with pytest.raises(UserError, match="df84d487.*could not verify"):
        fetch(server, destination, sha256=None)
    assert not destination.exists()


PAGE = b"\n<!DOCTYPE html>\n<title>Google Drive - Quota exceeded</title>" + bytes(3000)


@pytest.mark.parametrize(
    "page", [PAGE, b"<html><body>Sign in</body></html>", b"\xef\xbb\xbf<HTML>"]
)
@pytest.mark.parametrize("name", ["sign_hiera", "sonar_text_decoder", "face_detector"])
def test_a_web_page_is_no_model(server, destination, page, name):
    server.content, server.content_type = page, "application/octet-stream"
    with pytest.raises(UserError, match=r"is no model: it is a web page.*by hand"):
        fetch(server, destination, sha256=None, name=name)
    assert len(server.requests) == 1 and not destination.exists()


def test_a_web_page_does_not_cost_what_had_arrived(server, destination):
    server.cut_after = [300_000, 0]
    with pytest.raises(UserError):
        fetch(server, destination)
    server.content, server.ignores_range, server.cut_after = PAGE, True, [None]
    with pytest.raises(UserError, match="web page"):
        fetch(server, destination)
    server.content, server.ignores_range = CONTENT, False
    server.requests.clear()
    fetch(server, destination)
    assert server.ranges() == ["bytes=300000-"]


@pytest.mark.parametrize("content", [b"", PAGE, b"PK\x03\x04" + bytes(5000)])
def test_a_file_that_is_there_and_cannot_be_a_model(destination, content):
    """Nothing is known of SONAR's decoder but that it is an archive of PyTorch."""
    destination.parent.mkdir()
    destination.write_bytes(content)
    with pytest.raises(UserError, match=f"{destination} is not sonar_text_decoder.pt: it is "):
        fetch_model("sonar_text_decoder", destination)
    assert destination.read_bytes() == content


def test_a_destination_below_a_file(tmp_path):
    (tmp_path / "models").write_text("")
    for folder in (tmp_path / "models", tmp_path / "models/sonar", Path("/proc/none")):
        with pytest.raises(UserError, match=f"The folder {folder} cannot be made"):
            fetch_model("sign_hiera", folder / "sign_hiera.pth")


def test_more_than_the_disk_has(server, destination, monkeypatch):
    server.extra_length = 10**15
    with pytest.raises(UserError, match=r"GB of free space, 1000000.0 are needed"):
        fetch(server, destination)


@pytest.fixture
def disk(tmp_path):
    """A file system of 512 KiB; only root can mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_fills_up_is_said_and_the_download_resumes(server, disk):
    """A server that does not say how much will come, so that it is not refused before."""
    server.content, server.hides_length = CONTENT[:400_000], True
    sha256 = hashlib.sha256(server.content).hexdigest()
    (disk / "other").write_bytes(bytes(300_000))
    command = [sys.executable, "-m", "sonar_sign", "fetch_model", "--name", "sign_hiera"]
    command += ["--output", str(disk / "model.pth"), "--source", server.address]
    command += ["--sha256", sha256]
    full = subprocess.run(command, capture_output=True, text=True)
    assert full.returncode == 2 and "the disk is full" in full.stderr
    assert len(full.stderr.strip().splitlines()) == 1
    assert not (disk / "model.pth").exists()
    (disk / "other").unlink()
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert_only(disk / "model.pth", server.content)
    assert server.ranges()[-1] not in (None, "bytes=0-")


def test_a_server_that_does_not_say_the_length(server, destination):
    server.hides_length = True
    fetch(server, destination)
    assert_only(destination)


def test_busy_servers_are_asked_again(server, destination):
    server.status = [503, 429, 200]
    fetch(server, destination)
    assert_only(destination)


@pytest.mark.parametrize("status", [404, 403])
def test_a_refusal_is_final(server, destination, status):
    server.status = [status]
    with pytest.raises(UserError, match=f"{status}.*mirror"):
        fetch(server, destination)
    assert len(server.requests) == 1


def test_without_network_the_error_says_which_file_goes_where(server, destination):
    with pytest.raises(UserError) as caught:
        fetch_model(
            "sign_encoder", destination, "http://127.0.0.1:9/x", sha256=SHA256, options=QUICK
        )
    message = str(caught.value)
    assert registry()["sign_encoder"].address in message
    assert str(destination) in message


def test_a_file_that_is_there_is_only_checked(server, destination):
    destination.parent.mkdir()
    destination.write_bytes(CONTENT)
    fetch(server, destination)
    assert server.requests == []
    destination.write_bytes(b"other")
    with pytest.raises(UserError, match="wrong-sha256"):
        fetch(server, destination)
    assert not destination.exists()


def test_a_local_file(tmp_path, destination):
    local = tmp_path / "mine.pth"
    local.write_bytes(CONTENT)
    fetch_model("sign_hiera", destination, local, sha256=SHA256)
    assert_only(destination)
    assert local.read_bytes() == CONTENT


def test_a_wrong_local_file_stays_where_it_is(tmp_path, destination):
    local = tmp_path / "mine.pth"
    local.write_bytes(b"other")
    with pytest.raises(UserError, match="mine.pth is not sign_hiera"):
        fetch_model("sign_hiera", destination, local)
    assert local.read_bytes() == b"other"
    assert list(destination.parent.iterdir()) == []


@pytest.mark.parametrize("packed", [True, False])
def test_a_local_packed_file(tmp_path, destination, packed):
    local = tmp_path / "detector"
    local.write_bytes(bz2.compress(CONTENT) if packed else CONTENT)
    fetch_model("face_detector", destination, local)
    assert_only(destination)


def test_a_packed_download(server, destination):
    server.content = bz2.compress(CONTENT)
    fetch(server, destination, sha256=None, name="face_detector")
    assert_only(destination)


def test_a_damaged_packed_download(server, destination):
    server.content = bz2.compress(CONTENT)[:-20]
    with pytest.raises(UserError, match="bz2"):
        fetch(server, destination, sha256=None, name="face_detector")
    assert not destination.exists()


@pytest.mark.parametrize("sha256", ["", "abc", "g" * 64, "0" * 65])
def test_a_hash_that_is_none(destination, sha256):
    with pytest.raises(UserError, match="64 hexadecimal digits"):
        fetch_model("sign_hiera", destination, sha256=sha256)


@pytest.mark.parametrize(("make", "what"), [(os.mkfifo, "no ordinary"), (os.mkdir, "a folder")])
def test_a_destination_that_is_no_file(tmp_path, make, what):
    make(tmp_path / "model.pth")
    with pytest.raises(UserError, match=f"model.pth is {what}"):
        fetch_model("sign_hiera", tmp_path / "model.pth")


@pytest.mark.parametrize("source", ["", "nowhere.pth", "ftp://example.org/x", "file:///etc/passwd"])
def test_bad_sources(destination, source):
    with pytest.raises(UserError, match=source or "local file for sign_hiera not found"):
        fetch_model("sign_hiera", destination, source)


def test_an_unknown_name_is_answered_with_the_nearest(destination):
    with pytest.raises(UserError, match="did you mean sign_hiera"):
        fetch_model("sign_heira", destination)


def test_two_downloads_of_one_file_at_a_time(server, destination):
    server.stall_after = [100]
    first = threading.Thread(target=lambda: pytest.raises(UserError, fetch, server, destination))
    first.start()
    while not server.requests:
        time.sleep(0.01)
    with pytest.raises(UserError, match="Another process"):
        fetch(server, destination)
    first.join()


def test_the_registry():
    files = registry()
    assert files["sign_hiera"].sha256.startswith("df84d487")
    assert files["sign_encoder"].sha256.startswith("c0423639")
    assert not any(entry.verified for entry in files.values())
    for entry in files.values():
        assert entry.address.startswith("https://")
        assert entry.sha256 is None or len(entry.sha256) == 64
    names = {entry.file for entry in files.values()}
    assert {"sonar_text_encoder.pt", "sonar_text_decoder.pt"} <= names
    assert {"sentencepiece.source.256000.model", "mmod_human_face_detector.dat"} <= names
