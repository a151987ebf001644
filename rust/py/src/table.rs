//! Rows to Arrow.

use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, BooleanBuilder, ListBuilder, StringBuilder, StringDictionaryBuilder,
    TimestampNanosecondBuilder, UInt8Builder, UInt16Builder, UInt32Builder, UInt64Builder,
};
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tlsaudit_wire::handshake::Handshake;
use tlsaudit_wire::row::{COLUMNS, Cell, Kind, Scratch, cells};

/// Rows that make a batch. Large enough that batches cost nothing, small enough that no offset
/// of 32 bits can overflow.
const BATCH_ROWS: usize = 16_384;

/// The handshake table.
pub struct Table {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
}

/// Gathers rows.
pub struct Builder {
    schema: SchemaRef,
    columns: Vec<ColumnBuilder>,
    rows: usize,
    batches: Vec<RecordBatch>,
    scratch: Scratch,
    failed: Option<String>,
}

enum ColumnBuilder {
    Word(StringDictionaryBuilder<Int32Type>),
    Text(StringBuilder),
    Texts(ListBuilder<StringBuilder>),
    U8(UInt8Builder),
    U16(UInt16Builder),
    U32(UInt32Builder),
    U64(UInt64Builder),
    Bool(BooleanBuilder),
    Time(TimestampNanosecondBuilder),
    Codes(ListBuilder<UInt16Builder>),
    Kinds(ListBuilder<UInt32Builder>),
}

impl Default for Builder {
    fn default() -> Self {
        let columns: Vec<ColumnBuilder> =
            COLUMNS.iter().map(|&(_, kind)| ColumnBuilder::new(kind)).collect();
        let fields: Vec<Field> =
            COLUMNS.iter().map(|&(name, kind)| Field::new(name, data_type(kind), true)).collect();
        Self {
            schema: Arc::new(Schema::new(fields)),
            columns,
            rows: 0,
            batches: Vec::new(),
            scratch: Scratch::default(),
            failed: None,
        }
    }
}

impl Builder {
    /// Adds a row.
    pub fn row(&mut self, row: &Handshake, capture: &str) {
        let mut columns = self.columns.iter_mut();
        cells(row, capture, &mut self.scratch, &mut |cell: Cell<'_>| {
            if let Some(column) = columns.next() {
                column.push(cell);
            }
        });
        self.rows = self.rows.saturating_add(1);
        if self.rows >= BATCH_ROWS {
            self.batch();
        }
    }

    fn batch(&mut self) {
        let arrays = self.columns.iter_mut().map(ColumnBuilder::finish).collect();
        match RecordBatch::try_new(self.schema.clone(), arrays) {
            Ok(batch) => self.batches.push(batch),
            Err(error) => self.failed = Some(error.to_string()),
        }
        self.rows = 0;
    }

    /// The table.
    pub fn finish(mut self) -> PyResult<Table> {
        if self.rows > 0 || self.batches.is_empty() {
            self.batch();
        }
        match self.failed {
            Some(error) => Err(PyRuntimeError::new_err(error)),
            None => Ok(Table { schema: self.schema, batches: self.batches }),
        }
    }
}

fn data_type(kind: Kind) -> DataType {
    let list = |item| DataType::List(Arc::new(Field::new("item", item, true)));
    match kind {
        Kind::Word => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        Kind::Text => DataType::Utf8,
        Kind::Texts => list(DataType::Utf8),
        Kind::U8 => DataType::UInt8,
        Kind::U16 | Kind::Code => DataType::UInt16,
        Kind::U32 => DataType::UInt32,
        Kind::U64 => DataType::UInt64,
        Kind::Bool => DataType::Boolean,
        Kind::Time => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
        Kind::Codes => list(DataType::UInt16),
        Kind::Kinds => list(DataType::UInt32),
    }
}

impl ColumnBuilder {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Word => Self::Word(StringDictionaryBuilder::new()),
            Kind::Text => Self::Text(StringBuilder::new()),
            Kind::Texts => Self::Texts(ListBuilder::new(StringBuilder::new())),
            Kind::U8 => Self::U8(UInt8Builder::new()),
            Kind::U16 | Kind::Code => Self::U16(UInt16Builder::new()),
            Kind::U32 => Self::U32(UInt32Builder::new()),
            Kind::U64 => Self::U64(UInt64Builder::new()),
            Kind::Bool => Self::Bool(BooleanBuilder::new()),
            Kind::Time => Self::Time(TimestampNanosecondBuilder::new().with_timezone("UTC")),
            Kind::Codes => Self::Codes(ListBuilder::new(UInt16Builder::new())),
            Kind::Kinds => Self::Kinds(ListBuilder::new(UInt32Builder::new())),
        }
    }

    fn push(&mut self, cell: Cell<'_>) {
        let number = match cell {
            Cell::Number(value) => Some(value),
            Cell::Code(value) => Some(value.into()),
            _ => None,
        };
        match self {
            Self::Word(builder) => match cell {
                Cell::Text(text) => builder.append_value(text),
                _ => builder.append_null(),
            },
            Self::Text(builder) => match cell {
                Cell::Text(text) => builder.append_value(text),
                _ => builder.append_null(),
            },
            Self::Texts(builder) => match cell {
                Cell::Texts(texts) => builder.append_value(texts.iter().map(Some)),
                _ => builder.append_null(),
            },
            Self::U8(builder) => builder.append_option(number.and_then(|n| n.try_into().ok())),
            Self::U16(builder) => builder.append_option(number.and_then(|n| n.try_into().ok())),
            Self::U32(builder) => builder.append_option(number.and_then(|n| n.try_into().ok())),
            Self::U64(builder) => builder.append_option(number),
            Self::Bool(builder) => builder.append_option(match cell {
                Cell::Bool(value) => Some(value),
                _ => None,
            }),
            Self::Time(builder) => builder.append_option(match cell {
                Cell::Time(value) => Some(value),
                _ => None,
            }),
            Self::Codes(builder) => match cell {
                Cell::Codes(codes) => builder.append_value(codes.iter().copied().map(Some)),
                _ => builder.append_null(),
            },
            Self::Kinds(builder) => match cell {
                Cell::Kinds(kinds) => builder.append_value(kinds.iter().copied().map(Some)),
                _ => builder.append_null(),
            },
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Word(builder) => ArrayBuilder::finish(builder),
            Self::Text(builder) => ArrayBuilder::finish(builder),
            Self::Texts(builder) => ArrayBuilder::finish(builder),
            Self::U8(builder) => ArrayBuilder::finish(builder),
            Self::U16(builder) => ArrayBuilder::finish(builder),
            Self::U32(builder) => ArrayBuilder::finish(builder),
            Self::U64(builder) => ArrayBuilder::finish(builder),
            Self::Bool(builder) => ArrayBuilder::finish(builder),
            Self::Time(builder) => ArrayBuilder::finish(builder),
            Self::Codes(builder) => ArrayBuilder::finish(builder),
            Self::Kinds(builder) => ArrayBuilder::finish(builder),
        }
    }
}
