"""Files and folders to check, as texts. Reads files."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

_ENDINGS: Final = (".json", ".yaml", ".yml")
_LARGEST_BYTES: Final = 32 * 1024 * 1024


class Texts(NamedTuple):
    """What was read by the names of the files, what could not be and why, and the files that were named themselves."""

    read: Mapping[str, str]
    unread: Mapping[str, str]
    named: frozenset[str]


def texts_of(paths: Sequence[Path]) -> Texts:
    """The texts of files, and of all YAML and JSON in folders; what is hidden in a folder is left out."""
    read: dict[str, str] = {}
    unread: dict[str, str] = {}
    for file in dict.fromkeys(one for path in paths for one in _files(path)):
        try:
            if file.stat().st_size > _LARGEST_BYTES:
                unread[str(file)] = f"expected at most {_LARGEST_BYTES // 1024 // 1024} MiB"
            else:
                read[str(file)] = file.read_text(encoding="utf-8-sig")
        except OSError as error:
            unread[str(file)] = f"expected a file that can be read: {error.strerror}"
        except UnicodeDecodeError as error:
            unread[str(file)] = f"expected a text in UTF-8: {error.reason} at byte {error.start}"
    return Texts(read, unread, frozenset(str(path) for path in paths if not path.is_dir()))


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for one in sorted(path.rglob("*")):
        hidden = any(part.startswith(".") for part in one.relative_to(path).parts)
        if one.suffix in _ENDINGS and not hidden and not one.is_dir():
            yield one
