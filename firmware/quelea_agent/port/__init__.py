"""The edges: the only modules that touch clock, files, sockets and pins.

The first of ours that a node imports besides its package. While modules load, garbage is taken
away every few kilobytes: otherwise what stays is strewn over a small heap, and later no room for
a larger buffer is left although a third of the heap is free.
"""

import gc

_LOADING_BYTES = 4096

if hasattr(gc, "threshold"):  # CPython has another collector
    gc.threshold(_LOADING_BYTES)  # until heap.py sets its own
