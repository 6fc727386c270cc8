"""The tools of `python.py`, and what they remember."""

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import anyio
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import InMemorySubscriptionBus, ResourceUpdated, ToolsListChanged
from mcp.shared.message import ServerMessageMetadata

MODERN = "2026-07-28"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SILENCE = base64.b64encode(b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x44\xac\0\0\x88X\x01\0\x02\0\x10\0data\0\0\0\0").decode()
COUNTER = "memo://counter"
CITIES = ["Berlin", "Bern", "Bremen", "Paris"]

Context = ServerRequestContext[Any, Any]
Result = types.CallToolResult | types.InputRequiredResult


class Peer(NamedTuple):
    """A call: its context, its arguments, and what came with it when it was made again."""

    context: Context
    arguments: dict[str, Any]
    responses: dict[str, Any]
    state: str | None

    @property
    def modern(self) -> bool:
        return self.context.protocol_version >= MODERN

    async def ask(self, request: types.InputRequest, result: type[Any], state: str | None = None) -> Any:
        """The client's answer, or in the modern era first a result that asks for it."""
        if "answer" in self.responses:
            return self.responses["answer"]
        if self.modern:
            return types.InputRequiredResult(input_requests={"answer": request}, request_state=state)
        related = ServerMessageMetadata(related_request_id=self.context.request_id)
        return await self.context.session.send_request(request, result, metadata=related)


Handler = Callable[[Peer], Awaitable[Result]]
tools: dict[str, tuple[types.Tool, Handler]] = {}
bus = InMemorySubscriptionBus()
touched = [0]
# What each session of the legacy era subscribed to, and the least severe line that it wants.
subscribed: dict[Any, set[str]] = {}
levels: dict[Any, int] = {}
SEVERITIES = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def text(value: object) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=str(value))])


STRING: dict[str, Any] = {"type": "string"}
INTEGER: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": 100_000}
NUMBER: dict[str, Any] = {"type": "number"}


def tool(description: str, output: dict[str, Any] | None = None, **properties: Any) -> Callable[[Handler], Handler]:
    def add(handler: Handler) -> Handler:
        name = handler.__name__
        listed = types.Tool(name=name, description=description, input_schema=schema(**properties), output_schema=output)
        tools[name] = (listed, handler)
        return handler

    return add


@tool("Says the text again", text=STRING)
async def echo(peer: Peer) -> Result:
    return text(peer.arguments["text"])


@tool("Adds two numbers", schema(total=NUMBER), a=NUMBER, b=NUMBER)
async def add(peer: Peer) -> Result:
    total = {"total": peer.arguments["a"] + peer.arguments["b"]}
    return types.CallToolResult(content=[types.TextContent(text=json.dumps(total))], structured_content=total)


def everything() -> list[types.ContentBlock]:
    embedded = types.TextResourceContents(uri="memo://note/embedded", mime_type="text/plain", text="embedded")
    return [
        types.TextContent(text="text", annotations=types.Annotations(audience=["user"], priority=0.5)),
        types.ImageContent(data=PIXEL, mime_type="image/png"),
        types.AudioContent(data=SILENCE, mime_type="audio/wav"),
        types.ResourceLink(uri=COUNTER, name="counter"),
        types.EmbeddedResource(resource=embedded),
    ]


@tool("Every kind of content")
async def contents(_peer: Peer) -> Result:
    return types.CallToolResult(content=everything())


@tool("Fails")
async def fail(_peer: Peer) -> Result:
    return types.CallToolResult(content=[types.TextContent(text="this tool always fails")], is_error=True)


@tool("Takes its time", ms=INTEGER)
async def slow(peer: Peer) -> Result:
    await anyio.sleep(peer.arguments["ms"] / 1000)
    return text("done")


@tool("Reports progress", steps=INTEGER)
async def progress(peer: Peer) -> Result:
    steps = peer.arguments["steps"]
    for step in range(1, steps + 1):
        await peer.context.session.report_progress(step, steps, f"step {step}")
    return text("done")


@tool("Writes a line to the client's log", level=STRING, text=STRING)
async def log(peer: Peer) -> Result:
    # In the modern era the SDK does this itself, from what the request says.
    if not peer.modern and SEVERITIES.index(peer.arguments["level"]) < levels.get(connection(peer.context), 0):
        return text("logged")
    related = peer.context.request_id
    await peer.context.session.send_log_message(peer.arguments["level"], peer.arguments["text"], "servers", related)
    return text("logged")


@tool("Names the region, which is sent in a header too", region={**STRING, "x-mcp-header": "Region"})
async def region(peer: Peer) -> Result:
    return text(f"region {peer.arguments['region']}")


def form(message: str, **properties: Any) -> types.ElicitRequest:
    return types.ElicitRequest(params=types.ElicitRequestFormParams(message=message, requested_schema=schema(**properties)))


async def asked(peer: Peer, request: types.InputRequest, result: type[Any], show: Callable[[Any], object]) -> Result:
    answer = await peer.ask(request, result)
    return answer if isinstance(answer, types.InputRequiredResult) else text(show(answer))


@tool("Asks for a name")
async def ask_name(peer: Peer) -> Result:
    def greet(answer: types.ElicitResult) -> str:
        return f"hello {(answer.content or {})['name']}" if answer.action == "accept" else answer.action

    return await asked(peer, form("What is your name?", name=STRING), types.ElicitResult, greet)


@tool("Asks to open a page")
async def ask_page(peer: Peer) -> Result:
    # In the legacy era such a question has an id, in the modern one it has none.
    identity = None if peer.modern else f"page-{peer.context.request_id}"
    params = types.ElicitRequestURLParams(message="Please sign in", url="https://example.com/sign-in", elicitation_id=identity)
    return await asked(peer, types.ElicitRequest(params=params), types.ElicitResult, lambda answer: answer.action)


@tool("Asks for a name, then for a colour")
async def ask_twice(peer: Peer) -> Result:
    name = peer.state
    if name is None:
        answer = await peer.ask(form("What is your name?", name=STRING), types.ElicitResult)
        if isinstance(answer, types.InputRequiredResult):
            return answer
        name = str(answer.content["name"])
        peer = peer._replace(responses={})
    answer = await peer.ask(form("Which colour?", colour={**STRING, "enum": ["red", "blue"]}), types.ElicitResult, name)
    return answer if isinstance(answer, types.InputRequiredResult) else text(f"{name} likes {answer.content['colour']}")


def sample(**extra: Any) -> types.CreateMessageRequest:
    question = types.SamplingMessage(role="user", content=types.TextContent(text="What is the capital of France?"))
    return types.CreateMessageRequest(params=types.CreateMessageRequestParams(messages=[question], max_tokens=100, **extra))


look_up = types.Tool(name="look_up", description="Looks it up", input_schema=schema(what=STRING))


@tool("Asks the client's model")
async def ask_model(peer: Peer) -> Result:
    return await asked(peer, sample(), types.CreateMessageResult, lambda answer: answer.content.text)


@tool("Asks the client's model, which may use a tool")
async def ask_model_with_tools(peer: Peer) -> Result:
    def show(answer: Any) -> str:
        content = answer.content if isinstance(answer.content, list) else [answer.content]
        return f"{answer.stop_reason} {','.join(getattr(it, 'name', it.type) for it in content)}"

    request = sample(tools=[look_up], tool_choice=types.ToolChoice(mode="auto"))
    return await asked(peer, request, types.CreateMessageResultWithTools, show)


@tool("Lists the client's roots")
async def list_roots(peer: Peer) -> Result:
    return await asked(peer, types.ListRootsRequest(), types.ListRootsResult, lambda it: ",".join(str(root.uri) for root in it.roots))


@tool("Adds a tool", name={**STRING, "pattern": "^[a-z_]{1,40}$"})
async def add_tool(peer: Peer) -> Result:
    name = peer.arguments["name"]
    if name in tools:
        return types.CallToolResult(content=[types.TextContent(text=f"there is a tool {name} already")], is_error=True)

    async def added(_peer: Peer) -> Result:
        return text(name)

    tools[name] = (types.Tool(name=name, description="Was added at run time", input_schema=schema()), added)
    await bus.publish(ToolsListChanged())
    if not peer.modern:
        await peer.context.session.send_tool_list_changed()
    return text(f"added {name}")


@tool("Changes memo://counter")
async def touch(peer: Peer) -> Result:
    touched[0] += 1
    await bus.publish(ResourceUpdated(uri=COUNTER))
    if not peer.modern and COUNTER in subscribed.get(connection(peer.context), set()):
        await peer.context.session.send_resource_updated(COUNTER)
    return text(f"touched {touched[0]} times")


def connection(context: Context) -> Any:
    """What tells one client of the legacy era from another: the session over HTTP, nothing over stdio."""
    headers = getattr(context.request, "headers", {})
    return headers.get("mcp-session-id")
