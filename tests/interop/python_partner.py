"""The client's side of the conversation, for `python_client.py`.

Answers the server's questions as the plan says, remembers what it was asked and told, and subscribes.
"""

import asyncio
import warnings
from typing import Any

import mcp_types as types
from mcp import Client
from mcp.client.subscriptions import PromptsListChanged, ResourcesListChanged, ResourceUpdated, ToolsListChanged

from python_expect import Failure, holds, must_equal

NEWS_LIMIT_SECONDS = 3.0
"""How long a notification may take after its cause."""

SILENCE_SECONDS = 0.5
"""How long to wait for a notification that must not come."""

LISTS = {
    types.ToolListChangedNotification: "tools",
    types.PromptListChangedNotification: "prompts",
    types.ResourceListChangedNotification: "resources",
}
EVENTS = {ToolsListChanged: "tools", PromptsListChanged: "prompts", ResourcesListChanged: "resources"}


class Partner:
    """Answers, and remembers."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, Any]] = []
        self.told: list[str] = []

    def callbacks(self) -> dict[str, Any]:
        """What the client is made with; what has an answer is declared."""
        callbacks = {"elicitation": self.elicit, "sampling": self.sample, "roots": self.roots}
        names = {"elicitation": "elicitation_callback", "sampling": "sampling_callback", "roots": "list_roots_callback"}
        found = {names[kind]: callback for kind, callback in callbacks.items() if kind in self.answers}
        return found | {"message_handler": self.hear}

    async def elicit(self, _context: Any, params: Any) -> types.ElicitResult:
        self.remember("elicitation/create", params)
        return types.ElicitResult.model_validate(self.answers["elicitation"])

    async def sample(self, _context: Any, params: Any) -> types.CreateMessageResult:
        self.remember("sampling/createMessage", params)
        return types.CreateMessageResult.model_validate(self.answers["sampling"])

    async def roots(self, _context: Any) -> types.ListRootsResult:
        self.remember("roots/list", None)
        return types.ListRootsResult.model_validate({"roots": self.answers["roots"]})

    def remember(self, method: str, params: Any) -> None:
        plain = {} if params is None else params.model_dump(mode="json", by_alias=True, exclude_none=True)
        self.asked.append((method, plain))

    async def hear(self, message: Any) -> None:
        message = getattr(message, "root", message)
        if isinstance(message, types.ResourceUpdatedNotification):
            self.told.append(str(message.params.uri))
        elif type(message) in LISTS:
            self.told.append(LISTS[type(message)])

    def must_have_been_asked(self, expected: list[dict[str, Any]]) -> None:
        """Every expected question was asked, in any order, and no other."""
        left = list(self.asked)
        for question in expected:
            method, params = question["method"], question.get("params", {})
            fitting = next((asked for asked in left if asked[0] == method and holds(asked[1], params)), None)
            if fitting is None:
                raise Failure(f"{method} with {params} was not among {self.asked}")
            left.remove(fitting)
        must_equal([method for method, _ in left], [], "the list of further questions")

    async def is_told(self, event: str, limit: float) -> bool:
        """Whether it is told of this within the limit."""
        end = asyncio.get_running_loop().time() + limit
        while asyncio.get_running_loop().time() < end:
            if event in self.told:
                return True
            await asyncio.sleep(0.02)
        return False


async def pull(client: Client, trigger: dict[str, Any]) -> None:
    """Brings about a change."""
    result = await client.call_tool(trigger["tool"], trigger.get("arguments", {}))
    must_equal(bool(result.is_error), False, f"isError of {trigger['tool']}")


async def must_be_told(client: Client, partner: Partner, trigger: dict[str, Any], event: str) -> None:
    # The client may open the stream on which it hears of it a moment later, hence the tries.
    for _ in range(3):
        await pull(client, trigger)
        if await partner.is_told(event, NEWS_LIMIT_SECONDS):
            return
    raise Failure(f"it was not told of {event}")


async def subscribe_legacy(client: Client, partner: Partner, step: dict[str, Any]) -> None:
    partner.told = []
    if "uri" not in step:
        await must_be_told(client, partner, step["trigger"], step["list"])
        return
    uri = step["uri"]
    with warnings.catch_warnings():
        # The methods are deprecated because the newest revision has others; the older ones do not.
        warnings.simplefilter("ignore")
        await client.subscribe_resource(uri)
        await must_be_told(client, partner, step["trigger"], uri)
        await client.unsubscribe_resource(uri)
    # What was sent before the server knew may still arrive.
    await asyncio.sleep(SILENCE_SECONDS)
    partner.told = []
    await pull(client, step["trigger"])
    must_equal(await partner.is_told(uri, SILENCE_SECONDS), False, "that it was told after it had unsubscribed")


async def subscribe_modern(client: Client, _partner: Partner, step: dict[str, Any]) -> None:
    if "uri" in step:
        wanted: dict[str, Any] = {"resource_subscriptions": [step["uri"]]}
    else:
        wanted = {f"{step['list']}_list_changed": True}
    async with client.listen(**wanted) as subscription:
        must_equal(subscription.honored.model_dump(exclude_none=True), wanted, "the acknowledged filter")
        await pull(client, step["trigger"])
        event = await asyncio.wait_for(anext(subscription), NEWS_LIMIT_SECONDS)
        told = event.uri if isinstance(event, ResourceUpdated) else EVENTS[type(event)]
        must_equal(str(told), step.get("uri", step.get("list")), "what it was told of")
