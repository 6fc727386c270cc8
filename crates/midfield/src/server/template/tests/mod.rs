//! Templates: what they give, what they take, and what they never take.

mod random;
mod traversal;

use super::{TemplateError, UriTemplate};

fn template(text: &str) -> UriTemplate {
    UriTemplate::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn owned(values: &[(&str, &str)]) -> Vec<(String, String)> {
    let values = values.iter();
    values
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// The examples of [RFC 6570, section 1.2](https://www.rfc-editor.org/rfc/rfc6570#section-1.2), behind a scheme.
#[test]
fn the_examples_of_the_rfc_are_expanded_and_read_back() {
    let values = [
        ("var", "value"),
        ("hello", "Hello World!"),
        ("path", "/foo/bar"),
        ("x", "1024"),
        ("y", "768"),
        ("empty", ""),
    ];
    let cases = [
        ("x:{var}", "x:value"),
        ("x:{hello}", "x:Hello%20World%21"),
        ("x:{+var}", "x:value"),
        ("x:{+hello}", "x:Hello%20World!"),
        ("x:{+path}/here", "x:/foo/bar/here"),
        ("x:here?ref={+path}", "x:here?ref=/foo/bar"),
        ("x:X{#var}", "x:X#value"),
        ("x:X{#hello}", "x:X#Hello%20World!"),
        ("x:map?{x,y}", "x:map?1024,768"),
        ("x:{x,hello,y}", "x:1024,Hello%20World%21,768"),
        ("x:{+x,hello,y}", "x:1024,Hello%20World!,768"),
        ("x:{+path,x}/here", "x:/foo/bar,1024/here"),
        ("x:{#x,hello,y}", "x:#1024,Hello%20World!,768"),
        ("x:{#path,x}/here", "x:#/foo/bar,1024/here"),
        ("x:X{.var}", "x:X.value"),
        ("x:X{.x,y}", "x:X.1024.768"),
        ("x:{/var}", "x:/value"),
        ("x:{/var,x}/here", "x:/value/1024/here"),
        ("x:{;x,y}", "x:;x=1024;y=768"),
        ("x:{;x,y,empty}", "x:;x=1024;y=768;empty"),
        ("x:{?x,y}", "x:?x=1024&y=768"),
        ("x:{?x,y,empty}", "x:?x=1024&y=768&empty="),
        ("x:?fixed=yes{&x}", "x:?fixed=yes&x=1024"),
        ("x:{&x,y,empty}", "x:&x=1024&y=768&empty="),
        ("x:{?undefined,y}", "x:?y=768"),
        ("x:{;undefined,y}", "x:;y=768"),
    ];
    for (text, uri) in cases {
        let template = template(text);
        assert_eq!(template.expand(&values).as_deref(), Ok(uri), "{text}");
        let expected: Vec<(String, String)> = template
            .variables()
            .iter()
            .filter_map(|name| {
                let (_, value) = values.iter().find(|(other, _)| other == name)?;
                Some((name.clone(), (*value).to_owned()))
            })
            .collect();
        assert_eq!(template.matches(uri), Some(expected), "{text}");
    }
}

#[test]
fn a_template_of_a_resource_gives_the_decoded_values() {
    let cases = [
        (
            "test://template/{id}/data",
            "test://template/123/data",
            vec![("id", "123")],
        ),
        (
            "file:///{path}",
            "file:///a%20b.txt",
            vec![("path", "a b.txt")],
        ),
        (
            "file:///{path}",
            "file:///%E6%97%A5%e6%9c%ac",
            vec![("path", "日本")],
        ),
        (
            "file:///{+path}",
            "file:///a/b/c.txt",
            vec![("path", "a/b/c.txt")],
        ),
        (
            "file://{+path}",
            "file:///a/b/c.txt",
            vec![("path", "/a/b/c.txt")],
        ),
        (
            "https://example.com{+path}",
            "https://example.com/a",
            vec![("path", "/a")],
        ),
        (
            "users://{user.name}",
            "users://a%40b.com",
            vec![("user.name", "a@b.com")],
        ),
        ("f:/{name}.json", "f:/a.json", vec![("name", "a")]),
        ("f:/{a}-{b}", "f:/x-y", vec![("a", "x"), ("b", "y")]),
        (
            "f:/{+dir}{/file}",
            "f:/a/b/c",
            vec![("dir", "a/b"), ("file", "c")],
        ),
        (
            "s:find{?q}",
            "s:find?q=what%20is%20and%2For%3F",
            vec![("q", "what is and/or?")],
        ),
        ("s:find{?q}", "s:find?q=", vec![("q", "")]),
        ("s:find{?q}", "s:find", vec![]),
        ("s:{a}", "s:100%25", vec![("a", "100%")]),
        ("s:日本/{a}", "s:%E6%97%A5%E6%9C%AC/1", vec![("a", "1")]),
        ("s:{+a}", "s:...a/.b/c..", vec![("a", "...a/.b/c..")]),
        ("s:fixed", "s:fixed", vec![]),
    ];
    for (text, uri, values) in cases {
        let read = template(text).matches(uri);
        assert_eq!(read, Some(owned(&values)), "{text} {uri}");
    }
}

#[test]
fn a_uri_that_can_be_read_in_two_ways_matches_no_template() {
    let cases = [
        ("f:/{a}-{b}", "f:/x-y-z"),
        ("f:/{a}{.b}", "f:/archive.tar.gz"),
        ("f:/{+a}/x/{+b}", "f:/1/x/x/x/2"),
        ("f:{+a,b}", "f:1,2,3"),
    ];
    for (text, uri) in cases {
        assert_eq!(template(text).matches(uri), None, "{text} {uri}");
    }
}

#[test]
fn a_uri_of_another_template_does_not_match() {
    let cases = [
        ("test://template/{id}/data", "test://template//data"),
        ("test://template/{id}/data", "test://template/1/data/"),
        ("test://template/{id}/data", "test://template/1/2/data"),
        ("test://template/{id}/data", "TEST://template/1/data"),
        ("test://template/{id}/data", ""),
        ("s:find{?a,b}", "s:find&a=1"),
        ("s:find{?a,b}", "s:find?a=1?b=2"),
        ("s:find{?a,b}", "s:find?b=2&a=1"),
        ("s:find{?a,b}", "s:find?a=1&a=2"),
        ("s:find{?a,b}", "s:find?a=1&c=2"),
        ("s:{a}", "s:日本"),
        ("s:{a}", "s:a b"),
        ("s:{a}", "s:%"),
        ("s:{a}", "s:%4"),
        ("s:{a}", "s:%zz"),
        ("s:{+a}", "s:a%2Fb"),
    ];
    for (text, uri) in cases {
        assert_eq!(template(text).matches(uri), None, "{text} {uri}");
    }
    let long = format!("s:{}", "a".repeat(5000));
    assert_eq!(template("s:{a}").matches(&long), None);
}

#[test]
fn a_template_that_cannot_be_read_back_is_refused() {
    use TemplateError as E;
    let ambiguous = |variable: &str| E::Ambiguous {
        variable: variable.into(),
    };
    let operator = |operator| E::Operator { operator };
    let name = |name: &str| E::Name { name: name.into() };
    let modifier = |variable: &str, modifier| E::Modifier {
        variable: variable.into(),
        modifier,
    };
    let cases = [
        ("x:{a}{b}", ambiguous("b")),
        ("x:{+a}{b}", ambiguous("b")),
        ("x:{?a}{b}", ambiguous("b")),
        ("x:{+a}{;b}", ambiguous("b")),
        ("x:{+a}{&b}", ambiguous("b")),
        ("x:{a*}", modifier("a", '*')),
        ("x:{/a*}", modifier("a", '*')),
        ("x:{a:3}", modifier("a", ':')),
        ("x:{!a}", operator('!')),
        ("x:{|a}", operator('|')),
        ("x:{}", name("")),
        ("x:{a,}", name("")),
        ("x:{a-b}", name("a-b")),
        ("x:{a b}", name("a b")),
        ("x:{a..b}", name("a..b")),
        ("x:{+}", name("")),
        ("x:{{a}}", name("{a")),
        ("x:{a", E::Unbalanced),
        ("x:a}", E::Unbalanced),
        ("x:a b", E::Character { character: ' ' }),
        ("x:a\\b", E::Character { character: '\\' }),
        ("x:a%2", E::Character { character: '%' }),
        ("x:a\nb", E::Character { character: '\n' }),
        (
            "x:{a}/{a}",
            E::Repeated {
                variable: "a".into(),
            },
        ),
        ("x:{?a}{?b}", E::SecondQuery),
        ("{a}", E::NoScheme),
        ("{scheme}://a", E::NoScheme),
        ("x{a}:b", E::NoScheme),
        ("/a/{b}", E::NoScheme),
        ("1x:{b}", E::NoScheme),
        ("", E::NoScheme),
        ("x:a/../{b}", E::DotSegment),
        ("x:a/%2e%2e/{b}", E::DotSegment),
        ("x:{b}/.", E::DotSegment),
    ];
    for (text, expected) in cases {
        assert_eq!(UriTemplate::parse(text), Err(expected), "{text}");
    }
    let long = format!("x:{}", "a".repeat(3000));
    assert_eq!(UriTemplate::parse(&long), Err(E::TooLarge));
    let many: Vec<String> = (0..40).map(|n| format!("/{{v{n}}}")).collect();
    assert_eq!(
        UriTemplate::parse(&format!("x:{}", many.concat())),
        Err(E::TooLarge)
    );
}

#[test]
fn a_value_that_does_not_fit_is_named() {
    let template = template("notes://{author}/{+path}{?page}");
    let missing = template.expand(&[("author", "ada")]);
    assert_eq!(
        missing,
        Err(TemplateError::Missing {
            variable: "path".into()
        })
    );
    for author in [
        "", ".", "..", "a/b", "a\\b", "a?b", "a#b", "a\0", "a\nb", "%41",
    ] {
        let refused = template.expand(&[("author", author), ("path", "x")]);
        let expected = TemplateError::Value {
            variable: "author".into(),
        };
        assert_eq!(refused, Err(expected), "{author}");
    }
    let two = UriTemplate::parse("f:{a}-{b}").expect("a template");
    let refused = two.expand(&[("a", "x-y"), ("b", "z")]);
    assert_eq!(refused, Err(TemplateError::Unreadable));
}

/// Doubling the number of ways with each variable would take longer than anybody waits.
#[test]
fn a_uri_of_many_readings_is_refused_at_once() {
    let variables: Vec<String> = (0..32).map(|n| format!("{{+v{n}}}")).collect();
    let template = template(&format!("x:{}", variables.join("a")));
    assert_eq!(template.matches(&format!("x:{}!?", "a".repeat(4000))), None);
    assert_eq!(template.matches(&format!("x:{}", "a".repeat(4000))), None);
}
