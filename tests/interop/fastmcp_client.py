"""Drives the tasks of `examples/everything --tasks` through FastMCP's client, which has the extension of 2026-07-28.

    python fastmcp_client.py PLAN.json modern

The plan is that of `typescript_tasks_legacy.mjs`; in the extension there are no lists of tasks. Prints a line for each
check; exits with 1 when one fails.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from fastmcp import Client
from fastmcp.client.elicitation import ElicitResult
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport
from fastmcp.exceptions import ToolError
from fastmcp_tasks import ToolTask, call_tool_task
from fastmcp_tasks.client_models import CancelTaskRequest, GetTaskRequest, UpdateTaskRequest
from mcp import MCPError

from python_expect import Checks, Failure, must_contain, must_equal

MODERN = "2026-07-28"
REQUEST_LIMIT_SECONDS = 20.0
INVALID_PARAMS = -32602


# Over HTTP the header `Mcp-Name` of these requests must be the id of the task (SEP-2663, "Routing Headers"), and a server
# that misses it answers -32020. The SDK below sends it for requests that name the parameter, which those of fastmcp-tasks
# 4.1.4 do not: without these lines each of them is refused over HTTP. Everything else is as it comes.
for request in (GetTaskRequest, UpdateTaskRequest, CancelTaskRequest):
    request.name_param = "taskId"


class Person:
    """Answers what the server asks."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.ok = True

    async def answer(self, message: str, _kind: Any, _params: Any, _context: Any) -> ElicitResult[Any]:
        self.asked.append(message)
        return ElicitResult(action="accept", content={"ok": self.ok})


def connection(server: dict[str, Any]) -> Any:
    if "url" in server:
        return StreamableHttpTransport(server["url"], auth=server.get("token"))
    program, *args = server["command"]
    return StdioTransport(program, args, keep_alive=False)


async def begin(client: Client[Any], tool: str, arguments: dict[str, Any]) -> ToolTask:
    return await call_tool_task(client, tool, arguments, timeout=REQUEST_LIMIT_SECONDS)


async def count_to_its_end(client: Client[Any]) -> None:
    task = await begin(client, "count", {"things": 8})
    must_equal(task.create_result.status, "working", "the status of the new task")
    ended = await task.wait(timeout=REQUEST_LIMIT_SECONDS)
    must_equal(ended.status, "completed", "the status at the end")
    must_equal((ended.result or {}).get("structuredContent"), {"things": 8}, "the result in the task")
    result = await task.result()
    must_equal(result.structured_content, {"things": 8}, "the result")


async def call_as_ever(client: Client[Any]) -> None:
    result = await client.call_tool("count", {"things": 6}, timeout=REQUEST_LIMIT_SECONDS)
    must_equal(result.structured_content, {"things": 6}, "the result")


async def answer(client: Client[Any], person: Person, ok: bool, text: str) -> None:
    person.ok = ok
    person.asked = []
    task = await begin(client, "ship", {"article": "gloves"})
    waiting = await task.wait(state="input_required", timeout=REQUEST_LIMIT_SECONDS)
    must_equal(len(waiting.input_requests or {}), 1, "the number of questions")
    result = await task.result()
    must_contain(result.content[0].text, text, "the result")
    must_equal(person.asked, ["Ship gloves?"], "what was asked")


async def cancel(task: ToolTask) -> None:
    await task.cancel()
    must_equal((await task.status()).status, "cancelled", "the status")
    try:
        result = await task.result()
    except ToolError as error:
        must_contain(str(error), "was cancelled", "the error")
    else:
        raise Failure(f"a cancelled task has the result {result!r}")


async def cancel_one_that_works(client: Client[Any]) -> None:
    await cancel(await begin(client, "count", {"things": 1000}))


async def cancel_one_that_asks(client: Client[Any]) -> None:
    task = await begin(client, "ship", {"article": "goggles"})
    await task.wait(state="input_required", timeout=REQUEST_LIMIT_SECONDS)
    await cancel(task)


async def no_task(client: Client[Any]) -> None:
    result = await client.call_tool("weigh", {"grams": 28.35}, timeout=REQUEST_LIMIT_SECONDS)
    must_equal(result.structured_content, {"grams": 28.35, "ounces": 1}, "the result")
    try:
        await begin(client, "weigh", {"grams": 28.35})
    except ToolError as error:
        must_contain(str(error), "did not run as a task", "the error")
    else:
        raise Failure("a tool that is no task gave one")


async def unknown(client: Client[Any]) -> None:
    task = await begin(client, "count", {"things": 1})
    task.create_result.task_id = "no-such-task"
    try:
        status = await task.status()
    except MCPError as error:
        must_equal(error.error.code, INVALID_PARAMS, "the code of the error")
    else:
        raise Failure(f"a task that never was is {status!r}")


async def main(plan_file: str, mode: str) -> int:
    if mode != "modern":
        raise SystemExit("FastMCP's client has no tasks in the legacy era")
    plan = json.loads(Path(plan_file).read_text(encoding="utf-8"))
    person = Person()
    checks = Checks()
    target = connection(plan["server"])
    async with Client(target, elicitation_handler=person.answer, timeout=REQUEST_LIMIT_SECONDS) as client:

        async def era() -> None:
            must_equal(client.session.protocol_version, MODERN, "the protocol version")

        await checks.run("the era", era)
        await checks.run("a task is polled to its end and its result is read", lambda: count_to_its_end(client))
        await checks.run("a call waits for its task by itself", lambda: call_as_ever(client))
        await checks.run("a task that asks is told yes", lambda: answer(client, person, True, "shipped gloves"))
        await checks.run("a task that asks is told no", lambda: answer(client, person, False, "gloves stays here"))
        await checks.run("a task that works is cancelled", lambda: cancel_one_that_works(client))
        await checks.run("a task that asks is cancelled", lambda: cancel_one_that_asks(client))
        await checks.run("a tool that is no task is answered at once", lambda: no_task(client))
        await checks.run("a task that never was is refused", lambda: unknown(client))

    print(f"{checks.passed} passed, {checks.failed} failed")
    return 0 if checks.failed == 0 else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
