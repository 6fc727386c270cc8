// Drives an MCP server through the official TypeScript client and checks what a plan says that it must do.
//
//     node typescript.mjs PLAN.json legacy|modern|auto
//
// The plan is described in plan.md beside this file. Prints a line for each check; exits with 1 when one fails.
// It tests nothing about the client itself, and knows nothing of any particular server.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { mustContain, mustEqual, mustHold } from "./typescript_expect.mjs";
import { Partner, subscribeLegacy, subscribeModern } from "./typescript_partner.mjs";

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

function connection(server) {
    if (server.url !== undefined) {
        return new StreamableHTTPClientTransport(new URL(server.url));
    }
    const [command, ...args] = server.command;
    return new StdioClientTransport({ command, args, stderr: "inherit" });
}

/** The lists that a plan may have: the client's own walk over the pages, the member of the result, and the name of an entry. */
const lists = {
    tools: { method: "tools/list", walk: "listTools", name: "name" },
    resources: { method: "resources/list", walk: "listResources", name: "uri" },
    resourceTemplates: { method: "resources/templates/list", walk: "listResourceTemplates", name: "uriTemplate" },
    prompts: { method: "prompts/list", walk: "listPrompts", name: "name" },
};

/** The names of all entries, page by page, with the number of pages. */
async function pages(client, member) {
    const { method, name } = lists[member];
    const names = [];
    let cursor;
    for (let count = 1; count <= MOST_PAGES; count += 1) {
        const params = cursor === undefined ? {} : { cursor };
        const page = await client.request({ method, params });
        names.push(...page[member].map((entry) => entry[name]));
        cursor = page.nextCursor;
        if (cursor === undefined) {
            return { names, count };
        }
    }
    throw new Error(`${method} did not end after ${MOST_PAGES} pages`);
}

async function checkList(client, member, expected) {
    const { method, walk, name } = lists[member];
    await check(method, async () => {
        const all = (await client[walk]())[member].map((entry) => entry[name]);
        const missing = (expected.present ?? []).filter((wanted) => !all.includes(wanted));
        mustEqual(missing, [], `the list of what is missing among ${all.join(", ")}`);
    });
    await check(`${method} page by page`, async () => {
        const { names, count } = await pages(client, member);
        const all = (await client[walk]())[member].map((entry) => entry[name]);
        mustEqual(new Set(names).size, names.length, "the number of different names");
        mustEqual(names, all, "the list of names");
        if (expected.pages !== undefined) {
            mustEqual(count, expected.pages, "the number of pages");
        }
    });
}

/** Sends a request; gives nothing when it was the protocol error that the plan expects. */
async function settle(request, expect) {
    let result;
    try {
        result = await request();
    } catch (error) {
        if (expect.code === undefined || !(error instanceof ProtocolError)) {
            throw error;
        }
        mustEqual(error.code, expect.code, "the code of the protocol error");
        return undefined;
    }
    if (expect.code !== undefined) {
        throw new Error(`a result instead of protocol error ${expect.code}: ${JSON.stringify(result).slice(0, 300)}`);
    }
    return result;
}

/** The texts of these parts, joined by line ends, are as expected. */
function judgeText(parts, expect) {
    const text = parts.map((part) => part.text ?? "").join("\n");
    if (expect.text !== undefined) {
        mustEqual(text, expect.text, "the text");
    }
    for (const part of expect.contains ?? []) {
        mustContain(text, part, "the text");
    }
}

/** Calls a tool and compares with what the plan expects of it. */
async function call(client, partner, { tool, arguments: argumentsOf, expect = {}, answers }) {
    const heard = [];
    const onprogress = expect.progress === undefined ? undefined : (progress) => heard.push(progress.progress);
    const options = { timeout: REQUEST_LIMIT_MILLISECONDS, onprogress };
    if (expect.asked !== undefined) {
        partner.asked = [];
    }
    const before = partner.answers;
    partner.answers = answers ?? before;
    let result;
    try {
        result = await settle(() => client.callTool({ name: tool, arguments: argumentsOf }, options), expect);
    } finally {
        if (answers !== undefined) {
            partner.answers = before;
        }
    }
    if (expect.asked !== undefined) {
        partner.mustHaveBeenAsked(expect.asked);
    }
    if (result === undefined) {
        return;
    }
    mustEqual(result.isError ?? false, expect.isError ?? false, "isError");
    judgeText(result.content, expect);
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

async function read(client, { uri, expect = {} }) {
    const result = await settle(() => client.readResource({ uri }), expect);
    if (result === undefined) {
        return;
    }
    const { contents } = result;
    mustEqual(contents.length > 0, true, "that there are contents");
    judgeText(contents, expect);
    if (expect.mimeTypes !== undefined) {
        mustEqual(contents.map((part) => part.mimeType ?? null), expect.mimeTypes, "the MIME types");
    }
    if (expect.blobs !== undefined) {
        mustEqual(contents.filter((part) => part.blob !== undefined).map((part) => part.blob), expect.blobs, "the blobs");
    }
}

async function prompt(client, { prompt: name, arguments: argumentsOf, expect = {} }) {
    const result = await settle(() => client.getPrompt({ name, arguments: argumentsOf }), expect);
    if (result === undefined) {
        return;
    }
    const content = result.messages.map((message) => message.content);
    judgeText(content, expect);
    if (expect.types !== undefined) {
        mustEqual(content.map((part) => part.type), expect.types, "the types of the content");
    }
    if (expect.roles !== undefined) {
        mustEqual(result.messages.map((message) => message.role), expect.roles, "the roles");
    }
}

async function complete(client, { prompt: name, template: uri, argument, value, context, expect = {} }) {
    const ref = name === undefined ? { type: "ref/resource", uri } : { type: "ref/prompt", name };
    const params = { ref, argument: { name: argument, value } };
    if (context !== undefined) {
        params.context = { arguments: context };
    }
    const result = await settle(() => client.complete(params), expect);
    if (result !== undefined && expect.values !== undefined) {
        mustEqual(result.completion.values, expect.values, "the values");
    }
}

function kind(expect = {}) {
    const outcome = expect.code !== undefined ? "protocol error" : expect.isError ? "tool error" : "result";
    const extras = ["structured", "progress"].filter((name) => expect[name] !== undefined);
    return [outcome, ...extras, ...(expect.asked ?? []).map((question) => question.method)].join(", ");
}

/** The calls that need no partner are made all at once. */
async function atOnce(client, partner, steps) {
    // All are waited for, so that none is still under way when the client closes.
    const outcomes = await Promise.allSettled(steps.map((step) => call(client, partner, step)));
    for (const { reason } of outcomes.filter((outcome) => outcome.status === "rejected")) {
        throw reason;
    }
}

async function checkSteps(client, partner, plan, mode) {
    const steps = (name) => (plan[name] ?? []).filter((step) => step.modes === undefined || step.modes.includes(mode));
    for (const step of steps("calls")) {
        await check(`tools/call ${step.tool}: ${kind(step.expect)}`, () => call(client, partner, step));
    }
    const alone = steps("calls").filter((step) => step.answers === undefined && step.expect?.asked === undefined);
    if (alone.length > 0) {
        await check("all these calls at once", () => atOnce(client, partner, alone));
    }
    for (const step of steps("reads")) {
        await check(`resources/read ${step.uri}: ${kind(step.expect)}`, () => read(client, step));
    }
    for (const step of steps("promptGets")) {
        await check(`prompts/get ${step.prompt}: ${kind(step.expect)}`, () => prompt(client, step));
    }
    for (const step of steps("completions")) {
        await check(`completion/complete ${step.argument}: ${kind(step.expect)}`, () => complete(client, step));
    }
    for (const step of steps("subscriptions")) {
        const subscribe = mode === "legacy" ? subscribeLegacy : subscribeModern;
        await check(`notifications about ${step.uri ?? step.list}`, () => subscribe(client, partner, step));
    }
}

async function main([planFile, mode]) {
    const plan = JSON.parse(readFileSync(planFile, "utf8"));
    const transport = connection(plan.server);
    const partner = new Partner(plan.answers ?? {});
    const client = new Client(
        { name: "midfield-interop", version: "0" },
        { versionNegotiation: { mode: negotiation[mode] }, capabilities: partner.capabilities() },
    );
    partner.attach(client);
    await client.connect(transport, { timeout: REQUEST_LIMIT_MILLISECONDS });
    try {
        await check(`the era for mode ${mode}`, () => {
            mustEqual(client.getProtocolEra(), mode === "legacy" ? "legacy" : "modern", "the era");
            const version = mode === "legacy" ? plan.legacyVersion : MODERN;
            mustEqual(client.getNegotiatedProtocolVersion(), version, "the protocol version");
            mustEqual(client.getServerVersion()?.name, plan.serverName, "the server's name");
        });
        for (const member of Object.keys(lists).filter((name) => plan[name] !== undefined)) {
            await checkList(client, member, plan[member]);
        }
        await checkSteps(client, partner, plan, mode);
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
