"""Files in folders as an update needs them: parts, ends, and one thing at a time.

What is stored is durable when a call returns. A cut within a call leaves any part of it.
"""

import os

from quelea_agent.port import store

_FOLDER = 0x4000


class Files:
    """Paths are from the board's top folder, with slashes and none in front."""

    def read(self, path: str) -> bytes:
        """Return a whole file, or nothing where there is none."""
        return store.read(path)

    def write(self, path: str, data: bytes) -> bool:
        """Put data in place of what was there; False when it could not be."""
        return store.write(path, data)

    def size(self, path: str) -> int:
        """Return the length of a file, or -1 where there is none."""
        try:
            row = os.stat(path)
        except OSError:
            return -1
        return -1 if row[0] & _FOLDER else row[6]

    def part(self, path: str, at: int, count: int) -> bytes:
        """Return up to count bytes of a file, from at on; nothing where there is none."""
        try:
            with open(path, "rb") as file:
                file.seek(at)
                return file.read(count)
        except OSError:
            return b""

    def append(self, path: str, data: bytes) -> bool:
        """Add to the end of a file, with its folders; False when it could not be."""
        try:
            file = open(path, "ab")
        except OSError:
            self._make_folders(path)
            try:
                file = open(path, "ab")
            except OSError:
                return False
        try:
            with file:
                return file.write(data) == len(data)
        except OSError:
            return False

    def remove(self, path: str) -> bool:
        """Delete a file; False where that could not be."""
        try:
            os.remove(path)
        except OSError:
            return False
        return True

    def remove_one(self, folder: str) -> int:
        """Delete one file, or an empty folder, in a folder: 1 done, 0 nothing there, -1 failed."""
        while True:
            try:
                names = os.listdir(folder)
            except OSError:
                return 0
            if not names:
                return 0
            path = folder + "/" + names[0]
            try:
                if not os.stat(path)[0] & _FOLDER:
                    os.remove(path)
                    return 1
                if not os.listdir(path):
                    os.rmdir(path)
                    return 1
            except OSError:
                return -1
            folder = path

    def _make_folders(self, path: str) -> None:
        at = path.find("/")
        while at >= 0:
            try:
                os.mkdir(path[:at])
            except OSError:
                pass  # it is there, or the file will say so
            at = path.find("/", at + 1)
