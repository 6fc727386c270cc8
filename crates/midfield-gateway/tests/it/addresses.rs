//! Where requests go: what the operator says, else what the document may say.

use serde_json::json;

use crate::support::{Folder, Midfield, Service, answer, document_of_things, run};

/// The document of things with a list of servers.
fn document(server: &str) -> String {
    let servers = format!("\"servers\": [{{\"url\": \"{server}\"}}], \"paths\"");
    document_of_things("{}").replace("\"paths\"", &servers)
}

#[test]
fn a_file_cannot_send_requests_into_the_own_network() {
    let folder = Folder::new();
    for server in [
        "http://169.254.169.254/latest",
        "http://localhost:8080",
        "http://[::1]",
        "http://10.1.2.3",
        "http://metadata.google.internal",
    ] {
        let path = folder.write("things.json", &document(server));
        let output = run(&["check", "--openapi", path.to_str().unwrap()]);
        let told = format!(
            "left out: GET /things: the document sends requests to {server}, which is not on the internet: \
             set `base_url` to allow it"
        );
        assert!(output.stdout.contains(&told), "{output:?}");
        let output = run(&[
            "tools",
            "--openapi",
            path.to_str().unwrap(),
            "--base-url",
            "http://localhost:1",
        ]);
        assert!(output.stdout.starts_with("listThings("), "{output:?}");
    }
}

#[test]
fn a_file_without_servers_needs_a_base_url() {
    let folder = Folder::new();
    let path = folder.write("things.json", &document("/v1"));
    let output = run(&["check", "--openapi", path.to_str().unwrap()]);
    assert!(
        output.stdout.contains("things: 0 tools, 1 left out\n"),
        "{output:?}"
    );
    assert!(output.stdout.contains("give a base URL"), "{output:?}");
}

#[test]
fn a_fetched_document_sends_requests_to_its_own_origin_only() {
    for (server, allowed) in [
        ("/v1", true),
        ("http://127.0.0.1:1/v1", false),
        ("https://api.example.com", false),
    ] {
        let service = Service::answering(answer(
            "200 OK",
            "application/json",
            document(server).as_bytes(),
        ));
        let url = format!("{}/openapi.json", service.url());
        let output = run(&["check", "--openapi", &url]);
        assert_eq!(output.stdout.contains(": 1 tool\n"), allowed, "{output:?}");
        assert_eq!(
            output
                .stdout
                .contains("which is not where it came from: set `base_url`"),
            !allowed,
            "{output:?}"
        );
    }
}

#[test]
fn a_fetched_document_is_served_from_where_it_came() {
    let service = Service::new(|request, stream| {
        let bytes = match request.path() {
            "/openapi.json" => answer("200 OK", "application/json", document("/v1").as_bytes()),
            _ => answer("200 OK", "application/json", b"{\"ok\": true}"),
        };
        let _ = std::io::Write::write_all(stream, &bytes);
    });
    let folder = Folder::new();
    let source = format!(
        "[sources.things]\nopenapi = \"{}/openapi.json\"\n",
        service.url()
    );
    let midfield = Midfield::serve(&folder.write("midfield.toml", &source));
    midfield.call("listThings", json!({}));
    assert_eq!(
        service
            .recorded()
            .last()
            .map(|request| request.path().to_owned())
            .as_deref(),
        Some("/v1/things")
    );
}

#[test]
fn a_document_is_not_fetched_from_another_origin() {
    let stranger = Service::answering(answer(
        "200 OK",
        "application/json",
        document("/").as_bytes(),
    ));
    let redirect = format!(
        "HTTP/1.1 302 Found\r\nLocation: {}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        stranger.url()
    );
    let service = Service::answering(redirect);
    let output = run(&["check", "--openapi", &service.url()]);
    assert!(
        output.stdout.contains("the answer has the status 302"),
        "{output:?}"
    );
    assert_eq!(output.code, Some(1));
    assert!(stranger.recorded().is_empty());
}

/// The document of things whose answers are described elsewhere.
fn referring(to: &str) -> String {
    let responses = format!(
        r#"{{"200": {{"content": {{"application/json": {{"schema": {{"$ref": "{to}"}}}}}}}}}}"#
    );
    document_of_things(&responses)
}

#[test]
fn a_reference_to_another_origin_is_followed_only_when_it_is_allowed() {
    let schema = br#"{"title": "Thing", "type": "object"}"#;
    let service = Service::answering(answer("200 OK", "application/json", schema));
    let to = format!("{}/schemas/thing.json", service.url());
    let folder = Folder::new();
    folder.write("things.json", &referring(&to));
    let source = "[sources.things]\nopenapi = \"things.json\"\nbase_url = \"http://127.0.0.1:1\"\n";
    let path = folder.write("midfield.toml", source);
    let output = run(&["check", path.to_str().unwrap()]);
    assert!(output.stdout.contains("allow it by name"), "{output:?}");
    assert!(service.recorded().is_empty());

    folder.write(
        "midfield.toml",
        &format!("{source}allow_references = [\"{to}\"]\n"),
    );
    let output = run(&["tools", path.to_str().unwrap()]);
    assert_eq!(output.stdout, "listThings() -> Thing\n", "{output:?}");
    assert_eq!(service.recorded().len(), 1);
}

#[test]
fn a_reference_out_of_the_folder_is_not_followed() {
    let folder = Folder::new();
    folder.write("secret.json", r#"{"title": "Secret", "type": "object"}"#);
    std::fs::create_dir(folder.path().join("inner")).unwrap();
    std::os::unix::fs::symlink(
        folder.path().join("secret.json"),
        folder.path().join("inner/link.json"),
    )
    .unwrap();
    for to in [
        "../secret.json",
        "link.json",
        "/etc/hostname",
        "file:///etc/hostname",
    ] {
        let path = folder.write("inner/things.json", &referring(to));
        let arguments = [
            "tools",
            "--openapi",
            path.to_str().unwrap(),
            "--base-url",
            "http://127.0.0.1:1",
        ];
        let output = run(&arguments);
        assert_eq!(output.stdout, "listThings() -> any\n", "{to}: {output:?}");
    }
}
