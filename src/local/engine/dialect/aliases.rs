//! Redshift's lateral column aliases: `SELECT a + b AS total, total * 2 AS twice`. A column of that name goes first, so an alias is only
//! looked for when a query fails for want of the column.

use std::ops::ControlFlow;

use datafusion::common::{DataFusionError, SchemaError};
use datafusion::sql::sqlparser::ast::{Expr, Select, SelectItem, VisitMut, VisitorMut};

/// The unqualified name that a plan fails for want of.
pub fn missing(error: &DataFusionError) -> Option<String> {
    match error {
        DataFusionError::Diagnostic(_, inner) | DataFusionError::Context(_, inner) => missing(inner),
        DataFusionError::Shared(inner) => missing(inner),
        DataFusionError::Collection(errors) => errors.iter().find_map(missing),
        DataFusionError::SchemaError(inner, _) => match inner.as_ref() {
            SchemaError::FieldNotFound { field, .. } if field.relation.is_none() => Some(field.name.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// Puts what `name` stands for in its place, where it is the alias of an earlier column of the same SELECT. Says whether it did.
pub fn substitute(tree: &mut impl VisitMut, name: &str) -> bool {
    let mut visitor = Aliases { name, changed: false };
    let _: ControlFlow<()> = tree.visit(&mut visitor);
    visitor.changed
}

struct Aliases<'a> {
    name: &'a str,
    changed: bool,
}

impl VisitorMut for Aliases<'_> {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        let mut meant: Option<Expr> = None;
        for item in &mut select.projection {
            if let (Some(meant), SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr)) = (&meant, &mut *item) {
                let mut replace = Replace { name: self.name, meant, changed: false };
                let _: ControlFlow<()> = expr.visit(&mut replace);
                self.changed |= replace.changed;
            }
            if let SelectItem::ExprWithAlias { expr, alias } = item
                && alias.value.eq_ignore_ascii_case(self.name)
                && meant.is_none()
            {
                meant = Some(Expr::Nested(Box::new(expr.clone())));
            }
        }
        if let (Some(meant), Some(condition)) = (&meant, &mut select.selection) {
            let mut replace = Replace { name: self.name, meant, changed: false };
            let _: ControlFlow<()> = condition.visit(&mut replace);
            self.changed |= replace.changed;
        }
        ControlFlow::Continue(())
    }
}

struct Replace<'a> {
    name: &'a str,
    meant: &'a Expr,
    changed: bool,
}

impl VisitorMut for Replace<'_> {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if matches!(expr, Expr::Identifier(ident) if ident.value.eq_ignore_ascii_case(self.name)) {
            *expr = self.meant.clone();
            self.changed = true;
        }
        ControlFlow::Continue(())
    }
}
