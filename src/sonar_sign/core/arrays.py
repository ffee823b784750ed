"""What NumPy raises for damaged `.npy` and `.npz` files, of which it documents ValueError alone."""

import tokenize
import zlib
from zipfile import BadZipFile

BROKEN_ARRAY = (
    ArithmeticError,
    AttributeError,
    BadZipFile,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,  # of zipfile, for archives of a kind that it does not read
    SyntaxError,  # a header is a Python literal
    TypeError,
    ValueError,
    tokenize.TokenError,
    zlib.error,
)
