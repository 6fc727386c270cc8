// Drives an MCP server through the official TypeScript client and checks what a plan says that it must do.
//
//     node typescript.mjs PLAN.json legacy|modern|auto
//
// The plan is described in plan.md beside this file. Prints a line for each check; exits with 1 when one fails.
// It tests nothing about the client itself, and knows nothing of any particular server.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { isDeepStrictEqual } from "node:util";

const require = createRequire(new URL("../npm/package.json", import.meta.url));
const { Client, ProtocolError, StreamableHTTPClientTransport } = require("@modelcontextprotocol/client");
const { StdioClientTransport } = require("@modelcontextprotocol/client/stdio");

const MODERN = "2026-07-28";
const REQUEST_LIMIT_MILLISECONDS = 20_000;
/** More pages than any server under test has: a cursor that never ends must end the test. */
const MOST_PAGES = 100;

const negotiation = { legacy: "legacy", modern: { pin: MODERN }, auto: "auto" };

let passed = 0;
let failed = 0;

/** Runs one check; what it throws is its failure. */
async function check(name, claim) {
    try {
        await claim();
        passed += 1;
        console.log(`ok    ${name}`);
    } catch (error) {
        failed += 1;
        console.log(`FAIL  ${name}: ${error instanceof Error ? `${error.name}: ${error.message}` : error}`);
    }
}

function mustEqual(found, expected, what) {
    if (!isDeepStrictEqual(found, expected)) {
        throw new Error(`${what} is ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
    }
}

/** Every member of `expected` is in `found`, at every depth; `found` may hold more. */
function mustHold(found, expected, path) {
    if (expected === null || typeof expected !== "object" || Array.isArray(expected)) {
        mustEqual(found, expected, path);
        return;
    }
    if (found === null || typeof found !== "object") {
        throw new Error(`${path} is ${JSON.stringify(found)}, not an object`);
    }
    for (const [key, value] of Object.entries(expected)) {
        mustHold(found[key], value, `${path}.${key}`);
    }
}

function mustContain(text, part, what) {
    if (!text.includes(part)) {
        throw new Error(`${what} does not contain ${JSON.stringify(part)}: ${text.slice(0, 300)}`);
    }
}

function connection(server) {
    if (server.url !== undefined) {
        return new StreamableHTTPClientTransport(new URL(server.url));
    }
    const [command, ...args] = server.command;
    return new StdioClientTransport({ command, args, stderr: "inherit" });
}

/** All tools, page by page, with the number of pages. */
async function pages(client) {
    const tools = [];
    let cursor;
    for (let count = 1; count <= MOST_PAGES; count += 1) {
        const params = cursor === undefined ? {} : { cursor };
        const page = await client.request({ method: "tools/list", params });
        tools.push(...page.tools);
        cursor = page.nextCursor;
        if (cursor === undefined) {
            return { tools, count };
        }
    }
    throw new Error(`tools/list did not end after ${MOST_PAGES} pages`);
}

async function checkList(client, plan) {
    const names = plan.tools?.present ?? [];
    await check("tools/list", async () => {
        const { tools } = await client.listTools();
        for (const name of names) {
            if (!tools.some((tool) => tool.name === name)) {
                throw new Error(`no tool ${name} among ${tools.map((tool) => tool.name).join(", ")}`);
            }
        }
    });
    await check("tools/list page by page", async () => {
        const { tools, count } = await pages(client);
        const all = await client.listTools();
        mustEqual(new Set(tools.map((tool) => tool.name)).size, tools.length, "the number of different names");
        mustEqual(tools.map((tool) => tool.name), all.tools.map((tool) => tool.name), "the list of names");
        if (plan.tools?.pages !== undefined) {
            mustEqual(count, plan.tools.pages, "the number of pages");
        }
    });
}

/** Calls a tool and compares with what the plan expects of it. */
async function call(client, { tool, arguments: argumentsOf, expect }) {
    const heard = [];
    const onprogress = expect.progress === undefined ? undefined : (progress) => heard.push(progress.progress);
    const options = { timeout: REQUEST_LIMIT_MILLISECONDS, onprogress };
    let result;
    try {
        result = await client.callTool({ name: tool, arguments: argumentsOf }, options);
    } catch (error) {
        if (expect.code === undefined || !(error instanceof ProtocolError)) {
            throw error;
        }
        mustEqual(error.code, expect.code, "the code of the protocol error");
        return;
    }
    if (expect.code !== undefined) {
        throw new Error(`a result instead of protocol error ${expect.code}: ${JSON.stringify(result).slice(0, 300)}`);
    }
    mustEqual(result.isError ?? false, expect.isError ?? false, "isError");
    const text = result.content.map((content) => content.text ?? "").join("\n");
    if (expect.text !== undefined) {
        mustEqual(text, expect.text, "the text");
    }
    for (const part of expect.contains ?? []) {
        mustContain(text, part, "the text");
    }
    if (expect.types !== undefined) {
        mustEqual(result.content.map((content) => content.type), expect.types, "the types of the content");
    }
    if (expect.structured !== undefined) {
        mustHold(result.structuredContent, expect.structured, "structuredContent");
    }
    if (expect.progress !== undefined) {
        mustEqual(heard, expect.progress, "the progress");
    }
}

function title({ tool, expect }) {
    const kind = expect.code !== undefined ? "protocol error" : expect.isError ? "tool error" : "result";
    const extras = [expect.structured && "structured", expect.progress && "progress"].filter(Boolean);
    return `tools/call ${tool}: ${[kind, ...extras].join(", ")}`;
}

async function main([planFile, mode]) {
    const plan = JSON.parse(readFileSync(planFile, "utf8"));
    const transport = connection(plan.server);
    const client = new Client(
        { name: "midfield-interop", version: "0" },
        { versionNegotiation: { mode: negotiation[mode] } },
    );
    await client.connect(transport, { timeout: REQUEST_LIMIT_MILLISECONDS });
    try {
        await check(`the era for mode ${mode}`, () => {
            mustEqual(client.getProtocolEra(), mode === "legacy" ? "legacy" : "modern", "the era");
            const version = mode === "legacy" ? plan.legacyVersion : MODERN;
            mustEqual(client.getNegotiatedProtocolVersion(), version, "the protocol version");
            mustEqual(client.getServerVersion()?.name, plan.serverName, "the server's name");
        });
        await checkList(client, plan);
        for (const step of plan.calls) {
            await check(title(step), () => call(client, step));
        }
        await check("all these calls at once", async () => {
            // All are waited for, so that none is still under way when the client closes.
            const outcomes = await Promise.allSettled(plan.calls.map((step) => call(client, step)));
            for (const { reason } of outcomes.filter((outcome) => outcome.status === "rejected")) {
                throw reason;
            }
        });
        if (mode === "legacy") {
            await check("ping", () => client.ping());
            if (transport instanceof StreamableHTTPClientTransport) {
                await check("end of the session", () => transport.terminateSession());
            }
        }
    } finally {
        await client.close();
    }
    console.log(`${passed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
