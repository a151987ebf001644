//! Whether text that was written is what it should be: JSON objects, or CSV of so many cells.

/// The line is one JSON object of `fields` members.
pub fn assert_json(line: &str, fields: usize) {
    let mut rest = Json { rest: line.as_bytes() };
    assert_eq!(rest.value(), Some(fields), "no JSON object of {fields} members: {line}");
    assert!(rest.rest.is_empty(), "something follows the object: {line}");
}

/// The text is CSV, every line of it with `cells` cells, and `lines` lines.
pub fn assert_csv(text: &str, cells: usize, lines: usize) {
    let (mut seen, mut in_line, mut quoted) = (0, 1, false);
    for byte in text.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => in_line += 1,
            b'\n' if !quoted => {
                assert_eq!(in_line, cells, "a line has other than {cells} cells: {text}");
                (seen, in_line) = (seen + 1, 1);
            }
            _ => {}
        }
    }
    assert!(!quoted, "a quotation mark is open: {text}");
    assert_eq!(seen, lines);
}

/// A checker of JSON. `value` gives how many members an object or a list has, `None` for what is
/// no JSON.
struct Json<'a> {
    rest: &'a [u8],
}

impl Json<'_> {
    fn value(&mut self) -> Option<usize> {
        match *self.rest.first()? {
            b'{' => self.members(b'}', |this| {
                this.string()?;
                this.expect(b":")?;
                this.value().map(drop)
            }),
            b'[' => self.members(b']', |this| this.value().map(drop)),
            b'"' => self.string().map(|()| 0),
            b'0'..=b'9' | b'-' => self.number().map(|()| 0),
            _ => {
                let word = [&b"null"[..], b"true", b"false"]
                    .into_iter()
                    .find(|word| self.rest.starts_with(word))?;
                self.expect(word).map(|()| 0)
            }
        }
    }

    fn members(
        &mut self,
        end: u8,
        mut member: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<usize> {
        self.rest = &self.rest[1..];
        if self.rest.first() == Some(&end) {
            self.rest = &self.rest[1..];
            return Some(0);
        }
        let mut count = 0;
        loop {
            member(self)?;
            count += 1;
            let (&next, rest) = self.rest.split_first()?;
            self.rest = rest;
            if next == end {
                return Some(count);
            }
            (next == b',').then_some(())?;
        }
    }

    fn string(&mut self) -> Option<()> {
        self.expect(b"\"")?;
        loop {
            let (&next, rest) = self.rest.split_first()?;
            self.rest = rest;
            match next {
                b'"' => return Some(()),
                0..0x20 => return None,
                b'\\' => match self.rest.split_first()? {
                    (b'u', rest) => {
                        rest.first_chunk::<4>()?.iter().all(u8::is_ascii_hexdigit).then_some(())?;
                        self.rest = &rest[4..];
                    }
                    (b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', rest) => {
                        self.rest = rest;
                    }
                    _ => return None,
                },
                _ => {}
            }
        }
    }

    fn number(&mut self) -> Option<()> {
        let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let leading_zero = digits > 1 && self.rest[0] == b'0';
        self.rest = &self.rest[digits..];
        (digits > 0 && !leading_zero).then_some(())
    }

    fn expect(&mut self, what: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(what)?;
        Some(())
    }
}
