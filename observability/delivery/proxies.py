"""The proxy on the way to a receiver, as the variables say that every client obeys. Reads the environment.

Left to aiohttp (`trust_env`), it would read ~/.netrc, too: it would send a password that nobody meant for the receiver,
or fail over an Authorization header. Source: aiohttp 3.14, `ClientSession._request`, `helpers.proxies_from_env`.
"""

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def proxy_for(url: str) -> str | None:
    """The proxy for a URL by http_proxy, https_proxy and no_proxy, in small or capital letters; None: none.

    A user and a password are as the variable has them. One without a scheme is an HTTP proxy, as for curl.
    """
    parts = urlsplit(url)
    if proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    proxy = getproxies().get(parts.scheme)
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy or None
