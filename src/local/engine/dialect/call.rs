//! A function call taken out of the tree, and the expressions that rewritings build.

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments,
    Ident, ObjectName, Value, ValueWithSpan,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use crate::local::engine::{Dialect, SqlError, SqlErrorKind};

/// A call `name(args)` with plain arguments.
pub(super) struct Call {
    /// Dialect of the query.
    pub dialect: Dialect,
    /// Name in lower case.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// Arguments in order.
    pub args: Vec<Expr>,
    /// The call as written; its arguments are in `args` meanwhile.
    pub function: Function,
}

impl Call {
    /// Takes a call apart; `None` when its name has several parts or an argument is not a plain expression.
    pub fn take(dialect: Dialect, function: &Function) -> Option<Call> {
        let [part] = function.name.0.as_slice() else { return None };
        let ident = part.as_ident()?;
        let args = match &function.args {
            FunctionArguments::None => Vec::new(),
            FunctionArguments::List(list) => list
                .args
                .iter()
                .map(|arg| match arg {
                    FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
                    _ => None,
                })
                .collect::<Option<Vec<_>>>()?,
            FunctionArguments::Subquery(_) => return None,
        };
        Some(Call { dialect, name: ident.value.to_lowercase(), span: ident.span, args, function: function.clone() })
    }

    /// The same call under another name.
    pub fn renamed(self, name: &str) -> Expr {
        let args = self.args.clone();
        self.with(name, args)
    }

    /// The same call (DISTINCT, FILTER, OVER and the like kept) with another name and other arguments.
    pub fn with(mut self, name: &str, args: Vec<Expr>) -> Expr {
        self.function.name = ObjectName::from(vec![Ident { value: name.to_owned(), quote_style: None, span: self.span }]);
        let args = args.into_iter().map(argument).collect();
        match &mut self.function.args {
            FunctionArguments::List(list) => list.args = args,
            other => *other = FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        }
        Expr::Function(self.function)
    }

    /// Takes exactly `N` arguments.
    pub fn exactly<const N: usize>(&mut self) -> Result<[Expr; N], SqlError> {
        let args = std::mem::take(&mut self.args);
        let given = args.len();
        args.try_into().map_err(|_| self.error(&format!("function {} takes {N} arguments, {given} given", self.name)))
    }

    /// An error at the call.
    pub fn error(&self, message: &str) -> SqlError {
        error(self.dialect, self.span, SqlErrorKind::Semantic, message)
    }

    /// The error that something about the call is outside what the engine does.
    pub fn unsupported(&self, what: &str) -> SqlError {
        unsupported(self.dialect, self.span, what)
    }
}

/// A failed rewriting with its place.
pub(super) fn error(dialect: Dialect, span: Span, kind: SqlErrorKind, message: &str) -> SqlError {
    let (line, column) = (span.start.line, span.start.column);
    let position = (line > 0).then_some((line, column));
    let message = match (dialect, position) {
        (Dialect::Redshift, _) => format!("ERROR: {message}"),
        (Dialect::Athena, Some(_)) => format!("line {line}:{column}: {message}"),
        (Dialect::Athena, None) => message.to_owned(),
    };
    SqlError { message, position, kind }
}

/// The error that `what` is outside what the engine does.
pub(super) fn unsupported(dialect: Dialect, span: Span, what: &str) -> SqlError {
    error(dialect, span, SqlErrorKind::Unsupported, &format!("{what} is not supported"))
}

fn argument(expr: Expr) -> FunctionArg {
    FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))
}

/// `name(args)`.
pub(super) fn function(name: &str, args: Vec<Expr>) -> Expr {
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: args.into_iter().map(argument).collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// A value without a place.
pub(super) fn value(value: Value) -> Expr {
    Expr::Value(ValueWithSpan { value, span: Span::empty() })
}

/// A text literal.
pub(super) fn text(literal: &str) -> Expr {
    value(Value::SingleQuotedString(literal.to_owned()))
}

/// A number literal.
pub(super) fn number(literal: impl ToString) -> Expr {
    value(Value::Number(literal.to_string(), false))
}

/// NULL.
pub(super) fn null() -> Expr {
    value(Value::Null)
}

/// `CAST(expr AS data_type)`.
pub(super) fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None }
}

/// `left op right`, in parentheses.
pub(super) fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::Nested(Box::new(Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }))
}

/// `CASE WHEN … THEN … ELSE … END`.
pub(super) fn case(branches: Vec<(Expr, Expr)>, otherwise: Option<Expr>) -> Expr {
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: branches.into_iter().map(|(condition, result)| CaseWhen { condition, result }).collect(),
        else_result: otherwise.map(Box::new),
    }
}

/// The text of a literal.
pub(super) fn literal_text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text), .. }) => Some(text),
        Expr::Nested(inner) => literal_text(inner),
        _ => None,
    }
}
