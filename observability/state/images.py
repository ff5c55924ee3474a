"""Images of a workload while it rolls: the old and the new ones stand side by side. Pure."""

from collections.abc import Collection, Iterable
from typing import Final

IMAGES_SETTLE_SECONDS: Final = 60.0
"""So long after it is Healthy its images may still change: pods of the version before take their time to go."""


def repository(image: str) -> str:
    """An image without tag and digest: `registry:5000/shop:1.2@sha256:…` is `registry:5000/shop`."""
    name = image.partition("@")[0]
    last = name.rfind("/") + 1
    colon = name.find(":", last)
    return name if colon < 0 else name[:colon]


def is_mixed(images: Iterable[str], before: Collection[str]) -> bool:
    """An image that was there before stands beside a new one of the same repository: not all is replaced yet."""
    images = tuple(images)
    return without_replaced(images, before) != images


def without_replaced(images: Iterable[str], before: Collection[str]) -> tuple[str, ...]:
    """The images, without those from before whose repository has a new one: what it will be once all is replaced."""
    images = tuple(images)
    replaced = {repository(image) for image in images if image not in before}
    return tuple(image for image in images if image not in before or repository(image) not in replaced)
