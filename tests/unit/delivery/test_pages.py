"""What people and probes read."""

import base64
import hashlib
import re

from observability.delivery.guards import Refusal
from observability.delivery.pages import REFUSALS, SECURITY, index, readiness


def test_ready_when_there_is_nothing_to_wait_for() -> None:
    assert (readiness([]).status, readiness([]).text) == (200, "ready\n")


def test_not_ready_names_what_is_missing() -> None:
    page = readiness(["applications: forbidden", "appprojects: not listed yet"])
    assert page.status == 503
    assert page.text == "not ready: applications: forbidden\nnot ready: appprojects: not listed yet\n"


def test_the_index_escapes_what_it_is_told() -> None:
    text = index("1.0<b>", ['kind "a" & <i>'], ["<u>"], [("<s>", 'https://argocd.example.com/?a="b"&c')]).text
    assert not re.search(r"<[bius]>", text)
    assert '<a href="https://argocd.example.com/?a=&quot;b&quot;&amp;c">&lt;s&gt;</a>' in text
    assert "kind &quot;a&quot; &amp; &lt;i&gt;" in text


def test_the_index_allows_its_own_style_and_loads_nothing() -> None:
    text = index("1.0", [], [], []).text
    style = re.search(r"<style>(.*?)</style>", text)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"'sha256-{digest}'" in SECURITY["Content-Security-Policy"]
    assert not re.search(r"src=|<link|<script|https?:", text)
    assert '<html lang="en">' in text
    assert "<h2>Watched" not in text


def test_who_is_told_to_come_again_is_told_when() -> None:
    again = {Refusal.SCRAPE_CAP, Refusal.AUTHENTICATION_BUSY, Refusal.REVIEW_FAILED}
    assert {reason for reason, page in REFUSALS.items() if "Retry-After" in page.headers} == again
