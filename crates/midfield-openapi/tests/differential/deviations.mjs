// Where `swagger-client` departs from the OpenAPI specification: the sentence that it departs
// from, and the request as it would be if it did not. A correction is made from the case and the
// document, never from our request. One that is not needed by any case fails the comparison.

const encode = (text) => encodeURIComponent(String(text)).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
const scalar = (value) => (value !== null && typeof value === 'object' ? JSON.stringify(value) : String(value));
const values = (value) => (Array.isArray(value) ? value.map(scalar) : Object.entries(value).flatMap(([key, member]) => [key, scalar(member)]));
const isCompound = (value) => value !== null && typeof value === 'object';

const declared = (operation, given) => operation.parameters.find((parameter) => parameter.in === given.in && parameter.name === given.name) ?? {};

const SEPARATORS = { spaceDelimited: '%20', pipeDelimited: '%7C' };

/** The properties of a form with what the document says about their encoding. */
function fields({ one, operation }) {
  const media = operation.requestBody?.content?.[one.body?.mediaType];
  const isForm = /^multipart\/form-data/.test(one.body?.mediaType ?? '') && media;
  return isForm ? Object.entries(one.body.value).map(([name, value]) => ({ name, value, encoding: media.encoding?.[name] })) : [];
}

/** Puts `parts` in the place of those that have one of `names`. */
function replaceParts(request, name, parts) {
  const at = request.body.findIndex((part) => part.name === name);
  const others = request.body.filter((part) => part.name !== name);
  return { ...request, body: at < 0 ? others : [...others.slice(0, at), ...parts, ...others.slice(at)] };
}

const latin1 = (text) => Buffer.from(text).toString('latin1');

export const DEVIATIONS = [
  {
    name: 'the fragment of a path is sent',
    specification: 'RFC 9110, 7.1: "the target URI excludes the reference\'s fragment component, if any, since fragment identifiers are reserved for client-side processing"',
    correct: (request, { one }) => (one.path.includes('#') ? { ...request, url: request.url.replace(/#[^?]*/, '') } : request),
  },
  {
    name: 'only the last cookie is sent, and `%` in its value is not encoded',
    specification: 'OpenAPI 3.1.1, Appendix D: "name=value pairs in cookies are delimited by `; ` (a semicolon followed by a space character) rather than `&`"; RFC 6570, 3.2.8: "with the allowed characters being those in the unreserved set"',
    correct(request, { one, operation }) {
      const cookies = [];
      for (const given of one.parameters.filter((parameter) => parameter.in === 'cookie')) {
        const { explode = true, content } = declared(operation, given);
        const { name, value } = given;
        if (content || !isCompound(value)) cookies.push([name, encode(scalar(value))]);
        else if (!explode) cookies.push([name, values(value).map(encode).join(',')]);
        else if (Array.isArray(value)) cookies.push(...value.map((item) => [name, encode(scalar(item))]));
        else cookies.push(...Object.entries(value).map(([key, member]) => [encode(key), encode(scalar(member))]));
      }
      if (cookies.length === 0) return request;
      return { ...request, headers: { ...request.headers, cookie: cookies.map((pair) => pair.join('=')).join('; ') } };
    },
  },
  {
    name: '`label` without `explode` separates with a dot',
    specification: 'OpenAPI 3.1.1, Style Examples: "label | false | . | .blue | .blue,black,brown | .R,100,G,200,B,150"',
    correct(request, { one, operation }) {
      let { url } = request;
      for (const given of one.parameters.filter((parameter) => parameter.in === 'path' && isCompound(parameter.value))) {
        const { style, explode = false } = declared(operation, given);
        if (style !== 'label' || explode) continue;
        const items = values(given.value).map(encode);
        url = url.replace(`.${items.join('.')}`, `.${items.join(',')}`);
      }
      return { ...request, url };
    },
  },
  {
    name: '`|` stands in a URL as it is, and a delimited object has commas',
    specification: 'OpenAPI 3.1.1, Style Examples: "pipeDelimited | false | n/a | n/a | ?color=blue%7Cblack%7Cbrown | ?color=R%7C100%7CG%7C200%7CB%7C150" and "spaceDelimited | false | n/a | n/a | ?color=blue%20black%20brown | ?color=R%20100%20G%20200%20B%20150"',
    correct(request, { one, operation }) {
      let { url } = request;
      for (const given of one.parameters.filter((parameter) => parameter.in === 'query' && isCompound(parameter.value))) {
        const { style, explode = false } = declared(operation, given);
        const separator = SEPARATORS[style];
        if (!separator || explode) continue;
        const items = values(given.value).map(encode);
        for (const wrong of [',', '|']) url = url.replace(`${encode(given.name)}=${items.join(wrong)}`, `${encode(given.name)}=${items.join(separator)}`);
      }
      return { ...request, url };
    },
  },
  {
    name: 'a list in a form without `encoding` is one part, and an object has no media type',
    specification: 'OpenAPI 3.1.1, Encoding `multipart` Media Types: "Array properties are handled by applying the same `name` to multiple parts"; Special Considerations for `multipart` Content: "If the property is complex, or an array of complex values, the default Content-Type is `application/json`"',
    correct(request, context) {
      let corrected = request;
      for (const { name, value, encoding } of fields(context)) {
        if (!isCompound(value) || encoding || 'data' in value || value[0]?.data) continue;
        const items = Array.isArray(value) ? value : [value];
        const parts = items.map((item) => (isCompound(item) ? { name, mediaType: 'application/json', content: latin1(scalar(item)) } : { name, content: latin1(scalar(item)) }));
        corrected = replaceParts(corrected, name, parts);
      }
      return corrected;
    },
  },
  {
    name: 'a delimited field of a multipart form has `%20` as text, or commas',
    specification: 'OpenAPI 3.1.1, Encoding Object, style: "The behavior follows the same values as `query` parameters"; Appendix E: "The `form-data` media type allows arbitrary text or binary data in its parts, so percent-encoding is not needed"',
    correct(request, context) {
      let corrected = request;
      for (const { name, value, encoding } of fields(context)) {
        const separator = { spaceDelimited: ' ', pipeDelimited: '|' }[encoding?.style];
        if (!separator || encoding.explode || !isCompound(value)) continue;
        corrected = replaceParts(corrected, name, [{ name, content: latin1(values(value).join(separator)) }]);
      }
      return corrected;
    },
  },
  {
    name: 'a list with `deepObject` has no brackets',
    specification: 'OpenAPI 3.1.1, Style Values, deepObject: "The representation of array or object properties is not defined"; ours goes on with brackets (`array[]=1`), as services that declare it expect',
    correct(request, context) {
      let corrected = request;
      for (const { name, value, encoding } of fields(context)) {
        if (encoding?.style !== 'deepObject' || !Array.isArray(value)) continue;
        corrected = replaceParts(corrected, name, value.map((item) => ({ name: `${name}[]`, content: latin1(scalar(item)) })));
      }
      const { one, operation } = context;
      let { url } = corrected;
      for (const given of one.parameters.filter((parameter) => parameter.in === 'query' && Array.isArray(parameter.value))) {
        if (declared(operation, given).style !== 'deepObject') continue;
        for (const item of given.value.map(scalar).map(encode)) url = url.replace(`${encode(given.name)}=${item}`, `${encode(`${given.name}[]`)}=${item}`);
      }
      return { ...corrected, url };
    },
  },
];
