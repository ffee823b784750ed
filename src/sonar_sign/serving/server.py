"""Runs the server: the socket, the address that is printed, and the end."""

import asyncio
import socket
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sonar_sign.core.errors import UserError
from sonar_sign.serving.access import LOOPBACK, Access, AccessRules
from sonar_sign.serving.options import AddressOptions, new_token
from sonar_sign.serving.service import ServiceOptions

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

# Connections beyond this are answered with 503.
MAX_CONNECTIONS = 400
LEAST_TOKEN = 16
MISSING = (
    "The server needs fastapi, uvicorn and python-multipart; install them with: "
    "pip install 'sonar-sign[serve]'"
)


@dataclass(frozen=True)
class Address:
    """Where the server listens, and who may use it."""

    socket: socket.socket
    rules: AccessRules
    root_path: str
    """Path prefix behind a proxy, without a slash at its end."""
    shown: str
    """What a person opens; the token, if there is one, is behind `#`, so it is sent to nobody."""


def open_address(options: AddressOptions) -> Address:
    """Open the port.

    Raises:
        UserError: it is taken or no address of this machine, or an option is impossible.
    """
    root_path = _root_path(options.public_url)
    token = _token(options)
    listening = _listen(options.host, options.port)
    port = listening.getsockname()[1]
    host = f"[{options.host}]" if ":" in options.host else options.host
    shown = options.public_url.rstrip("/") or f"http://{host}:{port}"
    shown += "/" if token is None else f"/#token={token}"
    rules = AccessRules.of(options.host, options.public_url, token)
    return Address(listening, rules, root_path, shown)


def serve(options: ServiceOptions, address: Address) -> None:
    """Serve until the process is told to end.

    Raises:
        UserError: packages are missing, or the models cannot be loaded.
    """
    try:
        import multipart  # noqa: F401 (python-multipart, which FastAPI imports late)
        import uvicorn  # noqa: F401

        from sonar_sign.serving.api import create_app
    except ImportError as error:
        raise UserError(f"{MISSING} ({error.name} is missing).") from error
    app = create_app(options, address.root_path)
    asyncio.run(_run(make_server(app, address), app, address))


def make_server(app: "FastAPI", address: Address) -> "uvicorn.Server":
    """A server of the application that listens nowhere yet."""
    import uvicorn

    config = uvicorn.Config(
        Access(app, address.rules, address.root_path),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=3,
        ws="none",
        lifespan="on",
    )
    return uvicorn.Server(config)


async def _run(server: "uvicorn.Server", app: "FastAPI", address: Address) -> None:
    serving = asyncio.create_task(server.serve([address.socket]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    if serving.done():
        await serving
        return
    print(f"Open {address.shown}  (end with Ctrl+C; models are being loaded)", flush=True)
    ready = asyncio.create_task(app.state.service.dispatcher.until_ready())
    await asyncio.wait((serving, ready), return_when=asyncio.FIRST_COMPLETED)
    if ready.done() and ready.exception() is None:
        print("The models are loaded.", file=sys.stderr, flush=True)
    elif ready.done():
        server.should_exit = True
    await serving
    if ready.done():
        ready.result()
    ready.cancel()


def _listen(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(128)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(
            f"The server cannot listen on {host}, port {port}: {reason}; give another --port or "
            "--host."
        ) from error
    return listening


def _root_path(public_url: str) -> str:
    if not public_url:
        return ""
    try:
        url = urlsplit(public_url)
        is_address = url.scheme in ("http", "https") and url.hostname and not url.username
    except ValueError:
        is_address = False
    if not is_address or url.query or url.fragment:
        raise UserError(
            f"--public-url {public_url[:100]}: give an address such as https://example.org/sign."
        )
    return url.path.rstrip("/")


def _token(options: AddressOptions) -> str | None:
    """The token of the file, or a new one where strangers can reach the server."""
    if options.token_file is not None:
        token = options.token_file.read_text(encoding="utf-8", errors="replace").strip()
        if len(token) < LEAST_TOKEN or not token.isascii() or not token.isalnum():
            raise UserError(
                f"{options.token_file} must hold one token of at least {LEAST_TOKEN} letters and "
                "digits, such as: openssl rand -hex 24"
            )
        return token
    return None if options.host in LOOPBACK and not options.public_url else new_token()
