"""A forward proxy for HTTP, and for TLS by CONNECT."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


class ForwardProxy:
    """A working proxy, one request a connection.

    Faithful to RFC 9110, 9.3.6 (CONNECT) and RFC 9112, 3.2.2 (absolute-form) as far as clients here need it. With
    `authorization`, who does not show it in Proxy-Authorization is answered 407.
    """

    def __init__(self) -> None:
        self.authorization = ""
        self.asked: list[str] = []
        """The first line of each request, and its headers in small letters."""
        self.address = ""
        """Host and port."""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._forward(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, _, headers = head.partition("\r\n")
        self.asked.append(f"{first}\n{headers.casefold()}")
        if f"proxy-authorization: {self.authorization}".casefold() not in headers.casefold() and self.authorization:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        method, where, _ = first.split(" ")
        parts = urlsplit(f"//{where}" if method == "CONNECT" else where)
        there, back = await asyncio.open_connection(parts.hostname, parts.port)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            own = [line for line in headers.split("\r\n") if line and not line.casefold().startswith("proxy-")]
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            back.write("\r\n".join((f"{method} {path} HTTP/1.1", *own, "Connection: close", "", "")).encode("latin-1"))
        await asyncio.gather(_copy(reader, back), _copy(there, writer))

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["ForwardProxy"]:
        """Serve on a free port of the loopback; `address` tells which."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """All that comes, until the end."""
    with suppress(ConnectionError):
        while some := await reader.read(2**16):
            writer.write(some)
            await writer.drain()
    writer.close()
