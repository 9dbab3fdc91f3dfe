"""Three package roots and the extensions; everything else is in pyproject.toml."""

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


# The same file is compiled under another name, so that the plain-Python twin stays importable.
EXTENSIONS = [Extension("quelea.reference._core", ["host/quelea/reference/core.py"])]

setup(
    package_dir=PACKAGES,
    packages=[sub for name, folder in PACKAGES.items() for sub in find(name, folder)],
    package_data={"": ["*.json", "*.jsonl", "*.csv", "*.toml", "*.txt", "*.pxd", "*.pxi", "*.pyx"]},
    ext_modules=cythonize(EXTENSIONS, language_level=3, build_dir="build/cython"),
)
