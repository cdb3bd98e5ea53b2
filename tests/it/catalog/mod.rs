//! What every catalog promises. Another engine joins with one line of `every_engine`, and a way to open it in `engines`.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test, and says where")]

/// The engines: each runs every suite.
macro_rules! every_engine {
    ($run:ident $tests:tt) => {
        $run!(sqlite $tests);
        $run!(memory $tests);
    };
}

/// Tests of one empty catalog each: `async fn(&dyn Catalog)`.
macro_rules! suite {
    ($($test:ident)*) => {
        every_engine!(suite_on [$($test)*]);
    };
}

macro_rules! suite_on {
    ($engine:ident [$($test:ident)*]) => {
        mod $engine {
            $(
                #[tokio::test]
                async fn $test() {
                    let catalog = $crate::catalog::engines::$engine();
                    super::$test(&*catalog).await;
                }
            )*
        }
    };
}

/// Tests of as many empty catalogs as they want: `fn(fn() -> Fresh)`.
macro_rules! properties {
    ($($test:ident)*) => {
        every_engine!(properties_on [$($test)*]);
    };
}

macro_rules! properties_on {
    ($engine:ident [$($test:ident)*]) => {
        mod $engine {
            $(
                #[test]
                fn $test() {
                    super::$test($crate::catalog::engines::$engine);
                }
            )*
        }
    };
}

mod agreement;
mod articles;
mod captures;
mod damage;
mod documents;
mod engines;
mod feeds;
mod fixtures;
mod garbage;
mod leases;
mod listings;
mod maintenance;
mod marks;
mod measurement;
mod mirrors;
mod model;
mod origins;
mod pages;
mod placeholders;
mod queue;
mod reopened;
mod runs;
mod takedowns;
mod urls;
mod versions;

pub(crate) use self::fixtures::{complete_all, give_placeholder, kept, record};
