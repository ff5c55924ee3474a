"""GitOps observability: what Argo CD deployed, whether it drifted, and why, for those on call.

RUN      Kubernetes API ─▶ sources ─Observation▶ state ─Change▶ signals ─▶ exposition ─▶ /metrics
                                                          └─Record▶ journal ─▶ sending ─▶ OTLP, sinks
REPORT   journal ─▶ reports ─▶ tables, JSON, CSV, Markdown

`sources` reads facts, `state` remembers and judges, `signals` says what that means, `delivery` serves and sends it.
`journal` is what survives, `reports` reads it. `app` is where they meet; `model` is the vocabulary that they share.
"""

__version__ = "0.1.0"
