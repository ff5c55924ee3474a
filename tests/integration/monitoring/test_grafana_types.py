"""The dashboards by the types of Grafana 13 itself: @grafana/schema, and the TypeScript compiler as the judge.

No Grafana can be run by the tests; these types are what its front end reads dashboards with. The options of panels are
judged too, by the types of the panels' own plugins.
"""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from tests.dashboards import ROWS, board, generated, panel, panels_of

pytestmark = pytest.mark.servers

SCHEMA: Final = Path(__file__).parents[3] / ".cache" / "servers" / "grafana-schema-13.2.3"
OPTIONS: Final = ("--strict", "--skipLibCheck", "--moduleResolution", "bundler", "--module", "esnext")

TYPES: Final = """\
import type { AnnotationQuery, Dashboard } from "@grafana/schema";
type Literal<T> = unknown extends T ? T : T extends string ? `${T}` : T extends (infer U)[] ? Literal<U>[]
  : T extends object ? { [K in keyof T]: Literal<T[K]> } : T;
/* What Prometheus and Loki read beside the query; the type knows only Grafana's own annotations. */
type Mark = AnnotationQuery & { expr?: string; titleFormat?: string; textFormat?: string };
type Judged = Omit<Dashboard, "annotations"> & { annotations?: { list?: Omit<Mark, "target">[] } };
"""
"""Enums are taken as their values: JSON has no enums."""


@pytest.fixture(scope="module")
def compiler() -> Path:
    """The TypeScript compiler beside Grafana's types."""
    path = SCHEMA / "node_modules" / ".bin" / "tsc"
    if not path.exists():
        message = "Grafana's types are missing: .ci/servers installs them with npm"
        if os.environ.get("CI") == "true":  # noqa: TID251 - of the tests, not of the product
            pytest.fail(message)
        pytest.skip(message)
    return path


def module_of(document: Mapping[str, Any]) -> str:
    """A TypeScript module that only compiles when the dashboard has the types that Grafana knows."""
    marks = [{key: one for key, one in mark.items() if key != "target"} for mark in document["annotations"]["list"]]
    judged = {**document, "annotations": {"list": marks}}
    lines = [TYPES, f"export const dashboard: Literal<Judged> = {json.dumps(judged)};"]
    plugins = set()
    for one in panels_of(dict(document)):
        plugin = one["type"].replace("-", "")
        plugins.add(plugin)
        lines.append(f"export const options{one['id']}: Literal<{plugin}.Options> = {json.dumps(one['options'])};")
        custom = one["fieldConfig"]["defaults"].get("custom")
        if custom:
            lines.append(f"export const custom{one['id']}: Literal<{plugin}.FieldConfig> = {json.dumps(custom)};")
    where = SCHEMA / "node_modules" / "@grafana" / "schema" / "dist" / "types" / "raw" / "composable"
    lines += [
        f'import type * as {one} from "{where / one / "panelcfg" / "x" / "types.gen"}";' for one in sorted(plugins)
    ]
    return "\n".join(lines) + "\n"


def judged(compiler: Path, folder: Path, documents: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the compiler has to say about them, a line each; nothing when all is well."""
    (folder / "node_modules").symlink_to(SCHEMA / "node_modules")
    files = [folder / f"dashboard{number}.ts" for number in range(len(documents))]
    for file, document in zip(files, documents, strict=True):
        file.write_text(module_of(document), encoding="utf-8")
    ended = subprocess.run(
        [compiler, "--noEmit", "--target", "es2022", *OPTIONS, *files],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert bool(ended.returncode) is bool(ended.stdout), ended.stderr
    return ended.stdout.splitlines()


def test_all_dashboards_have_the_types_of_grafana(compiler: Path, tmp_path: Path) -> None:
    assert judged(compiler, tmp_path, [generated(row) for row in ROWS]) == []


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("mood",), "good", "mood"),
        (("schemaVersion",), "41", "number"),
        (("panels", 0, "span"), 6, "span"),
        (("panels", 0, "fieldConfig", "defaults", "color", "mode"), "mood", "mood"),
        (("panels", 0, "options", "colorMode"), "mood", "mood"),
        (("templating", "list", 0, "useTags"), False, "useTags"),
        (("links", 0, "icon"), None, "null"),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_what_grafana_does_not_know_is_found(
    compiler: Path, tmp_path: Path, path: tuple[str | int, ...], value: object, said: str
) -> None:
    document = generated(board(panel()))
    place: Any = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert said in "\n".join(judged(compiler, tmp_path, [document]))
