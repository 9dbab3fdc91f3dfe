"""A set of files made in a folder to the side, from the running set and from what is sent.

    wipe what is no beginning of this list -> the list -> each file of it, in order:
    there and right? else copied from the running set, if that has it; else sent in chunks

step() does a bounded slice and never waits. Nothing is remembered but what lies in the folder, so
that it goes on after a restart, a power cut or days without a host: every file is hashed again.
A file that was sent wrong is begun anew, TRIES_MAX times in all.
"""

import hashlib

from quelea_proto.limits import const

from quelea_agent.port import release

TRIES_MAX = 3
_SLICE_BYTES = const(1024)


class Fetch:
    """wanted: what to ask for, (file, offset), or None. done; problem: a word when it ended else.

    files: a Files. source: folder of the running set. side: where to; body: a release.Body.
    """

    def __init__(self, files, source: str, side: str, body) -> None:
        self.version = body.version
        self.digest = body.list_digest  # of the list: what it is
        self.wanted = None
        self.done = False
        self.problem = ""
        self.number = 0  # of the file in hand
        self.bytes_sent = 0  # taken from chunks, so far
        self._files = files
        self._source = source
        self._side = side
        self._list_bytes = body.list_bytes
        self._list_at = 0  # of the next line
        self._hash = None
        self._at = 0
        self._aim(release.LIST, body.list_bytes, body.list_digest)
        if files.size(self._path) == self._size:
            self._begin_hash(self._path, self._after_first)
        else:
            self._next = self._wipe

    def step(self) -> bool:
        """Do a slice of the work; return whether there is more to do without a chunk."""
        if self.done or self.problem or self.wanted is not None:
            return False
        self._next()
        return not self.done and not self.problem and self.wanted is None

    def take(self, number: int, at: int, data) -> bool:
        """Take a chunk; False for one that is not wanted."""
        if self.wanted is None or number != self.wanted[0] or at != self.wanted[1]:
            return False
        if not 0 < len(data) <= self._size - at:
            return False
        self.wanted = None
        self.bytes_sent += len(data)
        if not self._files.append(self._path, data):
            self.problem = "storage"
        else:
            self._ask(at + len(data))
        return True

    # -- one file ---------------------------------------------------------------------------------

    def _aim(self, path: str, size: int, digest: str) -> None:
        self._name = path
        self._path = self._side + "/" + path
        self._size = size
        self._digest = digest
        self._tries = 0

    def _begin(self) -> None:
        """Look at what is there of the file in hand."""
        have = self._files.size(self._path)
        if have == self._size:
            self._begin_hash(self._path, self._after_own)
        elif have > 0:
            self._again() if have > self._size else self._ask(have)
        elif self._files.size(self._source + "/" + self._name) == self._size and self.number:
            self._begin_hash(self._source + "/" + self._name, self._after_source)
        else:
            self._ask(0)

    def _ask(self, at: int) -> None:
        if at < self._size:
            self.wanted = (self.number, at)
            return
        if not self._size:
            self._files.append(self._path, b"")
        self._begin_hash(self._path, self._after_own)

    def _begin_hash(self, path: str, after) -> None:
        self._hash = hashlib.sha256()
        self._hashed = path
        self._after = after
        self._at = 0
        self._next = self._hash_on

    def _hash_on(self) -> None:
        data = self._files.part(self._hashed, self._at, _SLICE_BYTES)
        if data:
            self._hash.update(data)
            self._at += len(data)
            return
        text = "".join(["%02x" % byte for byte in self._hash.digest()])
        self._hash = None
        self._after(text == self._digest)

    def _after_own(self, good: bool) -> None:
        if good:
            self._next = self._next_line
        else:
            self._again()

    def _again(self) -> None:
        """Delete what is wrong and begin the file anew."""
        self._tries += 1
        if self._tries >= TRIES_MAX:
            self.problem = "hash"
        elif self._files.remove(self._path):
            self._next = self._begin
        else:
            self.problem = "storage"

    def _after_source(self, good: bool) -> None:
        self._at = 0
        if good:
            self._next = self._copy
        else:
            self._ask(0)

    def _copy(self) -> None:
        data = self._files.part(self._source + "/" + self._name, self._at, _SLICE_BYTES)
        self._at += len(data)
        if not self._files.append(self._path, data):
            self.problem = "storage"
        elif self._at >= self._size or not data:
            self._begin_hash(self._path, self._after_own)

    # -- the list ---------------------------------------------------------------------------------

    def _after_first(self, good: bool) -> None:
        self._next = self._next_line if good else self._wipe

    def _wipe(self) -> None:
        found = self._files.remove_one(self._side)
        if found < 0:
            self.problem = "storage"
        elif not found:
            self._next = self._begin

    def _next_line(self) -> None:
        if self._list_at >= self._list_bytes:
            self.done = True
            return
        path = self._side + "/" + release.LIST
        data = self._files.part(path, self._list_at, release.LINE_CHARS_MAX)
        end = data.find(b"\n") + 1
        row = release.line(data[:end])
        if row is None or self.number >= release.FILES_MAX or row[2] == release.LIST:
            self.problem = "list"
            return
        self._list_at += end
        self.number += 1
        self._aim(row[2], row[1], row[0])
        self._next = self._begin
