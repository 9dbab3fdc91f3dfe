"""Parameters as the fixed-point integers that are sent, and back."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from quelea_proto.limits import Q_MAX

from quelea.errors import UserError
from quelea.federate.models import Floats

Ints = NDArray[Any]  # of the format's kind


@dataclass(frozen=True)
class Format:
    """bits: of the fraction. kind: the numpy type sent. most: the largest |q|."""

    name: str
    bits: int
    kind: Any
    most: int

    def encode(self, values: Floats) -> Ints:
        """Return values rounded to the nearest q and saturated; what is not a number is 0."""
        scaled = np.asarray(values * np.float32(1 << self.bits))
        if np.isnan(scaled.min(initial=0)):
            scaled[np.isnan(scaled)] = 0
        np.rint(scaled, out=scaled)
        np.clip(scaled, -self.most, self.most, out=scaled)
        return np.asarray(scaled.astype(self.kind))

    def decode(self, values_q: Ints) -> Floats:
        """Return the values of some q."""
        values: Floats = values_q.astype(np.float32)
        values *= np.float32(2.0**-self.bits)
        return values


INT16 = Format("int16", 12, np.int16, (1 << 15) - 1)  # Q4.12: 8 to either side
INT32 = Format("int32", 16, np.int32, Q_MAX)  # Q8.16 of 24 bits: the rules' own range
FORMATS = {one.name: one for one in (INT16, INT32)}


def find(name: str) -> Format:
    """Return the format of a name; UserError for another."""
    if name not in FORMATS:
        raise UserError(f"no numbers named {name!r}", "--numbers", ", ".join(FORMATS))
    return FORMATS[name]
