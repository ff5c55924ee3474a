"""Delivery: facts out, to those who ask and to those who are told.

`exposition` keeps the text of /metrics ready, `http` serves it behind guards. They do not know each other:
`app.composition` joins them. `sending` brings what was recorded to those who want to be told: receivers of `otlp`, and
`sinks`. Here is the only place of prometheus_client, of the web server and of who may scrape.
"""
