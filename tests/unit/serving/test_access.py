"""Who may ask for what."""

import asyncio
from dataclasses import replace

import pytest

from sonar_sign.serving.access import POLICY, Access, AccessRules

LOCAL = AccessRules.of("127.0.0.1", "", None)
TOKEN = "a" * 32
OPEN = AccessRules.of("0.0.0.0", "", TOKEN)
PROXIED = AccessRules.of("127.0.0.1", "https://Example.org/sign", TOKEN)
BEARER = {"authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST:9999", "[::1]:8000", "localhost"]
)
def test_this_machine_is_known_by_its_names(host):
    assert LOCAL.refusal("POST", "/api/translate", {"host": host}) is None


@pytest.mark.parametrize(
    "host",
    ["", "evil.example:8000", "localhost.evil.example", "127.0.0.1.nip.io:8000", "10.0.0.1:8000",
     "[::1", "localhost:8000, evil.example", "evil.example@localhost:8000x", "\x00", "0x7f.1"],
)  # fmt: skip
def test_other_names_are_refused(host):
    status, sentence = LOCAL.refusal("GET", "/", {"host": host})
    assert status == 403 and "Host" in sentence


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://localhost:9999", "http://localhost:8000.evil.example",
     "file://", "", "http://127.0.0.1:8000"],
)  # fmt: skip
def test_other_origins_are_refused(origin):
    refused = LOCAL.refusal("POST", "/api/translate", {"host": "localhost:8000", "origin": origin})
    assert refused is not None and refused[0] == 403


def test_the_pages_own_origin_is_accepted():
    headers = {"host": "localhost:8000", "origin": "http://localhost:8000"}
    assert LOCAL.refusal("POST", "/api/translate", headers) is None


def test_requests_from_other_sites_without_an_origin_are_refused():
    headers = {"host": "localhost:8000", "sec-fetch-site": "cross-site"}
    assert LOCAL.refusal("DELETE", "/api/jobs/x", headers)[0] == 403


@pytest.mark.parametrize(
    "given, status",
    [("", 401), ("Bearer", 401), (f"Bearer {'b' * 32}", 401), (f"Basic {TOKEN}", 401),
     (f"Bearer {TOKEN}x", 401), ("Bearer \xff", 401), (f"Bearer {TOKEN}", None),
     (f"bearer  {TOKEN}", None)],
)  # fmt: skip
def test_the_api_asks_for_the_token(given, status):
    headers = {"host": "192.168.1.5:8000", "authorization": given}
    for path in ("/api/translate", "/api/systems", "/api/jobs/x/events"):
        refused = OPEN.refusal("GET", path, headers)
        assert (refused and refused[0]) == status
    for path in ("/", "/static/app.js", "/api/health", "/api/docs"):
        assert OPEN.refusal("GET", path, headers) is None


def test_an_open_server_goes_by_addresses_and_no_foreign_names():
    assert OPEN.refusal("GET", "/api/systems", {"host": "10.1.2.3:8000", **BEARER}) is None
    assert OPEN.refusal("GET", "/api/systems", {"host": "evil.example:8000", **BEARER})[0] == 403


def test_behind_a_proxy_the_public_address_is_ours():
    headers = {"host": "127.0.0.1:8000", "origin": "https://example.org", **BEARER}
    assert PROXIED.refusal("POST", "/api/translate", headers) is None
    assert PROXIED.refusal("POST", "/api/translate", {**headers, "host": "example.org"}) is None
    other = {**headers, "origin": "https://example.org.evil.example"}
    assert PROXIED.refusal("POST", "/api/translate", other)[0] == 403


def test_the_content_policy_allows_nothing_from_elsewhere():
    assert POLICY.startswith("default-src 'none'") and "unsafe" not in POLICY
    assert "http" not in POLICY and "*" not in POLICY


@pytest.mark.parametrize(
    "path, seen", [("/sign/api/health", "/api/health"), ("/api/health", "/api/health"),
                   ("/sign/", "/"), ("/signal", "/signal")],
)  # fmt: skip
def test_a_proxy_may_pass_its_prefix_on_or_not(path, seen):
    paths, sent = [], []

    async def app(scope, receive, send):
        paths.append(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": [(b"host", b"example.org")]}
    access = Access(app, replace(PROXIED, token=None), "/sign")
    asyncio.run(access(scope, None, send))
    assert paths == [seen]
    assert (b"cache-control", b"no-store") in sent[0]["headers"]
