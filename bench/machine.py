"""What the figures were measured on."""

import os
import platform
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
from quelea import kernels

FEATURES = (
    "sse4_2",
    "avx2",
    "bmi2",
    "avx512f",
    "avx512bw",
    "avx512dq",
    "avx512vl",
    "neon",
    "asimd",
)
PACKAGES = ("numpy", "scipy", "bottleneck", "byzfl")


@dataclass(frozen=True)
class Machine:
    """Processor, its features and caches, and the versions of the peers."""

    cpu: str
    cores: int
    load: float
    features: tuple[str, ...]
    caches: dict[str, str]
    isa: str
    python: str
    packages: dict[str, str]
    blas_core: str

    def as_dict(self) -> dict[str, object]:
        return asdict(self)

    def lines(self) -> list[str]:
        caches = ", ".join(f"{name} {size}" for name, size in self.caches.items())
        versions = ", ".join(f"{name} {number}" for name, number in self.packages.items())
        lines = [
            f"{self.cpu}, {self.cores} cores, load {self.load:.1f}; {caches}",
            f"features: {' '.join(self.features)}; kernels: {self.isa}",
            f"Python {self.python}; {versions}",
        ]
        if self.load > 0.5:
            lines.append(f"others run here (load {self.load:.1f}): quote ratios, not times")
        if self.blas_core:
            lines.append(
                f"OPENBLAS_CORETYPE={self.blas_core} is set; nothing here calls OpenBLAS, but to "
                "be sure: env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE make bench"
            )
        return lines


def _cpuinfo(key: str) -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return ""


def _caches() -> dict[str, str]:
    found: dict[str, str] = {}
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        kind = (folder / "type").read_text().strip()
        level = (folder / "level").read_text().strip()
        if kind != "Instruction":
            found[f"L{level}"] = (folder / "size").read_text().strip()
    return found


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def machine() -> Machine:
    """Look at this machine."""
    flags = set((_cpuinfo("flags") or _cpuinfo("Features")).split())
    return Machine(
        cpu=_cpuinfo("model name") or platform.processor() or platform.machine(),
        cores=os.cpu_count() or 1,
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0,
        features=tuple(name for name in FEATURES if name in flags),
        caches=_caches(),
        isa=kernels.ISA,
        python=platform.python_version(),
        packages={name: _version(name) for name in PACKAGES} | {"numpy": np.__version__},
        blas_core=os.environ.get("OPENBLAS_CORETYPE", ""),
    )
