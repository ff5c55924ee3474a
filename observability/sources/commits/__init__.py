"""Commits: who wrote what is deployed, asked of Argo CD's API or read from local clones. Optional.

Here belongs what finds out about a revision (`api`, `clones`), what was found (`cache`), and the queue between the
pipeline, which never waits, and a source, which may be slow or away (`requests`). `opening` makes the source that the
settings name. No exception of aiohttp's leaves `api`, no commit of Git's is ever fetched.
"""
