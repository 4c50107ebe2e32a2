"""The grammar of the expression language, for lark: DMN 1.3, 10.3.1.2."""

from engine.core.feel_values import KINDS

KEYWORDS = frozenset(
    [
        *("and", "or", "in", "between", "if", "then", "else", "for", "return"),
        *("some", "every", "satisfies", "true", "false", "null", "function"),
    ]
)

# A function's name may hold spaces ("list contains"), so it is one token: words that are no keywords, before a "(".
# "if", "for", "some" and "every" reach as far to the right as they can: lark shifts where it might also reduce.
_WORD = rf"(?!(?:{'|'.join(sorted(KEYWORDS))})\b)[^\W\d]\w*"
_LINKED = r"date[ \t]+and[ \t]+time|years[ \t]+and[ \t]+months[ \t]+duration"
_TYPES = "|".join(sorted((name.replace(" ", r"\s+") for name in KINDS | {"Any"}), key=len, reverse=True))
GRAMMAR = rf"""
start: expression
tests: choice ("," choice)*
?choice: expression | order
order: ORDER sum
?expression: either
?either: both (_OR both)*
?both: comparison (_AND comparison)*
?comparison: sum
    | sum (ORDER | EQUALS) sum -> compare
    | sum _BETWEEN sum _AND sum -> between
    | sum _IN sum -> within
    | sum _IN order -> within
    | sum _IN "(" order ")" -> within
    | sum _IN "(" choice ("," choice)+ ")" -> within
    | sum INSTANCE -> instance
?sum: product ((PLUS | MINUS) product)*
?product: power ((TIMES | DIVIDE) power)*
?power: unary (_POWER unary)*
?unary: postfix | MINUS unary -> negative
?postfix: atom
    | postfix "." (NAME | PROPERTY) -> path
    | postfix "[" expression "]" -> pick
?atom: "(" expression ")"
    | (LSQB | LPAR) expression ".." expression (RSQB | RPAR) -> range
    | NUMBER -> number
    | STRING -> string
    | AT -> at
    | TRUE -> true
    | FALSE -> false
    | NULL -> null
    | NAME -> name
    | FUNCTION "(" [expression ("," expression)*] ")" -> call
    | FUNCTION "(" named ("," named)* ")" -> named_call
    | LSQB [expression ("," expression)*] "]" -> listing
    | LBRACE [entry ("," entry)*] "}}" -> context
    | IF expression _THEN expression _ELSE expression -> choose
    | FOR iterator ("," iterator)* _RETURN expression -> each
    | LAMBDA "(" NAME "," NAME ")" expression -> function
    | (SOME | EVERY) iterator ("," iterator)* _SATISFIES expression -> each
named: KEY ":" expression
entry: (KEY | STRING) ":" expression
iterator: NAME _IN (expression | span)
span: expression ".." expression
_OR: "or"
_AND: "and"
_BETWEEN: "between"
_IN: "in"
_THEN: "then"
_ELSE: "else"
_RETURN: "return"
_SATISFIES: "satisfies"
IF: "if"
FOR: "for"
SOME: "some"
EVERY: "every"
LAMBDA: "function"
TRUE: "true"
FALSE: "false"
NULL: "null"
LBRACE: "{{"
LSQB: "["
RSQB: "]"
LPAR: "("
RPAR: ")"
PLUS: "+"
MINUS: "-"
TIMES: "*"
DIVIDE: "/"
_POWER: "**"
ORDER: /<=|>=|<|>/
EQUALS: /!=|=/
NUMBER: /[0-9]+(?:\.[0-9]+)?|\.[0-9]+/
STRING: /"(?:[^"\\\n]|\\.)*"/
AT: /@"[^"\\\n]*"/
NAME: /[^\W\d]\w*|\?/
FUNCTION.1: /(?:{_LINKED}|{_WORD}(?:[ \t]+{_WORD})*)(?=\s*\()/
KEY.1: /{_WORD}(?:[ \t]+{_WORD})*(?=\s*:)/
PROPERTY.2: /(?:time[ \t]+offset|(?:start|end)[ \t]+included)\b/
INSTANCE.2: /instance\s+of\s+(?:{_TYPES})(?!\w)/
%ignore /\s+/
%ignore /\/\/[^\n]*/
%ignore /\/\*(?:.|\n)*?\*\//
"""
