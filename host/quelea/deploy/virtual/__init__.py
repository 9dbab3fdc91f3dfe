"""Boards without hardware: a real MicroPython behind a pty, and a ROM loader that esptool asks.

`boot` is what MicroPython starts with, `rom` the loader, `board` one board, `command` a set.
"""
