// Builds the request of each case with npm's `swagger-client`, a client that is not ours, and
// compares it with the request in the case: method, URL, headers of parameters and content, and
// body, byte for byte. See README.md beside this file for how it is run.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

import { DEVIATIONS } from './deviations.mjs';

const [casesFile, modules = '.'] = process.argv.slice(2);
if (!casesFile) {
  console.error('usage: node compare.mjs CASES [DIRECTORY THAT HOLDS node_modules]');
  process.exit(2);
}
const require = createRequire(join(resolve(modules), 'compare.js'));
const { default: SwaggerClient } = await import(require.resolve('swagger-client'));
const yaml = createRequire(require.resolve('swagger-client'))('js-yaml');
const { buildRequest, resolve: resolveSpec } = SwaggerClient.default ?? SwaggerClient;

const cases = readFileSync(casesFile, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
const specs = new Map();
const used = new Map(DEVIATIONS.map((deviation) => [deviation, 0]));
let equal = 0;
let explained = 0;
const failures = [];

for (const one of cases) {
  const label = `${one.document}: ${one.method} ${one.path}`;
  if (one.skipped) {
    failures.push(`${label}: skipped: ${one.skipped}`);
    continue;
  }
  try {
    const spec = await load(one);
    const ours = await normalise(oursOf(one));
    let theirs = await normalise(theirsOf(one, spec));
    if (same(ours, theirs)) {
      equal += 1;
      continue;
    }
    const operation = operationOf(spec, one);
    for (const deviation of DEVIATIONS) {
      const corrected = deviation.correct(theirs, { one, operation, ours });
      if (!same(corrected, theirs)) {
        used.set(deviation, used.get(deviation) + 1);
        theirs = corrected;
      }
    }
    if (same(ours, theirs)) {
      explained += 1;
    } else {
      failures.push(`${label}\n${difference(ours, theirs)}`);
    }
  } catch (error) {
    failures.push(`${label}: ${error.stack}`);
  }
}

for (const [deviation, count] of used) {
  console.log(`${String(count).padStart(6)}  ${deviation.name}`);
  if (count === 0) failures.push(`the deviation "${deviation.name}" is never met: take it off the list`);
}
console.log(`${cases.length} requests: ${equal} equal, ${explained} equal but for listed deviations, ${failures.length} failures`);
for (const failure of failures.slice(0, 40)) console.log(`\n${failure}`);
process.exit(failures.length > 0 || cases.length === 0 ? 1 : 0);

/** The document of a case with its references resolved, as the client wants it. */
async function load(one) {
  if (!specs.has(one.document)) {
    const spec = yaml.load(readFileSync(one.document, 'utf8'), { schema: yaml.JSON_SCHEMA });
    const resolved = await resolveSpec({ spec, baseDoc: one.documentUrl, allowMetaPatches: false });
    specs.set(one.document, resolved.spec);
  }
  return specs.get(one.document);
}

function operationOf(spec, one) {
  const item = spec.paths[one.path];
  const operation = item[one.method.toLowerCase()];
  return { ...operation, parameters: [...(operation.parameters ?? []), ...(item.parameters ?? [])] };
}

function oursOf({ request }) {
  const headers = Object.fromEntries(request.headers.map(([name, value]) => [name.toLowerCase(), value]));
  const body = request.body === null ? null : Buffer.from(request.body, 'base64');
  return { method: request.method, url: request.url, headers, body };
}

function theirsOf(one, spec) {
  const parameters = Object.fromEntries(one.parameters.map(({ in: place, name, value }) => [`${place}.${name}`, value]));
  const options = {
    spec,
    operationId: `${one.method.toLowerCase()}-${one.path}`,
    contextUrl: one.documentUrl,
    parameters,
  };
  for (const { name, in: place, required } of operationOf(spec, one).parameters) {
    // The client drops these headers, as the specification says, but wants to be given them.
    if (required && place === 'header' && /^(accept|authorization|content-type)$/i.test(name)) parameters[`header.${name}`] = 'dropped';
  }
  if (one.body) addBody(options, one, spec);
  const request = buildRequest(options);
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
  let { body } = request;
  if (body !== undefined && typeof body !== 'string' && !(body instanceof FormData) && !ArrayBuffer.isView(body)) {
    // The client leaves this last step to the one who sends.
    body = JSON.stringify(body);
  }
  return { method: request.method, url: request.url, headers, body: body ?? null };
}

/** Gives the body in the client's own terms: files as `File`, fields of Swagger 2.0 as parameters. */
function addBody(options, one, spec) {
  const { mediaType, value } = one.body;
  const [essence] = mediaType.split(';');
  const operation = operationOf(spec, one);
  options.requestContentType = mediaType;
  if (spec.swagger) {
    const body = operation.parameters.find((parameter) => parameter.in === 'body');
    if (body) options.parameters[`body.${body.name}`] = value;
    else for (const [name, field] of Object.entries(value)) options.parameters[`formData.${name}`] = fileOr(field);
    return;
  }
  if (essence === 'multipart/form-data') {
    options.requestBody = Object.fromEntries(Object.entries(value).map(([name, field]) => [name, fileOr(field)]));
  } else if (operation.requestBody.content[mediaType]?.schema?.format === 'binary' || essence === 'application/octet-stream') {
    options.requestBody = Buffer.from(value.data ?? value, 'base64');
  } else if (/json/i.test(essence) && typeof value === 'string') {
    // The client takes text for JSON that is written already.
    options.requestBody = JSON.stringify(value);
  } else {
    options.requestBody = value;
  }
}

function fileOr(field) {
  if (Array.isArray(field)) return field.map(fileOr);
  const isFile = field !== null && typeof field === 'object' && typeof field.data === 'string' && 'mediaType' in field;
  return isFile ? new File([Buffer.from(field.data, 'base64')], field.name, { type: field.mediaType }) : field;
}

/** Makes requests comparable: a form of parts as a list of them, since boundaries are arbitrary. */
async function normalise({ method, url, headers, body }) {
  const kept = { ...headers };
  // What the sender would like to read is not part of the arguments.
  delete kept.accept;
  if (/^multipart\/form-data/i.test(kept['content-type'] ?? '')) {
    const parts = body instanceof FormData ? await partsOfForm(body) : partsOfBytes(body, kept['content-type']);
    return { method, url, headers: { ...kept, 'content-type': 'multipart/form-data' }, body: parts };
  }
  return { method, url, headers: kept, body: body === null ? null : Buffer.from(body).toString('latin1') };
}

async function partsOfForm(form) {
  const parts = [];
  for (const [name, value] of form.entries()) {
    if (typeof value === 'string') {
      parts.push({ name, content: Buffer.from(value).toString('latin1') });
    } else {
      const content = Buffer.from(await value.arrayBuffer()).toString('latin1');
      parts.push({ name, fileName: value.name, mediaType: value.type, content });
    }
  }
  return parts;
}

function partsOfBytes(body, contentType) {
  const [, boundary] = /boundary=([^;]+)/.exec(contentType);
  const text = body.toString('latin1');
  const pieces = text.split(`--${boundary}`);
  if (pieces.shift() !== '' || pieces.pop() !== '--\r\n') throw new Error('the form is not framed by its boundary');
  return pieces.map((piece) => {
    const [, head, content] = /^\r\n([^]*?)\r\n\r\n([^]*)\r\n$/.exec(piece);
    const utf8 = (quoted) => quoted && Buffer.from(quoted, 'latin1').toString();
    const name = utf8(/; name="([^"]*)"/.exec(head)?.[1]);
    const fileName = utf8(/; filename="([^"]*)"/.exec(head)?.[1]);
    const mediaType = /^Content-Type: (.*)$/m.exec(head)?.[1];
    return { name, ...(fileName && { fileName }), ...(mediaType && { mediaType }), content };
  });
}

function same(one, other) {
  return canonical(one) === canonical(other);
}

function canonical({ method, url, headers, body }) {
  return JSON.stringify([method, url, Object.entries(headers).sort(), body]);
}

function difference(ours, theirs) {
  const lines = [];
  for (const key of ['method', 'url', 'headers', 'body']) {
    const [mine, other] = [JSON.stringify(ours[key]), JSON.stringify(theirs[key])];
    if (mine !== other) lines.push(`  ours   ${key} ${mine}`, `  theirs ${key} ${other}`);
  }
  return lines.join('\n');
}
