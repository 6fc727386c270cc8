"""Drives an MCP server through the official Python client and checks what a plan says that it must do.

    python python_client.py PLAN.json legacy|modern|auto

The plan is described in plan.md beside this file. Prints a line for each check; exits with 1 when one fails.
It tests nothing about the client itself, and knows nothing of any particular server.
"""

import asyncio
import json
import sys
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from mcp import Client, MCPError, StdioServerParameters

MODERN = "2026-07-28"
REQUEST_LIMIT_SECONDS = 20.0
# More pages than any server under test has: a cursor that never ends must end the test.
MOST_PAGES = 100
MODES = {"legacy": "legacy", "modern": MODERN, "auto": "auto"}


class Checks:
    """Counts the checks and prints a line for each."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    async def run(self, name: str, claim: Callable[[], Awaitable[None]]) -> None:
        """Runs one check; what it raises is its failure."""
        try:
            await claim()
        except Exception as error:
            self.failed += 1
            print(f"FAIL  {name}: {type(error).__name__}: {error}")
        else:
            self.passed += 1
            print(f"ok    {name}")


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


async def pages(client: Client) -> tuple[list[str], int]:
    """The names of all tools, page by page, with the number of pages."""
    names: list[str] = []
    cursor = None
    for count in range(1, MOST_PAGES + 1):
        page = await client.list_tools(cursor=cursor, cache_mode="refresh")
        names += [tool.name for tool in page.tools]
        cursor = page.next_cursor
        if cursor is None:
            return names, count
    raise Failure(f"tools/list did not end after {MOST_PAGES} pages")


async def check_list(client: Client, plan: dict[str, Any]) -> None:
    names, count = await pages(client)
    must_equal(len(set(names)), len(names), "the number of different names")
    tools = plan.get("tools", {})
    missing = [name for name in tools.get("present", []) if name not in names]
    must_equal(missing, [], "the list of missing tools")
    if "pages" in tools:
        must_equal(count, tools["pages"], "the number of pages")


async def call(client: Client, step: dict[str, Any]) -> None:
    """Calls a tool and compares with what the plan expects of it."""
    expect = step["expect"]
    heard: list[float] = []

    async def progress(done: float, _total: float | None, _message: str | None) -> None:
        heard.append(done)

    try:
        result = await client.call_tool(
            step["tool"],
            step.get("arguments"),
            progress_callback=progress if "progress" in expect else None,
        )
    except MCPError as error:
        if "code" not in expect:
            raise
        must_equal(error.code, expect["code"], "the code of the protocol error")
        return
    if "code" in expect:
        raise Failure(f"a result instead of protocol error {expect['code']}: {result!r:.300}")
    must_equal(bool(result.is_error), expect.get("isError", False), "isError")
    text = "\n".join(getattr(content, "text", "") for content in result.content)
    if "text" in expect:
        must_equal(text, expect["text"], "the text")
    for part in expect.get("contains", []):
        must_contain(text, part, "the text")
    if "types" in expect:
        must_equal([content.type for content in result.content], expect["types"], "the types of the content")
    if "structured" in expect:
        must_hold(result.structured_content, expect["structured"], "structuredContent")
    if "progress" in expect:
        must_equal(heard, expect["progress"], "the progress")


def title(step: dict[str, Any]) -> str:
    expect = step["expect"]
    kind = "protocol error" if "code" in expect else "tool error" if expect.get("isError") else "result"
    return ", ".join([f"tools/call {step['tool']}: {kind}"] + [key for key in ("structured", "progress") if key in expect])


def check_era(client: Client, plan: dict[str, Any], mode: str) -> None:
    must_equal(client.protocol_version, plan["legacyVersion"] if mode == "legacy" else MODERN, "the protocol version")
    # A client that pins a version asks for nothing beforehand, so it learns no name.
    if mode != "modern":
        name = client.server_info.name if client.server_info else None
        must_equal(name, plan["serverName"], "the server's name")


async def main(plan_file: str, mode: str) -> int:
    plan = json.loads(Path(plan_file).read_text(encoding="utf-8"))
    server = plan["server"]
    target = server.get("url") or StdioServerParameters(command=server["command"][0], args=server["command"][1:])
    checks = Checks()

    async with Client(target, mode=MODES[mode], read_timeout_seconds=REQUEST_LIMIT_SECONDS) as client:

        async def era() -> None:
            check_era(client, plan, mode)

        async def all_at_once() -> None:
            # All are waited for, so that none is still under way when the client closes.
            outcomes = await asyncio.gather(*(call(client, step) for step in plan["calls"]), return_exceptions=True)
            for failure in (outcome for outcome in outcomes if outcome is not None):
                raise failure

        await checks.run(f"the era for mode {mode}", era)
        await checks.run("tools/list page by page", lambda: check_list(client, plan))
        for step in plan["calls"]:
            await checks.run(title(step), lambda step=step: call(client, step))
        await checks.run("all these calls at once", all_at_once)
        if mode == "legacy":
            await checks.run("ping", lambda: ping(client))

    print(f"{checks.passed} passed, {checks.failed} failed")
    return 0 if checks.failed == 0 else 1


async def ping(client: Client) -> None:
    with warnings.catch_warnings():
        # The method is deprecated because the newest revision has no ping; the older ones do.
        warnings.simplefilter("ignore")
        await client.send_ping()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
