//! Values to and from a server whatever their type: to it as text, which the server reads as its own type; from it the
//! usual types, which the driver brings in binary form. Nothing is put into a statement.

use std::error::Error;
use std::fmt::Write;

use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{Format, FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};

/// A parameter: the server reads it as whatever type it is compared with.
#[derive(Debug)]
pub(super) struct Words(pub(super) String);

impl ToSql for Words {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// A value as text.
#[derive(Debug)]
pub(super) struct Cell(pub(super) String);

impl<'a> FromSql<'a> for Cell {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let text = match *kind {
            Type::BOOL => if bool::from_sql(kind, raw)? { "t" } else { "f" }.to_owned(),
            Type::INT2 => i16::from_sql(kind, raw)?.to_string(),
            Type::INT4 => i32::from_sql(kind, raw)?.to_string(),
            Type::INT8 => i64::from_sql(kind, raw)?.to_string(),
            Type::OID => u32::from_sql(kind, raw)?.to_string(),
            Type::FLOAT4 => f32::from_sql(kind, raw)?.to_string(),
            Type::FLOAT8 => f64::from_sql(kind, raw)?.to_string(),
            Type::TIMESTAMPTZ => jiff::Timestamp::from_sql(kind, raw)?.to_string(),
            Type::TIMESTAMP => jiff::civil::DateTime::from_sql(kind, raw)?.to_string(),
            Type::DATE => jiff::civil::Date::from_sql(kind, raw)?.to_string(),
            Type::TIME => jiff::civil::Time::from_sql(kind, raw)?.to_string(),
            Type::JSON => std::str::from_utf8(raw)?.to_owned(),
            // Its first byte is the version of the form.
            Type::JSONB => std::str::from_utf8(raw.get(1..).unwrap_or_default())?.to_owned(),
            Type::UUID => uuid(raw),
            _ if is_text(kind) => std::str::from_utf8(raw)?.to_owned(),
            _ => return Err(format!("a column of type {kind} cannot be shown: cast it, as in column::text").into()),
        };
        Ok(Self(text))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn is_text(kind: &Type) -> bool {
    let plain = [Type::TEXT, Type::VARCHAR, Type::BPCHAR, Type::NAME, Type::UNKNOWN, Type::XML, Type::VOID];
    plain.contains(kind) || matches!(kind.kind(), Kind::Enum(_))
}

fn uuid(raw: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in raw.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        write!(text, "{byte:02x}").ok();
    }
    text
}
