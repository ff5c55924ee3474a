"""Puts what was generated where it is read: dashboards into Grafana, rule files into a folder of Prometheus.

    texts by path ─▶ plan (pure: create, change, prune, conflicts) ─▶ print it, or do it all, or take it back

What is there is read first, and nothing is written while anything is in the way. Only what is ours is changed or
removed. When a step fails, the steps before it are taken back. Texts come in: nothing here knows how they are made.
"""
