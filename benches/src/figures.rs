//! Medians and their spread.

use std::fmt;

/// Measured values, in ascending order.
#[derive(Clone, Debug)]
pub struct Spread {
    sorted: Vec<f64>,
}

impl Spread {
    /// The spread of `values`.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        Self { sorted }
    }

    /// The value in the middle; the lower one if there are two.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.sorted.get(self.sorted.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
    }

    /// The lowest value.
    #[must_use]
    pub fn min(&self) -> f64 {
        self.sorted.first().copied().unwrap_or(f64::NAN)
    }

    /// The highest value.
    #[must_use]
    pub fn max(&self) -> f64 {
        self.sorted.last().copied().unwrap_or(f64::NAN)
    }
}

impl fmt::Display for Spread {
    /// Median, minimum and maximum as three cells of a Markdown table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = if self.median().abs() < 10.0 { 2 } else { 1 };
        let (median, min, max) = (self.median(), self.min(), self.max());
        write!(f, "{median:.places$} | {min:.places$} | {max:.places$}")
    }
}

/// The target for a median.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

impl Target {
    /// Whether `value` meets the target.
    #[must_use]
    pub fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, "≥ {least}"),
            Self::AtMost(most) => write!(f, "≤ {most}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_stands_between_the_extremes() {
        let spread = Spread::of([3.0, 1.0, 2.0]);
        assert_eq!(spread.to_string(), "2.00 | 1.00 | 3.00");
        assert!(Spread::of([]).median().is_nan());
    }

    #[test]
    fn a_target_is_met_at_its_very_value() {
        assert!(Target::AtLeast(1.0).is_met(1.0) && Target::AtMost(1.0).is_met(1.0));
        assert!(!Target::AtLeast(1.0).is_met(0.9) && !Target::AtMost(1.0).is_met(f64::NAN));
    }
}
