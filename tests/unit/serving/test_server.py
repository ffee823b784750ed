"""Where the server listens, and what it says when it cannot."""

import socket

import pytest

from sonar_sign.core.errors import UserError
from sonar_sign.serving.options import AddressOptions
from sonar_sign.serving.server import open_address


def test_this_machine_needs_no_token_and_others_do():
    for host, has_token in (("127.0.0.1", False), ("localhost", False), ("0.0.0.0", True)):
        address = open_address(AddressOptions(port=0, host=host))
        address.socket.close()
        assert (address.rules.token is not None) == has_token == ("#token=" in address.shown)


def test_behind_a_proxy_there_is_a_token_and_a_prefix():
    options = AddressOptions(port=0, public_url="https://example.org/a/sign/")
    address = open_address(options)
    address.socket.close()
    assert address.root_path == "/a/sign" and address.rules.public == "https://example.org"
    assert address.shown.startswith("https://example.org/a/sign/#token=")


def test_the_token_of_a_file(tmp_path):
    path = tmp_path / "token"
    path.write_text("0123456789abcdef\n")
    address = open_address(AddressOptions(port=0, token_file=path))
    address.socket.close()
    assert address.rules.token == "0123456789abcdef"
    for content in ("", "short", "two words of a token", "é" * 20):
        path.write_text(content)
        with pytest.raises(UserError, match="openssl"):
            open_address(AddressOptions(port=0, token_file=path))


@pytest.mark.parametrize(
    "url",
    ["example.org", "ftp://example.org", "https://", "https://u:p@x.org", "http://x/?a", "x:"],
)
def test_a_public_address_that_is_none_is_refused(url):
    with pytest.raises(UserError, match="--public-url"):
        open_address(AddressOptions(port=0, public_url=url))


def test_a_port_that_is_taken_and_an_address_of_others_are_a_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UserError, match="give another --port"):
            open_address(AddressOptions(port=taken.getsockname()[1]))
    for host in ("203.0.113.7", "no.such.host.invalid", "a" * 300):
        with pytest.raises(UserError, match="cannot listen"):
            open_address(AddressOptions(port=0, host=host))
