// What was found against what a plan expects, for the TypeScript clients, and how checks are counted.

import { isDeepStrictEqual } from "node:util";

export function mustEqual(found, expected, what) {
    if (!isDeepStrictEqual(found, expected)) {
        throw new Error(`${what} is ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
    }
}

/** Every member of `expected` is in `found`, at every depth; `found` may hold more. */
export function mustHold(found, expected, path) {
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

export function mustContain(text, part, what) {
    if (!text.includes(part)) {
        throw new Error(`${what} does not contain ${JSON.stringify(part)}: ${text.slice(0, 300)}`);
    }
}

/** Whether every member of `expected` is in `found`. */
export function holds(found, expected) {
    try {
        mustHold(found, expected, "");
        return true;
    } catch {
        return false;
    }
}

export const delay = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** How long one check may take. */
const CHECK_LIMIT_MILLISECONDS = 15_000;

/** What a promise gives, or a failure when it takes too long. */
export function within(promise) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error("it took too long")), CHECK_LIMIT_MILLISECONDS);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Counts the checks and prints a line for each. */
export class Checks {
    passed = 0;
    failed = 0;

    /** Runs one check; what it throws is its failure. */
    async run(name, claim) {
        try {
            await within(claim());
            this.passed += 1;
            console.log(`ok    ${name}`);
        } catch (error) {
            this.failed += 1;
            console.log(`FAIL  ${name}: ${error instanceof Error ? `${error.name}: ${error.message}` : error}`);
        }
    }

    /** Prints the sums; gives the exit code. */
    finish() {
        console.log(`${this.passed} passed, ${this.failed} failed`);
        return this.failed === 0 && this.passed > 0 ? 0 : 1;
    }
}
