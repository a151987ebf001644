"""`tlsaudit explain`: what the error in hand means, without a capture and without a network."""

from __future__ import annotations

import re

import click

from tlsaudit.commands.running import DONE, NOTHING_DONE, PARTLY_DONE, put, say

__all__ = ["explain"]

_HELP = """Explain an error: what it means, what not, and what to do.

CODE is an error code or name in any usual spelling, or a whole error message in quotation marks:
AADSTS1002016, IDX20803, 'HTTP 426', 0x80090326, -2146893018, SEC_E_ALGORITHM_MISMATCH,
'event 36874', handshake_failure, 'alert 40', 40. Without CODE all that are known are listed; each
of them is in docs/errors.md too. Nothing is looked up anywhere.

Exit code 3 says that some were not known, 2 that none was; what comes nearest is said then."""


@click.command(
    help=_HELP,
    short_help="Explain an error: AADSTS, IDX, SEC_E, Schannel event, TLS alert.",
    context_settings={"ignore_unknown_options": True},
)
@click.argument("codes", nargs=-1, metavar="[CODE]...")
@click.option(
    "--format",
    "text_format",
    type=click.Choice(["text", "jsonl"]),
    default="text",
    show_default=True,
    help="text: for reading. jsonl: a line of JSON for each code that is known.",
)
def explain(codes: tuple[str, ...], text_format: str) -> int:
    from tlsaudit.explanations import explain, explanations
    from tlsaudit.explanations.text import answer_text, json_line
    from tlsaudit.safe_text import aligned

    for code in codes:
        # Options that are not known come through as codes, for the sake of `-2146893018`.
        if code.startswith("-") and not re.fullmatch("-[0-9]+", code):
            raise click.NoSuchOption(code)
    if not codes:
        known = explanations()
        if text_format == "jsonl":
            put("".join(json_line(each.code, each) for each in known))
        else:
            put(aligned([each.heading, each.title] for each in known))
        return DONE
    answers = [explain(code) for code in codes]
    known_answers = [answer for answer in answers if answer.found]
    if text_format == "jsonl":
        put("".join(json_line(one.asked, each) for one in known_answers for each in one.found))
    else:
        put("\n".join(answer_text(answer) for answer in known_answers))
    for answer in answers:
        if answer.problem is not None:
            say(answer.problem)
    if not known_answers:
        return NOTHING_DONE
    return DONE if len(known_answers) == len(answers) else PARTLY_DONE
