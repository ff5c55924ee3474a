"""The key that the names of people are hashed with. I/O: reads one file."""

from typing import Final

from observability.errors import SettingsError
from observability.settings import Events

_BYTES_MIN: Final = 16


def initiator_key(events: Events) -> bytes | None:
    """None: names are not hashed, or without a key. Raises SettingsError when it cannot be read."""
    file = events.hash_key_file
    if not events.hash_initiators or file is None:
        return None
    try:
        key = file.read_bytes().strip()
    except OSError as error:
        raise SettingsError(str(file), "", f"expected a file with a key: {error}") from error
    if len(key) < _BYTES_MIN:
        raise SettingsError(str(file), "", f"expected a key of {_BYTES_MIN} bytes at least")
    return key
