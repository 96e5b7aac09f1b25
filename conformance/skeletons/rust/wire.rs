// What crates would do for `testee.rs`: as much of HTTP/1.1 and JSON as the suite speaks.
//
//   credpool-conformance template --of rust-wire > wire.rs
//
// With crates, `serde_json` and the client of your pool take its place: nothing else in `testee.rs` changes.
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;

/// A reply whose head has been read.
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    left: Option<usize>, // of a body whose length is known; otherwise it comes in chunks
    stream: BufReader<TcpStream>,
}

impl Reply {
    pub fn to(method: &str, url: &str, headers: &[(String, String)], body: &str) -> io::Result<Reply> {
        let rest = url.strip_prefix("http://").ok_or(ErrorKind::InvalidInput)?;
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let mut lines = vec![format!("{method} {path} HTTP/1.1"), format!("host: {host}")];
        lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
        lines.push(format!("content-length: {}", body.len()));
        if lines.iter().any(|line| line.contains(['\r', '\n'])) {
            return Err(ErrorKind::InvalidInput.into());
        }
        let mut stream = TcpStream::connect(host)?;
        write!(stream, "{}\r\nconnection: close\r\n\r\n{body}", lines.join("\r\n"))?;
        Reply::read(BufReader::new(stream))
    }

    fn read(mut stream: BufReader<TcpStream>) -> io::Result<Reply> {
        let first = line(&mut stream)?;
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
        let (mut headers, mut next) = (Vec::new(), line(&mut stream)?);
        while let Some((name, value)) = next.split_once(':') {
            headers.push((name.to_lowercase(), value.trim().to_string()));
            next = line(&mut stream)?;
        }
        let mut reply = Reply { status: status.ok_or(ErrorKind::InvalidData)?, headers, left: None, stream };
        reply.left = reply.header("content-length").and_then(|length| length.parse().ok());
        Ok(reply)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The next part of the body, empty at its end.
    pub fn part(&mut self) -> io::Result<Vec<u8>> {
        let size = match self.left {
            Some(left) => left,
            None => {
                usize::from_str_radix(&line(&mut self.stream)?, 16).map_err(|_| ErrorKind::InvalidData)?
            }
        };
        let mut part = vec![0; size];
        self.stream.read_exact(&mut part)?;
        match self.left {
            Some(_) => self.left = Some(0),
            None => drop(line(&mut self.stream)?),
        }
        Ok(part)
    }
}

fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = Vec::new();
    stream.read_until(b'\n', &mut line)?;
    Ok(line.iter().map(|byte| *byte as char).collect::<String>().trim_end().to_string())
}

// JSON: values stay pieces of the line, and are read where they are needed.

/// Find the value of a field that is there and is not null.
pub fn field<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let found = parts(object).chunks(2).find(|pair| text(pair[0]) == name).map(|pair| pair[1]);
    found.filter(|value| *value != "null")
}

pub fn string(object: &str, name: &str) -> Option<String> {
    field(object, name).filter(|value| value.starts_with('"')).map(text)
}

/// Split an array into its values, or an object into its names and values, one after the other.
pub fn parts(json: &str) -> Vec<&str> {
    let (mut found, mut rest) = (Vec::new(), json.trim());
    rest = rest[1..rest.len() - 1].trim();
    while !rest.is_empty() {
        let (part, after) = rest.split_at(length(rest));
        found.push(part.trim());
        rest = after.trim_start().trim_start_matches([',', ':']).trim_start();
    }
    found
}

/// Measure the value that a text begins with.
fn length(json: &str) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    for (at, byte) in json.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b',' | b':' if depth == 0 => return at,
            _ => {}
        }
    }
    json.len()
}

/// Read a string.
pub fn text(json: &str) -> String {
    let (mut units, mut letters) = (Vec::new(), json[1..json.len() - 1].chars());
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            units.extend_from_slice(letter.encode_utf16(&mut [0; 2]));
            continue;
        }
        units.push(match letters.next() {
            Some('n') => 10,
            Some('r') => 13,
            Some('t') => 9,
            Some('b') => 8,
            Some('f') => 12,
            Some('u') => {
                let digits: String = letters.by_ref().take(4).collect();
                u16::from_str_radix(&digits, 16).unwrap_or(0xFFFD)
            }
            other => other.unwrap_or('\\') as u16,
        });
    }
    String::from_utf16_lossy(&units)
}

/// Write a string.
pub fn quoted(text: &str) -> String {
    let escape = |letter: char| match letter {
        '"' | '\\' => format!("\\{letter}"),
        letter if letter < ' ' => format!("\\u{:04x}", letter as u32),
        letter => letter.to_string(),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

pub fn list<T>(values: &[T], write: impl Fn(&T) -> String) -> String {
    values.iter().map(write).collect::<Vec<_>>().join(", ")
}
