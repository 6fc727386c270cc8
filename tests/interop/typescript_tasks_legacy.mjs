// Drives the tasks of `examples/everything --tasks` through the official TypeScript client of series 1.x, which has the
// experimental tasks of 2025-11-25.
//
//     node typescript_tasks_legacy.mjs PLAN.json legacy
//
// The plan has the `server`, and `listed`: whether it must list its tasks, which it does only for clients that it can
// tell apart. Prints a line for each check; exits with 1 when one fails.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { Checks, delay, mustContain, mustEqual, within } from "./typescript_expect.mjs";

const require = createRequire(new URL("../npm/package.json", import.meta.url));
const { Client } = require("@modelcontextprotocol/sdk/client/index.js");
const { StdioClientTransport } = require("@modelcontextprotocol/sdk/client/stdio.js");
const { StreamableHTTPClientTransport } = require("@modelcontextprotocol/sdk/client/streamableHttp.js");
const { CallToolResultSchema, ElicitRequestSchema, McpError } = require("@modelcontextprotocol/sdk/types.js");

const VERSION = "2025-11-25";
const REQUEST_LIMIT_MILLISECONDS = 20_000;
/** A life that is asked for, of a task. */
const TTL_MILLISECONDS = 600_000;
const INVALID_PARAMS = -32602;
const METHOD_NOT_FOUND = -32601;

const options = { timeout: REQUEST_LIMIT_MILLISECONDS };
const asTask = { ...options, task: { ttl: TTL_MILLISECONDS } };

function connection({ url, command, token }) {
    if (url !== undefined) {
        const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
        return new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
    }
    const [program, ...args] = command;
    return new StdioClientTransport({ command: program, args, stderr: "inherit" });
}

/** Everything that the stream of a call gives, with the task that it began with. */
async function streamed(client, params, callOptions) {
    const messages = [];
    for await (const message of client.experimental.tasks.callToolStream(params, CallToolResultSchema, callOptions)) {
        messages.push(message);
    }
    mustEqual(messages[0].type, "taskCreated", "the first message");
    return { messages, task: messages[0].task, last: messages.at(-1) };
}

/** Begins a call as a task and leaves its stream: gives the task. */
async function begin(client, name, argumentsOf) {
    const params = { name, arguments: argumentsOf };
    for await (const message of client.experimental.tasks.callToolStream(params, CallToolResultSchema, asTask)) {
        mustEqual(message.type, "taskCreated", "the first message");
        return message.task;
    }
    throw new Error("the stream ended at once");
}

/** Looks at a task until it has this status. */
async function until(client, taskId, status) {
    for (;;) {
        const task = await client.experimental.tasks.getTask(taskId, options);
        if (task.status === status) {
            return task;
        }
        await delay(task.pollInterval ?? 100);
    }
}

/** The request is refused with this code. */
async function mustBeRefused(request, code) {
    const error = await request().then(
        (result) => new Error(`a result instead of error ${code}: ${JSON.stringify(result)}`),
        (reason) => reason,
    );
    if (!(error instanceof McpError)) {
        throw error;
    }
    mustEqual(error.code, code, "the code of the error");
}

async function countToItsEnd(client) {
    const heard = [];
    const onprogress = ({ progress }) => heard.push(progress);
    const call = { name: "count", arguments: { things: 8 } };
    const { messages, task, last } = await streamed(client, call, { ...asTask, onprogress });
    mustEqual(task.status, "working", "the status of the new task");
    mustEqual(task.ttl, TTL_MILLISECONDS, "the life of the task");
    mustEqual(last.type, "result", `the last of ${JSON.stringify(messages)}`);
    mustEqual(last.result.structuredContent, { things: 8 }, "the result");
    mustEqual(last.result._meta["io.modelcontextprotocol/related-task"], { taskId: task.taskId }, "the task of the result");
    mustEqual(heard.length > 0 && heard.every((value, at) => at === 0 || value > heard[at - 1]), true, `that ${heard} grows`);
    const ended = await client.experimental.tasks.getTask(task.taskId, options);
    mustEqual(ended.status, "completed", "the status at the end");
    const again = await client.experimental.tasks.getTaskResult(task.taskId, CallToolResultSchema, options);
    mustEqual(again.structuredContent, { things: 8 }, "the result, read again");
}

async function resultOfOneUnderWay(client) {
    const task = await begin(client, "count", { things: 6 });
    const result = await client.experimental.tasks.getTaskResult(task.taskId, CallToolResultSchema, options);
    mustEqual(result.structuredContent, { things: 6 }, "the result");
}

async function answer(client, partner, ok, text) {
    partner.answer = { action: "accept", content: { ok } };
    partner.asked = [];
    const { messages, last } = await streamed(client, { name: "ship", arguments: { article: "gloves" } }, asTask);
    mustEqual(last.type, "result", `the last of ${JSON.stringify(messages)}`);
    mustContain(last.result.content[0].text, text, "the result");
    mustEqual(partner.asked, ["Ship gloves?"], "what was asked");
}

async function cancelOneThatWorks(client) {
    const task = await begin(client, "count", { things: 1000 });
    const cancelled = await client.experimental.tasks.cancelTask(task.taskId, options);
    mustEqual(cancelled.status, "cancelled", "the answer's status");
    mustEqual((await client.experimental.tasks.getTask(task.taskId, options)).status, "cancelled", "the status");
    await mustBeRefused(() => client.experimental.tasks.cancelTask(task.taskId, options), INVALID_PARAMS);
}

async function cancelOneThatAsks(client) {
    const task = await begin(client, "ship", { article: "goggles" });
    await until(client, task.taskId, "input_required");
    const cancelled = await client.experimental.tasks.cancelTask(task.taskId, options);
    mustEqual(cancelled.status, "cancelled", "the answer's status");
}

async function list(client) {
    const task = await begin(client, "count", { things: 1 });
    const all = [];
    let cursor;
    do {
        const page = await client.experimental.tasks.listTasks(cursor, options);
        all.push(...page.tasks.map(({ taskId }) => taskId));
        cursor = page.nextCursor;
    } while (cursor !== undefined);
    mustEqual(all.filter((id) => id === task.taskId).length, 1, `how often ${task.taskId} is among ${all.length} tasks`);
}

async function checkAll(checks, client, partner, listed) {
    await checks.run("the agreed revision and the server's capabilities", async () => {
        mustEqual(client.getServerVersion()?.name, "everything", "the server's name");
        const { tasks } = client.getServerCapabilities();
        mustEqual(tasks.requests, { tools: { call: {} } }, "what may be a task");
        mustEqual("list" in tasks, listed, "whether tasks are listed");
    });
    await checks.run("tools say whether they are tasks", async () => {
        const { tools } = await client.listTools(undefined, options);
        const support = (wanted) => tools.find(({ name }) => name === wanted)?.execution?.taskSupport;
        const found = ["count", "ship", "note"].map((name) => support(name) ?? "forbidden");
        mustEqual(found, ["optional", "required", "forbidden"], "task support");
    });
    await checks.run("a task is polled to its end and its result is read", () => countToItsEnd(client));
    await checks.run("the result of a task under way is waited for", () => resultOfOneUnderWay(client));
    await checks.run("a task that asks is told yes", () => answer(client, partner, true, "shipped gloves"));
    await checks.run("a task that asks is told no", () => answer(client, partner, false, "gloves stays here"));
    await checks.run("a task that works is cancelled, once", () => cancelOneThatWorks(client));
    await checks.run("a task that asks is cancelled", () => cancelOneThatAsks(client));
    await checks.run("a tool that may be a task is called as none", async () => {
        const call = { method: "tools/call", params: { name: "count", arguments: { things: 2 } } };
        const result = await client.request(call, CallToolResultSchema, options);
        mustEqual(result.structuredContent, { things: 2 }, "the result");
    });
    await checks.run("a tool that must be a task is not called as none", () => {
        const call = { method: "tools/call", params: { name: "ship", arguments: { article: "tape" } } };
        return mustBeRefused(() => client.request(call, CallToolResultSchema, options), METHOD_NOT_FOUND);
    });
    await checks.run("a task that never was is refused", () =>
        mustBeRefused(() => client.experimental.tasks.getTask("no-such-task", options), INVALID_PARAMS));
    if (listed) {
        await checks.run("tasks are listed", () => list(client));
    }
}

async function main([planFile]) {
    const { server, listed } = JSON.parse(readFileSync(planFile, "utf8"));
    const client = new Client({ name: "midfield-interop", version: "0" }, { capabilities: { elicitation: {} } });
    const partner = { asked: [], answer: { action: "cancel" } };
    client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
        partner.asked.push(params.message);
        return partner.answer;
    });
    const transport = connection(server);
    await within(client.connect(transport, options));
    const checks = new Checks();
    try {
        if (server.url !== undefined) {
            await checks.run("the protocol version", async () => mustEqual(transport.protocolVersion, VERSION, "the version"));
        }
        await checkAll(checks, client, partner, listed);
    } finally {
        await within(client.close());
    }
    return checks.finish();
}

process.exitCode = await main(process.argv.slice(2));
