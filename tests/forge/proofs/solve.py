"""Ways of asking a solver, for Halmos: `solve.py integers FILE`, `products FILE` and `commuting FILE`.

Halmos asks first with products and quotients of symbols as functions that nothing is known of, then with
all of them as they are, of bits. Solvers of bits then end without a verdict.
"""

import os
import re
import sys
from pathlib import Path

YICES = ("yices-smt2", "--smt2-model-format", "--bvconst-in-decimal")
PRODUCT = re.compile(
    r"\(declare-fun (f_evm_bvmul_(\d+)) \(\(_ BitVec \2\) \(_ BitVec \2\)\) \(_ BitVec \2\)\)",
)


def integers(path: Path) -> None:
    """Solves the SMT-LIB file at `path` by cvc5 over the integers: a quotient is a product and two bounds."""
    import cvc5

    terms = cvc5.TermManager()
    solver = cvc5.Solver(terms)
    solver.setOption("solve-bv-as-int", "sum")
    solver.setOption("produce-models", "true")
    symbols = cvc5.SymbolManager(terms)
    parser = cvc5.InputParser(solver, symbols)
    parser.setFileInput(cvc5.InputLanguage.SMT_LIB_2_6, str(path))
    while not (command := parser.nextCommand()).isNull():
        print(command.invoke(solver, symbols), end="", flush=True)


def products(path: Path) -> None:
    """Solves it by Yices with products as they are, in a normal form, and quotients as symbols."""
    _solve_with(r"(define-fun \1 ((x (_ BitVec \2)) (y (_ BitVec \2))) (_ BitVec \2) (bvmul x y))", path)


def commuting(path: Path) -> None:
    """Solves it by Yices with quotients and products as symbols, the latter the same in either order.

    The compiler orders the operands of a product as it likes.
    """
    symbol = r"(declare-fun \1_ ((_ BitVec \2) (_ BitVec \2)) (_ BitVec \2))"
    ordered = r"(ite (bvule x y) (\1_ x y) (\1_ y x))"
    _solve_with(
        rf"{symbol}\n(define-fun \1 ((x (_ BitVec \2)) (y (_ BitVec \2))) (_ BitVec \2) {ordered})", path
    )


def _solve_with(meaning: str, path: Path) -> None:
    defined = path.with_suffix(".defined.smt2")
    defined.write_text(PRODUCT.sub(meaning, path.read_text()))
    folder = Path(sys.executable).parent  # Of Halmos's environment, which Yices is installed into.
    os.execv(folder / YICES[0], [*YICES, str(defined)])


if __name__ == "__main__":
    modes = {"integers": integers, "products": products, "commuting": commuting}
    modes[sys.argv[1]](Path(sys.argv[2]))
