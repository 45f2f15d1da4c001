"""What the statements of PostgreSQL's regression tests have that Redshift or Trino has not, by the services' documentation.

A statement with any of it says nothing of the engine, whether it runs or not, and is counted by itself. Each entry is a name and how the text of
a statement shows it. Redshift: the pages on unsupported PostgreSQL features, types and functions, and the pages of the clauses. Trino: the SQL
grammar, the list of functions, and what sqlglot leaves of PostgreSQL's dialect.
"""

BOTH = [
    (
        "types of PostgreSQL's own",
        r"(::|\bas\s+)\"?(box|bytea|char\"|cidr|circle|inet|jsonb?|line|lseg|macaddr8?|money|name|oid|path|pg_lsn|point|polygon|reg\w+|tsquery"
        r"|tsvector|uuid|varbit|varbinary|xml|xfloat[48]|int8range)\b|\b(bytea|money|name|point|box|jsonb?|oid)\s*'|\"char\"",
    ),
    (
        "functions, operators and types that a test makes for itself",
        r"\b(\w*aggf\w+|my_\w+|test_rank|test_percentile\w*|c?least_agg|newavg|newcnt|newsum|oldcnt|sum2|balk|sillysrf|tattle|vol\w*|expensivefunc"
        r"|extractor|nth_value_def|logging_agg\w*|sum_int_randomrestart|make_ad|boolor_statefunc|explain\w*|rngfunc\w*|foodomain|arrdomain"
        r"|casetestenum|float8_\w+|mki|mkr|inner_text|ct1)\b",
    ),
    (
        "functions of PostgreSQL's own",
        r"\b(pg_\w+|format_type|txid\w*|nextval|currval|setval|lastval|set_config|current_setting|\w+send|\w+recv|\w+hash\w*|booleq|boolne"
        r"|numeric_inc|row_to_json|to_json|jsonb?_agg|xmlagg|string_agg|generate_subscripts|array_(upper|lower|dims|in|out|cat|append)|enum_\w+"
        r"|isfinite|justify_\w+|age|make_\w+|\w+_from_parts|(clock|statement|transaction)_timestamp|date_bin|(trim_|min_)?scale|gcd|lcm|factorial"
        r"|div|unistr|quote_nullable|regexp_match(es)?|regexp_split_to_(array|table)|string_to_array|[gs]et_?(bit|byte)|sha(224|384)|encode"
        r"|convert_(from|to)|to_ascii|overlay|bit_length|num_n(on)?nulls|setseed|(a?(cos|sin|tan|cot)|atan2)d|erfc?|width_bucket|bit_xor"
        r"|int4smaller|int8inc|float8|xmlparse|xmlelement|bit_count)\s*\(|decode\s*\([^,]*,\s*'\w+'\s*\)",
    ),
    ("ORDER BY … USING", r"\busing\s*[~<>]"),
    ("inheritance: ONLY, t*", r"\bonly\s+\w+|\b(person|emp|road)\*|\binh\w*\b"),
    ("system columns", r"\b(ctid|tableoid|[xc]m(in|ax))\b"),
    ("SELECT without columns", r"\bselect\s+(from|union|intersect|except|where|limit)\b|\bselect\s*(\)|$)"),
    ("whole rows as values", r"\brow\s*\(\s*\w*\.\*|\(\w+\.\*\)|\b(view_a|q)\s+from\s+(view_a|q|\()|select\s+view_a\b|coalesce\(i\)|select\s+foo\s+from\s+\("),
    (
        "more than 38 digits, and NaN and infinity among decimals",
        r"\d{39,}|'\s*[+-]?(nan|inf(inity)?)\s*'(\s*::|\s+as)\s*(numeric|decimal)|(numeric|decimal)\s*'\s*[+-]?(nan|inf)"
        r"|'(nan|[+-]?inf(inity)?)'\s*\)?\s*,|\('(nan|-?inf)'\)|\d(\.\d+)?e[+-]?\d{3,}|numeric\(\s*(39|[4-9]\d|\d{3,})|\bnum_(data|exp\w*)\b"
        r"|num_(variance|result)|numeric_inf|\b(nan|infinity)\b",
    ),
    ("days before Christ, infinite and other special days", r"'\s*[+-]?inf(inity)?\s*'|\bbc\b|B\.C\.|'J\d+'|isoyear|julian|'epoch'|allballs"),
    ("GROUP BY DISTINCT, grouping sets in grouping sets", r"group\s+by\s+distinct|grouping\s+sets\s*\(.*(grouping\s+sets|rollup|cube)"),
    ("SEARCH, CYCLE, MATERIALIZED", r"\bsearch\s+(depth|breadth)\b|\bcycle\s+\w+(\s*,\s*\w+)*\s+set\b|\bmaterialized\b"),
    ("FOR UPDATE and FOR SHARE", r"\bfor\s+(no\s+key\s+)?(update|share|key\s+share)\b"),
    ("EXCLUDE in window frames", r"\bexclude\s+(no\s+others|current\s+row|group|ties)"),
    ("VARIADIC, named arguments", r"\bvariadic\b|:=|=>"),
    ("SUBSTRING with a pattern", r"substr(ing)?\s*\([^()]*\b(similar|from\s+(null|'[^']*'|e'))|substr(ing)?\s*\('[^']*',\s*'"),
    (
        "hypothetical rows and several shares in WITHIN GROUP",
        r"\b(rank|dense_rank|percent_rank|cume_dist|mode)\s*\(.*?\)\s*within\s+group|(percentile_\w+|approx_percentile)\s*\(.*\barray",
    ),
    (
        "arguments of regular expressions that are PostgreSQL's own",
        r"regexp_(instr|substr|count|like|replace)\s*\(((?:'(?:[^']|'')*'|[^'()]|\([^()]*\))*,){5}|regexp_replace\s*\([^)]*'gi?'\s*\)"
        r"|regexp_(substr|like|count)\s*\(((?:'(?:[^']|'')*'|[^'()])*,){4}",
    ),
    ("backslashes, Unicode escapes and continued texts as PostgreSQL has them", r"\buescape\b|\bU&|e'[^']*\\u|abcd\\'|\\'"),
    ("FETCH … WITH TIES", r"with\s+ties"),
    ("COLLATE", r"\bcollate\b"),
    ("LIMIT of an expression", r"\b(limit|offset)\s*\(?\s*case\b"),
    ("intervals in PostgreSQL's long form and in ISO 8601", r"interval\s*'\s*(@|P[-\d.T])|\bago\b|interval\s*\(\s*\d+\s*\)|second\s*\(\d+\)"),
]

REDSHIFT = [
    ("rows of constants: VALUES", r"\bvalues\b"),
    ("functions that give rows", r"\b(generate_series|unnest)\s*\("),
    ("arrays and row constructors", r"\barray\s*[\[(]|\[\s*\d|\w\[|\[\]|\brow\s*\(|'\{"),
    ("FILTER", r"\bfilter\s*\(\s*where"),
    (
        "frames of RANGE and GROUPS, named windows",
        r"\b(range|groups)\s+(between|unbounded|\d|current|'|\w+\s+preceding)|\bwindow\s+\w+\s+as\b|\bover\s+\w+\b|\bover\s*\(\s*w\d?\b",
    ),
    ("LATERAL", r"\blateral\b"),
    ("DISTINCT ON", r"distinct\s+on\s*\("),
    (
        "functions that Redshift's documentation excludes or does not name",
        r"\b(array_agg|every|corr|covar_pop|covar_samp|regr_\w+|format|concat_ws|starts_with|a?(sinh|cosh|tanh)|regexp_like|log10)\s*\(",
    ),
    ("IS DISTINCT FROM", r"is\s+(not\s+)?distinct\s+from"),
    ("numeric by itself for more than 18 digits", r"\d{19,}'?\s*::\s*numeric(?!\s*\()"),
    ("TABLE as a query", r"\btable\s+\w+\s*$"),
    ("USING with an alias", r"using\s*\(\w+\)\s+as\b"),
    (
        "days whose order depends on DateStyle",
        r"date\s*'((?!\d{4}-\d\d-\d\d')\d+[-/ ]\w+[-/ ]\w+|[a-z]+[- ]\d\d[- ]\d\d)'",
    ),
]

ATHENA = [
    (
        "what sqlglot leaves as it is",
        r"[^|]\|/|~|\bsimilar\s+to\b|\bis\s+(not\s+)?unknown\b|\bilike\b|\b(to_char|to_number|to_date|to_timestamp|initcap|quote_\w+|ascii|btrim"
        r"|regexp_(substr|instr|i_?like)|date_part|decode|left|right|nvl|timezone|cot|format|scale|getbit)\s*\(|\blateral\s+\w+\s*\("
        r"|date_format\s*\((\w+|[^)]*'[^']*(9|F?M|month|AY|RM)[^']*')\)|regexp_replace\([^)]*, ,|array\[\s*select|select\s+\(\s*values",
    ),
    ("intervals without a unit, or with one that Trino has not", r"interval\s*'[^']*'(?!\s*(year|month|day|hour|minute|second)\b)|as interval"),
    ("regr_ functions but slope and intercept", r"\bregr_(?!slope|intercept)\w+\s*\("),
    ("arguments that Trino's functions have not", r"split_part\([^)]*, -\d|regexp_(count|like)\s*\(('[^']*'|[^',])*,[^,]*,|sequence\([^)]*decimal"),
    ("names of fewer columns than there are", r"subdepartment\(\"\*\"\)|q\(\"\*\"\)|\bt2\(a\)"),
]

LACKS = {"redshift": BOTH + REDSHIFT, "athena": BOTH + ATHENA}

# What Trino says when it does not convert a value that PostgreSQL converts.
STRICT = ("TYPE_MISMATCH", "INVALID_CAST_ARGUMENT: Cannot cast '", "INVALID_CAST_ARGUMENT: Value cannot be cast")
