"""Make the mutants of a module: one changed place each, by cosmic-ray's operators and two of our own."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import parso
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator

type Place = tuple[int, int]
"""Line from 1, column from 0."""

COSMIC_RAY = (
    *("AddNot", "ReplaceUnaryOperator_Delete_Not", "ReplaceUnaryOperator_Delete_USub"),
    *("ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue"),
    *("ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ZeroIterationForLoop"),
    *("NumberReplacer", "ExceptionReplacer", "RemoveDecorator"),
    *("ReplaceComparisonOperator_Eq_NotEq", "ReplaceComparisonOperator_NotEq_Eq"),
    *("ReplaceComparisonOperator_Is_IsNot", "ReplaceComparisonOperator_IsNot_Is"),
    *("ReplaceComparisonOperator_Lt_LtE", "ReplaceComparisonOperator_Lt_Gt"),
    *("ReplaceComparisonOperator_LtE_Lt", "ReplaceComparisonOperator_LtE_Gt"),
    *("ReplaceComparisonOperator_Gt_GtE", "ReplaceComparisonOperator_Gt_Lt"),
    *("ReplaceComparisonOperator_GtE_Gt", "ReplaceComparisonOperator_GtE_Lt"),
    *("ReplaceBinaryOperator_Add_Sub", "ReplaceBinaryOperator_Sub_Add"),
    *("ReplaceBinaryOperator_Mul_FloorDiv", "ReplaceBinaryOperator_FloorDiv_Mul"),
    *("ReplaceBinaryOperator_Div_Mul", "ReplaceBinaryOperator_Mod_Mul", "ReplaceBinaryOperator_Pow_Mul"),
    *("ReplaceBinaryOperator_BitOr_BitAnd", "ReplaceBinaryOperator_BitAnd_BitOr"),
)
"""cosmic-ray's operators, one or two a kind of place: its other hundred swap the same place for ever stranger things
(``+`` for ``<<``), which every test kills, so that they would only flatter the figure."""


class SwapMembership(Operator):  # type: ignore[misc]  # cosmic-ray ships no types
    """Swap ``in`` and ``not in``, in comparisons only: cosmic-ray has no operator for it."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Place, Place]]:
        """Yield the place of the operator."""
        if node.type == "comparison":
            for child in node.children[1::2]:
                if child.get_code().split() in (["in"], ["not", "in"]):
                    yield child.start_pos, child.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Swap one."""
        wanted = list(self.mutation_positions(node))[index][0]
        for place, child in enumerate(node.children):
            if child.start_pos == wanted and child.type != "name":
                words = " in" if child.get_code().split() == ["not", "in"] else " not in"
                node.children[place] = parso.python.tree.Operator(words.strip(), child.start_pos, prefix=" ")
        return node

    @classmethod
    def examples(cls) -> tuple[Any, ...]:
        """Give none."""
        return ()


class DeleteStatement(Operator):  # type: ignore[misc]  # cosmic-ray ships no types
    """Leave a call or an augmented assignment out."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Place, Place]]:
        """Yield the place of a statement that works by its effect alone."""
        if node.type != "simple_stmt":
            return
        statement = node.children[0]
        is_call = statement.type == "atom_expr" and statement.get_code().rstrip().endswith(")")
        is_augmented = statement.type == "expr_stmt" and statement.children[1].get_code().strip() in AUGMENTED
        if is_call or is_augmented:
            yield statement.start_pos, statement.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Put ``pass`` in its place."""
        statement = node.children[0]
        prefix = statement.get_first_leaf().prefix
        node.children[0] = parso.python.tree.Keyword("pass", statement.start_pos, prefix=prefix)
        return node

    @classmethod
    def examples(cls) -> tuple[Any, ...]:
        """Give none."""
        return ()


AUGMENTED = ("+=", "-=", "*=", "/=", "//=", "|=", "&=")
OPERATORS: dict[str, Operator] = {
    **{name: get_operator(f"core/{name}")() for name in COSMIC_RAY},
    "SwapMembership": SwapMembership(),
    "DeleteStatement": DeleteStatement(),
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """Hold one change of one module."""

    module: str
    operator: str
    occurrence: int
    line: int
    column: int

    def as_json(self) -> dict[str, str | int]:
        """Return it as plain values."""
        return asdict(self)


def mutants_of(module: str, path: Path) -> list[Mutant]:
    """Return every mutant of a module.

    But for those in annotations and type aliases, which nothing runs, and in the arguments of a decorator of a class.
    """
    source = path.read_text(encoding="utf-8")
    unrun = list(_unrun(ast.parse(source)))
    found = []
    tree = get_ast(source)
    nodes = list(ast_nodes(tree))
    for name, operator in OPERATORS.items():
        occurrence = -1
        for node in nodes:
            for (line, column), _ in operator.mutation_positions(node):
                occurrence += 1
                if not any(begin <= (line, column) < end for begin, end in unrun):
                    found.append(Mutant(module, name, occurrence, line, column))
    return sorted(found, key=lambda one: (one.line, one.column, one.operator, one.occurrence))


def compiles(source: str) -> bool:
    """Return whether a mutant is Python at all: the star of a signature is no product."""
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def _unrun(tree: ast.Module) -> Iterator[tuple[Place, Place]]:
    """Yield where code stands that is never run: annotations (all are postponed), aliases of types, type checking."""
    for node in ast.walk(tree):
        held: Iterable[ast.AST | None] = ()
        match node:
            case ast.arg() | ast.AnnAssign():
                held = (node.annotation,)
            case ast.FunctionDef():
                held = (node.returns,)
            case ast.ClassDef():  # frozen, slots and kw_only of a dataclass: how it may be written, not what it says
                held = [one for two in node.decorator_list if isinstance(two, ast.Call) for one in two.keywords]
            case ast.TypeAlias():
                held = (node,)
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                held = (node,)
            case ast.Call(func=ast.Name(id="cast"), args=[first, *_]):
                held = (first,)
        for part in held:
            if part is not None:
                begin, end = (part.lineno, part.col_offset), (part.end_lineno, part.end_col_offset)  # type: ignore[attr-defined]  # expressions and statements have a place
                yield begin, end


def mutated(mutant: Mutant, source: str) -> str:
    """Return the source of a module with the change of a mutant."""
    text = mutate_code(source, OPERATORS[mutant.operator], mutant.occurrence)
    if text is None or text == source:
        raise RuntimeError(f"{mutant} changes nothing")
    return str(text)


def changed_line(source: str, mutated_source: str) -> tuple[str, str]:
    """Return the first line that differs, before and after."""
    before, after = source.splitlines(), mutated_source.splitlines()
    for old, new in zip(before, after, strict=False):
        if old != new:
            return old.strip(), new.strip()
    return before[-1].strip(), "(nothing)"


def sample_of(mutants: list[Mutant], size: int | None, seed: int) -> list[Mutant]:
    """Return mutants in an order drawn by a seed, so that whatever was run of it is a sample; all without a size."""
    return random.Random(seed).sample(mutants, len(mutants) if size is None else min(size, len(mutants)))
