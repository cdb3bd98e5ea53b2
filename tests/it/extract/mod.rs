//! Which images an article shows: the standards' own suites, and the oddities of real posts, pages and feeds.

mod bases;
mod conformance;
mod containers;
mod dialects;
mod figures;
mod front_matter;
mod inputs;
mod lazy;
mod markdown;
mod markup;
mod memory;
mod oddities;
mod oddities_text;
mod surroundings;
mod theme_tags;
mod xhtml;
