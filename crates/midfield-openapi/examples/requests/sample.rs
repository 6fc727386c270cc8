//! Values made up from a schema: always the same ones, and awkward where the schema allows it.

use serde_json::{Map, Number, Value, json};

/// Arguments that fit the input schema of an operation, all of them.
pub(crate) fn arguments(schema: &Value) -> Map<String, Value> {
    let sampler = Sampler { root: schema };
    let properties = schema.get("properties").and_then(Value::as_object);
    let properties = properties.into_iter().flatten();
    properties
        .map(|(name, schema)| (name.clone(), sampler.value(schema, name, 0)))
        .collect()
}

struct Sampler<'a> {
    root: &'a Value,
}

impl Sampler<'_> {
    /// A value that fits `schema`; `name` and `depth` make it differ from its neighbours.
    fn value(&self, schema: &Value, name: &str, depth: usize) -> Value {
        let member = |key: &str| schema.get(key);
        if let Some(reference) = member("$ref").and_then(Value::as_str) {
            let target = reference
                .strip_prefix('#')
                .and_then(|pointer| self.root.pointer(pointer));
            return match target {
                Some(target) if depth < MAX_DEPTH => self.value(target, name, depth + 1),
                _ => json!({}),
            };
        }
        if let Some(only) = member("const") {
            return only.clone();
        }
        if let Some(choice) = member("enum").and_then(|choices| choices.get(0)) {
            return choice.clone();
        }
        for key in ["oneOf", "anyOf"] {
            if let Some(branch) = member(key).and_then(|branches| branches.get(0)) {
                let value = self.value(branch, name, depth + 1);
                return self.merged(value, schema, name, depth);
            }
        }
        if let Some(parts) = member("allOf").and_then(Value::as_array) {
            let mut value = json!({});
            for part in parts {
                match (&mut value, self.value(part, name, depth + 1)) {
                    (Value::Object(all), Value::Object(more)) => all.extend(more),
                    (_, Value::Object(_)) => {}
                    (value, other) => *value = other,
                }
            }
            return self.merged(value, schema, name, depth);
        }
        self.by_type(schema, name, depth)
    }

    /// Adds the properties that stand beside a composition.
    fn merged(&self, mut value: Value, schema: &Value, name: &str, depth: usize) -> Value {
        if let (Value::Object(members), Some(_)) = (&mut value, schema.get("properties"))
            && let Value::Object(own) = self.object(schema, name, depth)
        {
            members.extend(own);
        }
        value
    }

    fn by_type(&self, schema: &Value, name: &str, depth: usize) -> Value {
        let declared = schema.get("type");
        let first = declared
            .and_then(|types| types.get(0))
            .or(declared)
            .and_then(Value::as_str);
        let is_object = schema.get("properties").is_some();
        match first.unwrap_or(if is_object { "object" } else { "string" }) {
            "integer" => Value::Number(number(schema, 7.0, true)),
            "number" => Value::Number(number(schema, 1.5, false)),
            "boolean" => Value::Bool(true),
            "null" => Value::Null,
            "array" => self.array(schema, name, depth),
            "object" => self.object(schema, name, depth),
            _ => Value::String(text(schema, name)),
        }
    }

    fn array(&self, schema: &Value, name: &str, depth: usize) -> Value {
        let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0);
        let most = schema
            .get("maxItems")
            .and_then(Value::as_u64)
            .unwrap_or(u64::MAX);
        let items = schema.get("items").unwrap_or(&Value::Bool(true));
        if depth >= MAX_DEPTH {
            return json!([]);
        }
        let count = 2.max(least).min(most).min(8);
        (0..count)
            .map(|index| self.value(items, &format!("{name}{index}"), depth + 1))
            .collect()
    }

    fn object(&self, schema: &Value, name: &str, depth: usize) -> Value {
        let required = schema.get("required").and_then(Value::as_array);
        let is_required =
            |key: &str| required.is_some_and(|required| required.iter().any(|other| other == key));
        let mut members = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object);
        for (key, property) in properties.into_iter().flatten() {
            if depth < MAX_DEPTH && (depth < 4 || is_required(key)) {
                members.insert(key.clone(), self.value(property, key, depth + 1));
            }
        }
        let more = schema.get("additionalProperties");
        if members.is_empty() && depth < MAX_DEPTH && more != Some(&Value::Bool(false)) {
            let more = more.unwrap_or(&Value::Bool(true));
            members.insert("first".to_owned(), self.value(more, name, depth + 1));
            members.insert("second".to_owned(), self.value(more, "second", depth + 1));
        }
        Value::Object(members)
    }
}

fn number(schema: &Value, wanted: f64, whole: bool) -> Number {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    let least = bound("minimum").or_else(|| bound("exclusiveMinimum").map(|bound| bound + 1.0));
    let most = bound("maximum").or_else(|| bound("exclusiveMaximum").map(|bound| bound - 1.0));
    let step = bound("multipleOf").unwrap_or(1.0);
    let mut value = wanted
        .max(least.unwrap_or(wanted))
        .min(most.unwrap_or(f64::MAX));
    if whole || bound("multipleOf").is_some() {
        value = (value / step).ceil() * step;
    }
    // Whole numbers are written without a fraction, as any client writes them.
    let whole = format!("{value:.0}")
        .parse::<i64>()
        .ok()
        .filter(|_| value.fract() == 0.0);
    whole
        .map(Number::from)
        .or_else(|| Number::from_f64(value))
        .unwrap_or_else(|| Number::from(7))
}

fn text(schema: &Value, name: &str) -> String {
    let member = |key: &str| schema.get(key).and_then(Value::as_str);
    if member("contentEncoding") == Some("base64") || member("format") == Some("byte") {
        return "w6kgYSZiCg==".to_owned();
    }
    match member("format") {
        Some("date") => "2024-02-29".to_owned(),
        Some("date-time") => "2024-02-29T12:30:00Z".to_owned(),
        Some("uuid") => "123e4567-e89b-42d3-a456-426614174000".to_owned(),
        Some("email") => "ada@example.org".to_owned(),
        Some("uri" | "url") => "https://example.org/a?b=c&d=e#f".to_owned(),
        _ if member("pattern").is_some() => "abc".to_owned(),
        // Characters that mean something in a URL, a form, a header or a list.
        _ if name == "mediaType" => "image/png".to_owned(),
        _ => format!("{name} & søn/1?x=y#z;100%"),
    }
}

/// Levels of nesting in a made-up value.
const MAX_DEPTH: usize = 6;
