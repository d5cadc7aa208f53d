"""What the configuration says of one source: its block in settings.yaml and its mapping file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadline.config.checks import check_mapping
from leadline.config.document import read_document
from leadline.config.problems import Spot
from leadline.config.shape import MappingShape, SourceSettings
from leadline.config.validation import validate
from leadline.errors import MappingError

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from leadline.config.event_sources import EventsShape
    from leadline.config.shape import Project


def source_settings(
    project: Project, source: str, *, mapping: MappingShape | None = None
) -> SourceSettings:
    """Return all that the configuration says of a source.

    Args:
        project: the configuration.
        source: its name; one that nobody configured has the project's defaults.
        mapping: in place of `config/mappings/<source>.yaml`.

    Returns:
        The source's block of settings.yaml, over which the mapping file wins item by item and
        header by header. `backfill_threshold` is always given.
    """
    stated = project.settings.sources.get(source, SourceSettings())
    over = mapping or project.mappings.get(source) or MappingShape()
    changes = {
        name: value
        for name in over.model_fields_set - {"columns", "webhook", "events"}
        if (value := getattr(over, name)) is not None
    }
    joined = stated.model_copy(update={**changes, "mapping": {**stated.mapping, **over.columns}})
    if joined.backfill_threshold is not None:
        return joined
    default = project.settings.backfill_threshold
    return joined.model_copy(update={"backfill_threshold": default})


def event_columns(
    project: Project, source: str, *, mapping: MappingShape | None = None
) -> dict[str, str]:
    """Return which columns of a source's event files hold what, as far as the files say it.

    Args:
        project: the configuration.
        source: its name.
        mapping: in place of `config/mappings/<source>.yaml`.
    """
    stated = mapping or project.mappings.get(source)
    return dict(stated.events.columns) if stated is not None and stated.events else {}


def find_events(project: Project, source: str) -> EventsShape | None:
    """Return how a source's posts of events are believed; None when it may not post any."""
    mapping = project.mappings.get(source)
    events = None if mapping is None else mapping.events
    return events if events is not None and events.takes_posts else None


def read_mapping(path: Path, *, custom: Collection[str] = ()) -> MappingShape:
    """Read a mapping file outside the project.

    Args:
        path: the file.
        custom: names of the fields that the configuration declares.

    Raises:
        MappingError: it is not there, or anything in it is wrong; all faults are listed.
    """
    file = str(path)
    try:
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise MappingError([Spot(file).problem("bad_encoding", expected="UTF-8")]) from None
    except OSError as error:
        why = _why(error)
        raise MappingError([Spot(file).problem("file_unreadable", why=why)]) from None
    document, problems = read_document(file, text)
    if problems and document.data is None:
        raise MappingError(problems)
    shape, faults = validate(MappingShape, document)
    problems = (*problems, *faults, *check_mapping(document, custom))
    if shape is None or problems:
        raise MappingError(problems)
    return shape


def _why(error: OSError) -> dict[str, str]:
    """Return why a file cannot be read, per language."""
    if isinstance(error, FileNotFoundError):
        return {
            "en": "it is not there; check the name and the folder",
            "ja": "ファイルがありません。名前とフォルダを確認してください",
        }
    if isinstance(error, IsADirectoryError):
        return {
            "en": "it is a folder; name a file in it",
            "ja": "フォルダです。中のファイルを指定してください",
        }
    if isinstance(error, PermissionError):
        return {
            "en": "its permissions do not let you read it",
            "ja": "読み取り権限がありません",
        }
    return {"en": str(error.strerror), "ja": str(error.strerror)}
