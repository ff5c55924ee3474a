"""Demo: a simulated cluster with the Applications of a believable company.

A real HTTP list and watch API (`api`, `watching`, `listing`) over versioned objects (`store`), and the people and
controllers that change them (`life`, `stories`, `operations`). It is the embedded default for those who try the
product, and the load generator of the benchmarks. It knows nothing of the exporter: it is read like any cluster.

Objects are kept as small records (`application`) and rendered on demand (`objects`): a hundred thousand of 11 KB would
take more than a gigabyte as JSON.

Beside it stand those who watch: a Prometheus and an Alertmanager (`monitors`), and who is called (`webhook`, `pages`).
"""
