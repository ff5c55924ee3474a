"""GitOps observability: what Argo CD deployed, whether it drifted, and why, for those on call.

RUN      Kubernetes API ─▶ sources ─Observation▶ state ─Change▶ signals ─▶ exposition ─▶ /metrics

`sources` reads facts, `state` remembers and judges, `signals` says what that means, `delivery` serves it.
`app` is the only place where they meet; `model` is the vocabulary that they share.
"""

__version__ = "0.1.0"
