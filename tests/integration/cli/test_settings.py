"""Whether `settings --check` refuses the files that `run` refuses, as processes of their own."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.cli.test_process import run

KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "nowhere",
    "clusters": [{"name": "nowhere", "cluster": {"server": "http://127.0.0.1:9"}}],
    "users": [{"name": "nobody", "user": {}}],
    "contexts": [{"name": "nowhere", "context": {"cluster": "nowhere", "user": "nobody"}}],
}


def bad_groups(folder: Path) -> Mapping[str, Any]:
    """Settings that are good by themselves, and name files that are not."""
    (folder / "no.pem").write_text("no certificate")
    (folder / "web.yaml").write_text("tls_server_config: {cert_file: absent.pem, key_file: absent.pem}")
    (folder / "key").write_text("short")
    absent = str(folder / "absent" / "file")
    api = {"source": "api", "url": "https://argocd.example.com", "certificate": str(folder / "no.pem")}
    return {
        "server": {"listen": "127.0.0.1:0", "web_config": str(folder / "web.yaml")},
        "journal": {"path": absent},
        "events": {"hash_initiators": True, "hash_key_file": str(folder / "key")},
        "argocd": {"metadata": api},
        "otlp": {"endpoints": [{"endpoint": "https://collector:4318", "certificate": absent}]},
        "plugins": ["absent"],
    }


def settings_file(folder: Path, groups: Mapping[str, Any]) -> str:
    file = folder / "settings.yaml"
    file.write_text(yaml.safe_dump(dict(groups)))
    return str(file)


@pytest.mark.timeout(240)
def test_what_run_refuses_is_refused_by_check_and_left_as_it_is(tmp_path: Path) -> None:
    groups = bad_groups(tmp_path)
    (tmp_path / "kubeconfig").write_text(json.dumps(KUBECONFIG))
    refused = []
    for name, group in groups.items():
        started = run(
            "run",
            "--config",
            settings_file(tmp_path, {"server": {"listen": "127.0.0.1:0"}, name: group}),
            KUBECONFIG=str(tmp_path / "kubeconfig"),
        )
        assert started.returncode in (2, 3), started.stderr
        refused.append(started.stderr.splitlines()[-1])
    together = {name: group for name, group in groups.items() if name != "plugins"}
    file = settings_file(tmp_path, together)
    before = sorted(tmp_path.rglob("*"))
    checked = run("settings", "--check", "--config", file)
    assert (checked.returncode, checked.stdout) == (2, "")
    assert checked.stderr.splitlines() == refused[:-1]
    checked = run("settings", "--check", "--config", settings_file(tmp_path, {"plugins": groups["plugins"]}))
    assert checked.stderr.splitlines() == refused[-1:]
    assert sorted(tmp_path.rglob("*")) == before


def test_files_that_are_good(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text("{}")
    groups = {"server": {"web_config": str(tmp_path / "web.yaml")}, "journal": {"path": str(tmp_path / "journal.db")}}
    file = settings_file(tmp_path, groups)
    before = sorted(tmp_path.rglob("*"))
    checked = run("settings", "--check", "--config", file)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, f"{file}: ok\n", "")
    assert sorted(tmp_path.rglob("*")) == before
