//! Fetching the pages of a result into its store.

use super::{Spill, Store, StoreError, Work};
use crate::ops::query::{self, QueryResult};
use crate::ops::{Context, OpError};

/// Fetches pages until `rows` rows are there, or all; `work` hears the rows so far after every page. While a page is put into the store the
/// service works on the next one. A second fetch of the same store waits for the first. What was fetched before an error or the end on
/// demand stays.
///
/// # Errors
/// What the service says, or the disk.
pub async fn fetch(context: &Context, result: &QueryResult, store: &Store, rows: u64, spill: &Spill, work: &Work) -> Result<(), OpError> {
    let fetching = work.cancel().run_until_cancelled(store.fetching.lock()).await;
    if fetching.is_none() {
        return Err(OpError::cancelled("fetching rows"));
    }
    let ask = async |token: &str| match work.cancel().run_until_cancelled(query::page(context, result, token)).await {
        Some(page) => page,
        None => Err(OpError::cancelled("fetching rows")),
    };
    if store.rows() >= rows {
        return Ok(());
    }
    let Some(token) = store.next() else { return Ok(()) };
    let mut page = ask(&token).await?;
    loop {
        let enough = store.rows() + page.rows.len() as u64 >= rows;
        let next = page.next.clone().filter(|_| !enough);
        let keep = async {
            store.append(page, spill).map_err(kept)?;
            work.tell(store.rows(), result.total_rows.unwrap_or(0));
            Ok::<(), OpError>(())
        };
        let Some(token) = next else { return keep.await };
        // The request is sent before the page is stored: the first of the two is polled first.
        let (coming, kept) = tokio::join!(ask(&token), keep);
        kept?;
        page = coming?;
    }
}

/// Rows that cannot be kept or read back, as the error of an operation.
pub fn kept(error: StoreError) -> OpError {
    match error {
        StoreError::Cancelled => OpError::cancelled("reading the result"),
        error => OpError::failed("", "could not keep the rows", error.to_string())
            .with_fix("Make room on the disk of the state directory, or ask for fewer rows with LIMIT."),
    }
}
