// Drives the tasks of `examples/everything --tasks` through `@modelcontextprotocol/ext-tasks` on the official TypeScript
// client of series 2.x: in the modern era the extension of 2026-07-28, in the legacy era the tasks of 2025-11-25.
//
//     node typescript_tasks_extension.mjs PLAN.json legacy|modern
//
// The plan is that of `typescript_tasks_legacy.mjs`. Prints a line for each check; exits with 1 when one fails.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { Checks, delay, mustContain, mustEqual, within } from "./typescript_expect.mjs";

const require = createRequire(new URL("../npm/package.json", import.meta.url));
const { Client, StreamableHTTPClientTransport } = require("@modelcontextprotocol/client");
const { StdioClientTransport } = require("@modelcontextprotocol/client/stdio");
// It is a module of the new kind only, which `require` does not find by its name.
const extension = new URL("../npm/node_modules/@modelcontextprotocol/ext-tasks/dist/client/index.js", import.meta.url);
const { JsonRpcResponseError, TaskCancelledError, createTaskSessionFromClient, resultFromTaskOutcome } = await import(extension);

const MODERN = "2026-07-28";
const REQUEST_LIMIT_MILLISECONDS = 20_000;
const INVALID_PARAMS = -32602;

const clientInfo = { name: "midfield-interop", version: "0" };
const capabilities = { elicitation: { form: {} } };
const negotiation = { legacy: "legacy", modern: { pin: MODERN } };
const callOptions = { requestTimeoutMs: REQUEST_LIMIT_MILLISECONDS, task: { preference: "require" } };

function connection({ url, command, token }) {
    if (url !== undefined) {
        const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
        return new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
    }
    const [program, ...args] = command;
    return new StdioClientTransport({ command: program, args, stderr: "inherit" });
}

/**
 * Sends requests past the client, over its own transport: the client refuses results that are tasks, which is why the
 * package has its host send them.
 */
function pastTheClient(transport) {
    const waiting = new Map();
    const deliver = transport.onmessage;
    transport.onmessage = (message, extra) => {
        const settle = waiting.get(message.id);
        if (settle === undefined || message.method !== undefined) {
            return deliver.call(transport, message, extra);
        }
        waiting.delete(message.id);
        const { error, result } = message;
        settle(error === undefined ? { kind: "result", result } : { kind: "error", error });
    };
    let last = 0;
    return (request) => {
        last += 1;
        const id = `task-${last}`;
        const answer = new Promise((resolve) => waiting.set(id, resolve));
        return Promise.race([answer, transport.send({ jsonrpc: "2.0", id, ...request }).then(() => answer)]);
    };
}

/** Who is asked: answers as told, or thinks until the question is withdrawn. */
class Partner {
    asked = [];
    answer = { action: "cancel" };

    constructor(mode, send) {
        this.mode = mode;
        this.send = send;
    }

    /**
     * Waits for the task's questions. In 2025-11-25 they come on the stream of `tasks/result`, which a client that sees
     * `input_required` should call before the task has ended; version 0.2.2 of the package calls it only afterwards
     * (`task-protocol-v1.js`), and so would look for ever. It is called in its place; the questions are the package's.
     */
    listen({ taskId }) {
        if (this.mode === "legacy") {
            void this.send({ method: "tasks/result", params: { taskId } });
        }
    }

    decide(message, signal) {
        this.asked.push(message);
        return this.answer ?? new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    }
}

async function begin(session, name, argumentsOf) {
    const execution = await session.callTool(name, argumentsOf, callOptions);
    mustEqual(execution.kind, "task", "the kind of the execution");
    return execution;
}

/** Follows a call to its end: its result, and the states that it went through. */
async function follow(execution) {
    const states = [];
    const onEvent = (event) => void (event.type === "task" && states.push(event.task.status));
    const { outcome } = await execution.settle({ onEvent });
    return { outcome, states };
}

/** The request is refused by the server as one of a task that is not there, or is over. */
async function mustBeRefused(request) {
    const error = await request().then(
        (result) => new Error(`a result instead of an error: ${JSON.stringify(result)}`),
        (reason) => reason,
    );
    if (!(error instanceof JsonRpcResponseError)) {
        throw error;
    }
    mustEqual(error.code, INVALID_PARAMS, "the code of the error");
}

async function countToItsEnd(session) {
    const execution = await begin(session, "count", { things: 8 });
    const { taskId } = execution.handle;
    const { outcome, states } = await follow(execution);
    mustEqual(resultFromTaskOutcome(outcome).structuredContent, { things: 8 }, "the result");
    mustEqual(states[0], "working", `the first of ${states}`);
    const view = await session.task(taskId).snapshot();
    mustEqual(view.status, "completed", "the status at the end");
    const again = await session.task(taskId).result();
    mustEqual(resultFromTaskOutcome(again).structuredContent, { things: 8 }, "the result, read again");
}

async function resume(session) {
    const execution = await begin(session, "count", { things: 10 });
    let kept;
    await execution.handoff((reference) => {
        kept = JSON.parse(JSON.stringify(reference));
    });
    // The package lets go of a task a moment after it has said so.
    await delay(0);
    const { outcome } = await follow(await session.resumeTask(kept));
    mustEqual(resultFromTaskOutcome(outcome).structuredContent, { things: 10 }, "the result");
}

async function answer(session, partner, ok, text) {
    partner.answer = { action: "accept", content: { ok } };
    partner.asked = [];
    const execution = await begin(session, "ship", { article: "gloves" });
    partner.listen(execution.handle);
    const { outcome } = await follow(execution);
    mustContain(resultFromTaskOutcome(outcome).content[0].text, text, "the result");
    mustEqual(partner.asked, ["Ship gloves?"], "what was asked");
}

async function cancel(session, execution) {
    const { taskId } = execution.handle;
    await execution.cancel();
    const { outcome } = await execution.settle();
    mustEqual(outcome.status, "cancelled", "the outcome");
    mustEqual((await session.task(taskId).snapshot()).status, "cancelled", "the status");
    await session.task(taskId).result().then(resultFromTaskOutcome).then(
        () => Promise.reject(new Error("a cancelled task has a result")),
        (error) => mustEqual(error instanceof TaskCancelledError, true, `that ${error} is the cancelling`),
    );
}

/** Cancels a task while the person who is asked still thinks. */
async function cancelOneThatAsks(session, partner) {
    partner.answer = undefined;
    partner.asked = [];
    const execution = await begin(session, "ship", { article: "goggles" });
    partner.listen(execution.handle);
    while (partner.asked.length === 0) {
        await delay(20);
    }
    mustEqual((await session.task(execution.handle.taskId).snapshot()).status, "input_required", "the status");
    await cancel(session, execution);
}

async function list(session) {
    const execution = await begin(session, "count", { things: 1 });
    const all = [];
    let cursor;
    do {
        const page = await session.listTasks(cursor);
        all.push(...page.tasks.map(({ taskId }) => taskId));
        cursor = page.nextCursor;
    } while (cursor !== undefined);
    const { taskId } = execution.handle;
    mustEqual(all.filter((id) => id === taskId).length, 1, `how often ${taskId} is among ${all.length} tasks`);
    await execution.settle();
}

async function checkAll(checks, session, partner, listed) {
    await checks.run("the capabilities of the session", async () => {
        const { execution, cancellation, inventory } = session.capabilities;
        mustEqual({ execution, cancellation }, { execution: true, cancellation: true }, "what the session can");
        mustEqual(inventory === "server-list", listed, `whether the inventory ${inventory} is the server's`);
    });
    await checks.run("a task is polled to its end and its result is read", () => countToItsEnd(session));
    await checks.run("a task is left and taken up again", () => resume(session));
    await checks.run("a task that asks is told yes", () => answer(session, partner, true, "shipped gloves"));
    await checks.run("a task that asks is told no", () => answer(session, partner, false, "gloves stays here"));
    await checks.run("a task that works is cancelled", async () =>
        cancel(session, await begin(session, "count", { things: 1000 })));
    await checks.run("a task that asks is cancelled", () => cancelOneThatAsks(session, partner));
    await checks.run("a tool that is no task is answered at once", async () => {
        const execution = await session.callTool("weigh", { grams: 28.35 });
        mustEqual(execution.kind, "immediate", "the kind of the execution");
        const { outcome } = await execution.settle();
        mustEqual(resultFromTaskOutcome(outcome).structuredContent, { grams: 28.35, ounces: 1 }, "the result");
    });
    await checks.run("a task that never was is refused", () =>
        mustBeRefused(() => session.task("no-such-task").snapshot()));
    if (listed) {
        await checks.run("tasks are listed", () => list(session));
    }
}

async function main([planFile, mode]) {
    const plan = JSON.parse(readFileSync(planFile, "utf8"));
    const transport = connection(plan.server);
    const client = new Client(clientInfo, { versionNegotiation: { mode: negotiation[mode] }, capabilities });
    await within(client.connect(transport, { timeout: REQUEST_LIMIT_MILLISECONDS }));
    const send = pastTheClient(transport);
    const partner = new Partner(mode, send);
    const raw = {
        rawDispatch: send,
        v2RequestFraming: { protocolVersion: MODERN, clientInfo, clientCapabilities: capabilities },
    };
    const session = createTaskSessionFromClient(client, {
        endpointId: "everything",
        onInputRequest: async ({ params }, { signal }) => partner.decide(params.message, signal),
        // A question that was withdrawn is told here; everything else fails its check.
        onError: (error) => error instanceof TaskCancelledError || console.error(error),
        ...(mode === "modern" ? raw : {}),
    });
    const checks = new Checks();
    try {
        await checks.run(`the era for mode ${mode}`, async () => mustEqual(client.getProtocolEra(), mode, "the era"));
        // In the extension there are no lists of tasks.
        await checkAll(checks, session, partner, plan.listed && mode === "legacy");
    } finally {
        await within(session.close());
        await within(client.close());
    }
    return checks.finish();
}

process.exitCode = await main(process.argv.slice(2));
