"""What the configuration says of one source: its block in settings.yaml and its mapping file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadline.config.checks import check_mapping
from leadline.config.document import read_document
from leadline.config.problems import Spot
from leadline.config.shape import MappingShape, SourceSettings
from leadline.config.validation import validate
from leadline.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

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
        for name in over.model_fields_set - {"columns"}
        if (value := getattr(over, name)) is not None
    }
    joined = stated.model_copy(update={**changes, "mapping": {**stated.mapping, **over.columns}})
    if joined.backfill_threshold is not None:
        return joined
    default = project.settings.backfill_threshold
    return joined.model_copy(update={"backfill_threshold": default})


def read_mapping(path: Path, *, custom: Collection[str] = ()) -> MappingShape:
    """Read a mapping file outside the project.

    Args:
        path: the file.
        custom: names of the fields that the configuration declares.

    Raises:
        ConfigError: it is not there, or anything in it is wrong; all faults are listed.
    """
    file = str(path)
    try:
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise ConfigError([Spot(file).problem("bad_encoding", expected="UTF-8")]) from None
    except OSError:
        raise ConfigError([Spot(file).problem("file_unreadable")]) from None
    document, problems = read_document(file, text)
    if problems and document.data is None:
        raise ConfigError(problems)
    shape, faults = validate(MappingShape, document)
    problems = (*problems, *faults, *check_mapping(document, custom))
    if shape is None or problems:
        raise ConfigError(problems)
    return shape
