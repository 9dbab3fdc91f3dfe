"""Three package roots and the extensions; everything else is in pyproject.toml."""

from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

PACKAGES = {
    "quelea": "host/quelea",
    "quelea_proto": "shared/quelea_proto",
    "quelea_agent": "firmware/quelea_agent",
}


def find(name: str, folder: str) -> list[str]:
    """List a package and its sub-packages in dotted form."""
    from setuptools import find_packages

    return [name, *(f"{name}.{sub}" for sub in find_packages(folder))]


# The reference's twin is compiled under a second name, so that both stay importable; the types are
# in compiled/*.pxd, found by that name.
TWIN = "host/quelea/reference/twin"
TYPES = sorted(str(path) for path in Path("host/quelea/reference/compiled").glob("*.pxd"))
REFERENCE = (
    "codec", "rules", "flows", "frames", "pace", "peers", "machine", "policy", "q_table", "softmax"
)  # fmt: skip
EXTENSIONS = [
    Extension(f"quelea.reference.compiled.{name}", [f"{TWIN}/{name}.py"], depends=TYPES)
    for name in REFERENCE
]
# Plain C behind a thin .pyx; each instruction set is a file of its own, chosen when it runs.
KERNELS = Path("host/quelea/kernels")
KERNEL_SOURCES = sorted(str(path) for path in (KERNELS / "src").glob("*.c"))
EXTENSIONS.append(
    Extension(
        "quelea.kernels._core",
        [str(KERNELS / "_core.pyx"), *KERNEL_SOURCES],
        include_dirs=[str(KERNELS / "src")],
        depends=sorted(str(path) for path in (KERNELS / "src").glob("*.h")),
        extra_compile_args=["-O3", "-g0", "-fwrapv", "-pthread"],
        extra_link_args=["-pthread"],
    )
)
ENGINE = Path("host/quelea/simulator/engine")
EXTENSIONS.append(
    Extension(
        "quelea.simulator.engine._engine",
        [str(ENGINE / "_engine.pyx"), *sorted(str(path) for path in ENGINE.glob("engine*.c"))],
        include_dirs=[str(ENGINE)],
        depends=sorted(str(path) for path in ENGINE.glob("*.h")),
        extra_compile_args=["-O3", "-g0", "-fwrapv", "-Wno-psabi"],
    )
)
LEARN = Path("host/quelea/learn")
EXTENSIONS.append(
    Extension(
        "quelea.learn._story",
        [str(LEARN / "_story.pyx"), *sorted(str(path) for path in LEARN.glob("story*.c"))],
        include_dirs=[str(LEARN)],
        depends=sorted(str(path) for path in LEARN.glob("story*.h")),
        extra_compile_args=["-O3", "-g0", "-fwrapv"],
    )
)
DIRECTIVES = {
    "annotation_typing": False,  # `int` in the twin's annotations means any Python integer
    "boundscheck": True,  # of Python's lists; C arrays have no check, their indices are bounded
    "wraparound": False,
    "cdivision": False,  # floor division, as the protocol's
    "initializedcheck": False,
}


def types_changed() -> bool:
    """Return whether a .pxd is newer than what was made from it: Cython looks beside the twin."""
    made = [Path(f"build/cython/{TWIN}/{name}.c") for name in REFERENCE]
    if not all(path.exists() for path in made):
        return True
    newest = max(Path(path).stat().st_mtime for path in [*TYPES, __file__])
    return newest > min(path.stat().st_mtime for path in made)


setup(
    package_dir=PACKAGES,
    packages=[sub for name, folder in PACKAGES.items() for sub in find(name, folder)],
    include_package_data=False,  # what is packed is named here, once
    package_data={
        "": [
            "*.csv",
            "*.json",
            "*.jsonl",
            "*.md",
            "*.mjs",
            "*.pxd",
            "*.pyi",
            "*.qnn",
            "*.toml",
            "*.txt",
            "*.yml",
            "py.typed",
        ],
        "quelea.watch": ["page/*"],
        "quelea_proto": ["vectors/*.jsonl"],
    },
    # What belongs to no package and is flashed all the same; quelea.fleet.manifest looks here.
    data_files=[
        ("share/quelea", ["firmware/main.py", "firmware/manifest.py", "firmware/start.py"])
    ],
    ext_modules=cythonize(
        EXTENSIONS,
        language_level=3,
        include_path=["host"],
        build_dir="build/cython",
        force=types_changed(),
        compiler_directives=DIRECTIVES,
    ),
)
