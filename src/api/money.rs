//! Money in minor units, read exactly from the digits that were sent.
//!
//! `100`, `100.0`, `1E2` and `"100.00"` are one amount. No binary floating point anywhere: the digits of
//! a JSON number are kept as text (`serde_json` with `arbitrary_precision`) and read here.

use std::fmt;

/// An amount of money in minor units (1/100 of the currency).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Amount(pub i64);

/// Why digits are no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AmountProblem {
    /// Not a decimal number.
    NotANumber,
    /// More than two decimals that are not zero.
    TooManyDecimals,
    /// Larger than what can be counted in minor units of 64 bits.
    TooLarge,
}

impl Amount {
    /// Reads a decimal number in the form of JSON, exponent included. Zero and negative amounts are read too:
    /// whether they are allowed is for the caller.
    pub fn parse(text: &str) -> Result<Amount, AmountProblem> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| AmountProblem::NotANumber)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || mantissa.ends_with('.') {
            return Err(AmountProblem::NotANumber);
        }
        let digits = format!("{whole}{fraction}");
        let digits = digits.trim_start_matches('0');
        let trailing = digits.len() - digits.trim_end_matches('0').len();
        let significant = &digits[..digits.len() - trailing];
        if significant.is_empty() {
            return Ok(Amount(0));
        }
        // value = significant * 10^scale, in minor units
        let scale = i64::from(exponent) - fraction.len() as i64 + trailing as i64 + 2;
        if scale < 0 {
            return Err(AmountProblem::TooManyDecimals);
        }
        if significant.len() as i64 + scale > 17 {
            return Err(AmountProblem::TooLarge);
        }
        let value = significant.parse::<i64>().map_err(|_| AmountProblem::TooLarge)? * 10_i64.pow(scale as u32);
        Ok(Amount(if negative { -value } else { value }))
    }

    /// The amount as the digits of a JSON number with two decimals.
    pub fn to_json(self) -> serde_json::Value {
        serde_json::from_str(&self.to_string()).unwrap_or(serde_json::Value::Null)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let minor = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", minor / 100, minor % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_amount_has_many_spellings() {
        for text in ["100", "100.0", "100.00", "1E2", "1e+2", "10000e-2", "0100", "100.000"] {
            assert_eq!(Amount::parse(text), Ok(Amount(10_000)), "{text}");
        }
        assert_eq!(Amount::parse("99.95"), Ok(Amount(9_995)));
        assert_eq!(Amount::parse("0.00"), Ok(Amount(0)));
        assert_eq!(Amount::parse("-12.5"), Ok(Amount(-1_250)));
        assert_eq!(Amount(-1_205).to_string(), "-12.05");
    }

    #[test]
    fn noise_and_nonsense_are_no_amounts() {
        assert_eq!(Amount::parse("1998.9999999999998"), Err(AmountProblem::TooManyDecimals));
        assert_eq!(Amount::parse("0.001"), Err(AmountProblem::TooManyDecimals));
        assert_eq!(Amount::parse("1e400"), Err(AmountProblem::TooLarge));
        for text in ["", "-", ".5", "5.", "1,5", "NaN", "1e", "--1", "1 "] {
            assert_eq!(Amount::parse(text), Err(AmountProblem::NotANumber), "{text}");
        }
    }

    /// The digits of an amount with the decimal point moved left by so many places, and the exponent that undoes it.
    fn spelt(amount: i64, places: usize, zeros: usize) -> String {
        let digits = format!("{:0>width$}", amount.unsigned_abs(), width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        let sign = if amount < 0 { "-" } else { "" };
        let fraction = format!("{fraction}{}", "0".repeat(zeros));
        let point = if fraction.is_empty() { "" } else { "." };
        // An amount is in hundredths, so two places need no exponent.
        format!("{sign}{whole}{point}{fraction}e{}", places as i64 - 2)
    }

    proptest! {
        #[test]
        fn however_it_is_spelt_it_is_one_amount(
            amount in -1_000_000_000_000_000_i64..1_000_000_000_000_000,
            places in 0_usize..20,
            zeros in 0_usize..5,
        ) {
            prop_assert_eq!(Amount::parse(&spelt(amount, places, zeros)), Ok(Amount(amount)));
            prop_assert_eq!(Amount::parse(&Amount(amount).to_string()), Ok(Amount(amount)));
        }

        #[test]
        fn a_third_decimal_is_no_amount(amount in 0_i64..1_000_000_000, third in 1_u8..10) {
            let text = format!("{}{third}", Amount(amount));
            prop_assert_eq!(Amount::parse(&text), Err(AmountProblem::TooManyDecimals));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-+0-9.eE]{0,30}|.*") {
            let _ = Amount::parse(&text);
        }
    }
}
