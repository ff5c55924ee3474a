"""An Application and its projects as the API has them."""

import json
from collections.abc import Mapping

import pytest

from observability.cli import lookup
from observability.errors import NotFound, SourceError
from observability.model.application import Key

BASE = "/apis/argoproj.io/v1alpha1/namespaces"
APPLICATIONS = f"{BASE}/teams/applications"


def api(objects: Mapping[str, object]) -> lookup.Get:
    """An API server that has these objects at these paths, and 404 for all others."""

    async def get(path: str) -> bytes:
        if path not in objects:
            raise NotFound(404, "NotFound", path)
        return json.dumps(objects[path]).encode()

    return get


def named(name: str, **rest: object) -> dict[str, object]:
    return {"metadata": {"name": name, "namespace": "teams"}, **rest}


async def test_the_project_is_the_one_beside_its_argo_cd() -> None:
    get = api(
        {
            f"{APPLICATIONS}/shop": named("shop", spec={"project": "web"}, status={"controllerNamespace": "gitops"}),
            f"{BASE}/gitops/appprojects/web": {"metadata": {"name": "web", "namespace": "gitops"}},
            f"{BASE}/teams/appprojects/web": {"metadata": {"name": "web", "namespace": "teams"}},
            f"{BASE}/gitops/appprojects/all": {"metadata": {"name": "all", "namespace": "gitops"}},
        }
    )
    application, projects = await lookup.gather(get, Key("teams", "shop"), ("all", "web", "gone"))
    assert application.key == Key("teams", "shop")
    assert [project.key for project in projects] == [Key("gitops", "web"), Key("gitops", "all")]


async def test_without_a_project_it_is_default() -> None:
    get = api(
        {
            f"{APPLICATIONS}/shop": named("shop"),
            f"{BASE}/argocd/appprojects/default": {"metadata": {"name": "default", "namespace": "argocd"}},
        }
    )
    application, projects = await lookup.gather(get, Key("teams", "shop"), ())
    assert (application.project, [project.key for project in projects]) == ("default", [Key("argocd", "default")])


async def test_what_is_not_there_or_not_readable_is_named() -> None:
    with pytest.raises(NotFound):
        await lookup.gather(api({}), Key("teams", "shop"), ())
    with pytest.raises(SourceError, match="AppProject web of Application teams/shop is not there"):
        await lookup.gather(
            api({f"{APPLICATIONS}/shop": named("shop", spec={"project": "web"})}), Key("teams", "shop"), ()
        )
    with pytest.raises(SourceError, match=r"Application .*kind"):
        await lookup.gather(api({f"{APPLICATIONS}/shop": named("shop", kind="Pod")}), Key("teams", "shop"), ())
    with pytest.raises(SourceError, match=r"AppProject .*kind"):
        await lookup.gather(
            api({f"{APPLICATIONS}/shop": named("shop"), f"{BASE}/argocd/appprojects/default": named("x", kind="Pod")}),
            Key("teams", "shop"),
            (),
        )
