"""A webhook that Alertmanager calls, in place of a pager and a chat. Serves HTTP."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from observability.demo.pages import Page, Pages

_MOST_BYTES: Final = 64 * 2**20
"""A message has all alerts of its group, and those may be as many as there are Applications."""


@asynccontextmanager
async def serving(tell: Callable[[Page], None]) -> AsyncIterator[str]:
    """Serve on a free port of the loopback; its URL. `tell` gets each page."""
    pages = Pages()

    async def take(request: web.Request) -> web.Response:
        try:
            for page in pages.news(await request.read()):
                tell(page)
        except ValueError as error:
            raise web.HTTPBadRequest(text=f"expected a message of Alertmanager: {error}\n") from error
        return web.Response()

    application = web.Application(client_max_size=_MOST_BYTES)
    application.router.add_post("/", take)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}/"
    finally:
        await runner.cleanup()
