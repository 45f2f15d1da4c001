//! The rows of a result of any size, and what is computed over all of them.
//!
//! [`Store`] keeps the rows: in memory up to a limit, in a nameless file beyond it. [`fetch`] fills it page by page. Everything else reads
//! it: [`arrange`] sorts and filters, [`find`] searches, [`profile`] looks at a column, [`chart`] makes a picture, [`compare`] puts two
//! results side by side, [`save`] writes a file. All of these are work for a background thread: they say how far they are and can be
//! cancelled. What a person looks at is read directly from the store by [`Store::row`]: a row costs microseconds wherever it lies.

mod arrange;
mod chart;
mod compare;
mod encoding;
mod fetch;
mod filter;
mod needle;
mod profile;
mod save;
mod scan;
mod search;
mod store;
mod work;

pub use arrange::{Arrangement, SortKey, arrange};
pub use chart::{Aggregate, ChartData, ChartSpec, Shape, chart};
pub use compare::{Comparison, Difference, Pairing, SharedColumn, compare};
pub use fetch::{fetch, kept};
pub use filter::{Condition, Filter, Test};
pub use needle::Needle;
pub use profile::{Figures, Histogram, Nature, Profile, moment_text, nature, profile};
pub use save::{Export, ExportError, expanded, save};
pub use search::find;
pub use store::{Spill, Store, StoreError};
pub use work::{Hear, Work};
