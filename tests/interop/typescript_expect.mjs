// What was found against what a plan expects, for `typescript.mjs`.

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
