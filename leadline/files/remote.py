"""Inboxes elsewhere: folders of any file system that fsspec reaches by a URL.

Passwords and keys come from the environment (`FSSPEC_SFTP_PASSWORD`, or what the library of a cloud
reads by itself). A file is copied to this machine while it is read.
"""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from leadline.errors import IntakeError
from leadline.files.folders import (
    DONE,
    REPORT,
    Folder,
    Found,
    LocalFolder,
    free_names,
    is_hidden,
    with_reports,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LOCAL: Final = ("file", "local")
#: Where a folder is there as soon as something lies in it.
_OBJECT_STORES: Final = frozenset({"s3", "s3a", "gs", "gcs", "oss", "oci", "tos", "tosfs", "adl"})
_CONTAINERS: Final = frozenset({"abfs", "abfss", "az"})  # container@account is no user
_USER: Final = re.compile(r"(?<=://)[^/@\s]*@")
#: What file systems call the time of the last change, and what tells two versions apart.
_CHANGED: Final = (
    *("mtime", "LastModified", "last_modified", "modified", "updated", "modify"),
    *("last_write_time", "created"),
)
_VERSION: Final = ("size", "ETag", "etag", "md5Hash", "generation", "version_id", *_CHANGED)
_FTP_TIME: Final = re.compile(r"\d{14}")
_DEEPEST: Final = 5
_LONGEST_WHY: Final = 200


class FolderUnusable(IntakeError):
    """A folder elsewhere cannot be listed, read or written now."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "The inbox {folder} cannot be used: {why}. Its files wait. Check the address under "
        "`inboxes` in config/settings.yaml, the rights there, and that passwords and keys are in "
        "the environment.",
        "ja": "取込フォルダ {folder} を利用できません: {why}。ファイルは処理待ちのままです。"
        "config/settings.yaml の `inboxes`、アクセス権、環境変数のパスワードやキーを確認して"
        "ください。",
    }


def shown_url(url: str) -> str:
    """Return the URL of a folder for people: without a user."""
    protocol = url.partition("://")[0]
    return url if protocol in _CONTAINERS else _USER.sub("", url)


def open_folder(url: str) -> Folder:
    """Open the folder of a URL.

    Raises:
        FolderUnusable: the library for it is missing, it is not there, or it refuses us.
    """
    from fsspec.core import url_to_fs

    protocol = url.partition("://")[0]
    shown = shown_url(url)
    try:
        # a connection that broke would come back from fsspec's cache
        files, root = url_to_fs(url, skip_instance_cache=True)
    except Exception as error:  # noqa: BLE001 - each library has errors of its own
        raise FolderUnusable(folder=shown, why=_why(error)) from None
    if protocol not in _LOCAL:
        return RemoteFolder(files, str(root).rstrip("/"), shown)
    if not Path(root).is_dir():
        raise FolderUnusable(folder=shown, why="it is not there")
    return LocalFolder(Path(root), shown)


class RemoteFolder:
    """A folder of a file system of fsspec's."""

    def __init__(self, files: Any, root: str, shown: str) -> None:  # noqa: ANN401 - fsspec has no types
        """Look at `root` of the file system `files`, named `shown` for people."""
        self._files = files
        self._root = root
        self._shown = shown

    @property
    def shown(self) -> str:
        """The folder's name for people, without a user."""
        return self._shown

    def look(self) -> list[Found]:
        """Return the table files in order of their names; hidden ones do not count."""
        with self._in_plain_words():
            entries = dict(self._walk("", 0))
        return with_reports(
            entries, lambda name, has_report: _found(name, entries[name], has_report=has_report)
        )

    def find(self, name: str) -> Found | None:
        """Return one file, None when it is not there."""
        folder = name.rpartition("/")[0]
        with self._in_plain_words():
            try:
                entries = dict(self._list(folder))
            except FileNotFoundError:
                return None
        if name not in entries or _is_folder(entries[name]):
            return None
        return _found(name, entries[name], has_report=name + REPORT in entries)

    @contextmanager
    def fetch(self, name: str, scratch: Path) -> Iterator[Path]:
        """Give the path of a copy of a file, which goes with the block."""
        shutil.rmtree(scratch, ignore_errors=True)  # of a process that was killed
        scratch.mkdir(mode=0o700, parents=True)
        path = scratch / name.rpartition("/")[2]
        try:
            with self._in_plain_words():
                self._files.get_file(self._at(name), str(path))
            yield path
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def put_away(self, name: str, day: str) -> str:
        """Move a file to `done/`, where nothing is overwritten; returns its new name."""
        with self._in_plain_words():
            new = next(
                each for each in free_names(name, day) if not self._files.exists(self._at(each))
            )
            with suppress(Exception):  # a store of objects has no folders to make
                self._files.makedirs(self._at(new.rpartition("/")[0]), exist_ok=True)
            self._move(self._at(name), self._at(new))
        return new

    def read_report(self, name: str) -> str:
        """Return the text of the report beside a file, "" when there is none."""
        with self._in_plain_words():
            try:
                data: bytes = self._files.cat_file(self._at(name + REPORT))
            except FileNotFoundError:
                return ""
        return data.decode("utf-8-sig", errors="replace")

    def write_report(self, name: str, text: str) -> None:
        """Write the report beside a file, in place of an older one."""
        with self._in_plain_words():
            self._files.pipe_file(self._at(name + REPORT), text.encode("utf-8-sig"))

    def remove_report(self, name: str) -> None:
        """Remove the report beside a file, if there is one."""
        with self._in_plain_words(), suppress(FileNotFoundError):
            self._files.rm_file(self._at(name + REPORT))

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    def _walk(self, folder: str, depth: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Give name and entry of every file below a folder, but for `done/` and hidden ones."""
        for name, entry in self._list(folder):
            if not _is_folder(entry):
                yield name, entry
            elif depth < _DEEPEST and name != DONE and not is_hidden(name.rpartition("/")[2]):
                yield from self._walk(name, depth + 1)

    def _list(self, folder: str) -> list[tuple[str, dict[str, Any]]]:
        """Return name below our folder and entry of whatever lies in a folder."""
        path = self._at(folder)
        self._files.invalidate_cache()
        try:
            entries = self._files.ls(path, detail=True)
        except FileNotFoundError:
            if not self._is_store():
                raise
            return []
        named = [(str(entry["name"]).rstrip("/"), entry) for entry in entries]
        prefix = f"{folder}/" if folder else ""
        # a store of objects may list the folder itself
        below = [(name, entry) for name, entry in named if name.strip("/") != path.strip("/")]
        return [(prefix + name.rpartition("/")[2], entry) for name, entry in below]

    def _is_store(self) -> bool:
        """Tell whether we look into a store of objects, whose bucket is there."""
        protocols = self._files.protocol
        names = {protocols} if isinstance(protocols, str) else set(protocols)
        if not names & (_OBJECT_STORES | _CONTAINERS):
            return False
        return bool(self._files.exists(self._root.lstrip("/").partition("/")[0]))

    def _move(self, path: str, target: str) -> None:
        """Move a file; a name with wildcards is a name."""
        from fsspec import AbstractFileSystem

        if type(self._files).mv is not AbstractFileSystem.mv:
            self._files.mv(path, target)
            return
        size = self._files.info(path)["size"]
        self._files.cp_file(path, target)
        self._files.invalidate_cache()
        if self._files.info(target)["size"] != size:
            message = "the copy is not whole"
            raise OSError(message)
        self._files.rm_file(path)

    @contextmanager
    def _in_plain_words(self) -> Iterator[None]:
        """Turn the errors of a library into one that says what to do."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - each library has errors of its own
            raise FolderUnusable(folder=self._shown, why=_why(error)) from None


def _is_folder(entry: Mapping[str, Any]) -> bool:
    return entry.get("type") == "directory" or str(entry["name"]).endswith("/")


def _found(name: str, entry: Mapping[str, Any], *, has_report: bool) -> Found:
    version = repr([(key, str(entry[key])) for key in _VERSION if key in entry])
    times = (_seconds(entry.get(key)) for key in _CHANGED)
    changed_at = next((each for each in times if each is not None), None)
    return Found(name, sha256(version.encode()).hexdigest()[:32], changed_at, has_report)


def _seconds(value: object) -> float | None:
    """Return a time as a file system states it, in seconds since 1970."""
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        value = _time(value)
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return None


def _time(text: str) -> datetime | None:
    """Return a time that is written in ISO, or as FTP writes it."""
    try:
        if _FTP_TIME.match(text):
            return datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _why(error: Exception) -> str:
    """Return the first line of an error, without a user and his password."""
    said = next(iter(str(error).splitlines()), "").strip()
    name = "" if isinstance(error, ImportError) and said else type(error).__name__
    text = ": ".join(part for part in (name, said) if part)
    return _USER.sub("", text)[:_LONGEST_WHY].rstrip(". ")
