//! Effects of the results in the SQL console.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{Runner, broken};
use crate::app::Msg;
use crate::app::latest::Ticket;
use crate::app::sql::{self, RunId, result};
use crate::ops::query::QueryResult;
use crate::ops::{self, Context};

impl Runner {
    /// Fetches the page that `token` names.
    pub(super) fn fetch_page(
        &self,
        context: Context,
        cancel: CancellationToken,
        run: RunId,
        ticket: Ticket,
        of: Arc<QueryResult>,
        token: String,
    ) {
        let came = move |page| Msg::Sql(sql::Msg::Grid(run, result::Msg::Page(ticket, page)));
        self.latest(cancel, async move { came(ops::query::page(&context, &of, &token).await) }, move || {
            came(Err(broken("could not fetch more rows")))
        });
    }
}
