"""Any torch module of inputs to scores as a model: its parameters laid end to end.

    model = TorchModel(torch.nn.Sequential(torch.nn.Linear(64, 32), ...))

Modules with buffers that change (batch normalisation) are refused: buffers would not be shared.
"""

from typing import Any

import numpy as np

from quelea.errors import UserError
from quelea.federate.models import Floats, Labels


class TorchModel:
    """module: rows (batch, inputs) to scores (batch, classes), on the processor, in float32."""

    def __init__(self, module: Any) -> None:
        try:
            import torch
        except ImportError:
            raise UserError(
                "torch is not installed", "model", "", "pip install 'quelea[learn]'"
            ) from None
        if any(True for _ in module.buffers()):
            raise UserError("the module has buffers, which gossip does not share", "model")
        self._torch, self._module = torch, module
        self._shapes = [(part.shape, part.numel()) for part in module.parameters()]
        self.size = sum(count for _, count in self._shapes)

    def start(self, seed: int) -> Floats:
        """Return the parameters that the module came with; the seed is of no matter."""
        flat = [part.detach().reshape(-1) for part in self._module.parameters()]
        return np.array(self._torch.cat(flat).numpy(), np.float32)

    def _named(self, vector: Floats, leaf: bool) -> dict[str, Any]:
        flat = self._torch.from_numpy(np.array(vector, np.float32))
        found, first = {}, 0
        for (name, _), (shape, count) in zip(self._module.named_parameters(), self._shapes):
            part = flat[first : first + count].reshape(shape).clone()
            found[name] = part.requires_grad_(leaf)
            first += count
        return found

    def gradient(self, at: Floats, x: Floats, y: Labels, prior: Floats) -> Floats:
        """As in Model."""
        torch = self._torch
        slopes = np.empty_like(at)
        for node, vector in enumerate(at):
            named = self._named(vector, True)
            rows = torch.from_numpy(np.ascontiguousarray(x[node]))
            scores = torch.func.functional_call(self._module, named, (rows,))
            scores = scores + torch.from_numpy(np.ascontiguousarray(prior[node]))
            loss = torch.nn.functional.cross_entropy(scores, torch.from_numpy(y[node]))
            parts = torch.autograd.grad(loss, list(named.values()))
            slopes[node] = torch.cat([part.reshape(-1) for part in parts]).numpy()
        return slopes

    def scores(self, at: Floats, x: Floats) -> Floats:
        """As in Model."""
        torch = self._torch
        rows = torch.from_numpy(np.ascontiguousarray(x))
        with torch.no_grad():
            found = [
                torch.func.functional_call(self._module, self._named(vector, False), (rows,))
                for vector in at
            ]
            return np.asarray(torch.stack(found).numpy())
