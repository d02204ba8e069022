"""The script by which bash completes our words; Typer's own takes a colon for the end of a word."""

BASH_SCRIPT = r"""
%(complete_func)s() {
    # Bash ends words at a colon and at =, so it replaces only `ca` in `tag:ca`. But we are asked
    # about the whole line, and what is before `ca` is taken from each of the answers.
    local line="${COMP_LINE:0:COMP_POINT}" part="${COMP_WORDS[COMP_CWORD]}"
    local after="${COMP_LINE:COMP_POINT}" word="${line##*[[:space:]]}" before="" reply
    part="${part%%"${after%%%%[[:space:]]*}"}"
    if [[ $part != [\"\']* ]]; then
        part="${part#[:=]}"
        [[ $word == *"$part" ]] && before="${word%%"$part"}"
        before="${before%%@}"  # an @ belongs to the word behind it
    fi
    COMPREPLY=()
    while IFS=$'\t' read -r reply _; do
        reply="${reply#"$before"}"
        [[ $part == [\"\']* || -z $reply ]] || printf -v reply %%q "$reply"
        [[ -z $reply ]] || COMPREPLY+=("$reply")
    done < <(env _TYPER_COMPLETE_ARGS="$line" _TYPER_COMPLETE_FISH_ACTION=get-args \
        %(autocomplete_var)s=complete_fish "$1")
    [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[:=.] ]] && compopt -o nospace 2>/dev/null
    return 0
}

complete -o default -F %(complete_func)s %(prog_name)s
"""


def use_own_scripts() -> None:
    """Make `--install-completion` and `--show-completion` write our script for bash."""
    from typer import _completion_shared

    _completion_shared._completion_scripts["bash"] = BASH_SCRIPT  # noqa: SLF001 - no public way
