"""Who may ask for what: Host, Origin, token and size of each request, and headers of each answer.

The page is answered to everybody who reaches the port; the API asks for the token where there is
one. No cookies are used, so another site cannot act in a visitor's name.
"""

import hmac
import ipaddress
import json
import re
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
WILDCARDS = ("0.0.0.0", "::")
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?")
API = "/api/"
# What is answered without a token: whether the server lives, and how the API is used.
OPEN = ("/api/health", "/api/openapi.json", "/api/docs")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=(), display-capture=()",
    "cache-control": "no-store",
}


@dataclass(frozen=True)
class AccessRules:
    """What requests must have."""

    names: frozenset[str]
    """Names in the header Host, in lower case; any port is possible, as through a tunnel."""
    any_address: bool
    """Whether any IP address is possible instead: the server listens on all of this machine's."""
    public: str | None
    """Origin behind a reverse proxy, such as https://example.org."""
    token: str | None
    """What clients send as `Authorization: Bearer ...`; None: nothing."""

    @classmethod
    def of(cls, host: str, public_url: str, token: str | None) -> "AccessRules":
        """The rules of a server that listens on `host`."""
        names, public = {*LOOPBACK, host.lower()}, None
        is_wildcard = host in WILDCARDS
        if is_wildcard:
            names |= {socket.gethostname().lower(), socket.getfqdn().lower()}
        if public_url:
            url = urlsplit(public_url.lower())
            names.add(url.hostname)
            public = f"{url.scheme}://{url.netloc}"
        return cls(frozenset(names), is_wildcard, public, token)

    def refusal(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, str] | None:
        """Status and sentence where a request is refused."""
        host = headers.get("host", "").lower()
        if not self._is_name(_name_in(host)):
            return 403, "This server does not go by the name that was asked for (header Host)."
        origin = headers.get("origin")
        if origin is not None and not self._is_ours(origin.lower(), host):
            return 403, "Requests of other sites are refused (header Origin)."
        if method not in ("GET", "HEAD") and headers.get("sec-fetch-site") == "cross-site":
            return 403, "Requests of other sites are refused (header Sec-Fetch-Site)."
        needs_token = self.token is not None and path.startswith(API) and path not in OPEN
        if needs_token and not self._knows_token(headers.get("authorization", "")):
            return 401, "The token is missing or wrong: open the address that the server printed."
        return None

    def _is_name(self, name: str | None) -> bool:
        return name in self.names or (self.any_address and _is_address(name or ""))

    def _is_ours(self, origin: str, host: str) -> bool:
        return origin in (f"http://{host}", f"https://{host}", self.public)

    def _knows_token(self, authorization: str) -> bool:
        kind, _, token = authorization.partition(" ")
        right = hmac.compare_digest(token.strip().encode(), (self.token or "").encode())
        return kind.lower() == "bearer" and right


def _name_in(host: str) -> str | None:
    """The name in a header Host, without port and brackets; None where it is no such header."""
    found = _HOST.fullmatch(host)
    return found and found[1].strip("[]")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Access:
    """ASGI middleware that applies the rules, and adds headers to every answer."""

    def __init__(self, app: App, rules: AccessRules, root_path: str = ""):
        self._app, self._rules, self._root_path = app, rules, root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        path = scope["path"]
        if self._root_path and path.startswith(f"{self._root_path}/"):
            # A proxy may cut the prefix off, or not.
            path = path.removeprefix(self._root_path)
            scope = {**scope, "path": path, "raw_path": path.encode()}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                further = [
                    (name.encode(), value.encode())
                    for name, value in HEADERS.items()
                    if name.encode() not in own
                ]
                message = {**message, "headers": [*message["headers"], *further]}
            await send(message)

        refusal = self._rules.refusal(scope["method"], path, headers)
        if refusal is not None:
            await refuse(send_with_headers, *refusal)
            return
        await self._app(scope, receive, send_with_headers)


async def refuse(send: Send, status: int, sentence: str) -> None:
    """Answer with a sentence."""
    body = json.dumps({"error": sentence, "code": "access"}).encode()
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
