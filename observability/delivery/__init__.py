"""Delivery: facts out, to those who ask.

`exposition` keeps the text of /metrics ready, `http` serves it behind guards. They do not know each other: app.py joins
them. Here is the only place of prometheus_client, of the web server and of who may scrape.
"""
