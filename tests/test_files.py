"""Writing files: whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from glassnet.errors import OutputError
from glassnet.files import check_writable, write_file

ROOT = hasattr(os, "getuid") and os.getuid() == 0
POSIX = os.name == "posix"


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.parametrize("data", [b"\0\xff\n", b"", "text – ü\n", "x" * 1_000_000])
def test_what_is_written_is_there(data: bytes | str, tmp_path: Path) -> None:
    path = write_file(tmp_path / "file", data)
    assert path == tmp_path / "file"
    assert path.read_bytes() == (data.encode() if isinstance(data, str) else data)
    assert names(tmp_path) == ["file"]


def test_paths_as_text_and_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_file("file", b"1")
    write_file(Path("file"), b"2")
    assert Path("file").read_bytes() == b"2"
    write_file("n" * 200, b"a long name")
    assert (tmp_path / ("n" * 200)).exists()


@pytest.mark.skipif(not POSIX, reason="permissions of this kind are of POSIX systems")
def test_permissions(tmp_path: Path) -> None:
    path = tmp_path / "file"
    mask = os.umask(0o027)
    try:
        write_file(path, b"new")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640  # what a new file gets
        path.chmod(0o600)
        write_file(path, b"replaced")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600  # what the old one had
        assert os.umask(0o027) == 0o027  # the mask itself is as it was
    finally:
        os.umask(mask)


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"No space left on device; nothing was changed"):
        write_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]  # no temporary file is left


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_disk_that_is_really_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system itself says that there is no space: the temporary file is /dev/full."""
    import tempfile

    path = tmp_path / "file"
    path.write_bytes(b"old")

    def on_full_disk(**_: Any) -> tuple[int, str]:
        return os.open("/dev/full", os.O_WRONLY), str(tmp_path / "temporary")

    monkeypatch.setattr(tempfile, "mkstemp", on_full_disk)
    with pytest.raises(OutputError, match="No space left on device"):
        write_file(path, b"new")
    assert path.read_bytes() == b"old"


def test_an_interrupt_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    for action in (check_writable, lambda path: write_file(path, b"")):
        with pytest.raises(OutputError, match="a folder of that name stands there"):
            action(tmp_path)


def test_no_folder(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "file"
    for action in (check_writable, lambda path: write_file(path, b"")):
        with pytest.raises(OutputError, match="there is no folder"):
            action(path)
    (tmp_path / "plain").write_bytes(b"")
    with pytest.raises(OutputError, match="there is no folder"):
        write_file(tmp_path / "plain" / "file", b"")


@pytest.mark.skipif(not POSIX or ROOT, reason="the superuser may write everywhere")
def test_no_permission(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "file"
    path.write_bytes(b"old")
    folder.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="no permission"):
            write_file(path, b"new")
    finally:
        folder.chmod(0o700)
    path.chmod(0o400)
    with pytest.raises(OutputError, match="no permission"):
        write_file(path, b"new")
    assert path.read_bytes() == b"old"


def test_no_permission_is_said_for_the_superuser_too(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda *_: False)
    for action in (check_writable, lambda path: write_file(path, b"new")):
        with pytest.raises(OutputError, match="no permission"):
            action(path)
    assert path.read_bytes() == b"old"


def test_checking_writes_nothing(tmp_path: Path) -> None:
    check_writable(tmp_path / "file")
    assert names(tmp_path) == []


@pytest.mark.skipif(not POSIX, reason="links need rights on Windows")
def test_a_link_is_kept(tmp_path: Path) -> None:
    """Writing to a link writes what it points to, as any program does."""
    real = tmp_path / "real"
    real.write_bytes(b"old")
    link = tmp_path / "link"
    link.symlink_to(real)
    write_file(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


@pytest.mark.skipif(not POSIX, reason="pipes of this kind are of POSIX systems")
def test_a_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_file(pipe, b"through")
        assert os.read(reader, 100) == b"through"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="there is no /dev/null here")
def test_the_null_device_stays_a_device() -> None:
    write_file("/dev/null", b"nothing")
    assert Path("/dev/null").is_char_device()


def test_a_path_that_is_a_link_to_itself(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(link)
    write_file(link, b"new")  # the link led nowhere: a file stands in its place
    assert link.read_bytes() == b"new"


def test_an_output_error_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot write"):
        write_file(tmp_path, b"")
