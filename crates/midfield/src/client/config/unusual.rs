//! What somebody should look at twice before a server is used.
//!
//! None of it proves anything: a shell may be started for a good reason, and what hides well is not found.

use std::fmt;

use url::Url;

use super::super::loopback::is_loopback;
use super::{Endpoint, Entry, Process};

/// Something about an entry that is worth a second look. No text of it shows a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unusual {
    /// What is said travels to another machine without encryption.
    PlainHttp {
        /// The machine.
        host: String,
    },
    /// The URL carries what looks like a secret, which ends in logs.
    SecretInUrl,
    /// An argument looks like a secret, which everybody on the machine can see while the server runs.
    SecretInArguments {
        /// Which argument it is, counted from 1.
        position: usize,
    },
    /// An argument is code that the program runs.
    RunsText {
        /// The option before the code, such as `-c`.
        option: String,
    },
    /// A variable changes what the program is, loads or runs.
    ChangesProgram {
        /// The variable.
        variable: String,
    },
    /// The program is looked for from whichever folder it is started in.
    RelativeProgram,
    /// The program runs another one as somebody else.
    OtherUser,
    /// The command has characters that a reader does not see.
    Hidden,
}

impl fmt::Display for Unusual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PlainHttp { host } => {
                write!(
                    f,
                    "plain http to another machine, {host}: everybody on the way can read and change it"
                )
            }
            Self::SecretInUrl => {
                f.write_str("what looks like a secret stands in the URL: put it into a header")
            }
            Self::SecretInArguments { position } => write!(
                f,
                "argument {position} looks like a secret, which everybody on the machine can see: put it into `env`"
            ),
            Self::RunsText { option } => {
                write!(f, "`{option}` runs code that stands in the arguments")
            }
            Self::ChangesProgram { variable } => {
                write!(f, "`{variable}` changes what the program loads or runs")
            }
            Self::RelativeProgram => {
                f.write_str("the program is relative to the folder that it is started in")
            }
            Self::OtherUser => f.write_str("the program runs another one as another user"),
            Self::Hidden => f.write_str("there are characters that a reader does not see"),
        }
    }
}

impl Entry {
    /// What is worth a second look before this is used.
    pub fn unusual(&self) -> Vec<Unusual> {
        match self {
            Self::Command(process) => of_process(process),
            Self::Url(endpoint) => of_endpoint(endpoint),
        }
    }
}

fn of_endpoint(endpoint: &Endpoint) -> Vec<Unusual> {
    let mut found = Vec::new();
    let url = Url::parse(&endpoint.url);
    if let Ok(url) = &url {
        let is_here = url.host().as_ref().is_none_or(is_loopback);
        if url.scheme() == "http" && !is_here {
            found.push(Unusual::PlainHttp {
                host: url.host_str().unwrap_or_default().to_owned(),
            });
        }
        let in_query = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
            is_secret_name(&name) && is_literal(&value)
        };
        if url.password().is_some() || url.query_pairs().any(in_query) {
            found.push(Unusual::SecretInUrl);
        }
    }
    if has_hidden(&endpoint.url) {
        found.push(Unusual::Hidden);
    }
    found
}

fn of_process(process: &Process) -> Vec<Unusual> {
    let mut found = Vec::new();
    let Process {
        program, arguments, ..
    } = process;
    if is_relative(program) {
        found.push(Unusual::RelativeProgram);
    }
    let name = short_name(program);
    if ["sudo", "doas", "su", "runas", "pkexec"].contains(&name.as_str()) {
        found.push(Unusual::OtherUser);
    }
    if let Some(option) = runs_text(&name, arguments) {
        found.push(Unusual::RunsText {
            option: option.to_owned(),
        });
    }
    let mut after: Option<&str> = None;
    for (at, argument) in arguments.iter().enumerate() {
        if is_secret(argument) || (after.is_some_and(is_secret_option) && is_value(argument)) {
            found.push(Unusual::SecretInArguments { position: at + 1 });
        }
        after = Some(argument.as_str()).filter(|argument| argument.starts_with('-'));
    }
    let changing = process
        .environment
        .names()
        .filter(|name| changes_program(name));
    found.extend(changing.map(|name| Unusual::ChangesProgram {
        variable: name.to_owned(),
    }));
    if has_hidden(program) || arguments.iter().any(|argument| has_hidden(argument)) {
        found.push(Unusual::Hidden);
    }
    found
}

/// Whether a program is a path that depends on the folder. A bare name is none: it is looked for in `PATH`.
fn is_relative(program: &str) -> bool {
    // The paths of Windows are known as such on every system: files wander.
    let has_drive = program
        .get(1..3)
        .is_some_and(|it| it == ":\\" || it == ":/");
    let is_absolute = has_drive || program.starts_with(['/', '\\', '~', '$']);
    program.contains(['/', '\\']) && !is_absolute
}

/// The program's name without its folder, ending and version.
fn short_name(program: &str) -> String {
    let name = program
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or_default()
        .to_lowercase();
    let name = [".exe", ".cmd", ".bat"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(&name);
    let plain = name.trim_end_matches(|it: char| it.is_ascii_digit() || it == '.');
    if plain.is_empty() {
        name.to_owned()
    } else {
        plain.to_owned()
    }
}

/// The option by which a program of this name runs code that stands in its own arguments; those after its first word are of the
/// script that it runs.
fn runs_text<'a>(program: &str, arguments: &'a [String]) -> Option<&'a str> {
    let options: &[&str] = match program {
        "sh" | "bash" | "zsh" | "dash" | "ksh" | "fish" | "ash" | "python" | "pypy" | "pythonw" => {
            &["-c"]
        }
        "node" | "nodejs" | "bun" => &["-e", "-p", "-pe", "--eval", "--print"],
        "deno" => &["eval"],
        "perl" | "ruby" | "lua" | "rscript" | "osascript" => &["-e", "-E"],
        "php" => &["-r"],
        "npx" | "npm" | "bunx" => &["-c", "--call"],
        "cmd" => &["/c", "/k", "/C", "/K"],
        "powershell" | "pwsh" => &[
            "-c",
            "-command",
            "-Command",
            "-e",
            "-ec",
            "-enc",
            "-EncodedCommand",
            "-encodedcommand",
        ],
        _ => return None,
    };
    let mut is_value = false;
    for argument in arguments {
        let name = argument.split('=').next().unwrap_or_default();
        let is_long = name.starts_with("--");
        // Shells and interpreters take several short options in one word, as in `-lc`.
        let is_joined = !is_long
            && matches!(options, ["-c"])
            && name
                .strip_prefix('-')
                .is_some_and(|flags| flags.ends_with('c') && flags.len() < 6);
        if options.contains(&name) || is_joined {
            return Some(name);
        }
        let takes_value = ["-p", "--package", "-m", "-r", "--require", "--import"].contains(&name)
            && name == argument;
        if !is_value && !argument.starts_with('-') && argument != "exec" && argument != "x" {
            return None;
        }
        is_value = takes_value;
    }
    None
}

/// Whether a variable changes what a program is, what it loads, or what it runs in its turn.
fn changes_program(name: &str) -> bool {
    let name = name.to_uppercase();
    let begins = BEGINNINGS.iter().any(|it| name.starts_with(it));
    begins && !is_secret_name(&name) || CHANGING.contains(&name.as_str())
}

/// Whether a text is a secret by its own look, or by the name before its `=`.
fn is_secret(text: &str) -> bool {
    let by_name = text
        .split_once('=')
        .is_some_and(|(name, value)| is_secret_option(name) && is_value(value));
    let value = text.rsplit(['=', ' ']).next().unwrap_or_default();
    let by_look = PREFIXES.iter().any(|(prefix, least)| {
        value.starts_with(prefix)
            && value.len() >= prefix.len() + least
            && value.bytes().all(|it| it.is_ascii_graphic())
    });
    let with_password = Url::parse(value).is_ok_and(|url| url.password().is_some_and(is_literal));
    by_name
        || by_look
        || with_password
        || text.to_lowercase().contains("bearer ") && is_literal(text)
}

fn is_secret_option(option: &str) -> bool {
    option.starts_with('-') && is_secret_name(option.trim_start_matches('-'))
        || option
            .bytes()
            .all(|it| it.is_ascii_uppercase() || it == b'_' || it.is_ascii_digit())
            && is_secret_name(option)
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_lowercase().replace(['-', '_', '.'], "");
    [
        "token",
        "secret",
        "password",
        "passwd",
        "apikey",
        "accesskey",
        "privatekey",
        "credentials",
    ]
    .iter()
    .any(|word| name.ends_with(word))
}

/// Whether an argument is the value of the option before it.
fn is_value(text: &str) -> bool {
    is_literal(text) && !text.starts_with('-')
}

/// Whether a value stands there itself, and not the name of a variable that holds it.
fn is_literal(text: &str) -> bool {
    !text.is_empty() && !text.contains("${") && !text.starts_with('$') && !text.contains("{env:")
}

fn has_hidden(text: &str) -> bool {
    text.chars().any(|it| {
        it.is_control()
            || matches!(it, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}')
            || matches!(it, '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(it, '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}')
            || matches!(it, '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
    })
}

/// How the secrets of well-known services begin, and how many characters follow at least.
const PREFIXES: &[(&str, usize)] = &[
    ("sk-", 16),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghs_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("AKIA", 16),
    ("AIza", 30),
    ("eyJ", 40),
    ("npm_", 20),
    ("hf_", 20),
];

/// How variables begin that change what a program is, loads or runs, but for those that hold a secret.
const BEGINNINGS: [&str; 10] = [
    "BUNDLE_",
    "CARGO_",
    "DYLD_",
    "GIT_",
    "LD_",
    "NPM_CONFIG_",
    "PIP_",
    "UV_",
    "XDG_",
    "YARN_",
];

/// Other variables that do.
const CHANGING: [&str; 43] = [
    "APPDATA",
    "BASH_ENV",
    "BROWSER",
    "BUN_INSTALL",
    "CLASSPATH",
    "COMSPEC",
    "DENO_DIR",
    "DOCKER_HOST",
    "EDITOR",
    "ENV",
    "GOFLAGS",
    "GOPROXY",
    "HOME",
    "IFS",
    "JAVA_HOME",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "LESSOPEN",
    "LOCALAPPDATA",
    "NODE_EXTRA_CA_CERTS",
    "NODE_OPTIONS",
    "NODE_PATH",
    "PAGER",
    "PATH",
    "PATHEXT",
    "PERL5LIB",
    "PERL5OPT",
    "PROMPT_COMMAND",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PYTHONUSERBASE",
    "RUBYLIB",
    "RUBYOPT",
    "RUSTC_WRAPPER",
    "SHELL",
    "SSH_ASKPASS",
    "SSL_CERT_FILE",
    "USERPROFILE",
    "VIRTUAL_ENV",
    "VISUAL",
    "ZDOTDIR",
    "_JAVA_OPTIONS",
];
