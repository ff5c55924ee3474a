"""Where the server listens: from `HOST:PORT` to bound sockets. I/O: binds, and resolves a host name once."""

import errno
import os
import socket
from dataclasses import dataclass

from observability.errors import DeliveryError, SettingsError
from observability.settings.values import host_and_port

_BACKLOG = 1024


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port. An empty host is every interface, port 0 any free port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """`text` as an address. Raises SettingsError."""
    try:
        return Address(*host_and_port(text))
    except ValueError as error:
        raise SettingsError("", "server.listen", f'{error}, got "{text}"') from None


def listen(address: Address) -> tuple[socket.socket, ...]:
    """Sockets that listen, without blocking, on every address of the host. Raises DeliveryError: in use, unknown."""
    sockets: list[socket.socket] = []
    try:
        hosts = _hosts(address.host)
        for family, host in hosts:
            port = sockets[0].getsockname()[1] if sockets else address.port
            try:
                sockets.append(_bound(family, host, port))
            except OSError as error:
                if (
                    error.errno != errno.EADDRNOTAVAIL or len(hosts) == 1
                ):  # localhost is ::1 too, where there is no IPv6
                    raise
    except OSError as error:
        for bound in sockets:
            bound.close()
        raise DeliveryError(f"cannot listen on {address}: {_reason(error)}") from error
    if not sockets:
        raise DeliveryError(f"cannot listen on {address}: none of its addresses is one of this machine")
    return tuple(sockets)


def bound_address(listener: socket.socket) -> Address:
    """Where a socket listens, with the port that it got."""
    host, port = listener.getsockname()[:2]
    return Address(host, port)


def _hosts(host: str) -> list[tuple[socket.AddressFamily, str]]:
    if host in ("", "::"):
        return [(socket.AF_INET6, "::") if socket.has_dualstack_ipv6() else (socket.AF_INET, "0.0.0.0")]
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, str(sockaddr[0])) for family, *_, sockaddr in found))


def _reason(error: OSError) -> str:
    if isinstance(error, socket.gaierror) or not error.errno:
        return error.strerror or str(error)
    return os.strerror(error.errno).lower()


def _bound(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    every = host == "::"
    listener = socket.create_server((host, port), family=family, backlog=_BACKLOG, dualstack_ipv6=every)
    listener.setblocking(False)
    return listener
