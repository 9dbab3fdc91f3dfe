"""The wire to a board: bytes in and out, every wait with an end.

`SerialLine` is a serial port, a USB port or a virtual board's pty. What the operating system says
when a cable is pulled differs by driver; here it is always BoardFailed.
"""

import contextlib
import importlib.util
import time
from typing import Any, Protocol, Self

from quelea.deploy.failure import BoardFailed
from quelea.errors import UserError

BAUD = 115200
WRITE_S = 5.0  # a board that takes nothing for so long hangs
READ_S = 0.05
INSTALL = "pip install 'quelea[boards]'"
UNPLUGGED = "plug it in again and repeat the command: what is on it already stays"


class Line(Protocol):
    """What a Repl needs of a wire."""

    def write(self, data: bytes) -> None:
        """Send all of it; BoardFailed when that cannot be."""
        ...

    def read(self, timeout_s: float) -> bytes:
        """Return what has come, b"" if nothing does for timeout_s; BoardFailed at its end."""
        ...

    def pulse_reset(self) -> None:
        """Pull the reset line, where there is one."""
        ...


def require_installed() -> None:
    """UserError unless the packages of boards are there."""
    if importlib.util.find_spec("serial") is None:
        raise UserError("pyserial is not installed", remedy=f"run `{INSTALL}`")


def gone(port: str, error: Exception | str) -> BoardFailed:
    """Return the failure of a board whose wire is no more."""
    return BoardFailed(f"{port} is gone: the board was unplugged", str(error), UNPLUGGED)


class SerialLine:
    """An open port."""

    def __init__(self, port: str) -> None:
        """Open it; BoardFailed when it is not there, is another program's or is not ours."""
        import serial

        self.port = port
        try:
            self._serial: Any = serial.serial_for_url(
                port, BAUD, timeout=READ_S, write_timeout=WRITE_S, exclusive=True
            )
        except (OSError, ValueError) as error:  # SerialException is an OSError
            raise _not_opened(port, error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the port."""
        with contextlib.suppress(OSError, TypeError):
            self._serial.close()

    def write(self, data: bytes) -> None:
        import serial

        try:
            self._serial.write(data)
        except serial.SerialTimeoutException:
            raise BoardFailed(
                "the board takes no bytes",
                f"{len(data)} bytes did not go out within {WRITE_S:g} s",
                "press its reset button, or unplug it and plug it in again",
            ) from None
        except (OSError, TypeError) as error:
            raise gone(self.port, error) from None

    def read(self, timeout_s: float) -> bytes:
        deadline_s = time.monotonic() + timeout_s
        try:
            while True:
                data: bytes = self._serial.read(max(1, min(4096, self._serial.in_waiting)))
                if data or time.monotonic() >= deadline_s:
                    return data
        except (OSError, TypeError) as error:
            raise gone(self.port, error) from None

    def pulse_reset(self) -> None:
        with contextlib.suppress(OSError):
            self._serial.dtr = False
            self._serial.rts = True
            time.sleep(0.1)  # what the capacitor at EN needs
            self._serial.rts = False


def _not_opened(port: str, error: Exception) -> BoardFailed:
    text = str(error).lower()
    if "permission" in text:
        remedy = "add yourself to the group of serial ports (`sudo usermod -aG dialout $USER`), "
        return BoardFailed(f"{port} may not be opened", str(error), remedy + "then log in again")
    if "lock" in text or "busy" in text:
        remedy = "end the program that has it open (a terminal, mpremote, another quelea)"
        return BoardFailed(f"{port} is in use", str(error), remedy)
    return BoardFailed(
        f"there is no board at {port}", str(error), "plug it in; `quelea ls` shows what is there"
    )
