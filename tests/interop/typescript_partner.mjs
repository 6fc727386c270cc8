// The client's side of the conversation, for `typescript.mjs`: answers the server's questions as the plan says, remembers
// what it was asked and told, and subscribes.

import { delay, holds, mustEqual } from "./typescript_expect.mjs";

/** How long a notification may take after its cause. */
const NEWS_LIMIT_MILLISECONDS = 3_000;
/** How long to wait for a notification that must not come. */
const SILENCE_MILLISECONDS = 500;

/** Answers the server's questions as the plan says, and remembers what it was asked and told. */
export class Partner {
    asked = [];
    told = [];

    constructor(answers) {
        this.answers = answers;
    }

    /** What has an answer is declared. */
    capabilities() {
        const { elicitation, sampling, roots } = this.answers;
        return {
            ...(elicitation && { elicitation: { form: {}, url: {} } }),
            ...(sampling && { sampling: {} }),
            ...(roots && { roots: {} }),
        };
    }

    attach(client) {
        const { elicitation, sampling, roots } = this.answers;
        const answer = (method, choose) =>
            client.setRequestHandler(method, async ({ params }) => {
                this.asked.push({ method, params: params ?? {} });
                return choose(this.answers);
            });
        if (elicitation) answer("elicitation/create", (answers) => answers.elicitation);
        if (sampling) answer("sampling/createMessage", (answers) => answers.sampling);
        if (roots) answer("roots/list", (answers) => ({ roots: answers.roots }));
        const remember = (method, event) =>
            client.setNotificationHandler(method, ({ params }) => void this.told.push(event ?? params.uri));
        remember("notifications/resources/updated");
        remember("notifications/tools/list_changed", "tools");
        remember("notifications/prompts/list_changed", "prompts");
        remember("notifications/resources/list_changed", "resources");
    }

    /** Every expected question was asked, in any order, and no other. */
    mustHaveBeenAsked(expected) {
        const left = [...this.asked];
        for (const { method, params = {} } of expected) {
            const at = left.findIndex((question) => question.method === method && holds(question.params, params));
            if (at < 0) {
                throw new Error(`${method} with ${JSON.stringify(params)} was not among ${JSON.stringify(this.asked)}`);
            }
            left.splice(at, 1);
        }
        mustEqual(left.map((question) => question.method), [], "the list of further questions");
    }

    /** Whether it is told of this within the limit. */
    async isTold(event, limit) {
        for (const end = Date.now() + limit; Date.now() < end; await delay(20)) {
            if (this.told.includes(event)) {
                return true;
            }
        }
        return false;
    }
}

/** Brings about a change. */
async function pull(client, { tool, arguments: argumentsOf }) {
    const result = await client.callTool({ name: tool, arguments: argumentsOf ?? {} });
    mustEqual(result.isError ?? false, false, `isError of ${tool}`);
}

async function mustBeTold(client, partner, trigger, event) {
    // The client may open the stream on which it hears of it a moment later, hence the tries.
    for (let tries = 0; tries < 3; tries += 1) {
        await pull(client, trigger);
        if (await partner.isTold(event, NEWS_LIMIT_MILLISECONDS)) {
            return;
        }
    }
    throw new Error(`it was not told of ${event}`);
}

export async function subscribeLegacy(client, partner, { uri, list, trigger }) {
    partner.told = [];
    if (uri === undefined) {
        await mustBeTold(client, partner, trigger, list);
        return;
    }
    await client.subscribeResource({ uri });
    await mustBeTold(client, partner, trigger, uri);
    await client.unsubscribeResource({ uri });
    // What was sent before the server knew may still arrive.
    await delay(SILENCE_MILLISECONDS);
    partner.told = [];
    await pull(client, trigger);
    mustEqual(await partner.isTold(uri, SILENCE_MILLISECONDS), false, "that it was told after it had unsubscribed");
}

export async function subscribeModern(client, partner, { uri, list, trigger }) {
    partner.told = [];
    const filter = uri === undefined ? { [`${list}ListChanged`]: true } : { resourceSubscriptions: [uri] };
    const subscription = await client.listen(filter);
    try {
        mustEqual(subscription.honoredFilter, filter, "the acknowledged filter");
        await pull(client, trigger);
        mustEqual(await partner.isTold(uri ?? list, NEWS_LIMIT_MILLISECONDS), true, "that it was told");
    } finally {
        await subscription.close();
    }
    await delay(SILENCE_MILLISECONDS);
    partner.told = [];
    await pull(client, trigger);
    mustEqual(await partner.isTold(uri ?? list, SILENCE_MILLISECONDS), false, "that it was told after the end");
}
