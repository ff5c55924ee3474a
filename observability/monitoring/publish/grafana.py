"""Dashboards into one folder of Grafana, by its HTTP API; all of them, or none. Talks to the network.

Source: Grafana 11 to 13 HTTP API: folders (GET and POST /api/folders), search (GET /api/search), dashboards (GET and
DELETE /api/dashboards/uid/:uid; POST /api/dashboards/db answers 412 when `version` is not the one it has, unless
`overwrite`). Grafana 13 calls /api legacy, and keeps it as it is.

The API has no transactions. So everything is read and judged first; each write names the version that was read; what
a failed run has written is taken back, unless somebody changed it since.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from observability.errors import Conflict, PublishError
from observability.monitoring.publish.dashboards import Action, Document, Folder, Found, Plan, Rules, Step, plan, same
from observability.monitoring.publish.web import Web

_PAGE: Final = 1000
_MESSAGE: Final = "Published by gitops-obs"
"""What the version history of a dashboard says."""
_DONE: Final = {Action.CREATE: "created", Action.CHANGE: "changed", Action.PRUNE: "removed"}

Say = Callable[[str], object]


class Publication:
    """One run: `planned` says what it would do, `publish` does it."""

    def __init__(self, web: Web, wanted: Mapping[str, Document], rules: Rules, say: Say) -> None:
        self._web = web
        self._wanted = wanted
        self._rules = rules
        self._say = say
        self._has_folder = False
        self._versions: dict[str, int] = {}
        """Which versions this run has made, by uid, as far as Grafana answered."""

    async def planned(self) -> Plan:
        """What has to be done. Reads only. Raises PublishError when Grafana cannot be asked."""
        self._has_folder = await _has_folder(self._web, self._rules.folder)
        uids = list(self._wanted)
        if self._has_folder:
            uids += [uid for uid in await _in_folder(self._web, self._rules) if uid not in self._wanted]
        found = {uid: one for uid in uids if (one := await _dashboard(self._web, uid)) is not None}
        return plan(self._wanted, found, self._rules)

    async def publish(self, planned: Plan) -> None:
        """Do all that is planned, and say each step.

        Raises:
            Conflict: something of somebody else's is in the way, or a dashboard changed since it was read.
            PublishError: Grafana refused something or went away. Both say what was taken back, and what was not.
        """
        refuse(planned)
        done: list[Step] = []
        makes_folder = bool(planned.steps) and not self._has_folder
        try:
            if makes_folder:
                await self._make_folder()
            for step in planned.steps:
                done.append(step)  # before it is: when its answer is lost, it may be done
                await self._take(step)
                self._say(f"{_DONE[step.action]} {step.uid}  {step.title}")
        except Conflict as error:
            raise Conflict(f"{error}\n{await self._undone(done[:-1], makes_folder)}") from error
        except PublishError as error:
            raise PublishError(f"{error}\n{await self._undone(done, makes_folder)}") from error
        except BaseException:  # interrupted
            self._say(await self._undone(done, makes_folder))
            raise

    async def _make_folder(self) -> None:
        folder = self._rules.folder
        await self._web.ask("POST", "/api/folders", {"uid": folder.uid, "title": folder.title})
        self._say(f"created the folder {folder.title} ({folder.uid})")

    async def _take(self, step: Step) -> None:
        if step.after is not None:
            await self._save(step.uid, step.after, step.before, self._rules.folder.uid)
            return
        now = await _dashboard(self._web, step.uid)
        if now is not None and now != step.before and not self._rules.overwrite:
            raise Conflict(f"{step.uid}: somebody changed it meanwhile, so it is not removed; publish again")
        if now is not None:
            await self._delete(step.uid)

    async def _save(self, uid: str, document: Document, replaced: Found | None, folder: str) -> None:
        """Write a dashboard in place of the version that was read."""
        known = replaced.document if replaced else {}
        numbers = {"id": known.get("id"), "version": known.get("version", 0)}
        body = {
            "dashboard": {**document, **numbers},
            "folderUid": folder,
            "message": _MESSAGE,
            "overwrite": self._rules.overwrite,
        }
        answer = await self._web.ask("POST", "/api/dashboards/db", body, also={412})
        if answer.status == 412:
            said = self._web.said(answer)
            raise Conflict(f"{uid}: {said} (412); look at it with --dry-run, and publish again, or with --overwrite")
        self._versions[uid] = answer.member("version")

    async def _delete(self, uid: str) -> None:
        await self._web.ask("DELETE", f"/api/dashboards/uid/{uid}", also={404})

    async def _undone(self, done: Iterable[Step], made_folder: bool) -> str:
        """Take back what was done, the last first; what came of it, for people."""
        kept = []
        for step in reversed(list(done)):
            try:
                await self._take_back(step)
            except PublishError as error:
                kept.append(f"{step.uid} is not as it was: {error}")
        if made_folder and not kept:
            kept += await self._without_folder()
        return "\n".join(kept) or "all is as it was before"

    async def _take_back(self, step: Step) -> None:
        """Put a dashboard back as it was. Raises PublishError when that cannot be, or somebody changed it since."""
        now = await _dashboard(self._web, step.uid)
        if _unchanged(now, step.before):
            return
        if not self._made(now, step):
            raise Conflict("somebody changed it meanwhile")
        if step.before is None:
            await self._delete(step.uid)
        else:
            await self._save(step.uid, step.before.document, now, step.before.folder)

    def _made(self, now: Found | None, step: Step) -> bool:
        """Whether what is there is what this run made of it; where its answer was lost, by what stands in it."""
        if now is None or step.after is None:
            return now is None and step.after is None
        made = self._versions.get(step.uid)
        return same(now.document, step.after) if made is None else now.document.get("version") == made

    async def _without_folder(self) -> list[str]:
        """Remove the folder that this run made, when nobody has put anything into it; what went wrong."""
        uid = self._rules.folder.uid
        try:
            if not await _has_folder(self._web, self._rules.folder):
                return []
            query: dict[str, str | int] = {"folderUIDs": uid, "limit": 1}
            if not (await self._web.ask("GET", "/api/search", query=query)).document():
                await self._web.ask("DELETE", f"/api/folders/{uid}", query={"forceDeleteRules": "false"})
        except PublishError as error:
            return [f"the folder {uid} is still there: {error}"]
        return []


def refuse(planned: Plan) -> None:
    """Raises Conflict when anything is in the way of a plan."""
    if planned.conflicts:
        raise Conflict("\n".join([*planned.conflicts, "nothing was changed"]))


def _unchanged(now: Found | None, before: Found | None) -> bool:
    if now is None or before is None:
        return now is before
    return now.folder == before.folder and same(now.document, before.document)


async def _has_folder(web: Web, folder: Folder) -> bool:
    """Whether the folder is there. Raises PublishError when it may not be filled."""
    answer = await web.ask("GET", f"/api/folders/{folder.uid}", also={404})
    if answer.status == 404:
        return False
    if answer.member("uid") != folder.uid or answer.document().get("canSave") is False:
        raise PublishError(f"these credentials may not change the folder {folder.uid} at {web.url}")
    return True


async def _in_folder(web: Web, rules: Rules) -> list[str]:
    """The uids of the dashboards in our folder that have our tag."""
    uids: list[str] = []
    for page in range(1, 100):
        query: dict[str, str | int] = {"type": "dash-db", "tag": rules.tag, "folderUIDs": rules.folder.uid}
        answer = await web.ask("GET", "/api/search", query={**query, "limit": _PAGE, "page": page})
        hits = answer.document()
        if not isinstance(hits, list):
            raise PublishError(f"{answer.url} answers without a list: is the address right?")
        uids += [str(hit["uid"]) for hit in hits if isinstance(hit, dict) and hit.get("uid")]
        if len(hits) < _PAGE:
            break
    return uids


async def _dashboard(web: Web, uid: str) -> Found | None:
    answer = await web.ask("GET", f"/api/dashboards/uid/{uid}", also={404})
    if answer.status == 404:
        return None
    document: Any = answer.member("dashboard")
    meta: Any = answer.member("meta")
    return Found(document, str(meta.get("folderUid") or ""), bool(meta.get("provisioned")))
