#!/bin/sh
# Prepare .venv: `tools/env.sh PYTHON CHANGED...`, called by `make env` with the files that changed.
# All packages when pyproject.toml changed or .venv is new; else only the extension is rebuilt.
set -eu

python=$1
shift
venv=.venv
started=$(date +%s)

refuse() {
    echo "env: $1" >&2
    echo "env: $2" >&2
    exit 2
}

command -v "$python" >/dev/null 2>&1 || refuse \
    "Python 3.11 or newer is needed; there is no command \`$python\`." \
    "Install it (Debian: apt-get install python3 python3-venv python3-dev), or name yours: make PYTHON=/path/to/python3.12"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || refuse \
    "Python 3.11 or newer is needed; \`$python\` is $("$python" -V 2>&1)." \
    "Name a newer one: make PYTHON=/path/to/python3.12"
"$python" -c 'import venv, ensurepip' 2>/dev/null || refuse \
    "$("$python" -V) cannot make virtual environments: its module venv or ensurepip is missing." \
    "Install it (Debian: apt-get install python3-venv)."
command -v "${CC:-gcc}" >/dev/null 2>&1 || refuse \
    "a C compiler is needed to build the reference; there is no command \`${CC:-gcc}\`." \
    "Install one (Debian: apt-get install gcc), or name yours in the variable CC."
include=$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["include"])')
test -f "$include/Python.h" || refuse \
    "the C headers of $("$python" -V) are missing: no Python.h in its include folder." \
    "Install them (Debian: apt-get install python3-dev)."

# Quiet; what pip and the compiler said is shown only when they failed.
pip() {
    mkdir -p build
    "$venv/bin/python" -m pip --disable-pip-version-check "$@" >build/env.log 2>&1 || {
        cat build/env.log >&2
        refuse "the step \`pip $*\` failed; its output is above and in build/env.log." \
            "With no network, use a package mirror by PIP_INDEX_URL; else run \`make env\` again."
    }
}

# The build backend lies in .venv itself, so that a rebuild asks no registry.
case " $* " in
*" pyproject.toml "*)
    echo "env: installing the packages of pyproject.toml into $venv (some minutes the first time)"
    test -x "$venv/bin/python" || "$python" -m venv "$venv"
    pip install "setuptools>=77" "cython>=3.1,<4"
    pip install --no-build-isolation --editable ".[dev]"
    ;;
*)
    echo "env: building the reference"
    pip install --no-build-isolation --no-deps --editable .
    ;;
esac
echo "env: ready after $(($(date +%s) - started)) s"
