// The extension for tasks (SEP-2663) on the TypeScript SDK 2.x, in memory: the SDK has its names and its wire format, and
// leaves the rest to the server. The schemas of the requests are those of `ext-tasks`.

import { randomUUID } from "node:crypto";

const EXTENSION = "io.modelcontextprotocol/tasks";
const CAPABILITIES = "io.modelcontextprotocol/clientCapabilities";
const TTL_MILLISECONDS = 300_000;
/** More tasks than any client makes. */
const MOST_TASKS = 1000;

/** One task: what it shows, and what it waits for. */
class Task {
    #controller = new AbortController();
    #questions = new Map();
    #ended;
    #seed;

    constructor() {
        const now = new Date().toISOString();
        this.#seed = { taskId: randomUUID(), createdAt: now, lastUpdatedAt: now, ttlMs: TTL_MILLISECONDS, pollIntervalMs: 50 };
    }

    get id() {
        return this.#seed.taskId;
    }

    get signal() {
        return this.#controller.signal;
    }

    show() {
        if (this.#ended) return { ...this.#seed, ...this.#ended };
        if (this.#questions.size === 0) return { ...this.#seed, status: "working" };
        const asked = [...this.#questions].map(([key, { request }]) => [key, request]);
        return { ...this.#seed, status: "input_required", inputRequests: Object.fromEntries(asked) };
    }

    /** Asks the client, and waits for its answer or for the end of the task. */
    ask(key, request) {
        return new Promise((answer, refuse) => {
            this.#questions.set(key, { request, answer });
            this.signal.addEventListener("abort", () => refuse(new Error("cancelled")));
            this.#touch();
        });
    }

    answer(responses) {
        for (const [key, response] of Object.entries(responses)) {
            this.#questions.get(key)?.answer(response);
            this.#questions.delete(key);
        }
        this.#touch();
    }

    cancel() {
        this.end({ status: "cancelled" });
        this.#controller.abort();
    }

    end(how) {
        this.#ended ??= how;
        this.#touch();
    }

    #touch() {
        this.#seed.lastUpdatedAt = new Date().toISOString();
    }
}

export class Tasks {
    #tasks = new Map();
    #ProtocolError;

    constructor(ProtocolError) {
        this.#ProtocolError = ProtocolError;
    }

    /** A tool that runs as a task for a client that has tasks; for others as `plain`, or to its end. */
    tool(work, plain) {
        return async (arguments_, context) => {
            const extensions = context.mcpReq.envelope?.[CAPABILITIES]?.extensions;
            if (extensions?.[EXTENSION] !== undefined) return this.#begin(work, arguments_);
            return plain ? plain(arguments_, context) : work(arguments_, { signal: context.mcpReq.signal });
        };
    }

    #begin(work, arguments_) {
        if (this.#tasks.size >= MOST_TASKS) throw new Error("there are too many tasks");
        const task = new Task();
        this.#tasks.set(task.id, task);
        const { promise, resolve } = Promise.withResolvers();
        promise.then(() => work(arguments_, task)).then(
            (result) => task.end({ status: "completed", result: { resultType: "complete", ...result } }),
            // A tool that fails has a result that says so; only errors of the protocol make a failed task.
            (error) =>
                task.end(
                    error instanceof this.#ProtocolError
                        ? { status: "failed", error: { code: error.code, message: error.message } }
                        : { status: "completed", result: { resultType: "complete", content: [{ type: "text", text: error.message }], isError: true } },
                ),
        );
        const seed = task.show();
        resolve();
        return { resultType: "task", ...seed };
    }

    #find(id) {
        const task = this.#tasks.get(id);
        if (task === undefined) throw new this.#ProtocolError(-32602, `there is no task ${id}`);
        return task;
    }

    /** Answers the requests of the extension on this server. */
    serve(server, z) {
        const id = { taskId: z.string() };
        const declared = (context) => {
            if (context.mcpReq.envelope?.[CAPABILITIES]?.extensions?.[EXTENSION] !== undefined) return;
            throw new this.#ProtocolError(-32021, "the client did not declare tasks", {
                requiredCapabilities: { extensions: { [EXTENSION]: {} } },
            });
        };
        const on = (method, shape, handle) =>
            server.setRequestHandler(method, { params: z.looseObject(shape) }, (params, context) => {
                declared(context);
                return handle(this.#find(params.taskId), context.mcpReq) ?? {};
            });
        on("tasks/get", id, (task) => task.show());
        // On the wire, the answers are part of the parameters; the SDK lifts them out before a handler sees these.
        on("tasks/update", id, (task, { inputResponses }) => task.answer(inputResponses ?? {}));
        on("tasks/cancel", id, (task) => task.cancel());
    }
}
