"""Arithmetic: the text of one message in, the text of its reply out."""

import ast
import operator

OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


def calculate(line: bytes) -> bytes:
    """Answers one line (without its newline) with one line. Python's eval would run any code."""
    try:
        return f"{value_of(ast.parse(line.strip(), mode='eval').body)}\n".encode()
    except Exception as error:
        return f"error: {error}\n".encode()


def value_of(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return value
        case ast.BinOp(left, op, right) if type(op) in OPERATORS:
            return OPERATORS[type(op)](value_of(left), value_of(right))
        case ast.UnaryOp(op, operand) if type(op) in OPERATORS:
            return OPERATORS[type(op)](value_of(operand))
    raise ValueError("only numbers and + - * / // % ( )")
