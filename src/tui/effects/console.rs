//! Effects of the SQL console.

use super::{Runner, broken, send};
use crate::app::Msg;
use crate::app::sql::{self, RunId, run};
use crate::ops::query::QueryRequest;
use crate::ops::{self, Context};

impl Runner {
    /// Runs a statement until `context.cancel` ends it.
    pub(super) fn query(&self, context: Context, id: RunId, request: QueryRequest) {
        let messages = self.shared.messages.clone();
        let runner = self.clone();
        let ended = move |answer| Msg::Sql(sql::Msg::Run(id, run::Msg::Finished(Box::new(answer))));
        self.job(
            async move {
                let mut report = |state| send(&messages, Msg::Sql(sql::Msg::Run(id, run::Msg::Progress(state))));
                let answer = ops::query::run(&context, request, &mut report).await;
                runner.shared.slots.lock().runs.remove(&id);
                ended(answer)
            },
            move || ended(Err(broken("could not run the statement"))),
        );
    }
}
