"""
Shells whose completion kstore serves: their scripts, and the form in which they are answered.

click knows how a command line is taken apart; the scripts are kstore's own, since click's end a path or an
`-o jsonpath=` with a space, and bash takes words apart at colons, which keys have.
"""

from __future__ import annotations

import os
import re
from functools import cached_property
from typing import Final

from click import Command
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    PowerShellComplete,
    ZshComplete,
    add_completion_class,
    get_completion_class,
    split_arg_string,
)

VARIABLE: Final = "_KSTORE_COMPLETE"
"""Set by the scripts: `bash_complete` and the like."""
SHELLS: Final = ("bash", "zsh", "fish", "powershell")
_BREAKS: Final = ":="
"""Where bash takes a word apart: it replaces what follows the last of them."""
_PIECE: Final = re.compile(r"""'((?:[^']|'')*)'?|"((?:[^"`]|`.|"")*)"?|((?:[^\s'"`]|`.)+|`$)""", re.S)
"""A part of a word of PowerShell's: in single quotes, in double quotes, or in none."""
_WORD: Final = re.compile(rf"(?:{_PIECE.pattern})+", re.S)
_ESCAPED: Final = re.compile(r"`(.)", re.S)
_BASH: Final = """\
%(complete_func)s() {
    local IFS=$'\\n' response completion type value
    response=$(env COMP_WORDS="${COMP_LINE:0:COMP_POINT}" %(complete_var)s=bash_complete "$1" 2>/dev/null) || return
    for completion in $response; do
        type=${completion%%%%,*}
        value=${completion#*,}
        if [[ $type == file ]]; then
            compopt -o default -o bashdefault
        elif [[ $type == dir ]]; then
            compopt -o dirnames
        else
            [[ $value == */ || $value == *= ]] && compopt -o nospace
            COMPREPLY+=("$value")
        fi
    done
}
complete -o nosort -F %(complete_func)s %(prog_name)s 2>/dev/null || complete -F %(complete_func)s %(prog_name)s
"""
_ZSH: Final = """\
#compdef %(prog_name)s
%(complete_func)s() {
    local -a plain open described response
    local type key help
    response=("${(@f)$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) \
%(complete_var)s=zsh_complete %(prog_name)s 2>/dev/null)}")
    [[ $PREFIX == --*=* ]] && compset -P '*='
    for type key help in ${response}; do
        if [[ $type == file ]]; then
            _path_files -f
        elif [[ $type == dir ]]; then
            _path_files -/
        elif [[ $type == plain && $help != _ ]]; then
            described+=("$key:$help")
        elif [[ $type == plain && ( $key == */ || $key == *= ) ]]; then
            open+=("$key")
        elif [[ $type == plain ]]; then
            plain+=("$key")
        fi
    done
    (( $#described )) && _describe -V unsorted described -U
    (( $#open )) && compadd -U -S '' -V unsorted -a open
    (( $#plain )) && compadd -U -V unsorted -a plain
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""


class _Bash(BashComplete):
    source_template = _BASH

    def source(self) -> str:
        """The script; click would start a bash first, to ask for its version."""
        return self.source_template % self.source_vars()

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the cursor, and the one at it, which bash has not taken apart."""
        line = os.environ["COMP_WORDS"]
        words = split_arg_string(line)
        if not words or line[-1:].isspace():
            return words[1:], ""
        return words[1:-1], words[-1]

    def format_completion(self, item: CompletionItem[str]) -> str:
        """What bash is to put behind the last place at which it took the word apart."""
        return f"{item.type},{item.value[self._offset :] if item.type == 'plain' else item.value}"

    @cached_property
    def _offset(self) -> int:
        """Where in the word begins what bash replaces: the same for each of thousands of names."""
        _, incomplete = self.get_completion_args()
        option, equals, value = incomplete.partition("=")
        within = value if equals and option.startswith("-") else incomplete
        return max(within.rfind(one) for one in _BREAKS) + 1


class _Zsh(ZshComplete):
    source_template = _ZSH


class _PowerShell(PowerShellComplete):
    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the cursor, and the one at it: PowerShell's own words, in which a path keeps its `\\`."""
        words = powershell_words(os.environ["COMP_WORDS"])
        at = int(os.environ["COMP_CWORD"])
        return words[1:at], words[at] if at < len(words) else ""


def powershell_words(line: str) -> list[str]:
    """A command line taken apart as PowerShell does: a backtick escapes, a backslash is a character like others."""
    return ["".join(map(_unquoted, _PIECE.finditer(word[0]))) for word in _WORD.finditer(line)]


def _unquoted(piece: re.Match[str]) -> str:
    literal, expandable, bare = piece.groups()
    if literal is not None:
        return literal.replace("''", "'")
    if expandable is not None:
        return _ESCAPED.sub(r"\1", expandable.replace('""', '"'))
    return _ESCAPED.sub(r"\1", bare)


def register() -> None:
    """Have click answer with kstore's own forms."""
    add_completion_class(_Bash, "bash")
    add_completion_class(_Zsh, "zsh")
    add_completion_class(_PowerShell, "powershell")


def source(cli: Command, shell: str, program: str) -> str:
    """The script for a shell, which completes the arguments of a program."""
    register()
    found = get_completion_class(shell)
    assert found is not None  # SHELLS are click's
    return str(found(cli, {}, program, VARIABLE).source())
