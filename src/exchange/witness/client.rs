//! Who asks a witness over HTTP to sign, and believes nothing of its answer but what is signed.

use std::time::Duration;

use ureq::Agent;
use ureq::http::{Response, Uri};

use super::{ADD_CHECKPOINT, SIZE};
use crate::integrity::Vkey;
use crate::integrity::checkpoint::MAX_SIZE;
use crate::integrity::note::{MAX_NOTE, NoteSignature};

/// The most bytes in an answer with signatures, and in a refusal.
const MAX_ANSWER: usize = 64 << 10;
/// The most bytes of a refusal that are told on.
const MAX_SAID: usize = 200;

/// A client, with the time that each of its questions may take.
#[derive(Debug, Clone)]
pub struct Client(Agent);

/// Where a witness is asked: its submission prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(String);

/// What a witness answered, of which nothing is believed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Lines of signatures.
    Signed(Vec<NoteSignature>),
    /// It signed another size last.
    Conflict {
        /// That size.
        known: u64,
    },
    /// It refused.
    Refused {
        /// The status.
        status: u16,
        /// What it said, the beginning of it.
        said: String,
    },
}

/// Why text is no address of a witness.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// Its scheme is `https`.
    #[error("`{0}`: this program does not speak https itself")]
    Https(String),
    /// It is no address, or has a user, a question or a fragment.
    #[error("`{0}` is no address of a witness: expected http://HOST[:PORT][/PATH]")]
    Form(String),
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// It took too long.
    #[error("it did not answer in time")]
    TimedOut,
    /// It was not reached, or did not speak HTTP to the end.
    #[error("it gave no answer: {0}")]
    Transport(Box<ureq::Error>),
    /// It answered something that no witness answers.
    #[error("it answered nonsense: {0}")]
    Nonsense(&'static str),
}

impl std::str::FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let form = || AddressError::Form(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| form())?;
        // A port that is none is left out by whoever reads it.
        let host_len = uri.host().filter(|host| !host.is_empty()).map(str::len);
        let port_len = uri.port().map_or(0, |port| 1 + port.as_str().len());
        let is_whole = uri.authority().map(|authority| authority.as_str().len()) == host_len.map(|len| len + port_len);
        let is_plain = is_whole && host_len.is_some() && !text.contains(['@', '?', '#']);
        match uri.scheme_str() {
            Some("http") if is_plain => Ok(Self(text.trim_end_matches('/').to_owned())),
            Some("https") if is_plain => Err(AddressError::Https(text.to_owned())),
            _ => Err(form()),
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Client {
    /// With the time that a question may take, from its name's look-up to the answer's last byte.
    pub fn new(timeout: Duration) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            // Where a witness lies is said by whoever asks, and by nobody else: no redirection, and no proxy that the
            // environment names.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .max_response_header_size(16 << 10)
            .user_agent(concat!("servanda/", env!("CARGO_PKG_VERSION")));
        Self(config.build().into())
    }

    /// Asks a witness to sign.
    ///
    /// # Errors
    ///
    /// Every [`AskError`].
    ///
    /// # Source
    ///
    /// C2SP tlog-witness, `add-checkpoint`.
    pub fn add_checkpoint(&self, witness: &Address, request: &str) -> Result<Answer, AskError> {
        let response = self.0.post(format!("{witness}{ADD_CHECKPOINT}")).content_type("text/plain; charset=utf-8");
        let mut response = response.send(request)?;
        let text = text(&mut response, MAX_ANSWER)?;
        match response.status().as_u16() {
            200 => Ok(Answer::Signed(signatures(&text)?)),
            409 => {
                let kind =
                    response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
                let kind = kind.split(';').next().unwrap_or_default().trim();
                let size = text.strip_suffix('\n').filter(|_| kind.eq_ignore_ascii_case(SIZE)).and_then(size);
                let known = size.ok_or(AskError::Nonsense("409 without the size that was signed last"))?;
                Ok(Answer::Conflict { known })
            }
            status => Ok(Answer::Refused { status, said: beginning(&text) }),
        }
    }

    /// The last checkpoint of a log that a witness signed, if it shows that where it is asked to sign.
    ///
    /// # Errors
    ///
    /// Every [`AskError`].
    ///
    /// # Source
    ///
    /// C2SP tlog-witness, monitor retrieval.
    pub fn last(&self, witness: &Address, log: &Vkey) -> Result<Option<String>, AskError> {
        let mut response = self.0.get(format!("{witness}/{}/checkpoint", log.origin_hash())).call()?;
        match response.status().as_u16() {
            200 => text(&mut response, MAX_NOTE).map(Some),
            _ => Ok(None),
        }
    }
}

impl From<ureq::Error> for AskError {
    fn from(error: ureq::Error) -> Self {
        match error {
            ureq::Error::Timeout(_) => Self::TimedOut,
            ureq::Error::BodyExceedsLimit(_) => Self::Nonsense("it is longer than any answer"),
            ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => Self::TimedOut,
            other => Self::Transport(Box::new(other)),
        }
    }
}

fn text(response: &mut Response<ureq::Body>, limit: usize) -> Result<String, AskError> {
    let bytes = response.body_mut().with_config().limit(limit as u64).read_to_vec()?;
    String::from_utf8(bytes).map_err(|_| AskError::Nonsense("it is no text"))
}

fn signatures(text: &str) -> Result<Vec<NoteSignature>, AskError> {
    let nonsense = AskError::Nonsense("200 without lines of signatures");
    let lines = text.strip_suffix('\n').map(|lines| lines.split('\n').map(NoteSignature::parse));
    lines.and_then(Iterator::collect).ok_or(nonsense)
}

/// A size in digits, with no zeros in front.
fn size(digits: &str) -> Option<u64> {
    let size: u64 = digits.parse().ok()?;
    (size.to_string() == digits && size <= MAX_SIZE).then_some(size)
}

/// The first line, if it is not too long.
fn beginning(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(MAX_SAID).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_of_plain_http() {
        for (text, expected) in [
            ("http://127.0.0.1:7080", Ok("http://127.0.0.1:7080")),
            ("http://[::1]:7080/", Ok("http://[::1]:7080")),
            ("http://witness.example/desk/", Ok("http://witness.example/desk")),
            ("https://witness.example", Err(true)),
            ("HTTPS://witness.example", Err(true)),
            ("witness.example", Err(false)),
            ("/add-checkpoint", Err(false)),
            ("file:///etc/passwd", Err(false)),
            ("http://", Err(false)),
            ("http://user@witness.example", Err(false)),
            ("http://witness.example/?a", Err(false)),
            ("http://witness.example/#a", Err(false)),
            ("http://witness.example:99999", Err(false)),
            ("http://a b", Err(false)),
            ("", Err(false)),
        ] {
            let found = text.parse::<Address>();
            let found = found.as_ref().map(|found| &*found.0).map_err(|error| matches!(error, AddressError::Https(_)));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_size_is_digits_alone() {
        assert_eq!(size("0"), Some(0));
        assert_eq!(size("9007199254740991"), Some(MAX_SIZE));
        for text in ["", "00", "+1", "-1", " 1", "1\n", "1e3", "9007199254740992", "99999999999999999999999"] {
            assert_eq!(size(text), None, "{text:?}");
        }
    }

    #[test]
    fn signatures_are_lines_each_with_its_end() {
        let line = "— witness.example AAAAAAA=";
        assert_eq!(signatures(&format!("{line}\n{line}\n")).map(|found| found.len()).ok(), Some(2));
        for text in [String::new(), "\n".to_owned(), line.to_owned(), format!("{line}\n\n"), format!("x\n{line}\n")] {
            assert!(signatures(&text).is_err(), "{text:?}");
        }
    }
}
