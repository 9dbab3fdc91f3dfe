"""secrets.toml, beside fleet.toml: passwords and who is who; only its owner may read it.

    [host]        password of the host at the broker
    [wifi]        password of the network that fleet.toml names
    [nodes.n01]   password; board: the chip's number it is enrolled on; port: where that was last;
                  limits: the configuration for which its part of a limit was given out

What others keep there stays as it is. The file is written beside and renamed.
"""

import contextlib
import json
import os
import secrets
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from quelea.errors import UserError
from quelea.fleet.accounts import HOST_USER, Accounts

NAME = "secrets.toml"
PASSWORD_BYTES = 16


class Secrets:
    """The file's content; changed in memory, written by save()."""

    def __init__(self, path: Path, data: dict[str, Any]) -> None:
        self.path = path
        self.data = data

    @classmethod
    def beside(cls, fleet_file: Path) -> "Secrets":
        """Read the file beside a fleet.toml; empty where there is none. UserError if it is open
        to others or is no TOML."""
        path = fleet_file.parent / NAME
        try:
            mode = path.stat().st_mode & 0o777
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return cls(path, {})
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"cannot be read: {error}", str(path)) from None
        if mode & 0o077:
            raise UserError(
                f"others may read it (mode {mode:o})", str(path), "", f"run `chmod 600 {path}`"
            )
        try:
            return cls(path, tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise UserError(f"is no TOML: {error}", str(path), "", "correct it") from None

    def table(self, *names: str) -> dict[str, Any]:
        """Return a table, made if it is missing."""
        table = self.data
        for name in names:
            table = table.setdefault(name, {})
            if not isinstance(table, dict):
                raise UserError(f"{'.'.join(names)} is no table", str(self.path), "", "correct it")
        return table

    def node(self, node_id: str) -> dict[str, Any]:
        """Return what is kept of a node."""
        return self.table("nodes", node_id)

    def complete(self, node_ids: list[str]) -> bool:
        """Draw the passwords that are missing; return whether there were such."""
        before = json.dumps(self.data)
        for table in (self.table("host"), *(self.node(node_id) for node_id in node_ids)):
            table.setdefault("password", secrets.token_urlsafe(PASSWORD_BYTES))
        return json.dumps(self.data) != before

    def accounts(self, fleet: str, node_ids: list[str]) -> Accounts:
        """Return all accounts of the broker; complete() has been called."""
        passwords = {HOST_USER: self.table("host")["password"]}
        passwords |= {node_id: self.node(node_id)["password"] for node_id in node_ids}
        return Accounts(fleet, passwords)

    def enrolled_as(self, unique: str) -> str:
        """Return the node that a chip was enrolled as, or ""."""
        for node_id, row in self.table("nodes").items():
            if isinstance(row, dict) and unique and row.get("board") == unique:
                return str(node_id)
        return ""

    def save(self) -> None:
        """Write the file, mode 0600, and keep git from taking it."""
        text = "# Passwords of a fleet: keep it to yourself. Written by `quelea enroll`.\n"
        text += _toml(self.data, "")
        try:
            number, name = tempfile.mkstemp(prefix=".secrets-", dir=self.path.parent)  # 0600
            with open(number, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(name, self.path)
        except OSError as error:
            raise UserError(f"{self.path} cannot be written", why=error.strerror or "") from None
        _ignore(self.path)


def _toml(table: dict[str, Any], head: str) -> str:
    """Return a table as TOML: texts, numbers, truths and lists of them, then its tables."""
    plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
    rows = [f"{_key(key)} = {json.dumps(value)}\n" for key, value in plain.items()]
    text = f"\n[{head}]\n" if head and plain else ""
    text += "".join(rows)
    for key, value in table.items():
        if isinstance(value, dict):
            text += _toml(value, f"{head}.{_key(key)}" if head else _key(key))
    return text


def _key(key: str) -> str:
    plain = key.replace("-", "a").replace("_", "a")
    return key if plain.isascii() and plain.isalnum() else json.dumps(key)


def _ignore(path: Path) -> None:
    """Name the file in .gitignore, where it lies in a work tree of git."""
    folder = path.resolve().parent
    if not any((above / ".git").exists() for above in (folder, *folder.parents)):
        return
    file = folder / ".gitignore"
    with contextlib.suppress(OSError):
        text = file.read_text() if file.exists() else ""
        if NAME not in text.split():
            file.write_text(text + ("" if text.endswith("\n") or not text else "\n") + NAME + "\n")
