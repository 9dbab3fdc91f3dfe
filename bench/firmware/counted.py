"""Instructions a part, counted on the emulated Cortex-M0.

QEMU's `-icount shift=7` lets virtual time go on by 2^7 ns with every instruction; the board's
SysTick counts it at 16 MHz, so an instruction is 2.048 ticks. No clock of the host is involved:
two runs give the same figures, and the verdict checks it.
"""

import ast
from dataclasses import dataclass

from quelea.conform.targets import DoesNotFit, Files, TargetError
from quelea.conform.targets.microbit import Microbit

from bench.firmware.parts import Row

SHIFT = 7
ICOUNT = ("-icount", f"shift={SHIFT},sleep=off,align=off")
TICKS_HZ = 16_000_000
TICKS_PER_1000 = (1 << SHIFT) * TICKS_HZ // 1_000_000  # ticks per 1000 instructions
TIMEOUT_S = 20.0


class CountingMicrobit(Microbit):
    """The conformance target, its virtual time driven by instructions."""

    options = ICOUNT


def instructions(ticks: int) -> int:
    """Return the instructions that took so many ticks, exactly: a tick is less than one."""
    return round(ticks * 1000 / TICKS_PER_1000)


# Pieces go into one name space in the order of what they need, so no name is set twice; a function
# would cost a level of the short stack. Interrupts are off while it counts; should the part raise,
# they must come on again, or the serial line would be dead.
SCRIPT = """
from gc import collect, disable, enable, mem_alloc
from machine import disable_irq, enable_irq, mem32
{imports}
part = {make}
mem32[0xE000E014] = 0xFFFFFF  # SysTick: where it starts again; it counts down
mem32[0xE000E018] = 0
mem32[0xE000E010] = 5  # on, by the processor's clock, no interrupt
def ticks():
    irq = disable_irq()
    try:
        a = mem32[0xE000E018]
        part.base()
        b = mem32[0xE000E018]
        part.call()
        c = mem32[0xE000E018]
    finally:
        enable_irq(irq)
    print("ticks", a - b, b - c)
def heap():
    collect()
    disable()
    a = mem_alloc()
    part.call()
    b = mem_alloc()
    enable()
    print("bytes", b - a, part.times)
ticks()
ticks()
ticks()
heap()
heap()
print("digest", part.digest())
"""


@dataclass(frozen=True)
class Count:
    """What one part costs. instructions and bytes: for one time; why: not measured, and why."""

    name: str
    count: int
    instructions: float = 0.0
    heap_bytes: int = 0
    digest: int = 0
    why: str = ""


class _Shorten(ast.NodeTransformer):
    """Empty the texts in tables: names and units, which a board of 8 KB has no room for."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant("") if isinstance(node.value, str) else node


# The registry would bring all rules; a part asks for one.
ONE_RULE = """
from quelea_proto.rules.wmsr import apply


def find(name):
    return (name, apply, True)
"""


def lean(files: Files) -> dict[str, str]:
    """Return the files for a heap of 8 KB: the code as it is, without the texts of its tables."""
    shorter = {}
    for path, text in files.items():
        tree = ast.parse(text)
        body = [
            _Shorten().visit(part) if isinstance(part, (ast.Assign, ast.AnnAssign)) else part
            for part in tree.body
        ]
        shorter[path] = ast.unparse(ast.fix_missing_locations(ast.Module(body, [])))
    shorter["quelea_proto/rules/__init__.py"] = ONE_RULE
    return shorter


def count_part(target: Microbit, files: Files, row: Row, count: int) -> Count:
    """Return the cost of a part, or why it could not be measured."""
    try:
        script = SCRIPT.format(imports=row.imports(), make=row.make(count))
        printed = target.run(files, script, TIMEOUT_S)
    except DoesNotFit as error:
        return Count(row.name, count, why=str(error).splitlines()[0])
    runs, facts = [], {}
    for line in printed.splitlines():
        word, *numbers = line.split()
        if word == "ticks":
            base, call = (instructions(int(number) & 0xFFFFFF) for number in numbers)
            runs.append(call - base)
        else:
            facts[word] = [int(number) for number in numbers]
    if not runs or "digest" not in facts:
        raise TargetError("the part did not come to its end", printed)
    heap_bytes, times = facts["bytes"]
    # The first run may still fill the interpreter's caches; the least is the steady one.
    return Count(row.name, count, min(runs) / times, heap_bytes, facts["digest"][0])
