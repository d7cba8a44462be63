//! Who a client certificate names, for expressions to compare with.
//!
//! Reads what was verified already, and verifies nothing: signatures, times and authorities are for
//! the TLS library. What it cannot read is nobody, never somebody else.

use std::{fmt, net::IpAddr};

use crate::expression::Value;

/// A verified client certificate.
pub struct Certificate {
    subject: Box<str>,
    value: Value,
}

impl Certificate {
    /// Reads the names in a certificate (X.509, DER); nothing when one of them is not a text.
    #[must_use]
    pub fn read(der: &[u8]) -> Option<Self> {
        let mut signed = Der(Der(der).take(SEQUENCE)?).within(SEQUENCE)?;
        let _version = signed.skip(VERSION);
        signed.take(INTEGER)?;
        // Algorithm, issuer, validity.
        for _ in 0..3 {
            signed.take(SEQUENCE)?;
        }
        let subject = Subject::read(Der(signed.take(SEQUENCE)?))?;
        let _key = signed.take(SEQUENCE)?;
        let mut names = Names::default();
        // Budget: the certificate, of which every turn takes some.
        while !signed.0.is_empty() {
            let (tag, content) = signed.next()?;
            if tag == EXTENSIONS {
                names.read(Der(content).within(SEQUENCE)?)?;
            }
        }
        let value = names.value(&subject);
        Some(Self { subject: subject.text.into(), value })
    }

    /// The subject as RFC 4514 writes it: `CN=payments,O=Shop`.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// As expressions see it.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.value
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.subject)
    }
}

/// The subject, and its common name when it has exactly one.
struct Subject {
    text: String,
    common_names: Vec<String>,
}

impl Subject {
    /// RFC 4514 §2.1: the last part comes first.
    fn read(mut names: Der<'_>) -> Option<Self> {
        let (mut parts, mut common_names) = (Vec::new(), Vec::new());
        // Budget: the certificate, of which every turn takes some.
        while !names.0.is_empty() {
            let mut set = Der(names.take(SET)?);
            let mut part = Vec::new();
            while !set.0.is_empty() {
                let mut attribute = Der(set.take(SEQUENCE)?);
                let (id, (tag, value)) = (attribute.take(OBJECT_ID)?, attribute.next()?);
                let value = text(tag, value)?;
                part.push(format!("{}={}", attribute_name(id)?, escaped(&value)));
                if id == COMMON_NAME {
                    common_names.push(value);
                }
            }
            parts.push(part.join("+"));
        }
        parts.reverse();
        Some(Self { text: parts.join(","), common_names })
    }
}

/// The subject's alternative names, by kind.
#[derive(Default)]
struct Names {
    dns: Vec<String>,
    emails: Vec<String>,
    ips: Vec<String>,
    uris: Vec<String>,
}

impl Names {
    fn read(&mut self, mut extensions: Der<'_>) -> Option<()> {
        // Budget: the certificate.
        while !extensions.0.is_empty() {
            let mut extension = Der(extensions.take(SEQUENCE)?);
            let id = extension.take(OBJECT_ID)?;
            let _is_critical = extension.skip(BOOLEAN);
            if id == ALTERNATIVE_NAMES {
                self.read_names(Der(extension.take(OCTETS)?).within(SEQUENCE)?)?;
            }
        }
        Some(())
    }

    fn read_names(&mut self, mut names: Der<'_>) -> Option<()> {
        // Budget: the certificate.
        while !names.0.is_empty() {
            let (tag, name) = names.next()?;
            match tag {
                0x81 => self.emails.push(ascii(name)?),
                0x82 => self.dns.push(ascii(name)?.to_ascii_lowercase()),
                0x86 => self.uris.push(ascii(name)?),
                0x87 => self.ips.push(address(name)?.to_string()),
                _ => {}
            }
        }
        Some(())
    }

    fn value(&self, subject: &Subject) -> Value {
        let list = |all: &[String]| Value::list(all.iter().map(|it| Value::text(it)));
        let common_name = match subject.common_names.as_slice() {
            [only] => Some(("common_name", Value::text(only))),
            _ => None,
        };
        let rest = [
            ("subject", Value::text(&subject.text)),
            ("dns", list(&self.dns)),
            ("emails", list(&self.emails)),
            ("ips", list(&self.ips)),
            ("uris", list(&self.uris)),
        ];
        Value::map(common_name.into_iter().chain(rest))
    }
}

/// What is left of an encoding.
#[derive(Clone, Copy)]
struct Der<'d>(&'d [u8]);

impl<'d> Der<'d> {
    /// The next element: tag and content. X.690 §8.1, with one byte of tag, as X.509 needs.
    fn next(&mut self) -> Option<(u8, &'d [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (length, rest) = rest.split_first()?;
        let (length, rest) = match *length {
            short @ 0..=0x7F => (usize::from(short), rest),
            long => {
                let n_bytes = usize::from(long & 0x7F);
                let (bytes, rest) = rest.split_at_checked(n_bytes)?;
                if !(1..=4).contains(&n_bytes) {
                    return None;
                }
                let length = bytes.iter().fold(0_usize, |n, it| (n << 8) | usize::from(*it));
                (length, rest)
            }
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, content))
    }

    /// The content of the next element, which has this tag.
    fn take(&mut self, tag: u8) -> Option<&'d [u8]> {
        let (found, content) = self.next()?;
        (found == tag).then_some(content)
    }

    /// The content of the next element if it has this tag.
    fn skip(&mut self, tag: u8) -> Option<&'d [u8]> {
        if self.0.first() == Some(&tag) { self.take(tag) } else { None }
    }

    /// What is in the only element.
    fn within(mut self, tag: u8) -> Option<Self> {
        self.take(tag).map(Self)
    }
}

fn text(tag: u8, bytes: &[u8]) -> Option<String> {
    match tag {
        UTF8 | PRINTABLE | IA5 => std::str::from_utf8(bytes).ok().map(str::to_owned),
        WIDE => {
            let units: Vec<u16> = bytes.chunks_exact(2).filter_map(pair).collect();
            String::from_utf16(&units).ok().filter(|_| bytes.len().is_multiple_of(2))
        }
        // Nobody agrees on what the others mean.
        _ => None,
    }
}

fn pair(bytes: &[u8]) -> Option<u16> {
    bytes.try_into().ok().map(u16::from_be_bytes)
}

fn ascii(bytes: &[u8]) -> Option<String> {
    let is_plain = bytes.iter().all(u8::is_ascii_graphic);
    String::from_utf8(bytes.to_vec()).ok().filter(|_| is_plain)
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// RFC 4514 §2.4, so that a value cannot look like another part of the name.
fn escaped(value: &str) -> String {
    let mut text = String::new();
    let n_last = value.chars().count().saturating_sub(1);
    for (n, it) in value.chars().enumerate() {
        let is_edge = (it == ' ' && (n == 0 || n == n_last)) || (it == '#' && n == 0);
        match it {
            '"' | '+' | ',' | ';' | '<' | '=' | '>' | '\\' => text.extend(['\\', it]),
            _ if is_edge => text.extend(['\\', it]),
            _ if it.is_control() => it.to_string().bytes().for_each(|it| {
                text.push_str(&format!("\\{it:02X}"));
            }),
            _ => text.push(it),
        }
    }
    text
}

/// RFC 4514 §3, or the dotted number.
fn attribute_name(id: &[u8]) -> Option<String> {
    let known = ATTRIBUTES.iter().find(|(it, _)| *it == id);
    known.map(|(_, name)| (*name).to_owned()).or_else(|| dotted(id))
}

fn dotted(id: &[u8]) -> Option<String> {
    let (mut numbers, mut number) = (Vec::new(), 0_u64);
    for it in id {
        number = number.checked_mul(128)?.checked_add(u64::from(it & 0x7F))?;
        if it & 0x80 == 0 {
            numbers.push(number);
            number = 0;
        }
    }
    let first = *numbers.first()?;
    let root = (first / 40).min(2);
    let rest = numbers.iter().skip(1).map(|it| format!(".{it}"));
    Some(format!("{root}.{}{}", first.saturating_sub(root * 40), rest.collect::<String>()))
}

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OBJECT_ID: u8 = 0x06;
const UTF8: u8 = 0x0C;
const PRINTABLE: u8 = 0x13;
const IA5: u8 = 0x16;
const WIDE: u8 = 0x1E;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const VERSION: u8 = 0xA0;
const EXTENSIONS: u8 = 0xA3;

const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1D, 0x11];
const ATTRIBUTES: &[(&[u8], &str)] = &[
    (COMMON_NAME, "CN"),
    (&[0x55, 4, 6], "C"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 9], "STREET"),
    (&[0x55, 4, 10], "O"),
    (&[0x55, 4, 11], "OU"),
    (&[9, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 1, 1], "UID"),
    (&[9, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 1, 25], "DC"),
];

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    use super::*;

    fn check(names: &[(DnType, &str)], alternative: Vec<SanType>, expect: &str) {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, name) in names {
            params.distinguished_name.push(kind.clone(), *name);
        }
        params.subject_alt_names = alternative;
        let der = params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec();
        let certificate = Certificate::read(&der).unwrap();
        assert_eq!(certificate.subject(), expect);
        // Whatever is cut off, nobody is named.
        for n in 0..der.len() {
            let _cut = Certificate::read(&der[..n]);
        }
    }

    #[test]
    fn subjects_are_written_as_rfc_4514_says() {
        use DnType::{CommonName, OrganizationName};
        check(&[(OrganizationName, "Shop"), (CommonName, "pay")], vec![], "CN=pay,O=Shop");
        check(&[(CommonName, "a,O=Shop")], vec![], "CN=a\\,O\\=Shop");
        check(&[(CommonName, " #a\0 ")], vec![], "CN=\\ #a\\00\\ ");
        check(&[(DnType::CustomDnType(vec![1, 2, 840, 5]), "x")], vec![], "1.2.840.5=x");
        check(&[], vec![SanType::DnsName("a.b".try_into().unwrap())], "");
    }

    #[test]
    fn what_is_no_certificate_names_nobody() {
        for bytes in [&[][..], &[0x30, 0x80], &[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF], &[0x30, 0]] {
            assert!(Certificate::read(bytes).is_none());
        }
    }
}
