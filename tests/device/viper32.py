"""Runs viper source on CPython with the words of a 32-bit board.

The unix port's machine words have 64 bits, a board's 32, and viper does not
check. This executes the same source with numbers that wrap at 32 bits, int
signed and uint not, with literals above 31 bits refused, and with pointers
that raise IndexError past the end of their buffer.
"""

import ast
import inspect
import operator
from pathlib import Path
from types import SimpleNamespace

_MASK = 0xFFFFFFFF


class Word:
    """A machine word; an operation's result has the type of its left side, as in viper."""

    def __init__(self, value, signed=True):
        value &= _MASK
        self.value = value - (1 << 32) if signed and value >> 31 else value
        self.signed = signed

    def __index__(self):
        return self.value

    def __bool__(self):
        return self.value != 0

    def __neg__(self):
        return Word(-self.value, self.signed)

    def __lshift__(self, other):
        assert 0 <= other.value < 32
        return Word(self.value << other.value, self.signed)

    def __rshift__(self, other):
        assert 0 <= other.value < 32
        return Word(self.value >> other.value, self.signed)


def _binary(operation):
    return lambda a, b: Word(operation(a.value, b.value), a.signed)


def _compare(operation):
    def method(a, b):
        if a.signed or b.signed:
            return operation(Word(a.value).value, Word(b.value).value)
        return operation(a.value, b.value)

    return method


for _name in ("add", "sub", "mul", "and", "or", "xor"):
    setattr(Word, f"__{_name}__", _binary(getattr(operator, f"__{_name}__")))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Word, f"__{_name}__", _compare(getattr(operator, f"__{_name}__")))


class Pointer:
    """ptr8, ptr16 or ptr32 into a buffer; a load gives an int, a store drops the high bits."""

    def __init__(self, buffer, code):
        self._cells = memoryview(buffer).cast("B").cast(code)
        self._bits = 8 * self._cells.itemsize

    def _at(self, index):
        if not 0 <= index.value < len(self._cells):
            raise IndexError(index.value)
        return index.value

    def __getitem__(self, index):
        return Word(self._cells[self._at(index)])

    def __setitem__(self, index, word):
        self._cells[self._at(index)] = word.value & ((1 << self._bits) - 1)


def _literal(value):
    assert -(1 << 31) <= value < 1 << 31, "a literal that 32 bits do not hold"
    return Word(value)


_CASTS = {
    "int": lambda x: Word(operator.index(x)),
    "uint": lambda x: Word(operator.index(x), signed=False),
    "ptr8": lambda x: x if isinstance(x, Pointer) else Pointer(x, "B"),
    "ptr16": lambda x: x if isinstance(x, Pointer) else Pointer(x, "H"),
    "ptr32": lambda x: x if isinstance(x, Pointer) else Pointer(x, "I"),
}


def _viper(function):
    """The decorator: arguments are cast as annotated, the result becomes a plain int."""
    kinds = [parameter.annotation for parameter in inspect.signature(function).parameters.values()]

    def call(*args):
        cast = [
            kind(arg) if callable(kind) and kind is not inspect.Parameter.empty else arg
            for kind, arg in zip(kinds, args)
        ]
        result = function(*cast)
        return result.value if isinstance(result, Word) else result

    return call


class _Words(ast.NodeTransformer):
    """Makes words of the integer literals inside functions."""

    def visit_FunctionDef(self, node):
        node.body = [self.generic_visit(part) for part in node.body]
        return node

    def visit_Module(self, node):
        node.body = [self.visit(p) if isinstance(p, ast.FunctionDef) else p for p in node.body]
        node.body = [part for part in node.body if not isinstance(part, ast.Import)]
        return node

    def visit_Constant(self, node):
        if type(node.value) is not int:
            return node
        return ast.copy_location(ast.Call(ast.Name("_literal", ast.Load()), [node], []), node)


def load(path):
    """The functions of a viper source file, callable from CPython."""
    tree = ast.fix_missing_locations(_Words().visit(ast.parse(Path(path).read_text())))
    names = {"micropython": SimpleNamespace(viper=_viper), "_literal": _literal, **_CASTS}
    exec(compile(tree, str(path), "exec"), names)
    return SimpleNamespace(**names)
