"""What was found against what a plan expects, for the Python clients, and how checks are counted."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

# How long one check may take.
CHECK_LIMIT_SECONDS = 60.0


class Failure(Exception):
    """A server did not do what the plan says."""


def must_equal(found: Any, expected: Any, what: str) -> None:
    if found != expected:
        raise Failure(f"{what} is {found!r}, not {expected!r}")


def must_hold(found: Any, expected: Any, path: str) -> None:
    """Every member of `expected` is in `found`, at every depth; `found` may hold more."""
    if not isinstance(expected, dict):
        must_equal(found, expected, path)
        return
    if not isinstance(found, dict):
        raise Failure(f"{path} is {found!r}, not an object")
    for key, value in expected.items():
        must_hold(found.get(key), value, f"{path}.{key}")


def must_contain(text: str, part: str, what: str) -> None:
    if part not in text:
        raise Failure(f"{what} does not contain {part!r}: {text[:300]}")


def holds(found: Any, expected: Any) -> bool:
    """Whether every member of `expected` is in `found`."""
    try:
        must_hold(found, expected, "")
    except Failure:
        return False
    return True


class Checks:
    """Counts the checks and prints a line for each."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    async def run(self, name: str, claim: Callable[[], Awaitable[None]]) -> None:
        """Runs one check; what it raises is its failure."""
        try:
            await asyncio.wait_for(claim(), CHECK_LIMIT_SECONDS)
        except Exception as error:
            self.failed += 1
            print(f"FAIL  {name}: {type(error).__name__}: {error}")
        else:
            self.passed += 1
            print(f"ok    {name}")
