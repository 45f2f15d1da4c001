//! What sqlparser is told about the two dialects.

use std::any::TypeId;
use std::iter::Peekable;
use std::str::Chars;

use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator};
use sqlparser::dialect::{Dialect as Syntax, GenericDialect, Precedence, RedshiftSqlDialect};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

use crate::syntax::Dialect;

/// The parser's view of a dialect.
pub(super) fn syntax(dialect: Dialect) -> &'static dyn Syntax {
    match dialect {
        Dialect::Redshift => &Warehouse,
        Dialect::Athena => &Lake,
    }
}

/// Redshift: sqlparser's dialect of that name, with what it lacks.
#[derive(Debug)]
struct Warehouse;

/// Trino queries, with Hive's back ticks for the DDL.
#[derive(Debug)]
struct Lake;

impl Warehouse {
    /// How strongly `^` binds: more than a product.
    fn power(&self) -> u8 {
        self.prec_value(Precedence::AtTz) + 1
    }
}

/// How strongly `||` binds: less than `+` and `-`, more than comparisons.
const CONCATENATION: u8 = 25;

fn concatenation(parser: &Parser) -> Option<Result<u8, ParserError>> {
    (parser.peek_token_ref().token == Token::StringConcat).then_some(Ok(CONCATENATION))
}

/// `(schema.operator)`, of the operators that clients write like this.
fn operator(parser: &mut Parser) -> Result<BinaryOperator, ParserError> {
    parser.expect_token(&Token::LParen)?;
    while matches!(parser.peek_token_ref().token, Token::Word(_)) {
        parser.advance_token();
        parser.expect_token(&Token::Period)?;
    }
    let op = match parser.next_token().token {
        Token::Tilde => BinaryOperator::PGRegexMatch,
        Token::TildeAsterisk => BinaryOperator::PGRegexIMatch,
        Token::ExclamationMarkTilde => BinaryOperator::PGRegexNotMatch,
        Token::ExclamationMarkTildeAsterisk => BinaryOperator::PGRegexNotIMatch,
        Token::Eq => BinaryOperator::Eq,
        Token::Neq => BinaryOperator::NotEq,
        other => return Err(ParserError::ParserError(format!("OPERATOR({other}) is not supported"))),
    };
    parser.expect_token(&Token::RParen)?;
    Ok(op)
}

impl Syntax for Warehouse {
    /// `|/ x`, `||/ x` and `@ x`; and `-x`, because the power of a negative number is not the negative of a power.
    fn parse_prefix(&self, parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
        let (op, strength) = match parser.peek_token_ref().token {
            Token::PGSquareRoot => (UnaryOperator::PGSquareRoot, self.prec_value(Precedence::PlusMinus)),
            Token::PGCubeRoot => (UnaryOperator::PGCubeRoot, self.prec_value(Precedence::PlusMinus)),
            Token::AtSign => (UnaryOperator::PGAbs, self.prec_value(Precedence::PlusMinus)),
            Token::Minus => (UnaryOperator::Minus, self.power()),
            _ => return None,
        };
        parser.advance_token();
        let expr = parser.parse_subexpr(strength);
        Some(expr.map(|expr| Expr::UnaryOp { op, expr: Box::new(expr) }))
    }

    /// `x OPERATOR(pg_catalog.~) y`, as psql writes patterns.
    fn parse_infix(&self, parser: &mut Parser, expr: &Expr, precedence: u8) -> Option<Result<Expr, ParserError>> {
        let named = matches!(&parser.peek_token_ref().token, Token::Word(word) if word.keyword == Keyword::OPERATOR);
        if !named || parser.peek_nth_token_ref(1).token != Token::LParen {
            return None;
        }
        parser.advance_token();
        Some(operator(parser).and_then(|op| {
            let right = parser.parse_subexpr(precedence)?;
            Ok(Expr::BinaryOp { left: Box::new(expr.clone()), op, right: Box::new(right) })
        }))
    }

    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        if parser.peek_token_ref().token == Token::Caret {
            return Some(Ok(self.power()));
        }
        concatenation(parser)
    }

    fn dialect(&self) -> TypeId {
        TypeId::of::<RedshiftSqlDialect>()
    }

    fn is_nested_delimited_identifier_start(&self, ch: char) -> bool {
        RedshiftSqlDialect {}.is_nested_delimited_identifier_start(ch)
    }

    fn peek_nested_delimited_identifier_quotes(&self, chars: Peekable<Chars<'_>>) -> Option<(char, Option<char>)> {
        RedshiftSqlDialect {}.peek_nested_delimited_identifier_quotes(chars)
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        RedshiftSqlDialect {}.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        RedshiftSqlDialect {}.is_identifier_part(ch)
    }

    fn convert_type_before_value(&self) -> bool {
        true
    }

    fn supports_connect_by(&self) -> bool {
        true
    }

    fn supports_top_before_distinct(&self) -> bool {
        true
    }

    fn supports_partiql(&self) -> bool {
        true
    }

    fn supports_string_escape_constant(&self) -> bool {
        true
    }

    fn supports_bitwise_shift_operators(&self) -> bool {
        true
    }

    fn allow_extract_custom(&self) -> bool {
        true
    }

    fn allow_extract_single_quotes(&self) -> bool {
        true
    }

    fn supports_string_literal_backslash_escape(&self) -> bool {
        true
    }

    fn supports_select_wildcard_exclude(&self) -> bool {
        true
    }

    fn supports_select_exclude(&self) -> bool {
        true
    }

    fn supports_create_table_like_parenthesized(&self) -> bool {
        true
    }

    fn supports_string_literal_concatenation_with_newline(&self) -> bool {
        true
    }

    fn supports_window_function_null_treatment_arg(&self) -> bool {
        true
    }

    /// `GROUP BY ROLLUP (…)`, `CUBE (…)`, `GROUPING SETS (…)`.
    fn supports_group_by_expr(&self) -> bool {
        true
    }

    fn supports_nested_comments(&self) -> bool {
        true
    }

    fn supports_parens_around_table_factor(&self) -> bool {
        true
    }

    fn supports_values_as_table_factor(&self) -> bool {
        true
    }

    fn supports_comment_on(&self) -> bool {
        true
    }

    /// `a = b(+)`, which is then refused by name.
    fn supports_outer_join_operator(&self) -> bool {
        true
    }

    fn supports_start_transaction_modifier(&self) -> bool {
        false
    }
}

impl Syntax for Lake {
    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        concatenation(parser)
    }

    fn dialect(&self) -> TypeId {
        TypeId::of::<GenericDialect>()
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '"' || ch == '`'
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_alphabetic() || ch == '_'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_alphanumeric() || ch == '_'
    }

    fn supports_unicode_string_literal(&self) -> bool {
        true
    }

    fn supports_group_by_expr(&self) -> bool {
        true
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_window_clause_named_window_reference(&self) -> bool {
        true
    }

    fn supports_window_function_null_treatment_arg(&self) -> bool {
        true
    }

    fn supports_lambda_functions(&self) -> bool {
        true
    }

    fn supports_match_recognize(&self) -> bool {
        true
    }

    fn support_map_literal_syntax(&self) -> bool {
        false
    }

    /// What `ROW(…)` in a type is read as.
    fn supports_struct_literal(&self) -> bool {
        true
    }

    fn supports_parens_around_table_factor(&self) -> bool {
        true
    }

    fn supports_values_as_table_factor(&self) -> bool {
        true
    }

    fn supports_named_fn_args_with_rarrow_operator(&self) -> bool {
        true
    }

    fn supports_array_typedef_with_brackets(&self) -> bool {
        false
    }

    fn allow_extract_custom(&self) -> bool {
        true
    }

    fn supports_start_transaction_modifier(&self) -> bool {
        false
    }

    fn supports_explain_with_utility_options(&self) -> bool {
        true
    }
}
