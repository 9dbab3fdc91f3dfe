"""The door of the page's server: only our own page may ask, and act only with the token.

The server listens on loopback, but every page in the browser can reach loopback. So a request must
name one of our own hosts (a foreign name that was pointed at 127.0.0.1, DNS rebinding, does not),
must not come from another origin, and to act it must carry the token that the terminal showed.
"""

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

TOKEN_HEADER = b"x-quelea-token"
SAME = (b"same-origin", b"none")  # of Sec-Fetch-Site: our page, or typed by the person
HEADERS = (
    (b"content-security-policy",
     b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
     b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)  # fmt: skip


class Guard:
    """port: where we listen. token: what a POST must carry; empty: nothing may be done."""

    def __init__(self, app: App, port: int, token: str) -> None:
        self.app = app
        self.token = token
        self.hosts = {name + b":%d" % port for name in (b"127.0.0.1", b"localhost")}
        self.origins = {b"http://" + host for host in self.hosts}

    def refusal(self, method: str, headers: dict[bytes, bytes]) -> str:
        """Return why a request is refused, empty when it is not."""
        if headers.get(b"host") not in self.hosts:
            return "this page is served to this machine only, under 127.0.0.1 or localhost"
        origin = headers.get(b"origin")
        if origin is not None and origin not in self.origins:
            return "another site's page may not ask here"
        if headers.get(b"sec-fetch-site", b"none") not in SAME and method != "GET":
            return "another site's page may not act here"
        if method in ("GET", "HEAD"):
            return ""
        if method != "POST":
            return "only GET and POST are understood"
        if not self.token:
            return "this page only looks; start it with --allow-write to act"
        if origin is None:
            return "an act must come from the page itself"
        if not secrets.compare_digest(headers.get(TOKEN_HEADER, b""), self.token.encode()):
            return "the token is missing or wrong; open the address that the terminal shows"
        return ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through or refuse it with 403; every answer carries HEADERS."""
        if scope["type"] != "http":
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *HEADERS]}
            await send(message)

        why = self.refusal(scope["method"], dict(scope["headers"]))
        if not why:
            await self.app(scope, receive, with_headers)
            return
        body = why.encode()
        head = [(b"content-type", b"text/plain; charset=utf-8")]
        await with_headers({"type": "http.response.start", "status": 403, "headers": head})
        await send({"type": "http.response.body", "body": body})
