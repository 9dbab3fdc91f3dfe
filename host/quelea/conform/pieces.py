"""Sources for a target of 8 KB: one name space, only what is used, a statement at a time.

The parse tree of a whole module does not fit there. So the modules that a script imports are
joined in one name space, constants of the limits are written out as numbers, annotations and
docstrings go, what nothing needs is left out, and classes are taken apart into methods. What a
statement computes is not touched.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

SCRIPT = "__main__"


class CannotFlatten(Exception):
    """The script uses a form of import that the one name space cannot give."""


@dataclass
class _Module:
    """One source file: its statements, and what it imports: local name -> (module, name).

    whole: modules imported as such; only their constants can be used, as in `count.ROUNDS`.
    """

    name: str
    body: list[ast.stmt]
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    whole: dict[str, str] = field(default_factory=dict)  # local name -> module
    constants: dict[str, int] = field(default_factory=dict)


class _Strip(ast.NodeTransformer):
    """Drop annotations and docstrings; write constants out."""

    def __init__(self, constants: Mapping[str, int]) -> None:
        self.constants = constants

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        for arg in [*every, node.args.vararg, node.args.kwarg]:
            if arg is not None:
                arg.annotation = None
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        self.generic_visit(node)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return None
        return self.visit(ast.Assign([node.target], node.value, lineno=0))  # type: ignore[no-any-return]

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and f"{node.value.id}.{node.attr}" in self.constants:
            return ast.Constant(self.constants[f"{node.value.id}.{node.attr}"])
        self.generic_visit(node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id in self.constants:
            return ast.Constant(self.constants[node.id])
        return node


def _path_of(module: str, files: Mapping[str, str]) -> str | None:
    base = module.replace(".", "/")
    return next((path for path in (f"{base}.py", f"{base}/__init__.py") if path in files), None)


def _parse(name: str, text: str, files: Mapping[str, str]) -> _Module:
    module = _Module(name, [])
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue  # the docstring
        if isinstance(statement, ast.Import) and any(
            _path_of(alias.name, files) for alias in statement.names
        ):
            raise CannotFlatten(f"{name} imports a whole module")
        if isinstance(statement, ast.ImportFrom):
            source = statement.module or ""
            whole = [a for a in statement.names if _path_of(f"{source}.{a.name}", files)]
            for alias in whole:
                module.whole[alias.asname or alias.name] = f"{source}.{alias.name}"
            if whole or _path_of(source, files):
                for alias in [a for a in statement.names if a not in whole]:
                    if alias.asname:
                        raise CannotFlatten(f"{source}.{alias.name} gets another name")
                    module.imports[alias.name] = (source, alias.name)
                continue
        if _is_constant(statement):
            assert isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
            module.constants[statement.targets[0].id] = ast.literal_eval(statement.value)
        module.body.append(statement)
    return module


def _is_constant(statement: ast.stmt) -> bool:
    """Return whether the statement is NAME = integer, the name in capitals."""
    return (
        isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, int)
        and isinstance(statement.targets[0], ast.Name)
        and statement.targets[0].id.isupper()
    )


def _defined(statement: ast.stmt) -> set[str]:
    """Return the names that a top-level statement binds, of those that can be left out."""
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return {statement.name}
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _used(node: ast.AST) -> set[str]:
    """Return the names that are read; what is only bound is nobody else's."""
    names = [part for part in ast.walk(node) if isinstance(part, ast.Name)]
    return {name.id for name in names if isinstance(name.ctx, ast.Load)}


def _constants(text: str) -> dict[str, int]:
    """Return the NAME = const(number) rows of a module of limits."""
    found = {}
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            call, target = statement.value, statement.targets[0]
            if isinstance(call.func, ast.Name) and call.func.id == "const":
                assert isinstance(target, ast.Name)
                found[target.id] = int(ast.literal_eval(call.args[0]))
    return found


class _Flattener:
    """Walks from the script through its imports; out holds the statements, callees first."""

    LIMITS = "quelea_proto.limits"

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files
        self.modules: dict[str, _Module] = {}
        self.owner: dict[str, str] = {}  # name in the one name space -> module
        self.done: set[tuple[str, int]] = set()
        self.out: list[ast.stmt] = []
        limits = _path_of(self.LIMITS, files)
        self.limits = _constants(files[limits]) if limits else {}

    def _module(self, name: str) -> _Module:
        if name not in self.modules:
            path = _path_of(name, self.files)
            assert path is not None
            self.modules[name] = _parse(name, self.files[path], self.files)
        return self.modules[name]

    def need(self, module: _Module, name: str) -> None:
        """Emit what defines name in this module, if the module does."""
        if name in module.whole:
            raise CannotFlatten(f"{module.whole[name]} is needed as a whole module")
        if name in module.imports:
            source, name = module.imports[name]
            if source != self.LIMITS:
                self.need(self._module(source), name)
            return
        for at, statement in enumerate(module.body):
            if name in _defined(statement):
                if self.owner.setdefault(name, module.name) != module.name:
                    raise CannotFlatten(f"{name} is in {module.name} and {self.owner[name]}")
                self.emit(module, at)
                if module.name != SCRIPT:
                    self._emit_fillers(module, name)
            elif isinstance(statement, (ast.ImportFrom, ast.Try)) and name in {
                alias.asname or alias.name
                for part in ast.walk(statement)
                if isinstance(part, ast.ImportFrom)
                for alias in part.names
            }:
                self.emit(module, at)

    def _constants_of(self, module: _Module) -> dict[str, int]:
        """Return the integers that this module's functions know by name, to be written out."""
        known = dict(module.constants)
        for local, (source, name) in module.imports.items():
            if source == self.LIMITS:
                constants = self.limits
            else:
                constants = self._module(source).constants
            if name in constants:
                known[local] = constants[name]
        for local, source in module.whole.items():
            constants = self.limits if source == self.LIMITS else self._module(source).constants
            for name, number in constants.items():
                known[f"{local}.{name}"] = number
        return known

    def _emit_fillers(self, module: _Module, name: str) -> None:
        """Emit the loops that fill a table of this name after its definition."""
        for at, statement in enumerate(module.body):
            if isinstance(statement, (ast.For, ast.While)) and name in _used(statement):
                self.emit(module, at)

    def emit(self, module: _Module, at: int) -> None:
        """Emit one statement after everything that it uses."""
        if (module.name, at) in self.done:
            return
        self.done.add((module.name, at))
        statement = module.body[at]
        known = self._constants_of(module)
        statement = _Strip(known).visit(statement)
        # Sorted, so that two runs send the same bytes.
        for name in sorted(_used(statement)):
            self.need(module, name)
        self.out.append(statement)


class _Shorten(ast.NodeTransformer):
    """Give a function's own names one or two letters: each long one costs the target its bytes."""

    LETTERS = "abcdefghijklmnopqrstuvwxyz"

    def __init__(self, function: ast.FunctionDef, keep: set[str]) -> None:
        arguments = function.args
        every = [*arguments.args, *arguments.kwonlyargs]
        every += [arg for arg in (arguments.vararg, arguments.kwarg) if arg is not None]
        own = [arg.arg for arg in every]
        own += [
            node.id
            for node in ast.walk(function)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        ]
        taken = _used(function) - set(own)
        free = (name for name in self._short() if name not in taken)
        self.names: dict[str, str] = {}
        for name in own:
            if name not in self.names:
                self.names[name] = name if name in keep else next(free)

    @classmethod
    def _short(cls) -> Iterator[str]:
        yield from cls.LETTERS
        for letter in cls.LETTERS:
            yield from (letter + other for other in "0123456789")

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self.names.get(node.id, node.id), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(self.names.get(node.arg, node.arg))


def _shortened(statement: ast.stmt, keep: set[str]) -> ast.stmt:
    """Shorten every function of a statement; keep: names that calls give as keywords."""
    functions = [statement] if isinstance(statement, ast.FunctionDef) else []
    if isinstance(statement, ast.ClassDef):
        functions = [part for part in statement.body if isinstance(part, ast.FunctionDef)]
    for function in functions:
        inner = [node for node in ast.walk(function) if node is not function]
        if not any(isinstance(n, (ast.FunctionDef, ast.Lambda, ast.Global)) for n in inner):
            _Shorten(function, keep).visit(function)
    return statement


def _text(node: ast.stmt) -> str:
    """Return the source, indented by single blanks."""
    lines = ast.unparse(ast.fix_missing_locations(node)).split("\n")
    depths = [(len(line) - len(line.lstrip())) // 4 for line in lines]
    return "\n".join(" " * depth + line.lstrip() for depth, line in zip(depths, lines))


def _methods(statement: ast.ClassDef) -> Iterator[str]:
    """Yield the source of each method, which puts itself into the class."""
    for part in statement.body:
        if isinstance(part, ast.FunctionDef) and not part.decorator_list:
            put = f"{statement.name}.{part.name} = {part.name}\ndel {part.name}"
            yield f"{_text(part)}\n{put}"
        elif not isinstance(part, (ast.Expr, ast.Pass)):
            raise CannotFlatten(f"class {statement.name} is more than methods")


def _in_order(statements: list[ast.stmt]) -> list[str]:
    """Return the sources: shells of classes, functions, the longest first, then all the rest.

    A long function needs the most heap to be compiled, and there is most of it at the start.
    """
    shells: list[str] = []
    functions: list[str] = []
    rest: list[str] = []
    for statement in statements:
        if isinstance(statement, ast.ClassDef):
            shells.append(f"class {statement.name}: pass")
            functions += _methods(statement)
        elif isinstance(statement, ast.FunctionDef):
            functions.append(_text(statement))
        else:
            rest.append(_text(statement))
    return [*shells, *sorted(functions, key=len, reverse=True), *rest]


def flatten(files: Mapping[str, str], script: str) -> list[str]:
    """Return the sources to execute one after the other in one name space.

    files: the Python files as a larger target would get them. Raises CannotFlatten, which also
    says that two modules define the same name.
    """
    work = _Flattener(files)
    main = _parse(SCRIPT, script, files)
    for at, statement in enumerate(main.body):
        for name in _defined(statement):
            if work.owner.setdefault(name, SCRIPT) != SCRIPT:
                raise CannotFlatten(f"{name} is in the script and in {work.owner[name]}")
        work.emit(main, at)
    keep = {
        keyword.arg
        for statement in work.out
        for keyword in ast.walk(statement)
        if isinstance(keyword, ast.keyword) and keyword.arg is not None
    }
    return _in_order([_shortened(statement, keep) for statement in work.out])
