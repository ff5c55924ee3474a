"""Checks: whether rules, dashboards and routes, ours or anybody's, do what their authors mean.

    files ─▶ reading (positions) ─▶ documents ─▶ CHECKS ─▶ running ─▶ findings ─▶ outputs

A check is a row with one pure function from a document to what is wrong with it. `files` is the only module that
reads files. To add a check, add a row to the module of what it looks at and a case to its test; of another package, an
entry point of the group gitops_observability.checks that is a `Check`.
"""
