//! Which fields ask for secrets: a form passes through the client, so that it must ask for none
//! ([2025-11-25, elicitation](https://modelcontextprotocol.io/specification/2025-11-25/client/elicitation#user-interaction-model)).
//!
//! This reads words, whole ones, so that `keyboard` and `tokenizer` pass. It is a guard against mistakes,
//! not against a server that wants to deceive its users.

/// The secret that a field's name, title or description asks for.
pub(crate) fn secret(
    name: &str,
    title: Option<&str>,
    description: Option<&str>,
) -> Option<&'static str> {
    [Some(name), title]
        .into_iter()
        .flatten()
        .find_map(|label| {
            let words = words(label);
            alone(&words).or_else(|| among(&words))
        })
        .or_else(|| among(&words(description?)))
}

/// A label that is nothing but one of the words that say something else in company.
fn alone(words: &[String]) -> Option<&'static str> {
    let [word] = words else {
        return None;
    };
    ALONE.into_iter().find(|term| is(word, term))
}

/// A term anywhere among the words, in one word or in several.
fn among(words: &[String]) -> Option<&'static str> {
    TERMS.into_iter().find(|term| {
        let parts: Vec<&str> = term.split(' ').collect();
        let joined = parts.concat();
        words.iter().any(|word| is(word, &joined))
            || words
                .windows(parts.len())
                .any(|window| says(window, &parts))
    })
}

fn says(window: &[String], parts: &[&str]) -> bool {
    let (Some((last, firsts)), Some((last_part, first_parts))) =
        (window.split_last(), parts.split_last())
    else {
        return false;
    };
    firsts.iter().eq(first_parts.iter()) && is(last, last_part)
}

/// Whether `word` is the term or its plural.
fn is(word: &str, term: &str) -> bool {
    word.strip_prefix(term)
        .is_some_and(|rest| rest.is_empty() || rest == "s")
}

/// The words of a name or a text in lower case, without numbers: `userAPIKey_2` is user, api, key.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before: Option<char> = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let begins = before.is_some_and(|before| {
            let next_is_lower = characters.peek().is_some_and(|next| next.is_lowercase());
            (before.is_lowercase() && character.is_uppercase())
                || (before.is_uppercase() && character.is_uppercase() && next_is_lower)
        });
        if begins || !character.is_alphabetic() {
            words.push(String::new());
        }
        if let (true, Some(word)) = (character.is_alphabetic(), words.last_mut()) {
            word.extend(character.to_lowercase());
        }
        before = Some(character);
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Words that name a secret when a label says nothing else.
const ALONE: [&str; 6] = ["key", "otp", "pass", "pin", "pwd", "token"];

/// Words, and words one after another, that name a secret wherever they stand.
const TERMS: [&str; 44] = [
    "access key",
    "access token",
    "api key",
    "api secret",
    "api token",
    "auth key",
    "auth token",
    "authentication token",
    "authorization token",
    "bearer token",
    "card number",
    "card pin",
    "card verification",
    "client secret",
    "credential",
    "credit card",
    "cvc",
    "cvv",
    "debit card",
    "encryption key",
    "id token",
    "login token",
    "oauth token",
    "one time code",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "pin number",
    "private key",
    "recovery code",
    "recovery phrase",
    "refresh token",
    "secret",
    "security code",
    "security token",
    "seed phrase",
    "session token",
    "signing key",
    "social security",
    "ssh key",
    "ssn",
    "verification code",
    "your pin",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_whole_words() {
        let secrets = [
            "password",
            "Password",
            "newPassword",
            "user_passwords",
            "passphrase",
            "passcode",
            "secret",
            "client-secret",
            "api_key",
            "apiKey",
            "APIKey",
            "userAPIKey2",
            "apikey",
            "access token",
            "accessToken",
            "auth_token",
            "refreshToken",
            "private key",
            "credentials",
            "cvv",
            "cvv2",
            "CVC",
            "credit_card",
            "cardNumber",
            "card number",
            "ssn",
            "social_security_number",
            "token",
            "Token",
            "key",
            "pin",
            "PIN",
            "otp",
            "seed phrase",
            "ssh_key",
            "signingKey",
        ];
        for name in secrets {
            assert!(secret(name, None, None).is_some(), "{name}");
            assert!(secret("field", Some(name), None).is_some(), "{name}");
        }
        let harmless = [
            "keyboard",
            "keyword",
            "keywords",
            "tokenizer",
            "monkey",
            "pinned",
            "pin_to_top",
            "primary_key",
            "public key",
            "max_tokens",
            "passenger",
            "passport_country",
            "email",
            "username",
            "name",
            "card_title",
            "secretary",
            "authority",
            "access level",
            "hotkey",
            "pincode",
            "business_cards",
            "compass",
            "description",
            "author",
            "api version",
            "",
            "日本語",
            "_",
            "42",
        ];
        for name in harmless {
            assert_eq!(secret(name, None, None), None, "{name}");
            assert_eq!(secret("field", Some(name), None), None, "{name}");
        }
    }

    #[test]
    fn a_description_tells_a_secret_by_what_it_names() {
        let secrets = [
            "Your password.",
            "The API key of the service",
            "Enter your PIN",
            "The number of your credit card",
            "Paste an access token here",
        ];
        for text in secrets {
            assert!(secret("field", None, Some(text)).is_some(), "{text}");
        }
        let harmless = [
            "The key topics of the talk",
            "Which token of the sentence",
            "Where to pin the note",
            "Pass it on",
            "Your GitHub username",
            "How many tokens to write",
        ];
        for text in harmless {
            assert_eq!(secret("field", None, Some(text)), None, "{text}");
        }
    }
}
