//! Which images an article shows: the standards' own suites, and the oddities of real posts, pages and feeds.

mod conformance;
mod front_matter;
mod markdown;
mod oddities;
mod oddities_text;
