"""Files handed out in parts: downloads resume, and what comes is what is there."""

import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.models.download import FetchOptions
from sonar_sign.models.fetch import fetch_model
from sonar_sign.operations.rehearsal_server import serving

QUICK = FetchOptions(attempts=2, backoff_s=0.01)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.mark.parametrize("size", [1, 2, 1000, 3_000_001])
def test_every_file_is_broken_off_once_and_resumed(tmp_path, size):
    content = bytes(n % 251 for n in range(size)) if size < 5000 else bytes(range(250)) * 12_001
    (tmp_path / "served").mkdir()
    (tmp_path / "served/a b.pt").write_bytes(content)
    with serving(tmp_path / "served") as address:
        got = tmp_path / "got.pt"
        fetch_model("sonar_text_decoder", got, f"{address}/a%20b.pt", options=QUICK)
    assert got.read_bytes() == content


@pytest.mark.parametrize("name", ["none.pt", "..%2Fsecret", "../secret", ""])
def test_nothing_else_is_handed_out(tmp_path, name):
    (tmp_path / "served").mkdir()
    (tmp_path / "secret").write_text("secret")
    with serving(tmp_path / "served") as address, pytest.raises(UserError, match="answered 404"):
        fetch_model("sonar_text_decoder", tmp_path / "got", f"{address}/{name}", options=QUICK)
