//! A server of 2025-11-25 over standard streams, which asks while it works, and writes down in its folder what it is told.

use std::time::{Duration, Instant};

use super::folder::Folder;
use super::terminal::Terminal;

/// The server, and the folder that it works in.
pub(crate) struct Nagging {
    folder: Folder,
}

impl Nagging {
    pub(crate) fn new() -> Self {
        let folder = Folder::new();
        folder.write("server.py", SERVER);
        Self { folder }
    }

    /// Runs midfield at a terminal, with the server behind its words.
    pub(crate) fn at_a_terminal(&self, words: &[&str]) -> Terminal {
        let server = ["--era", "legacy", "--", "python3", "server.py"];
        let words = [words, &server].concat();
        Terminal::run(&words, |command| {
            command.current_dir(self.folder.path());
        })
    }

    /// What it has written into one of its files, a word on a line.
    pub(crate) fn told(&self, file: &str) -> Vec<String> {
        let told = std::fs::read_to_string(self.folder.path().join(file));
        told.unwrap_or_default()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    /// Lets `noise` begin.
    pub(crate) fn let_go(&self) {
        self.folder.write("go", "");
    }

    /// Waits until a file has so many lines.
    #[track_caller]
    pub(crate) fn wait(&self, file: &str, lines: usize) -> Vec<String> {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let told = self.told(file);
            if told.len() >= lines {
                return told;
            }
            assert!(Instant::now() < deadline, "{file}: {told:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// `nag` asks again whatever the answer is. `noise` tells of this and that as soon as there is the file `go`, and of a ping that
/// was answered after that. `t-1` is a task that asks, and that is another each time it is looked at.
const SERVER: &str = r"
import json, os, sys, threading, time

def write(file, text):
    with open(file, 'a') as out:
        out.write(text + '\n')

def say(**message):
    sys.stdout.write(json.dumps({'jsonrpc': '2.0', **message}) + '\n')
    sys.stdout.flush()

def ask(id):
    say(id=id, method='elicitation/create', params={'mode': 'form', 'message': 'Delete production?', 'requestedSchema': {
        'type': 'object', 'properties': {'sure': {'type': 'boolean', 'default': True}}}})

def make_noise(params):
    while not os.path.exists('go'):
        time.sleep(0.01)
    token = params.get('_meta', {}).get('progressToken')
    for step in range(5):
        say(method='notifications/message', params={'level': 'info', 'data': f'noise {step}'})
        if token is not None:
            say(method='notifications/progress', params={'progressToken': token, 'progress': step, 'total': 5})
    say(id='ping', method='ping')

def task(status, looks):
    return {'taskId': 't-1', 'status': status, 'statusMessage': f'look {looks}', 'createdAt': '2026-01-01T00:00:00Z',
        'lastUpdatedAt': '2026-01-01T00:00:00Z', 'ttl': None, 'pollInterval': 20}

write('pid', str(os.getpid()))
done = {'content': [{'type': 'text', 'text': 'done'}]}
call, tool, looks, asked, status = None, None, 0, 0, 'input_required'
for line in sys.stdin:
    told = json.loads(line)
    id, method = told.get('id'), told.get('method')
    if method == 'initialize':
        say(id=id, result={'protocolVersion': '2025-11-25', 'serverInfo': {'name': 'nagging', 'version': '1'},
            'capabilities': {'tools': {}, 'logging': {}, 'tasks': {'cancel': {}}}})
    elif method == 'tools/list':
        schema = {'type': 'object', 'properties': {}}
        say(id=id, result={'tools': [{'name': name, 'inputSchema': schema} for name in ('nag', 'noise')]})
    elif method == 'tools/call':
        call, tool = id, told['params']['name']
        write('calls', tool)
        ask('q0')
        if tool == 'noise':
            threading.Thread(target=make_noise, args=(told['params'],)).start()
    elif method == 'tasks/get':
        looks += 1
        write('looks', str(looks))
        say(id=id, result=task(status, looks))
    elif method == 'tasks/result':
        call, tool = id, 'task'
        ask('q0')
    elif method == 'notifications/cancelled':
        write('cancelled', str(told['params']['requestId']))
    elif method is not None and id is not None:
        say(id=id, result={})
    elif id == 'ping':
        write('pinged', 'yes')
    elif 'result' in told:
        asked += 1
        write('answers', told['result']['action'])
        if tool == 'nag':
            ask(f'q{asked}')
        else:
            status = 'completed'
            say(id=call, result=done)
";
