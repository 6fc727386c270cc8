"""A server on FastMCP 4 with its tasks, for a client to be driven against: both eras at one endpoint, the legacy one in
sessions whose streams can be resumed. `manifest.toml` lists what it has. It is not called `fastmcp.py`, which would hide the
package of that name.

    python fastmcp_server.py --stdio | --port N

FastMCP asks the client in the modern era only when a tool returns the question itself, and has no `subscriptions/listen`.
"""

import base64
import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal

import anyio
import mcp_types as types
import uvicorn
from fastmcp import Context, FastMCP
from fastmcp.exceptions import ToolError
from fastmcp.prompts import Message
from fastmcp.server.event_store import EventStore
from fastmcp.tools import ToolResult
from fastmcp.utilities.tasks import TaskConfig
from fastmcp_tasks import TasksExtension
from mcp import MCPError
from mcp.shared.message import ServerMessageMetadata
from pydantic import Field

from python_tools import CITIES, COUNTER, MODERN, PIXEL, STRING, everything, form, look_up, sample

mcp: FastMCP[Any] = FastMCP(
    "fastmcp-peer",
    instructions="Call `echo` first.",
    version="1.0.0",
    list_page_size=5,
    cache_ttl=60,
    cache_scope="public",
    strict_input_validation=True,
)
mcp.add_extension(TasksExtension())
AS_TASK = TaskConfig(mode="optional", poll_interval=timedelta(milliseconds=100))

Milliseconds = Annotated[int, Field(ge=0, le=100_000)]
Answer = types.InputRequiredResult | str
touched = 0


@dataclass
class Total:
    total: float


@mcp.tool(output_schema=None)
def echo(text: str) -> str:
    """Says the text again"""
    return text


@mcp.tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def add(a: float, b: float) -> Total:
    """Adds two numbers"""
    return Total(a + b)


@mcp.tool
def contents() -> ToolResult:
    """Every kind of content"""
    return ToolResult(content=everything())


@mcp.tool
def fail() -> None:
    """Fails"""
    raise ToolError("this tool always fails")


@mcp.tool(output_schema=None)
async def slow(ms: Milliseconds) -> str:
    """Takes its time"""
    await anyio.sleep(ms / 1000)
    return "done"


@mcp.tool(output_schema=None)
async def progress(steps: Milliseconds, ctx: Context) -> str:
    """Reports progress"""
    for step in range(1, steps + 1):
        await ctx.report_progress(step, steps, f"step {step}")
    return "done"


@mcp.tool(output_schema=None)
async def log(level: Literal["debug", "info", "warning", "error"], text: str, ctx: Context) -> str:
    """Writes a line to the client's log"""
    await ctx.log(text, level, logger_name="servers")
    return "logged"


@mcp.tool(output_schema=None)
def region(region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})]) -> str:
    """Names the region, which is sent in a header too"""
    return f"region {region}"


async def ask(ctx: Context, request: types.InputRequest, result: type[Any], state: str | None = None) -> Any:
    """The client's answer, or in the modern era and in tasks first a result that asks for it."""
    if ctx.input_responses and "answer" in ctx.input_responses:
        return ctx.input_responses["answer"]
    if ctx.request_context is None or ctx.request_context.protocol_version >= MODERN:
        return types.InputRequiredResult(input_requests={"answer": request}, request_state=state)
    return await ctx.session.send_request(request, result, metadata=ServerMessageMetadata(related_request_id=ctx.request_id))


def greeting(answer: Any) -> Answer:
    if isinstance(answer, types.InputRequiredResult):
        return answer
    return f"hello {(answer.content or {})['name']}" if answer.action == "accept" else answer.action


@mcp.tool(output_schema=None)
async def ask_name(ctx: Context) -> Answer:
    """Asks for a name"""
    return greeting(await ask(ctx, form("What is your name?", name=STRING), types.ElicitResult))


@mcp.tool(output_schema=None)
async def ask_page(ctx: Context) -> Answer:
    """Asks to open a page"""
    legacy = ctx.request_context is not None and ctx.request_context.protocol_version < MODERN
    params = types.ElicitRequestURLParams(
        message="Please sign in",
        url="https://example.com/sign-in",
        # In the legacy era such a question has an id, in the modern one it has none.
        elicitation_id=f"page-{ctx.request_id}" if legacy else None,
    )
    answer = await ask(ctx, types.ElicitRequest(params=params), types.ElicitResult)
    return answer if isinstance(answer, types.InputRequiredResult) else answer.action


@mcp.tool(output_schema=None)
async def ask_twice(ctx: Context) -> Answer:
    """Asks for a name, then for a colour"""
    question = form("Which colour?", colour={**STRING, "enum": ["red", "blue"]})
    name = ctx.request_state
    if name is None:
        first = await ask(ctx, form("What is your name?", name=STRING), types.ElicitResult)
        if isinstance(first, types.InputRequiredResult):
            return first
        name = str(first.content["name"])
        if ctx.input_responses:
            return types.InputRequiredResult(input_requests={"answer": question}, request_state=name)
    answer = await ask(ctx, question, types.ElicitResult)
    return answer if isinstance(answer, types.InputRequiredResult) else f"{name} likes {answer.content['colour']}"


@mcp.tool(output_schema=None)
async def ask_model(ctx: Context) -> Answer:
    """Asks the client's model"""
    answer = await ask(ctx, sample(), types.CreateMessageResult)
    return answer if isinstance(answer, types.InputRequiredResult) else answer.content.text


@mcp.tool(output_schema=None)
async def ask_model_with_tools(ctx: Context) -> Answer:
    """Asks the client's model, which may use a tool"""
    request = sample(tools=[look_up], tool_choice=types.ToolChoice(mode="auto"))
    answer = await ask(ctx, request, types.CreateMessageResultWithTools)
    if isinstance(answer, types.InputRequiredResult):
        return answer
    blocks = answer.content if isinstance(answer.content, list) else [answer.content]
    return f"{answer.stop_reason} {','.join(getattr(it, 'name', it.type) for it in blocks)}"


@mcp.tool(output_schema=None)
async def list_roots(ctx: Context) -> Answer:
    """Lists the client's roots"""
    answer = await ask(ctx, types.ListRootsRequest(), types.ListRootsResult)
    return answer if isinstance(answer, types.InputRequiredResult) else ",".join(str(root.uri) for root in answer.roots)


@mcp.tool(output_schema=None)
async def add_tool(name: Annotated[str, Field(pattern="^[a-z_]{1,40}$")], ctx: Context) -> str:
    """Adds a tool"""
    if await mcp.get_tool(name) is not None:
        raise ToolError(f"there is a tool {name} already")
    mcp.tool(lambda: name, name=name, description="Was added at run time", output_schema=None)
    # In the modern era this notification belongs to a stream that FastMCP does not have.
    if ctx.request_context is not None and ctx.request_context.protocol_version < MODERN:
        await ctx.send_notification(types.ToolListChangedNotification())
    return f"added {name}"


@mcp.tool(output_schema=None)
def touch() -> str:
    """Changes memo://counter"""
    global touched
    touched += 1
    return f"touched {touched} times"


@mcp.tool(output_schema=None, task=AS_TASK)
async def task_work(ms: Milliseconds) -> str:
    """Works, as a task where the client has tasks"""
    await anyio.sleep(ms / 1000)
    return f"worked {ms} ms"


@mcp.tool(output_schema=None, task=AS_TASK)
async def task_ask(ctx: Context) -> Answer:
    """Asks for a name in the middle of a task"""
    return greeting(await ask(ctx, form("What is your name?", name=STRING), types.ElicitResult))


@mcp.tool(output_schema=None, task=AS_TASK)
async def task_fail() -> str:
    """Fails as a task"""
    raise MCPError(code=types.INTERNAL_ERROR, message="this task always fails")


@mcp.resource(COUNTER, name="counter", mime_type="text/plain")
def counter() -> str:
    return str(touched)


@mcp.resource("memo://pixel", name="pixel", mime_type="image/png")
def pixel() -> bytes:
    return base64.b64decode(PIXEL)


@mcp.resource("memo://note/{name}", name="note", mime_type="text/plain")
def note(name: str) -> str:
    return f"a note on {name}"


@mcp.prompt
def greet(city: str) -> str:
    """Greets somebody"""
    return f"Greet {city}"


@mcp.prompt
def picture() -> list[Message]:
    """Shows a picture"""
    return [Message(types.ImageContent(data=PIXEL, mime_type="image/png"))]


@mcp.completion
async def complete(_reference: Any, argument: types.CompletionArgument, _context: Any) -> list[str]:
    return [city for city in CITIES if city.startswith(argument.value)]


def main(how: str, *port: str) -> None:
    if how == "--stdio":
        mcp.run("stdio", show_banner=False)
    else:
        app = mcp.http_app(path="/mcp", event_store=EventStore(), retry_interval=100)
        uvicorn.run(app, host="127.0.0.1", port=int(port[0]), log_level="warning", timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
