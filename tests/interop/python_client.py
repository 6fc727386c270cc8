"""Drives an MCP server through the official Python client and checks what a plan says that it must do.

    python python_client.py PLAN.json legacy|modern|auto

The plan is described in plan.md beside this file. Prints a line for each check; exits with 1 when one fails.
It tests nothing about the client itself, and knows nothing of any particular server.
"""

import asyncio
import json
import sys
import warnings
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from mcp import Client, MCPError, StdioServerParameters
from mcp_types import PromptReference, ResourceTemplateReference

from python_expect import Checks, Failure, must_contain, must_equal, must_hold
from python_partner import Partner, subscribe_legacy, subscribe_modern

MODERN = "2026-07-28"
REQUEST_LIMIT_SECONDS = 20.0
# More pages than any server under test has: a cursor that never ends must end the test.
MOST_PAGES = 100
MODES = {"legacy": "legacy", "modern": MODERN, "auto": "auto"}


LISTS = {
    "tools": ("tools", "name"),
    "resources": ("resources", "uri"),
    "resourceTemplates": ("resource_templates", "uri_template"),
    "prompts": ("prompts", "name"),
}
"""The lists that a plan may have: what the client calls them, and the name of an entry."""


async def pages(client: Client, member: str) -> tuple[list[str], int]:
    """The names of all entries, page by page, with the number of pages."""
    attribute, name = LISTS[member]
    names: list[str] = []
    cursor = None
    for count in range(1, MOST_PAGES + 1):
        page = await getattr(client, f"list_{attribute}")(cursor=cursor, cache_mode="refresh")
        names += [str(getattr(entry, name)) for entry in getattr(page, attribute)]
        cursor = page.next_cursor
        if cursor is None:
            return names, count
    raise Failure(f"the list of {attribute} did not end after {MOST_PAGES} pages")


async def check_list(client: Client, member: str, expected: dict[str, Any]) -> None:
    names, count = await pages(client, member)
    must_equal(len(set(names)), len(names), "the number of different names")
    missing = [name for name in expected.get("present", []) if name not in names]
    must_equal(missing, [], "the list of what is missing")
    if "pages" in expected:
        must_equal(count, expected["pages"], "the number of pages")


async def settle(request: Awaitable[Any], expect: dict[str, Any]) -> Any:
    """The result, or nothing when it was the protocol error that the plan expects."""
    try:
        result = await request
    except MCPError as error:
        if "code" not in expect:
            raise
        must_equal(error.code, expect["code"], "the code of the protocol error")
        return None
    if "code" in expect:
        raise Failure(f"a result instead of protocol error {expect['code']}: {result!r:.300}")
    return result


def judge_text(parts: list[Any], expect: dict[str, Any]) -> None:
    """The texts of these parts, joined by line ends, are as expected."""
    text = "\n".join(getattr(part, "text", "") for part in parts)
    if "text" in expect:
        must_equal(text, expect["text"], "the text")
    for part in expect.get("contains", []):
        must_contain(text, part, "the text")


async def call(client: Client, partner: Partner, step: dict[str, Any]) -> None:
    """Calls a tool and compares with what the plan expects of it."""
    expect = step.get("expect", {})
    heard: list[float] = []

    async def progress(done: float, _total: float | None, _message: str | None) -> None:
        heard.append(done)

    if "asked" in expect:
        partner.asked = []
    before = partner.answers
    partner.answers = step.get("answers", before)
    request = client.call_tool(
        step["tool"],
        step.get("arguments"),
        progress_callback=progress if "progress" in expect else None,
    )
    try:
        result = await settle(request, expect)
    finally:
        if "answers" in step:
            partner.answers = before
    if "asked" in expect:
        partner.must_have_been_asked(expect["asked"])
    if result is None:
        return
    must_equal(bool(result.is_error), expect.get("isError", False), "isError")
    judge_text(result.content, expect)
    if "types" in expect:
        must_equal([content.type for content in result.content], expect["types"], "the types of the content")
    if "structured" in expect:
        must_hold(result.structured_content, expect["structured"], "structuredContent")
    if "progress" in expect:
        must_equal(heard, expect["progress"], "the progress")


async def read(client: Client, step: dict[str, Any]) -> None:
    expect = step.get("expect", {})
    result = await settle(client.read_resource(step["uri"], cache_mode="refresh"), expect)
    if result is None:
        return
    must_equal(len(result.contents) > 0, True, "that there are contents")
    judge_text(result.contents, expect)
    if "mimeTypes" in expect:
        must_equal([part.mime_type for part in result.contents], expect["mimeTypes"], "the MIME types")
    if "blobs" in expect:
        blobs = [part.blob for part in result.contents if hasattr(part, "blob")]
        must_equal(blobs, expect["blobs"], "the blobs")


async def prompt(client: Client, step: dict[str, Any]) -> None:
    expect = step.get("expect", {})
    result = await settle(client.get_prompt(step["prompt"], step.get("arguments")), expect)
    if result is None:
        return
    content = [message.content for message in result.messages]
    judge_text(content, expect)
    if "types" in expect:
        must_equal([part.type for part in content], expect["types"], "the types of the content")
    if "roles" in expect:
        must_equal([message.role for message in result.messages], expect["roles"], "the roles")


async def complete(client: Client, step: dict[str, Any]) -> None:
    expect = step.get("expect", {})
    if "prompt" in step:
        reference: Any = PromptReference(name=step["prompt"])
    else:
        reference = ResourceTemplateReference(uri=step["template"])
    argument = {"name": step["argument"], "value": step["value"]}
    result = await settle(client.complete(reference, argument, step.get("context")), expect)
    if result is not None and "values" in expect:
        must_equal(result.completion.values, expect["values"], "the values")


def kind(step: dict[str, Any]) -> str:
    expect = step.get("expect", {})
    outcome = "protocol error" if "code" in expect else "tool error" if expect.get("isError") else "result"
    extras = [key for key in ("structured", "progress") if key in expect]
    return ", ".join([outcome, *extras, *(question["method"] for question in expect.get("asked", []))])


async def at_once(client: Client, partner: Partner, steps: list[dict[str, Any]]) -> None:
    """The calls that need no partner, all at once."""
    # All are waited for, so that none is still under way when the client closes.
    outcomes = await asyncio.gather(*(call(client, partner, step) for step in steps), return_exceptions=True)
    for failure in (outcome for outcome in outcomes if outcome is not None):
        raise failure


async def check_steps(checks: Checks, client: Client, partner: Partner, plan: dict[str, Any], mode: str) -> None:
    def steps(name: str) -> list[dict[str, Any]]:
        return [step for step in plan.get(name, []) if mode in step.get("modes", MODES)]

    calls = steps("calls")
    for step in calls:
        await checks.run(f"tools/call {step['tool']}: {kind(step)}", lambda step=step: call(client, partner, step))
    alone = [step for step in calls if "answers" not in step and "asked" not in step.get("expect", {})]
    if alone:
        await checks.run("all these calls at once", lambda: at_once(client, partner, alone))
    for step in steps("reads"):
        await checks.run(f"resources/read {step['uri']}: {kind(step)}", lambda step=step: read(client, step))
    for step in steps("promptGets"):
        await checks.run(f"prompts/get {step['prompt']}: {kind(step)}", lambda step=step: prompt(client, step))
    for step in steps("completions"):
        name = f"completion/complete {step['argument']}: {kind(step)}"
        await checks.run(name, lambda step=step: complete(client, step))
    subscribe = subscribe_legacy if mode == "legacy" else subscribe_modern
    for step in steps("subscriptions"):
        name = f"notifications about {step.get('uri', step.get('list'))}"
        await checks.run(name, lambda step=step: subscribe(client, partner, step))


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
    partner = Partner(plan.get("answers", {}))

    async with Client(
        target, mode=MODES[mode], read_timeout_seconds=REQUEST_LIMIT_SECONDS, **partner.callbacks()
    ) as client:

        async def era() -> None:
            check_era(client, plan, mode)

        await checks.run(f"the era for mode {mode}", era)
        for member in (member for member in LISTS if member in plan):
            name = f"the list of {LISTS[member][0]} page by page"
            await checks.run(name, lambda member=member: check_list(client, member, plan[member]))
        await check_steps(checks, client, partner, plan, mode)
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
