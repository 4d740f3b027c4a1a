"""Count lines of code, and hold the borders of runner/ and the Makefile: `make lint`."""

import ast
import io
import tokenize

from scripts.terraform import ROOT

MOST = {"runner": 700, "Makefile": 100}
_NO_CODE = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE),
    *(tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER),
}


def code_lines(source: str) -> int:
    """Count the lines of a Python file that are not blank, comment or docstring."""
    docstrings: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            if ast.get_docstring(node, clean=False) is not None and first and first.end_lineno:
                docstrings |= set(range(first.lineno, first.end_lineno + 1))
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _NO_CODE:
            code |= set(range(token.start[0], token.end[0] + 1))
    return len(code - docstrings)


def measured() -> dict[str, int]:
    """Return the lines of what has a border: code of the runner, all lines of the Makefile."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "runner").glob("*.py")]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return {"runner": sum(map(code_lines, texts)), "Makefile": len(makefile.splitlines())}


def main() -> int:
    """Print the numbers; return 1 where one is over its border, else 0."""
    number = measured()
    for name, most in MOST.items():
        print(f"{name}: {number[name]} lines, at most {most}")
    return 1 if any(number[name] > most for name, most in MOST.items()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
