"""Images of a workload while it rolls."""

import pytest

from observability.state.images import is_mixed, repository, without_replaced


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("shop", "shop"),
        ("shop:1.2", "shop"),
        ("registry:5000/team/shop", "registry:5000/team/shop"),
        ("registry:5000/team/shop:1.2", "registry:5000/team/shop"),
        ("registry/shop:1.2@sha256:0a", "registry/shop"),
        ("registry/shop@sha256:0a", "registry/shop"),
        ("", ""),
    ],
)
def test_a_repository_is_the_image_without_tag_and_digest(image: str, expected: str) -> None:
    assert repository(image) == expected


@pytest.mark.parametrize(
    ("images", "before", "mixed"),
    [
        (["shop:2"], ["shop:1"], False),
        (["shop:1", "shop:2"], ["shop:1"], True),
        (["shop:1", "proxy:1"], ["shop:1"], False),
        (["shop:1", "shop:2"], ["shop:1", "shop:2"], False),
        (["shop:1", "shop:2"], [], False),
        ([], ["shop:1"], False),
    ],
)
def test_old_beside_new_of_one_repository_is_mixed(images: list[str], before: list[str], *, mixed: bool) -> None:
    assert is_mixed(images, before) is mixed


def test_what_is_replaced_is_left_out() -> None:
    assert without_replaced(["proxy:1", "shop:1", "shop:2"], ["proxy:1", "shop:1"]) == ("proxy:1", "shop:2")
