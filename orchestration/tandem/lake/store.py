"""Objects of the lake, on a local disk or on S3, behind one small set of verbs.

Writing is atomic on both: obstore renames a temporary file into place, S3 shows an object only once it is complete.
Nothing is synced to the disk: after a power cut a partition may have to be extracted again, and the manifests'
hashes show it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlparse

from obstore.store import LocalStore, S3Store

from tandem.errors import Conflict, LakeError
from tandem.lake.failures import explained, is_missing, is_precondition

if TYPE_CHECKING:
    from obstore import UpdateVersion
    from obstore.store import S3Config

LOCK = ".lock"
PARALLEL = 16
DELETE_BATCH = 1000

_used = False
_forked = False

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Listed:
    """One object of a listing."""

    path: str
    bytes: int
    modified: datetime


class Store:
    """The objects below one root; paths are relative to it and use `/`."""

    def __init__(self, url: str, objects: LocalStore | S3Store, directory: Path | None) -> None:
        self.url = url.rstrip("/")
        self.directory = directory
        self._opened = objects

    def uri(self, path: str) -> str:
        """The absolute file path, or the `s3://` address, by which an engine reads an object."""
        return f"{self.directory or self.url}/{path}"

    def get(self, path: str) -> bytes | None:
        """The content of an object, None when there is no such object."""
        found = self._fetch(path)
        return None if found is None else found[0]

    def read(self, path: str) -> tuple[bytes, str] | None:
        """Content and etag of one version of an object, None when there is no such object."""
        found = self._fetch(path)
        return None if found is None else (found[0], self._etag(*found))

    def size(self, path: str) -> int | None:
        """How many bytes an object has, None when there is no such object."""
        with explained("look up", self.uri(path)):
            try:
                return int(self._objects.head(path)["size"])
            except Exception as error:
                if is_missing(error):
                    return None
                raise

    def put(self, path: str, data: bytes) -> None:
        """Write an object as a whole, replacing what is there; raises LakeError and leaves nothing half-written."""
        with explained("write", self.uri(path)):
            self._put(path, data)

    def swap(self, path: str, data: bytes, etag: str | None) -> str:
        """Replace an object only if it still has `etag` (None: only if it does not exist); returns the new etag.

        Raises Conflict when somebody else was first with something else; the same bytes are no conflict, because a
        retried request may meet what its own first try wrote. S3 decides by If-Match and If-None-Match; on a disk,
        which has no conditional rename, a lock that vanishes with its process guards compare and rename.
        """
        with explained("replace", self.uri(path)):
            return self._swap_on_disk(path, data, etag) if self.directory else self._swap_on_s3(path, data, etag)

    def list(self, prefix: str = "") -> Iterator[Listed]:
        """Every object below a folder, in no particular order; empty for a folder that is not there."""
        with explained("list", self.uri(prefix)):
            for chunk in self._objects.list(prefix or None):
                for item in chunk:
                    if item["path"] != LOCK:
                        yield Listed(item["path"], item["size"], item["last_modified"])

    def folders(self, prefix: str = "") -> Sequence[str]:
        """Paths of the folders directly below a folder, sorted."""
        with explained("list", self.uri(prefix)):
            return sorted(self._objects.list_with_delimiter(prefix or None)["common_prefixes"])

    def delete(self, paths: Iterable[str]) -> None:
        """Remove objects; those that are already gone are passed over."""
        pending = list(paths)
        for start in range(0, len(pending), DELETE_BATCH):
            self._delete(pending[start : start + DELETE_BATCH])

    def leftovers(self) -> Iterator[Listed]:
        """Temporary files that killed writers left on a disk (S3 has none; listings do not show them)."""
        for path in self.directory.rglob("*#[0-9]*") if self.directory else ():
            if path.is_file() and path.name.rpartition("#")[2].isdigit():
                stat = path.stat()
                modified = datetime.fromtimestamp(stat.st_mtime).astimezone()
                yield Listed(path.relative_to(self.directory or "").as_posix(), stat.st_size, modified)

    def remove_leftovers(self, paths: Iterable[str]) -> None:
        """Remove what `leftovers` found."""
        for path in paths:
            Path(self.uri(path)).unlink(missing_ok=True)

    @property
    def _objects(self) -> LocalStore | S3Store:
        # The threads of obstore do not survive a fork: without this, the first write of the child would hang.
        if _forked:
            raise LakeError(
                "The lake was opened before this process was forked. Fork before the first use, or start by spawn."
            )
        return self._opened

    def _fetch(self, path: str) -> tuple[bytes, str | None] | None:
        """Content and the store's own etag; the lake's etag of a local file costs a hash, which few readers need."""
        with explained("read", self.uri(path)):
            try:
                result = self._objects.get(path)
                return bytes(result.bytes()), result.meta["e_tag"]
            except Exception as error:
                if is_missing(error):
                    return None
                raise

    def _put(self, path: str, data: bytes) -> dict[str, Any]:
        # A multipart upload that is cut off leaves hidden parts that cost money; one PUT takes up to 5 GB.
        return dict(self._objects.put(path, data, use_multipart=False))

    def _swap_on_disk(self, path: str, data: bytes, etag: str | None) -> str:
        with self._locked():
            found = self.read(path)
            if (found[1] if found else None) != etag:
                return self._same_or_conflict(path, data)
            self._put(path, data)
        return _digest(data)

    def _swap_on_s3(self, path: str, data: bytes, etag: str | None) -> str:
        expected: UpdateVersion = {"e_tag": etag}
        try:
            result = self._objects.put(path, data, mode="create" if etag is None else expected)
        except Exception as error:
            gone = etag is not None and is_missing(error)
            if not gone and not is_precondition(error):
                raise
            return self._same_or_conflict(path, data)
        return str(result["e_tag"])

    def _same_or_conflict(self, path: str, data: bytes) -> str:
        found = self.read(path)
        if found is None or found[0] != data:
            raise Conflict(f"{self.uri(path)} was replaced by another run in the meantime. Run again to build on that.")
        return found[1]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        handle = os.open(self.uri(LOCK), os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            # Unlocking, not only closing, frees it even if a process forked meanwhile holds a copy of the handle.
            fcntl.flock(handle, fcntl.LOCK_UN)
            os.close(handle)

    def _delete(self, paths: Sequence[str]) -> None:
        with explained("delete", self.uri(paths[0])):
            try:
                self._objects.delete(list(paths))
            except Exception as error:
                if not is_missing(error):
                    raise
                # On a disk one missing file fails the batch.
                for path in paths if len(paths) > 1 else ():
                    self._delete([path])

    def _etag(self, data: bytes, remote: str | None) -> str:
        # The etag of a local file is inode, time and size, which a quick second writer can repeat.
        return _digest(data) if self.directory else str(remote)


def open_store(url: str, encryption: str = "", region: str = "") -> Store:
    """The store at `file:///directory` (made when missing) or `s3://bucket/prefix`.

    S3 takes credentials, endpoint and, unless given, region from where every AWS client takes them. `encryption` is
    how it encrypts what is written: `AES256`, `aws:kms` or `aws:kms:<key>`; empty: as the bucket is set to.
    Raises LakeError.
    """
    global _used
    _used = True
    scheme = urlparse(url).scheme
    with explained("open", url):
        if scheme == "file":
            directory = Path(unquote(urlparse(url).path)).absolute()
            return Store(url, LocalStore(directory, mkdir=True, automatic_cleanup=True), directory)
        if scheme == "s3":
            return Store(url, _s3(url, encryption, region), None)
    raise LakeError(f"Cannot open the lake at {url!r}. Allowed: file:///directory or s3://bucket/prefix (TANDEM_LAKE).")


def in_parallel(function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Apply a function that waits on the store to every item; results keep the order of the items."""
    todo = list(items)
    if len(todo) < 2:
        return [function(item) for item in todo]
    with ThreadPoolExecutor(min(PARALLEL, len(todo))) as pool:
        return list(pool.map(function, todo))


def _s3(url: str, encryption: str, region: str) -> S3Store:
    # Only a lake on S3 pays for the import of boto3, which knows profiles, single sign-on and roles.
    try:
        from boto3.session import Session
        from botocore.exceptions import BotoCoreError
        from obstore.auth.boto3 import Boto3CredentialProvider
    except ImportError as error:
        raise LakeError(f"The lake {url} is on S3, which needs the package boto3. Install it and run again.") from error
    try:
        credentials = Boto3CredentialProvider(Session(region_name=region or None), ttl=timedelta(minutes=5))
    except (BotoCoreError, ValueError) as error:
        raise LakeError(
            f"No AWS credentials for the lake {url} ({error}). "
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run with a role."
        ) from error
    return S3Store.from_url(
        url,
        config=_encrypted(encryption),
        credential_provider=credentials,
        client_options={"allow_http": True, "timeout": timedelta(minutes=5)},
        retry_config={"max_retries": 5, "retry_timeout": timedelta(seconds=60)},
    )


def _encrypted(encryption: str) -> S3Config:
    if not encryption.startswith("aws:kms"):
        return {"server_side_encryption": encryption} if encryption else {}
    key = encryption.removeprefix("aws:kms").removeprefix(":")
    # With a key for the bucket, S3 asks KMS once in a while and not for every small object.
    config: S3Config = {"server_side_encryption": "aws:kms", "sse_bucket_key_enabled": True}
    return {**config, "sse_kms_key_id": key} if key else config


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _after_fork() -> None:
    global _forked
    _forked = _used


os.register_at_fork(after_in_child=_after_fork)
