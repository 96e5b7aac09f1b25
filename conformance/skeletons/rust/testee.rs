// A testee around a pool in Rust, standard library alone: put your pool where the naive one is.
//
//   credpool-conformance template --of rust > testee.rs
//   credpool-conformance template --of rust-wire > wire.rs
//   rustc --edition 2021 testee.rs
//   credpool-conformance run --testee ./testee --requirement reply.unchanged
//
// Passes: reply.unchanged, request.redirect, recover.whole-body, recover.stream.no-retry, select.default
// Next: recover.*, classify.*, cooldown.*, select.*, exhaust.*, pool.*, request.*, security.*
// The protocol is one page: `credpool-conformance protocol`.
use std::collections::HashMap;
use std::io;
use std::sync::{mpsc, Arc};
use std::thread;

mod wire; // JSON and HTTP, where a program with crates has `serde_json` and a client
use wire::{field, list, parts, quoted, string, text, Reply};

// Who is tested: the smallest profile. Declare more when your pool has it: what is declared is checked.
const HELLO: &str = r#"{"name": "my-pool", "version": "0.1.0", "language": "Rust", "protocol": 1,
    "spec": "1.0-draft", "features": [], "clock": "virtual", "providers": [], "strategies": [],
    "credentials": ["api_key"], "policy": [], "tells": []}"#;

struct Entry {
    id: String,
    secret: String,
    base_url: Option<String>,
    priority: i64,
}

struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
    stream: bool,
}

struct Attempt(String, &'static str); // which entry was tried, and what was done then

/// YOUR POOL GOES HERE. This one uses its first key alone, and tries a 429 again once.
struct Pool {
    base_url: String,
    entries: Vec<Entry>,
}

impl Pool {
    /// Make a call; `None`: every entry is out. Never sleep: the suite waits, and says when to go on.
    fn call(
        &self,
        request: &Request,
        now: f64,
        wait: &mut dyn FnMut(f64) -> f64,
        attempts: &mut Vec<Attempt>,
    ) -> io::Result<Option<Reply>> {
        let Some(entry) = self.entries.first() else { return Ok(None) };
        let mut reply = self.send(entry, request)?;
        if reply.status == 429 {
            attempts.push(Attempt(entry.id.clone(), "retry"));
            let hint = reply.header("retry-after").and_then(|hint| hint.parse().ok()).unwrap_or(0.0);
            let _now = if hint > 0.0 && hint <= 10.0 { wait(now + hint) } else { now };
            reply = self.send(entry, request)?;
        }
        attempts.push(Attempt(entry.id.clone(), "deliver"));
        Ok(Some(reply))
    }

    /// Send one request. The suite is the provider: this is real HTTP, to this machine.
    fn send(&self, entry: &Entry, request: &Request) -> io::Result<Reply> {
        let base = entry.base_url.as_ref().unwrap_or(&self.base_url);
        let mut headers = request.headers.clone();
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
        headers.push(("authorization".into(), format!("Bearer {}", entry.secret)));
        Reply::to(&request.method, &format!("{base}{}", request.path), &headers, &request.body)
    }

    /// Changes nothing. A status is ok, exhausted or dead.
    fn inspect(&self, _now: f64) -> String {
        let state = |entry: &Entry| format!(r#"{{"id": {}, "status": "ok"}}"#, quoted(&entry.id));
        format!(r#"{{"entries": [{}]}}"#, list(&self.entries, state))
    }
}

// From here on it is the protocol, and nothing to change.
struct Resumed {
    seq: String,
    now: f64,
}

/// Write one reply, one line. Nothing else may go to standard output, and no secret anywhere.
fn answer(seq: &str, kind: &str, content: &str) {
    println!(r#"{{"seq": {seq}, "{kind}": {}}}"#, content.replace('\n', " "));
}

/// Make a call beside others; after a `wait` or a first part, it answers to the `resume`.
fn run(pool: &Pool, request: &Request, mut seq: String, now: f64, resumed: &mpsc::Receiver<Resumed>) {
    let mut attempts = Vec::new();
    let mut wait = |until: f64| {
        answer(&seq, "wait", &format!(r#"{{"until": {until}, "why": "retry"}}"#));
        let next = resumed.recv().expect("the suite resumes what waits");
        seq = next.seq;
        next.now
    };
    let reply = pool.call(request, now, &mut wait, &mut attempts);
    let tried = |Attempt(id, done): &Attempt| format!(r#"{{"entry": {}, "action": "{done}"}}"#, quoted(id));
    let tried = list(&attempts, tried);
    // without a reply: every entry is out, or there is an error, whose text may hold a secret
    let outcome = if reply.is_ok() { "exhausted" } else { "failed" };
    let failed = |outcome: &str| format!(r#"{{"outcome": "{outcome}", "attempts": [{tried}]}}"#);
    let Ok(Some(mut reply)) = reply else { return answer(&seq, "result", &failed(outcome)) };
    let headers = list(&reply.headers, |(name, value)| format!("{}: {}", quoted(name), quoted(value)));
    let head = format!(r#""status": {}, "headers": {{{headers}}}, "attempts": [{tried}]"#, reply.status);
    let told = |outcome: &str, body: &[u8]| {
        let body = quoted(&String::from_utf8_lossy(body));
        format!(r#"{{"outcome": "{outcome}", {head}, "body": {body}}}"#)
    };
    let mut body = Vec::new();
    if request.stream && reply.status < 300 {
        body = reply.part().unwrap_or_default();
        answer(&seq, "result", &told("streaming", &body));
        seq = resumed.recv().expect("the caller asks for the rest").seq;
    }
    loop {
        match reply.part() {
            Err(_) => return answer(&seq, "result", &failed("failed")),
            Ok(part) if part.is_empty() => return answer(&seq, "result", &told("delivered", &body)),
            Ok(part) => body.extend(part),
        }
    }
}

fn main() {
    let mut pool = Arc::new(Pool { base_url: String::new(), entries: Vec::new() });
    let mut calls: HashMap<String, mpsc::Sender<Resumed>> = HashMap::new();
    for line in io::stdin().lines().map_while(Result::ok) {
        let seq = field(&line, "seq").unwrap_or("0").to_string();
        let now = field(&line, "now").and_then(|now| now.parse().ok()).unwrap_or(0.0);
        let name = string(&line, "call").unwrap_or_default();
        match string(&line, "cmd").unwrap_or_default().as_str() {
            "hello" => answer(&seq, "hello", HELLO),
            "configure" => {
                // a new pool; answer `refused` when yours refuses the configuration
                pool = Arc::new(configured(field(&line, "pool").unwrap_or("{}")));
                answer(&seq, "ok", "true");
            }
            "call" => {
                let (sender, receiver) = mpsc::channel();
                calls.insert(name, sender);
                let request = requested(field(&line, "request").unwrap_or("{}"));
                let pool = Arc::clone(&pool);
                thread::spawn(move || run(&pool, &request, seq, now, &receiver));
            }
            "resume" => calls[&name].send(Resumed { seq, now }).expect("the call waits"),
            "inspect" => answer(&seq, "pool", &pool.inspect(now)),
            _ => answer(&seq, "ok", "true"), // `restart`: forget what is not durable; `stop`
        }
    }
}

fn configured(told: &str) -> Pool {
    let entry = |json: &&str| Entry {
        id: string(json, "id").unwrap_or_default(),
        secret: string(json, "secret").unwrap_or_default(),
        base_url: string(json, "base_url"),
        priority: field(json, "priority").and_then(|number| number.parse().ok()).unwrap_or(0),
    };
    let mut entries: Vec<Entry> = parts(field(told, "entries").unwrap_or("[]")).iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.priority);
    Pool { base_url: string(told, "base_url").unwrap_or_default(), entries }
}

fn requested(told: &str) -> Request {
    let headers = parts(field(told, "headers").unwrap_or("{}"));
    Request {
        method: string(told, "method").unwrap_or_default(),
        path: string(told, "path").unwrap_or_default(),
        headers: headers.chunks(2).map(|pair| (text(pair[0]), text(pair[1]))).collect(),
        body: field(told, "body").unwrap_or("null").into(),
        stream: field(told, "stream") == Some("true"),
    }
}
