"""The vocabulary that every stage shares: frozen values and enumerations.

No I/O, no clock, no third party but msgspec. Words are those of Kubernetes and Argo CD, spelled as upstream spells
them. Instants are seconds since the epoch, UTC, as floats (`*_at`, `*_since`): they are compared, stored and exposed a
hundred thousand times a minute, never shown as they are. None means: not known, or not so.
"""
