"""The webhook of the demo, on a real socket."""

import io
import json

import aiohttp

from observability.demo import webhook
from observability.demo.pages import Page

ALERT = {"status": "firing", "fingerprint": "a1", "labels": {"alertname": "GitOpsApplicationDegraded"}}


async def test_it_tells_each_page() -> None:
    told: list[Page] = []
    async with webhook.serving(told.append) as url, aiohttp.ClientSession() as client:
        answer = await client.post(url, json={"receiver": "page", "alerts": [ALERT]})

    assert answer.status == 200
    assert [page.who for page in told] == ["pager"]


async def test_it_refuses_what_is_no_message() -> None:
    told: list[Page] = []
    async with webhook.serving(told.append) as url, aiohttp.ClientSession() as client:
        answer = await client.post(url, json={"receiver": "page", "alerts": 1})
        said = await answer.text()

    assert answer.status == 400
    assert said.startswith("expected a message of Alertmanager: ")
    assert told == []


async def test_all_alerts_of_a_large_company_are_one_message() -> None:
    told: list[Page] = []
    many = [{**ALERT, "fingerprint": str(number), "annotations": {"description": "x" * 1000}} for number in range(2000)]
    body = io.BytesIO(json.dumps({"receiver": "chat", "alerts": many}).encode())
    async with webhook.serving(told.append) as url, aiohttp.ClientSession() as client:
        answer = await client.post(url, data=body)

    assert answer.status == 200
    assert len(told) == 2000
