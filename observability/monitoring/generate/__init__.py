"""From authored rows to the files that Grafana, Prometheus and Alertmanager read. Values in, text out; no I/O."""
