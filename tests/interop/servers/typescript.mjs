// A server on the TypeScript SDK 2.x that offers what the SDK can, for a client to be driven against: both eras at one
// endpoint, the legacy one in sessions whose streams can be resumed. `manifest.toml` lists what it has.
//
//     node typescript.mjs --stdio | --port N
//
// The SDK has no runtime for tasks: those are in `typescript_tasks.mjs`, on what the SDK lets a server register itself.

import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";

import { COUNTER, PIXEL, TOOLS, added, codec, register, state, tasks } from "./typescript_tools.mjs";

const require = createRequire(new URL("../../npm/package.json", import.meta.url));
const { z } = require("zod");
const sdk = require("@modelcontextprotocol/server");
const { serveStdio } = require("@modelcontextprotocol/server/stdio");
const { SkillsExtension, memorySkillFiles } = require("@modelcontextprotocol/server/ext/skills");
const node = require("@modelcontextprotocol/node");

const PAGE = 5;
const CITIES = ["Berlin", "Bern", "Bremen", "Paris"];

const skills = await SkillsExtension.load(
    memorySkillFiles({
        "tally/SKILL.md": "---\nname: tally\ndescription: Adds numbers with the tool `add`\n---\n\nCall `add`.\n",
        "tally/references/limits.md": "# Limits\n\nNone.\n",
    }),
);

/** One page of a list; the SDK's own lists have one page only. */
function page(name, items, cursor) {
    const start = cursor === undefined ? 0 : Number(cursor);
    if (!(start >= 0 && start <= items.length)) throw new sdk.ProtocolError(-32602, "no such cursor");
    const end = start + PAGE;
    return { [name]: items.slice(start, end), ...(end < items.length && { nextCursor: String(end) }) };
}

/** A server for one connection, or for one request in the modern era over HTTP. */
function build({ era }) {
    const extensions = era === "modern" ? { "io.modelcontextprotocol/tasks": {} } : {};
    const capabilities = { logging: {}, resources: { subscribe: true, listChanged: true }, extensions };
    const hint = { ttlMs: 60_000, cacheScope: "public" };
    const server = new sdk.McpServer(
        { name: "typescript-peer", version: "1.0.0" },
        {
            capabilities,
            instructions: "Call `echo` first.",
            cacheHints: { "tools/list": hint },
            requestState: { verify: codec.verify },
        },
    );
    server.modern = era === "modern";
    server.subscribed = new Set();
    for (const [name, tool] of Object.entries(TOOLS)) register(server, name, tool);
    for (const name of state.added) register(server, name, added(name));
    const listed = () => Object.entries(TOOLS).concat(state.added.map((name) => [name, added(name)]));
    server.server.setRequestHandler("tools/list", ({ params }) => {
        const item = ([name, [description, inputSchema, , more]]) => ({ name, description, inputSchema, ...more });
        return page("tools", listed().map(item), params?.cursor);
    });
    addResources(server, hint);
    server.registerPrompt(
        "greet",
        { description: "Greets somebody", argsSchema: z.object({ city: sdk.completable(z.string(), complete) }) },
        ({ city }) => ({ messages: [{ role: "user", content: { type: "text", text: `Greet ${city}` } }] }),
    );
    server.registerPrompt("picture", { description: "Shows a picture" }, () => ({
        messages: [{ role: "user", content: { type: "image", data: PIXEL, mimeType: "image/png" } }],
    }));
    if (server.modern) tasks.serve(server.server, z);
    skills.attach(server);
    return server;
}

const complete = (start) => CITIES.filter((city) => city.startsWith(start));

function addResources(server, cacheHint) {
    const counter = (uri) => ({ contents: [{ uri: uri.href, mimeType: "text/plain", text: String(state.touched) }] });
    server.registerResource("counter", COUNTER, { mimeType: "text/plain" }, counter);
    server.registerResource("pixel", "memo://pixel", { mimeType: "image/png", cacheHint }, (uri) => ({
        contents: [{ uri: uri.href, mimeType: "image/png", blob: PIXEL }],
    }));
    const template = new sdk.ResourceTemplate("memo://note/{name}", { list: undefined, complete: { name: complete } });
    server.registerResource("note", template, { mimeType: "text/plain" }, (uri, { name }) => ({
        contents: [{ uri: uri.href, mimeType: "text/plain", text: `a note on ${name}` }],
    }));
    if (server.modern) return;
    server.server.setRequestHandler("resources/subscribe", ({ params }) => void server.subscribed.add(params.uri) ?? {});
    server.server.setRequestHandler("resources/unsubscribe", ({ params }) => void server.subscribed.delete(params.uri) ?? {});
}

/** A server that stays while its connection does. */
function lasting(context) {
    const server = build(context);
    state.live.add(server);
    server.server.onclose = () => state.live.delete(server);
    return server;
}

/** Keeps the events of one session, so that its streams can be resumed. */
class Events {
    #events = [];

    async storeEvent(stream, message) {
        this.#events.push({ stream, message });
        return `${this.#events.length - 1}`;
    }

    async replayEventsAfter(id, { send }) {
        const stream = this.#events[Number(id)]?.stream;
        for (const [index, event] of this.#events.entries()) {
            if (index > Number(id) && event.stream === stream) await send(`${index}`, event.message);
        }
        return stream;
    }
}

function serveHttp(port) {
    state.handler = sdk.createMcpHandler(build, { legacy: "reject" });
    const modern = node.toNodeHandler(state.handler);
    const sessions = new Map();
    const legacy = async (request, response, body) => {
        let transport = sessions.get(request.headers["mcp-session-id"]);
        if (transport === undefined && request.headers["mcp-session-id"] !== undefined) return response.writeHead(404).end();
        if (transport === undefined) {
            transport = new node.NodeStreamableHTTPServerTransport({
                sessionIdGenerator: randomUUID,
                eventStore: new Events(),
                onsessioninitialized: (id) => void sessions.set(id, transport),
                onsessionclosed: (id) => void sessions.delete(id),
            });
            await lasting({ era: "legacy" }).connect(transport);
        }
        await transport.handleRequest(request, response, body);
    };
    const hosts = node.localhostHostValidation();
    const origins = node.localhostOriginValidation();
    createServer(async (request, response) => {
        if (!hosts(request, response) || !origins(request, response)) return;
        const probe = await node.toWebRequest(request);
        const old = await sdk.isLegacyRequest(probe.clone());
        const body = request.method === "POST" ? await probe.json().catch(() => undefined) : undefined;
        await (old ? legacy : modern)(request, response, body);
    }).listen(port, "127.0.0.1");
}

const [how, port] = process.argv.slice(2);
if (how === "--stdio") serveStdio(lasting);
else if (how === "--port") serveHttp(Number(port));
else throw new Error("say --stdio or --port N");
