//! Amounts of money in minor units, parsed exactly from the digits of the request.
//!
//! `100`, `100.0`, `1E2` and `"100.00"` are the same amount. Parsing uses no binary floating point: `serde_json` keeps
//! the digits of a number as text (`arbitrary_precision`).

use std::fmt;

/// An amount of money in minor units (1/100 of the currency).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Amount(pub i64);

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AmountProblem {
    /// Not a decimal number.
    NotANumber,
    /// More than two significant decimals.
    TooManyDecimals,
    /// More than 17 digits in minor units.
    TooLarge,
}

/// A decimal number as written: `significant * 10^scale` minor units.
struct Decimal {
    negative: bool,
    /// The digits without leading and trailing zeros; empty for zero.
    significant: String,
    scale: i64,
}

impl Decimal {
    /// Parses the form of a JSON number, exponent included; `None` for any other text.
    fn parse(text: &str) -> Option<Decimal> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || mantissa.ends_with('.') {
            return None;
        }
        let digits = format!("{whole}{fraction}");
        let digits = digits.trim_start_matches('0');
        let significant = digits.trim_end_matches('0');
        let trailing = digits.len() - significant.len();
        let scale = i64::from(exponent) - fraction.len() as i64 + trailing as i64 + 2;
        Some(Decimal { negative, significant: significant.to_owned(), scale })
    }
}

impl Amount {
    /// Parses a decimal number in the form of JSON, exponent included. Zero and negative amounts are accepted; the
    /// caller decides whether they are allowed.
    ///
    /// # Errors
    /// The text is not a number, has more than two decimals, or is out of range.
    pub fn parse(text: &str) -> Result<Amount, AmountProblem> {
        let Decimal { negative, significant, scale } = Decimal::parse(text).ok_or(AmountProblem::NotANumber)?;
        if significant.is_empty() {
            return Ok(Amount(0));
        }
        if scale < 0 {
            return Err(AmountProblem::TooManyDecimals);
        }
        if significant.len() as i64 + scale > 17 {
            return Err(AmountProblem::TooLarge);
        }
        let power = u32::try_from(scale).ok().and_then(|scale| 10_i64.checked_pow(scale));
        let power = power.ok_or(AmountProblem::TooLarge)?;
        let value = significant.parse::<i64>().map_err(|_| AmountProblem::TooLarge)? * power;
        Ok(Amount(if negative { -value } else { value }))
    }

    /// The amount as a JSON number with two decimals.
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

/// An amount with all its decimals, even more than the currency has: `99.961` is compared exactly, not rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ExactAmount(i128);

/// The number of steps of an [`ExactAmount`] in one minor unit. Smaller digits count as one step in total.
const STEPS: i128 = 1_000_000_000_000_000_000;
const STEP_DIGITS: i64 = 18;

impl ExactAmount {
    /// Parses a decimal number in the form of JSON; `None` for any other text. Amounts out of range become the largest
    /// amount.
    pub fn parse(text: &str) -> Option<ExactAmount> {
        let Decimal { negative, significant, scale } = Decimal::parse(text)?;
        let scale = scale + STEP_DIGITS;
        let kept = usize::try_from(significant.len() as i64 + scale.min(0)).unwrap_or(0);
        let cut = i128::from(kept < significant.len());
        let digits = significant.get(..kept).filter(|digits| !digits.is_empty()).unwrap_or("0");
        let power = 10_i128.checked_pow(u32::try_from(scale.clamp(0, 64)).unwrap_or(0));
        let value = digits.parse::<i128>().ok().zip(power).and_then(|(digits, power)| digits.checked_mul(power));
        let value = value.map_or(if significant.is_empty() { 0 } else { i128::MAX }, |value| value.saturating_add(cut));
        Some(ExactAmount(if negative { -value } else { value }))
    }

    /// The amount in whole minor units; `None` if it has more decimals or is out of range.
    pub fn minor(self) -> Option<i64> {
        (self.0 % STEPS == 0).then(|| i64::try_from(self.0 / STEPS).ok()).flatten()
    }

    /// The approximate amount in minor units, for comparisons: strictly between the neighbouring whole numbers, unless
    /// the amount exceeds the precision of 53 bits.
    pub fn approximate(self) -> f64 {
        let (below, part) = (self.0.div_euclid(STEPS) as f64, self.0.rem_euclid(STEPS) as f64 / STEPS as f64);
        (below + part).clamp(below.next_up(), (below + 1.0).next_down().max(below.next_up()))
    }

    /// The sum, limited to the largest amount.
    pub fn plus(self, other: ExactAmount) -> ExactAmount {
        ExactAmount(self.0.saturating_add(other.0))
    }

    /// The difference, limited to the smallest amount.
    pub fn minus(self, other: ExactAmount) -> ExactAmount {
        ExactAmount(self.0.saturating_sub(other.0))
    }
}

impl From<Amount> for ExactAmount {
    fn from(amount: Amount) -> Self {
        ExactAmount(i128::from(amount.0) * STEPS)
    }
}

impl fmt::Display for ExactAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(minor) = self.minor() {
            return Amount(minor).fmt(f);
        }
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) =
            (self.0.unsigned_abs() / (STEPS as u128 * 100), self.0.unsigned_abs() % (STEPS as u128 * 100));
        let decimals = format!("{rest:020}");
        write!(f, "{sign}{whole}.{:0<2}", decimals.trim_end_matches('0'))
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
    fn invalid_amounts_are_refused() {
        assert_eq!(Amount::parse("1998.9999999999998"), Err(AmountProblem::TooManyDecimals));
        assert_eq!(Amount::parse("0.001"), Err(AmountProblem::TooManyDecimals));
        assert_eq!(Amount::parse("1e400"), Err(AmountProblem::TooLarge));
        for text in ["", "-", ".5", "5.", "1,5", "NaN", "1e", "--1", "1 "] {
            assert_eq!(Amount::parse(text), Err(AmountProblem::NotANumber), "{text}");
        }
    }

    #[test]
    fn exact_amount_with_more_decimals_lies_between_minor_units() {
        let exact = |text: &str| ExactAmount::parse(text).unwrap();
        assert_eq!(exact("99.950"), ExactAmount::from(Amount(9_995)));
        assert_eq!((exact("1E2").minor(), exact("-0.5").minor()), (Some(10_000), Some(-50)));
        for (text, below) in
            [("99.96000000000001", 9_996), ("99.951", 9_995), ("0.001", 0), ("-0.001", -1), ("1e-400", 0)]
        {
            let amount = exact(text);
            assert!(amount.minor().is_none(), "{text}");
            assert!(
                ExactAmount::from(Amount(below)) < amount && amount < ExactAmount::from(Amount(below + 1)),
                "{text}"
            );
            assert!((below as f64) < amount.approximate() && amount.approximate() < (below + 1) as f64, "{text}");
        }
        assert_eq!(exact("99.96000000000001").to_string(), "99.96000000000001");
        assert_eq!((exact("-12.345").to_string(), exact("7").to_string()), ("-12.345".into(), "7.00".into()));
        assert!(exact("1e400") > exact("900000000000000000") && exact("1e400") == exact("1e401"));
        assert!(exact("99.951") != exact("99.952") && exact("99.951") == exact("9995.1e-2"));
        assert_eq!(exact("1e400").plus(exact("1e400")), exact("1e400"));
        for text in ["", "-", ".5", "5.", "1,5", "NaN", "1e", "1e99999999999", "--1", "1 "] {
            assert_eq!(ExactAmount::parse(text), None, "{text}");
        }
    }

    /// An amount with the decimal point moved left by `places`, and the exponent that compensates for it.
    fn spelt(amount: i64, places: usize, zeros: usize) -> String {
        let digits = format!("{:0>width$}", amount.unsigned_abs(), width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        let sign = if amount < 0 { "-" } else { "" };
        let fraction = format!("{fraction}{}", "0".repeat(zeros));
        let point = if fraction.is_empty() { "" } else { "." };
        // Amounts are in hundredths, so two places need no exponent.
        format!("{sign}{whole}{point}{fraction}e{}", places as i64 - 2)
    }

    proptest! {
        #[test]
        fn every_spelling_is_the_same_amount(
            amount in -1_000_000_000_000_000_i64..1_000_000_000_000_000,
            places in 0_usize..20,
            zeros in 0_usize..5,
        ) {
            prop_assert_eq!(Amount::parse(&spelt(amount, places, zeros)), Ok(Amount(amount)));
            prop_assert_eq!(Amount::parse(&Amount(amount).to_string()), Ok(Amount(amount)));
            let exact = ExactAmount::parse(&spelt(amount, places, zeros));
            prop_assert_eq!(exact, Some(ExactAmount::from(Amount(amount))));
            prop_assert_eq!(exact.and_then(ExactAmount::minor), Some(amount));
        }

        #[test]
        fn third_decimal_is_refused(amount in 0_i64..1_000_000_000, third in 1_u8..10) {
            let text = format!("{}{third}", Amount(amount));
            prop_assert_eq!(Amount::parse(&text), Err(AmountProblem::TooManyDecimals));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "[-+0-9.eE]{0,30}|.*") {
            let _ = Amount::parse(&text);
        }
    }
}
