//! Keywords about the members of an object.

use serde_json::{Map, Value, json};

use super::keywords::brief;
use super::{Direction, TOO_LARGE, Translator, values};
use crate::document::Node;

impl<'d> Translator<'d> {
    pub(super) fn objects(&mut self, node: Node<'d>, members: &mut Map<String, Value>) {
        let properties_complete = self.properties(node, members);
        let patterns_complete = self.pattern_properties(node, members);
        if properties_complete && patterns_complete {
            self.one(node, "additionalProperties", members);
        }
        self.one(node, "propertyNames", members);
        self.one(node, "unevaluatedProperties", members);
        self.named(node, "dependentSchemas", members);
        let required = node.get("required");
        if self.has_room(required)
            && let Some(required) = required.and_then(values::texts)
        {
            let hidden = self.hidden(node);
            let required: Vec<&str> = required
                .into_iter()
                .filter(|name| !hidden.contains(name))
                .collect();
            if !required.is_empty() {
                self.put(members, "required", json!(required));
            }
        }
        let dependent = node
            .raw_member("dependentRequired")
            .into_iter()
            .flat_map(Node::entries);
        let dependent = dependent.take(self.left / 8);
        let dependent: Map<String, Value> = dependent
            .filter_map(|(name, names)| {
                Some((name.to_owned(), json!(values::texts(names.value())?)))
            })
            .collect();
        let dependent = Value::Object(dependent);
        if dependent != json!({}) && self.has_room(Some(&dependent)) {
            self.spend(&dependent);
            self.put(members, "dependentRequired", dependent);
        }
    }

    /// Returns whether all properties are there, but for those that travel the other way.
    fn properties(&mut self, node: Node<'d>, members: &mut Map<String, Value>) -> bool {
        let Some(declared) = node.raw_member("properties") else {
            return true;
        };
        let mut complete = declared.value().is_object();
        let mut properties = Map::new();
        for (name, property) in declared.entries() {
            if self.left == 0 {
                self.opened(TOO_LARGE);
                complete = false;
                break;
            }
            self.spend_bytes(name.len() + 4);
            if self.is_hidden(property) {
                continue;
            }
            let schema = self.schema(property);
            properties.insert(name.to_owned(), schema);
        }
        if !properties.is_empty() {
            self.put(members, "properties", Value::Object(properties));
        }
        complete
    }

    fn pattern_properties(&mut self, node: Node<'d>, members: &mut Map<String, Value>) -> bool {
        let mut complete = true;
        let mut kept = Map::new();
        let declared = node
            .raw_member("patternProperties")
            .into_iter()
            .flat_map(Node::entries);
        for (pattern, property) in declared {
            if self.left > 0 && self.document.patterns().compiles(pattern) {
                self.spend_bytes(pattern.len() + 4);
                let schema = self.schema(property);
                kept.insert(pattern.to_owned(), schema);
            } else {
                self.opened(&format!(
                    "its pattern `{}` is not a portable one",
                    brief(pattern)
                ));
                complete = false;
            }
        }
        if !kept.is_empty() {
            self.put(members, "patternProperties", Value::Object(kept));
        }
        complete
    }

    /// Whether a property does not travel this way.
    pub(super) fn is_hidden(&self, property: Node<'d>) -> bool {
        let key = match self.direction {
            Direction::Request => "readOnly",
            Direction::Answer => "writeOnly",
        };
        let target = property.resolve().unwrap_or(property);
        property.flag(key) == Some(true) || target.flag(key) == Some(true)
    }
}
