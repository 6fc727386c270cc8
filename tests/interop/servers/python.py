"""A server on the official Python SDK 2.x that offers what the SDK can, for a client to be driven against: both eras at
one endpoint, the legacy one in sessions whose streams can be resumed. `manifest.toml` lists what it has.

    python python.py --stdio | --port N

The SDK has neither tasks nor skills.
"""

import sys
import warnings
from typing import Any

import anyio
import mcp_types as types
import uvicorn
from mcp import MCPError
from mcp.server.caching import CacheHint
from mcp.server.lowlevel.server import NotificationOptions, Server
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http import EventCallback, EventMessage, EventStore
from mcp.server.subscriptions import ListenHandler
from mcp.shared.exceptions import MCPDeprecationWarning

from python_tools import CITIES, COUNTER, PIXEL, SEVERITIES, Context, Peer, Result
from python_tools import bus, connection, levels, subscribed, tools, touched

PAGE = 5


def page(items: list[Any], params: types.PaginatedRequestParams | None) -> tuple[list[Any], str | None]:
    cursor = params.cursor if params else None
    if cursor is not None and not cursor.isdecimal():
        raise MCPError(code=types.INVALID_PARAMS, message="no such cursor")
    end = int(cursor or 0) + PAGE
    return items[end - PAGE : end], str(end) if end < len(items) else None


async def on_list_tools(_context: Context, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
    listed, cursor = page([listed for listed, _ in tools.values()], params)
    return types.ListToolsResult(tools=listed, next_cursor=cursor)


async def on_call_tool(context: Context, params: types.CallToolRequestParams) -> Result:
    if params.name not in tools:
        raise MCPError(code=types.INVALID_PARAMS, message=f"unknown tool {params.name}")
    listed, handler = tools[params.name]
    missing = [name for name in listed.input_schema["required"] if name not in (params.arguments or {})]
    if missing:
        return types.CallToolResult(content=[types.TextContent(text=f"{missing} is required")], is_error=True)
    return await handler(Peer(context, params.arguments or {}, params.input_responses or {}, params.request_state))


async def on_list_resources(_context: Context, params: types.PaginatedRequestParams | None) -> types.ListResourcesResult:
    listed = [
        types.Resource(uri=COUNTER, name="counter", mime_type="text/plain"),
        types.Resource(uri="memo://pixel", name="pixel", mime_type="image/png"),
        *(types.Resource(uri=f"memo://note/{city}", name=city, mime_type="text/plain") for city in CITIES),
    ]
    resources, cursor = page(listed, params)
    return types.ListResourcesResult(resources=resources, next_cursor=cursor)


async def on_read_resource(context: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
    uri = str(params.uri)
    if uri == "memo://pixel":
        blob = types.BlobResourceContents(uri=uri, mime_type="image/png", blob=PIXEL)
        return types.ReadResourceResult(contents=[blob], ttl_ms=60_000, cache_scope="public")
    if uri == COUNTER:
        said = str(touched[0])
    elif uri.startswith("memo://note/"):
        said = f"a note on {uri.removeprefix('memo://note/')}"
    else:
        code = types.INVALID_PARAMS if context.protocol_version >= "2026" else -32002
        raise MCPError(code=code, message="resource not found", data={"uri": uri})
    return types.ReadResourceResult(contents=[types.TextResourceContents(uri=uri, mime_type="text/plain", text=said)])


async def on_list_resource_templates(
    _context: Context, _params: types.PaginatedRequestParams | None
) -> types.ListResourceTemplatesResult:
    note = types.ResourceTemplate(uri_template="memo://note/{name}", name="note", mime_type="text/plain")
    return types.ListResourceTemplatesResult(resource_templates=[note])


async def on_subscribe(context: Context, params: types.SubscribeRequestParams) -> types.EmptyResult:
    subscribed.setdefault(connection(context), set()).add(str(params.uri))
    return types.EmptyResult()


async def on_unsubscribe(context: Context, params: types.UnsubscribeRequestParams) -> types.EmptyResult:
    subscribed.get(connection(context), set()).discard(str(params.uri))
    return types.EmptyResult()


async def on_list_prompts(_context: Context, params: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
    city = types.PromptArgument(name="city", required=True)
    listed = [
        types.Prompt(name="greet", description="Greets somebody", arguments=[city]),
        types.Prompt(name="picture", description="Shows a picture"),
    ]
    prompts, cursor = page(listed, params)
    return types.ListPromptsResult(prompts=prompts, next_cursor=cursor)


async def on_get_prompt(_context: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
    content: types.ContentBlock
    if params.name == "picture":
        content = types.ImageContent(data=PIXEL, mime_type="image/png")
    elif params.name == "greet" and "city" in (params.arguments or {}):
        content = types.TextContent(text=f"Greet {(params.arguments or {})['city']}")
    else:
        raise MCPError(code=types.INVALID_PARAMS, message=f"no prompt {params.name} with these arguments")
    return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=content)])


async def on_completion(_context: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
    values = [city for city in CITIES if city.startswith(params.argument.value)]
    return types.CompleteResult(completion=types.Completion(values=values, total=len(values), has_more=False))


async def on_set_logging_level(context: Context, params: types.SetLevelRequestParams) -> types.EmptyResult:
    levels[connection(context)] = SEVERITIES.index(params.level)
    return types.EmptyResult()


class Events(EventStore):
    """Keeps what went over the streams, so that they can be resumed."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []

    async def store_event(self, stream_id: str, message: Any) -> str:
        self.events.append((stream_id, message))
        return str(len(self.events) - 1)

    async def replay_events_after(self, last_event_id: str, send_callback: EventCallback) -> str | None:
        last = int(last_event_id)
        stream = self.events[last][0]
        for index, (of, message) in enumerate(self.events):
            if index > last and of == stream and message is not None:
                await send_callback(EventMessage(message, str(index)))
        return stream


def build() -> Server[Any]:
    server: Server[Any] = Server(
        name="python-peer",
        version="1.0.0",
        instructions="Call `echo` first.",
        cache_hints={"tools/list": CacheHint(ttl_ms=60_000, scope="public")},
        get_tool_input_schema=lambda name: tools[name][0].input_schema if name in tools else None,
        on_list_tools=on_list_tools,
        on_call_tool=on_call_tool,
        on_list_resources=on_list_resources,
        on_list_resource_templates=on_list_resource_templates,
        on_read_resource=on_read_resource,
        on_subscribe_resource=on_subscribe,
        on_unsubscribe_resource=on_unsubscribe,
        on_subscriptions_listen=ListenHandler(bus),
        on_list_prompts=on_list_prompts,
        on_get_prompt=on_get_prompt,
        on_completion=on_completion,
        on_set_logging_level=on_set_logging_level,
    )
    server.middleware.append(RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience=server.name))
    return server


async def serve_stdio(server: Server[Any]) -> None:
    options = server.create_initialization_options(NotificationOptions(tools_changed=True))
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, options)


def main(how: str, *port: str) -> None:
    # Logging, roots and sampling are on their way out of the protocol; until then they are what a client must get right.
    warnings.simplefilter("ignore", MCPDeprecationWarning)
    server = build()
    if how == "--stdio":
        anyio.run(serve_stdio, server)
    else:
        app = server.streamable_http_app(event_store=Events(), retry_interval=100)
        # Streams that clients left open do not keep the server from ending.
        uvicorn.run(app, host="127.0.0.1", port=int(port[0]), log_level="warning", timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
