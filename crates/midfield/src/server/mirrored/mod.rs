//! Arguments that a client repeats in headers, so that intermediaries need not parse the body
//! ([2026-07-28, custom headers](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#custom-headers-from-tool-parameters)).
//!
//! A tool's schema names them by `x-mcp-header`. What the headers say must be what the body says:
//! otherwise a request could be routed by one value and carried out with another.

mod annotation;
mod number;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};
use midfield_protocol::Error;
use midfield_protocol::types::Schema;
use midfield_protocol::wire::modern::{decode_header, encode_header};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use number::Number;

pub(crate) use annotation::InvalidMirror;

/// The arguments of a tool that are mirrored in headers.
#[derive(Debug, Default)]
pub(crate) struct Mirrored {
    root: Member,
    parameters: Vec<Parameter>,
}

/// One argument and its header.
#[derive(Debug)]
struct Parameter {
    header: HeaderName,
    /// Where the argument is, for people: `place.country`.
    path: String,
}

/// A member on the way to a mirrored argument.
#[derive(Debug, Default)]
struct Member {
    /// The parameter that this member is: an index.
    parameter: Option<usize>,
    members: Vec<(String, Self)>,
}

impl Mirrored {
    /// The arguments that a tool's input schema wants mirrored.
    ///
    /// # Errors
    /// When an annotation is not one that a client accepts: it would hide the whole tool.
    pub(crate) fn of(schema: &Schema) -> Result<Self, InvalidMirror> {
        annotation::collect(schema)
    }

    /// Whether there is nothing to check.
    pub(crate) fn is_empty(&self) -> bool {
        self.parameters.is_empty()
    }

    /// The headers that a client sends with these arguments. An argument that is absent or null has none.
    ///
    /// # Errors
    /// With [`Error::InvalidParams`] for arguments that cannot be read, or that no header can say.
    pub(crate) fn headers(
        &self,
        arguments: Option<&RawValue>,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, Error> {
        let mut values = vec![None; self.parameters.len()];
        if let Some(arguments) = arguments.filter(|_| !self.is_empty()) {
            self.root.read(arguments, &mut values)?;
        }
        let said = self.parameters.iter().zip(values);
        let headers = said.filter_map(|(parameter, value)| Some(parameter.header(value?)));
        headers.collect()
    }

    /// Checks that the headers say what the arguments say. An argument that is absent or null has no header.
    ///
    /// A value of the wrong type is compared as it is written, so that the refusal that helps comes from
    /// the check of the arguments.
    ///
    /// # Errors
    /// With [`Error::HeaderMismatch`] for the first that differs.
    pub(crate) fn check(
        &self,
        headers: &HeaderMap,
        arguments: Option<&RawValue>,
    ) -> Result<(), Error> {
        if self.is_empty() {
            return Ok(());
        }
        let mut values = vec![None; self.parameters.len()];
        if let Some(arguments) = arguments {
            self.root.read(arguments, &mut values)?;
        }
        for (parameter, value) in self.parameters.iter().zip(values) {
            parameter.check(headers, value)?;
        }
        Ok(())
    }
}

impl Parameter {
    /// The header that says what `value` says.
    fn header(&self, value: &RawValue) -> Result<(HeaderName, HeaderValue), Error> {
        let unsayable = || Error::InvalidParams {
            detail: format!(
                "the argument `{}` is repeated in a header, which cannot say it: give a string, a boolean or an integer within ±(2^53 − 1)",
                self.path
            ),
        };
        let text = match value.get().as_bytes().first() {
            Some(b'"') => text(value.get()).ok_or_else(unsayable)?,
            Some(b't' | b'f') => Cow::Borrowed(value.get()),
            Some(b'-' | b'0'..=b'9') => match Number::of(value.get()) {
                Number::Integer(integer) => Cow::Owned(integer.to_string()),
                _ => return Err(unsayable()),
            },
            _ => return Err(unsayable()),
        };
        let value = HeaderValue::from_str(&encode_header(&text)).map_err(|_| unsayable())?;
        Ok((self.header.clone(), value))
    }

    fn check(&self, headers: &HeaderMap, value: Option<&RawValue>) -> Result<(), Error> {
        let Self { header, path } = self;
        let mut fields = headers.get_all(header).iter();
        let (field, value) = match (fields.next(), value) {
            (None, None) => return Ok(()),
            (Some(field), Some(value)) if fields.next().is_none() => (field, value),
            (Some(_), None) => {
                return mismatch(format!("{header} is there, the argument `{path}` is not"));
            }
            (_, Some(_)) => {
                return mismatch(format!("the request needs exactly one {header} header"));
            }
        };
        let Ok(field) = field.to_str() else {
            return mismatch(format!("{header} has a character that no header may have"));
        };
        let field = match decode_header(field) {
            Ok(field) => field,
            Err(malformed) => return mismatch(format!("{header}: {malformed}")),
        };
        if says(&field, value.get()) {
            Ok(())
        } else {
            mismatch(format!(
                "{header} does not say what the argument `{path}` says"
            ))
        }
    }
}

impl Member {
    /// Finds the values of the parameters below this member in `value`.
    fn read<'a>(
        &self,
        value: &'a RawValue,
        values: &mut [Option<&'a RawValue>],
    ) -> Result<(), Error> {
        // In anything but an object there is no value at that place.
        if self.members.is_empty() || !value.get().starts_with('{') {
            return Ok(());
        }
        let mut deserializer = serde_json::Deserializer::from_str(value.get());
        let found = Members(self).deserialize(&mut deserializer);
        let found = found.map_err(|error| Error::HeaderMismatch {
            detail: format!("the arguments: {error}"),
        })?;
        for ((_, member), value) in self.members.iter().zip(found) {
            let Some(value) = value.filter(|value| value.get() != "null") else {
                continue;
            };
            if let Some(slot) = member.parameter.and_then(|index| values.get_mut(index)) {
                *slot = Some(value);
            }
            member.read(value, values)?;
        }
        Ok(())
    }
}

/// Reads, out of an object, the members that lead to mirrored arguments.
struct Members<'n>(&'n Member);

impl<'de> DeserializeSeed<'de> for Members<'_> {
    type Value = Vec<Option<&'de RawValue>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = Vec<Option<&'de RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut values = vec![None; self.0.members.len()];
        while let Some(index) = object.next_key_seed(Name(self.0))? {
            let Some(slot) = index.and_then(|index| values.get_mut(index)) else {
                object.next_value::<IgnoredAny>()?;
                continue;
            };
            // Of two, one reader takes the first and another the last.
            if slot.replace(object.next_value()?).is_some() {
                return Err(A::Error::custom("a mirrored member is there twice"));
            }
        }
        Ok(values)
    }
}

/// Which of the members a name is, without keeping the name.
struct Name<'n>(&'n Member);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.members.iter().position(|(other, _)| other == name))
    }
}

/// Whether a decoded header says what a JSON value says.
fn says(field: &str, value: &str) -> bool {
    match value.as_bytes().first() {
        Some(b'"') => text(value).is_some_and(|text| text == field),
        Some(b't' | b'f') => value == field,
        Some(b'-' | b'0'..=b'9') => match (Number::of(value), Number::of(field)) {
            (Number::Integer(value), Number::Integer(field)) => value == field,
            // Of the wrong type, about which it is not for the header to complain.
            (Number::Fraction, _) => value == field,
            _ => false,
        },
        // An object or an array, which no header can say.
        _ => false,
    }
}

fn text(value: &str) -> Option<Cow<'_, str>> {
    if value.contains('\\') {
        return serde_json::from_str(value).ok().map(Cow::Owned);
    }
    let inside = value.strip_prefix('"')?.strip_suffix('"')?;
    Some(Cow::Borrowed(inside))
}

fn mismatch(detail: String) -> Result<(), Error> {
    Err(Error::HeaderMismatch { detail })
}
