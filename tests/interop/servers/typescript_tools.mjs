// The tools of `typescript.mjs`, and what they remember.

import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";

import { Tasks } from "./typescript_tasks.mjs";

const require = createRequire(new URL("../../npm/package.json", import.meta.url));
const { ProtocolError, acceptedContent, createRequestStateCodec, fromJsonSchema, inputRequired } = require("@modelcontextprotocol/server");

export const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const SILENCE = "UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=";
export const COUNTER = "memo://counter";

const text = (value) => ({ content: [{ type: "text", text: String(value) }] });
const object = (properties = {}) => ({ type: "object", properties, required: Object.keys(properties) });
const STRING = { type: "string" };
const INTEGER = { type: "integer", minimum: 0, maximum: 100_000 };

/** What outlives a connection: the modern era has a new server for every request. */
export const state = { touched: 0, added: [], live: new Set(), handler: undefined };
export const tasks = new Tasks(ProtocolError);
export const codec = createRequestStateCodec({ key: randomBytes(32) });

function sleep(ms, signal) {
    return new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, ms);
        signal?.addEventListener("abort", () => {
            clearTimeout(timer);
            reject(new Error("cancelled"));
        });
    });
}

const form = inputRequired.elicit({ mode: "form", message: "What is your name?", requestedSchema: object({ name: STRING }) });
const ask = (request, requestState) => inputRequired({ inputRequests: { answer: request }, requestState });
const sample = (extra) =>
    inputRequired.createMessage({
        messages: [{ role: "user", content: { type: "text", text: "What is the capital of France?" } }],
        maxTokens: 100,
        ...extra,
    });

/** Asks once, then shows what came. */
function asking(request, show) {
    return (_arguments, context) => {
        const answer = context.mcpReq.inputResponses?.answer;
        return answer === undefined ? ask(request) : text(show(answer));
    };
}

function greeting(answer) {
    return answer.action === "accept" ? `hello ${answer.content.name}` : answer.action;
}

/** The tools: description, schema of the input, handler, and what else the list says. */
export const TOOLS = {
    echo: ["Says the text again", object({ text: STRING }), ({ text: said }) => text(said)],
    add: [
        "Adds two numbers",
        object({ a: { type: "number" }, b: { type: "number" } }),
        ({ a, b }) => ({ ...text(JSON.stringify({ total: a + b })), structuredContent: { total: a + b } }),
        { outputSchema: object({ total: { type: "number" } }), annotations: { readOnlyHint: true, idempotentHint: true } },
    ],
    contents: ["Every kind of content", object(), () => ({ content: everyKind() })],
    fail: ["Fails", object(), () => ({ ...text("this tool always fails"), isError: true })],
    slow: ["Takes its time", object({ ms: INTEGER }), ({ ms }, { mcpReq }) => sleep(ms, mcpReq.signal).then(() => text("done"))],
    progress: ["Reports progress", object({ steps: INTEGER }), progress],
    log: [
        "Writes a line to the client's log",
        object({ level: STRING, text: STRING }),
        ({ level, text: line }, { mcpReq }) => mcpReq.log(level, line, "servers").then(() => text("logged")),
    ],
    region: [
        "Names the region, which is sent in a header too",
        object({ region: { ...STRING, "x-mcp-header": "Region" } }),
        ({ region }) => text(`region ${region}`),
    ],
    ask_name: ["Asks for a name", object(), asking(form, greeting)],
    ask_page: [
        "Asks to open a page",
        object(),
        asking(inputRequired.elicitUrl({ message: "Please sign in", url: "https://example.com/sign-in" }), (it) => it.action),
    ],
    ask_twice: ["Asks for a name, then for a colour", object(), askTwice],
    ask_model: ["Asks the client's model", object(), asking(sample(), (answer) => answer.content.text)],
    ask_model_with_tools: [
        "Asks the client's model, which may use a tool",
        object(),
        asking(
            sample({
                tools: [{ name: "look_up", description: "Looks it up", inputSchema: object({ what: STRING }) }],
                toolChoice: { mode: "auto" },
            }),
            ({ content, stopReason }) => `${stopReason} ${[content].flat().map(({ type, name }) => name ?? type)}`,
        ),
    ],
    list_roots: ["Lists the client's roots", object(), asking(inputRequired.listRoots(), ({ roots }) => roots.map(({ uri }) => uri))],
    add_tool: ["Adds a tool", object({ name: { ...STRING, pattern: "^[a-z_]{1,40}$" } }), addTool],
    touch: ["Changes memo://counter", object(), touch],
    task_work: [
        "Works, as a task where the client has tasks",
        object({ ms: INTEGER }),
        tasks.tool(async ({ ms }, task) => {
            await sleep(ms, task.signal);
            return text(`worked ${ms} ms`);
        }),
    ],
    task_ask: [
        "Asks for a name in the middle of a task",
        object(),
        tasks.tool(
            async (_arguments, task) => text(greeting(await task.ask("name", form))),
            asking(form, greeting),
        ),
    ],
    task_fail: [
        "Fails as a task",
        object(),
        tasks.tool(async () => {
            throw new ProtocolError(-32603, "this task always fails");
        }),
    ],
};

function everyKind() {
    return [
        { type: "text", text: "text", annotations: { audience: ["user"], priority: 0.5 } },
        { type: "image", data: PIXEL, mimeType: "image/png" },
        { type: "audio", data: SILENCE, mimeType: "audio/wav" },
        { type: "resource_link", uri: COUNTER, name: "counter" },
        { type: "resource", resource: { uri: "memo://note/embedded", mimeType: "text/plain", text: "embedded" } },
    ];
}

async function progress({ steps }, { mcpReq }) {
    const progressToken = mcpReq._meta?.progressToken;
    for (let step = 1; step <= steps && progressToken !== undefined; step++) {
        const params = { progressToken, progress: step, total: steps, message: `step ${step}` };
        await mcpReq.notify({ method: "notifications/progress", params });
    }
    return text("done");
}

async function askTwice(_arguments, { mcpReq }) {
    const name = mcpReq.requestState()?.name;
    const given = acceptedContent(mcpReq.inputResponses, "answer");
    if (name !== undefined && given?.colour !== undefined) return text(`${name} likes ${given.colour}`);
    if (given?.name === undefined) return ask(form);
    const colour = { mode: "form", message: "Which colour?", requestedSchema: object({ colour: { ...STRING, enum: ["red", "blue"] } }) };
    return ask(inputRequired.elicit(colour), await codec.mint({ name: given.name }));
}

function addTool({ name }) {
    if (name in TOOLS || state.added.includes(name)) return { ...text(`there is a tool ${name} already`), isError: true };
    state.added.push(name);
    for (const server of state.live) register(server, name, added(name));
    state.handler?.notify.toolsChanged();
    return text(`added ${name}`);
}

export const added = (name) => ["Was added at run time", object(), () => text(name)];

function touch() {
    state.touched += 1;
    for (const server of state.live) {
        if (server.isConnected() && (server.modern || server.subscribed.has(COUNTER))) {
            void server.server.sendResourceUpdated({ uri: COUNTER });
        }
    }
    state.handler?.notify.resourceUpdated(COUNTER);
    return text(`touched ${state.touched} times`);
}

export function register(server, name, [description, inputSchema, handler, more = {}]) {
    const outputSchema = more.outputSchema && fromJsonSchema(more.outputSchema);
    server.registerTool(name, { description, ...more, inputSchema: fromJsonSchema(inputSchema), outputSchema }, handler);
}
