//! What `--json` prints, as `docs/json.md` has it.

use minitalk_core::classic::Dialect;
use minitalk_core::exchange::Protocol;
use serde::{Serialize, Serializer};

use crate::reason::Reason;

/// One line of the output. The members are written in this order.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Object<'a> {
    Listening {
        pid: u32,
        name: Option<&'a str>,
    },
    Message {
        peer: u32,
        uid: u32,
        #[serde(serialize_with = "word")]
        protocol: Protocol,
        #[serde(serialize_with = "words")]
        dialect: Option<Dialect>,
        bytes: u64,
        text: &'a str,
        seconds: f64,
        verified: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        time: Option<&'a str>,
    },
    Cut {
        peer: u32,
        uid: u32,
        bytes: u64,
        text: &'a str,
        #[serde(flatten)]
        reason: &'a Reason,
        #[serde(skip_serializing_if = "Option::is_none")]
        time: Option<&'a str>,
    },
    Refused {
        peer: u32,
        #[serde(flatten)]
        reason: &'a Reason,
    },
    Damaged {
        peer: u32,
    },
    DoesNotWait {
        peer: u32,
    },
    Misanswered {
        peer: u32,
    },
    Stray {
        peer: Option<u32>,
        #[serde(flatten)]
        reason: &'a Reason,
        others: u64,
    },
    Stopped {
        signal: &'a str,
        messages: u64,
        strays: u64,
    },
}

impl Object<'_> {
    /// The object on a line of its own.
    pub(crate) fn line(&self) -> Vec<u8> {
        // Its keys are strings and its values finite: there is nothing that JSON could not hold.
        minitalk_cli::json::line(self).unwrap_or_default().into_bytes()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn word<S: Serializer>(protocol: &Protocol, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(protocol)
}

#[expect(clippy::ref_option, reason = "serde calls it so")]
fn words<S: Serializer>(dialect: &Option<Dialect>, serializer: S) -> Result<S::Ok, S::Error> {
    dialect.as_ref().map(ToString::to_string).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use minitalk_core::RefusalReason;

    #[test]
    fn an_object_is_one_line_whatever_it_contains() {
        let reason = Reason::from(RefusalReason::Stalled);
        let object = Object::Cut {
            peer: 1,
            uid: 2,
            bytes: 3,
            text: "a\nb\u{1b}",
            reason: &reason,
            time: None,
        };
        let line = String::from_utf8(object.line()).unwrap();
        assert_eq!(line.lines().count(), 1);
        let parsed: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(parsed["text"], "a\nb\u{1b}");
        assert_eq!(parsed["reason"], "stalled");
        assert!(line.starts_with(r#"{"event":"cut","peer":1,"uid":2,"bytes":3,"text":"#), "{line}");
    }
}
