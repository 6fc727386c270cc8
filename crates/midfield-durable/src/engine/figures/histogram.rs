//! How often something took how long.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How often something took how long.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Histogram {
    /// How often it took at most so long, the shortest first. What took longer than the last bound is in `count` alone.
    pub buckets: Vec<Bucket>,
    /// How often it happened.
    pub count: u64,
    /// How many seconds it took in all.
    pub sum: f64,
}

/// How often something took at most so long.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a bound and a number")]
pub struct Bucket {
    /// The bound, in seconds.
    pub at_most: f64,
    /// How often it took no longer, those of the smaller bounds included.
    pub count: u64,
}

/// A histogram as it grows.
#[derive(Debug)]
pub(super) struct Buckets {
    bounds: &'static [f64],
    /// How often it took so long, each for itself; the last one has no bound.
    counts: Box<[AtomicU64]>,
    /// In microseconds.
    sum: AtomicU64,
}

impl Buckets {
    /// With bounds in seconds that grow.
    pub(super) fn new(bounds: &'static [f64]) -> Self {
        Self {
            bounds,
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
    }

    pub(super) fn add(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let bucket = self.bounds.partition_point(|bound| *bound < seconds);
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.sum.fetch_add(micros, Ordering::Relaxed);
    }

    /// What it is now: its count is that of its buckets, whatever is added meanwhile.
    pub(super) fn histogram(&self) -> Histogram {
        let mut count = 0;
        let mut cumulated = self.counts.iter().map(|bucket| {
            count += bucket.load(Ordering::Relaxed);
            count
        });
        let buckets = self.bounds.iter().zip(cumulated.by_ref());
        let buckets = buckets
            .map(|(bound, count)| Bucket {
                at_most: *bound,
                count,
            })
            .collect();
        let count = cumulated.last().unwrap_or_default();
        let sum = Duration::from_micros(self.sum.load(Ordering::Relaxed)).as_secs_f64();
        Histogram {
            buckets,
            count,
            sum,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_what_took_no_longer_and_the_count_holds_all() {
        let buckets = Buckets::new(&[0.5, 2.0]);
        for millis in [100, 500, 501, 2_000, 9_000] {
            buckets.add(Duration::from_millis(millis));
        }
        let histogram = buckets.histogram();
        let counts: Vec<u64> = histogram.buckets.iter().map(|it| it.count).collect();
        assert_eq!(counts, [2, 4]);
        assert_eq!(histogram.count, 5);
        assert!((histogram.sum - 12.101).abs() < 1e-9, "{}", histogram.sum);
    }

    #[test]
    fn an_empty_histogram_has_its_bounds() {
        let histogram = Buckets::new(&[1.0]).histogram();
        assert_eq!(histogram.buckets.len(), 1);
        assert_eq!((histogram.count, histogram.sum), (0, 0.0));
    }
}
