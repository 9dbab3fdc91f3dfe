"""The page's server: its files, the stream of changes, looks back, explanations, acts."""

import asyncio
import json
import mimetypes
from collections.abc import AsyncIterator, Callable
from importlib import resources
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from quelea.errors import UserError
from quelea.watch.guard import App, Guard
from quelea.watch.hub import Hub

PAGES_MAX = 32  # open at once
ALIVE_S = 5.0  # a stream says so when nothing else is to be said
BODY_BYTES_MAX = 4_096
INDEX = "index.html"

Act = Callable[[dict[str, Any]], dict[str, Any]]


class Waiter:
    """Wakes the streams of one event loop after each tick of the hub."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._loop = asyncio.get_running_loop()
        self._ticked = asyncio.Event()
        hub.listeners.add(self._tell)

    def _tell(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        ticked, self._ticked = self._ticked, asyncio.Event()
        ticked.set()

    async def wait(self) -> None:
        """Return after the next tick, or after ALIVE_S."""
        try:
            await asyncio.wait_for(self._ticked.wait(), ALIVE_S)
        except TimeoutError:
            return


def files() -> dict[str, tuple[bytes, str]]:
    """Return the page's files, content and type by name: nothing else can be asked for."""
    found = {}
    for path in (resources.files("quelea.watch") / "page").iterdir():
        kind = mimetypes.guess_type(path.name)[0]
        if kind is not None and path.is_file():
            charset = "; charset=utf-8" if kind.startswith("text/") or "script" in kind else ""
            found[path.name] = path.read_bytes(), kind + charset
    return found


class Page:
    """The routes over one hub. look, why: answer for a journal; None on a bus."""

    def __init__(
        self,
        hub: Hub,
        look: Callable[[int], str] | None = None,
        why: Callable[[str, float | None], str] | None = None,
        act: Act | None = None,
    ) -> None:
        self.hub = hub
        self.look = look
        self.why = why
        self.act = act
        self.files = files()
        self.open = 0
        self.stopping = False
        self._waiter: Waiter | None = None

    def routes(self) -> list[Route]:
        """Return all routes."""
        return [
            Route("/", self._file),
            Route("/page/{name}", self._file),
            Route("/stream", self._stream),
            Route("/look", self._look),
            Route("/why", self._why),
            Route("/act", self._act, methods=["POST"]),
        ]

    async def _file(self, request: Request) -> Response:
        found = self.files.get(request.path_params.get("name", INDEX))
        if found is None:
            return PlainTextResponse("no such file", 404)
        return Response(found[0], media_type=found[1])

    async def _stream(self, request: Request) -> Response:
        if self.open >= PAGES_MAX:
            return PlainTextResponse(f"{PAGES_MAX} pages are open already", 503)
        if self._waiter is None:
            self._waiter = Waiter(self.hub)
        return StreamingResponse(self._say(self._waiter), media_type="text/event-stream")

    async def _say(self, waiter: Waiter) -> AsyncIterator[str]:
        """Yield what is new, as fast as this page takes it and no faster than the hub ticks."""
        self.open += 1
        try:
            text, cursor = await run_in_threadpool(self.hub.hello)
            yield event("hello", text)
            while not self.stopping:
                await waiter.wait()
                if self.hub.tick == cursor.tick:
                    yield ": alive\n\n"
                    continue
                text, cursor = await run_in_threadpool(self.hub.news, cursor)
                yield event("tick", text)
        finally:
            self.open -= 1

    async def _look(self, request: Request) -> Response:
        try:
            t_us = int(request.query_params.get("t_us", ""))
        except ValueError:
            return PlainTextResponse("t_us: microseconds of the run", 400)
        if self.look is None:
            return PlainTextResponse("there is no journal to look back in", 404)
        return Response(await run_in_threadpool(self.look, t_us), media_type="application/json")

    async def _why(self, request: Request) -> Response:
        node, at = request.query_params.get("node", "")[:32], request.query_params.get("t_us")
        if self.why is None:
            return PlainTextResponse("there is no journal to explain from", 404)
        try:
            at_s = None if at is None else int(at) / 1e6
            return PlainTextResponse(await run_in_threadpool(self.why, node, at_s))
        except (UserError, ValueError) as error:
            return PlainTextResponse(str(error), 400)

    async def _act(self, request: Request) -> Response:
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > BODY_BYTES_MAX:
                return JSONResponse({"ok": False, "note": "too long"}, 413)
        try:
            wanted = json.loads(body)
        except ValueError:
            wanted = None
        if not isinstance(wanted, dict) or self.act is None:
            return JSONResponse({"ok": False, "note": "not an act"}, 400)
        done = await run_in_threadpool(self.act, wanted)
        return JSONResponse(done, 200 if done.get("ok") else 409)


def event(name: str, text: str) -> str:
    """Return a server-sent event; text is one line of JSON."""
    return f"event: {name}\ndata: {text}\n\n"


def application(page: Page, port: int, token: str) -> App:
    """Return what uvicorn runs."""
    return Guard(Starlette(routes=page.routes()), port, token)
