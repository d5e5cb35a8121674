//! Mutated inputs: flipped bits, removed, duplicated, swapped and inserted pieces, inserted words.

/// Words that parsers often mishandle.
const WORDS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"\r\n\r\n",
    b" ",
    b"\t",
    b":",
    b"%",
    b"%00",
    b"%2f",
    b"..",
    b"//",
    b"?",
    b"#",
    b"{",
    b"}",
    b"[",
    b"]",
    b"[[",
    b"\"",
    b"\\",
    b"\\u",
    b"\\ud800",
    b"''",
    b"\"\"\"",
    b"null",
    b"true",
    b"-1",
    b"0",
    b"1e999",
    b"1e-999",
    b"9223372036854775807",
    b"18446744073709551615",
    b"18446744073709551616",
    b"99999999999999999999999999999999",
    b"-0.0",
    b"\xff",
    b"\xc3\x28",
    b"\xf0\x9f\x92\xa9",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xae",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"HTTP/1.1 ",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"0\r\n\r\n",
    b"ffffffffffffffff\r\n",
    b"access_token",
    b"Bearer ",
    b"9999-12-31T23:59:59.999Z",
    b"0000-00-00T00:00:00Z",
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\xc6\xff\xff\xff\xff",
    b"\x91\x91\x91\x91\x91\x91\x91\x91",
];

/// A pseudo-random generator that can be repeated from its seed (xorshift64*).
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Chance {
        Chance(seed.max(1))
    }

    /// A number below `below`, which must be above 0.
    pub(super) fn below(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap() % below
    }

    /// A random range of these bytes.
    fn range(&mut self, bytes: &[u8]) -> std::ops::Range<usize> {
        let from = self.below(bytes.len() + 1);
        let most = (bytes.len() - from).min(64);
        from..from + self.below(most + 1)
    }
}

/// A new input.
pub(super) fn mutate(chance: &mut Chance, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seeds[chance.below(seeds.len())].clone();
    for _ in 0..=chance.below(5) {
        let at = chance.below(bytes.len() + 1);
        match chance.below(9) {
            0 if at < bytes.len() => bytes[at] ^= 1 << chance.below(8),
            1 if at < bytes.len() => bytes[at] = u8::try_from(chance.below(256)).unwrap(),
            2 => bytes.truncate(at),
            3 => {
                let range = chance.range(&bytes);
                bytes.drain(range);
            }
            4 => {
                let range = chance.range(&bytes);
                let piece = bytes[range].to_vec();
                let times = [1, 1, 2, 40][chance.below(4)];
                bytes.splice(at..at, piece.repeat(times));
            }
            5 => {
                let other = &seeds[chance.below(seeds.len())];
                let range = chance.range(other);
                bytes.splice(at..at, other[range].to_vec());
            }
            6 => {
                // Replaces a number by another one.
                let Some(from) = bytes[at..].iter().position(u8::is_ascii_digit).map(|found| at + found) else {
                    continue;
                };
                let length = bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
                let word =
                    [&b"0"[..], b"-1", b"1e400", b"18446744073709551616", b"9223372036854775807"][chance.below(5)];
                bytes.splice(from..from + length, word.to_vec());
            }
            7 => {
                let (one, other) = (chance.range(&bytes), chance.range(&bytes));
                let piece = bytes[one].to_vec();
                bytes.splice(other, piece);
            }
            _ => {
                let word = WORDS[chance.below(WORDS.len())];
                let times = [1, 1, 1, 200][chance.below(4)];
                bytes.splice(at..at, word.repeat(times));
            }
        }
    }
    bytes.truncate(64 * 1024);
    bytes
}
