"""The second line: what is authored once becomes dashboards, rules and routes for each environment.

    dashboards/, alerts/ (rows) ─▶ spec ─▶ load ─▶ generate ─▶ checks ─▶ publish

It queries what the first line serves; the two meet in the catalogue of signals.
"""
