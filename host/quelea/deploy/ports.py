"""Where boards are: serial ports by what is plugged in, by name, or folders of virtual boards."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from quelea.deploy.line import require_installed

LINK = "port"  # in a virtual board's folder, what a host opens


@dataclass(frozen=True)
class Port:
    """path: what is opened. serial: of the USB device. words: what the system says of it."""

    path: str
    serial: str = ""
    words: str = ""


def plugged_in() -> list[Port]:
    """Return the USB serial ports of this machine, by path."""
    require_installed()
    from serial.tools import list_ports

    return sorted(
        (
            Port(port.device, port.serial_number or "", port.description or "")
            for port in list_ports.comports()
            if port.vid is not None
        ),
        key=lambda port: port.path,
    )


def find(given: Sequence[str] = (), base: Path | None = None) -> list[Port]:
    """Return the ports that texts name, each once; without any, what is plugged in.

    A text is a port, a USB serial number, an address that pyserial knows (socket://...), the
    folder of a virtual board, or a folder of such folders. base: where relative folders begin.
    """
    if not given:
        return plugged_in()
    found: dict[str, Port] = {}
    for text in given:
        for port in _named(text, base or Path()):
            found.setdefault(port.path, port)
    return list(found.values())


def _named(text: str, base: Path) -> list[Port]:
    folder = base / text
    if folder.is_dir():
        boards = [folder] if _is_board(folder) else [
            inside for inside in sorted(folder.iterdir()) if inside.is_dir() and _is_board(inside)
        ]  # fmt: skip
        return [
            Port(str(board.absolute() / LINK), board.name, "virtual board") for board in boards
        ]
    if "/" in text or Path(text).exists():
        if "://" in text:
            return [Port(text)]
        path = str(folder.absolute())
        return [next((port for port in plugged_in() if port.path == path), Port(path))]
    serials = [port for port in plugged_in() if text in (port.serial, port.path)]
    return serials or [Port(text)]


def _is_board(folder: Path) -> bool:
    """A board that was unplugged has lost its port, not its flash."""
    return (folder / LINK).is_symlink() or (folder / "flash").is_dir()
