//! Completions for bash, zsh and fish: those of `clap_complete`, preceded by what it lacks.
//!
//! It lacks values that are looked up on the machine (servers) or have parts (dialects). For bash
//! it does not complete what follows an equals sign, because bash takes that for a separate word.

use std::io::{self, Write};

use clap::{Arg, Command};
use clap_complete::Shell;
use minitalk::names;
use minitalk_core::classic::Setting;

/// Writes the completions of `command` for `shell`.
pub(super) fn write(shell: Shell, mut command: Command, to: &mut dyn Write) -> io::Result<()> {
    let name = command.get_name().to_owned();
    let mut made = Vec::new();
    clap_complete::generate(shell, &mut command, &name, &mut made);
    let made = String::from_utf8_lossy(&made);
    let completions = match shell {
        Shell::Bash => format!("{made}{}", filled(BASH, &command)),
        Shell::Zsh => zsh(&made, &command),
        Shell::Fish => {
            let servers = if has_servers(&command) { FISH_SERVERS } else { "" };
            format!("{made}{}", filled(&[FISH, servers].concat(), &command))
        }
        _ => made.into_owned(),
    };
    to.write_all(completions.as_bytes())
}

/// Writes the running servers, one per line: its name or its PID, a tab, and its owner.
pub(super) fn write_servers(to: &mut dyn Write) -> io::Result<()> {
    for entry in names::list().unwrap_or_default() {
        let pid = entry.pid;
        match entry.name {
            Some(name) => writeln!(to, "{name}\tserver, PID {pid}")?,
            None => writeln!(to, "{pid}\tserver")?,
        }
    }
    Ok(())
}

/// Replaces the placeholders of a template.
fn filled(template: &str, command: &Command) -> String {
    let name = command.get_name();
    let values = values(command);
    let rows =
        values.iter().map(|(option, values)| format!("        {option}) words=({values}) ;;\n"));
    template
        .replace("%ROWS%", &rows.collect::<String>())
        .replace("%VALUED%", &valued(command))
        .replace("%DIALECT%", &dialect())
        .replace("%SERVERS%", if has_servers(command) { "1" } else { "" })
        .replace("%FUNCTION%", &name.replace('-', "__"))
        .replace("%NAME%", name)
}

/// The options that have a list of values, and the list.
fn values(command: &Command) -> Vec<(String, String)> {
    let listed = |arg: &Arg| {
        let values = arg.get_possible_values().into_iter().filter(|value| !value.is_hide_set());
        let values: Vec<String> = values.map(|value| value.get_name().to_owned()).collect();
        let takes_one = arg.get_action().takes_values() && !values.is_empty();
        takes_one.then_some((format!("--{}", arg.get_long()?), values.join(" ")))
    };
    command.get_opts().filter_map(listed).collect()
}

/// The options that are followed by a value.
fn valued(command: &Command) -> String {
    let valued = command.get_opts().filter(|arg| arg.get_action().takes_values());
    let names = valued.flat_map(|arg| {
        let long = arg.get_long().map(|long| format!("--{long}"));
        long.into_iter().chain(arg.get_short().map(|short| format!("-{short}")))
    });
    names.collect::<Vec<_>>().join(" ")
}

/// Every part that a dialect may have.
fn dialect() -> String {
    let parts = Setting::ALL.into_iter().flat_map(|setting| {
        setting.values().iter().map(move |value| format!("{}={value}", setting.key()))
    });
    parts.collect::<Vec<_>>().join(" ")
}

fn has_servers(command: &Command) -> bool {
    command.get_positionals().any(|arg| arg.get_id() == "server")
}

/// Makes zsh call a function for the values that need one.
fn zsh(made: &str, command: &Command) -> String {
    let asked =
        [("'--dialect=", ":_%NAME%_dialect' \\"), ("'::server -- ", ":_%NAME%_servers' \\")];
    let lines = made.lines().map(|line| {
        let function = asked.iter().find(|(beginning, _)| line.starts_with(beginning));
        match (function, line.strip_suffix(":' \\")) {
            (Some((_, function)), Some(line)) => format!("{line}{function}\n"),
            (_, _) => format!("{line}\n"),
        }
    });
    let lines: String = lines.collect();
    // The last lines call the function that the file defines.
    let (functions, call) = lines.split_at(lines.rfind("\nif [ ").unwrap_or(lines.len()));
    filled(&[functions, ZSH, call].concat(), command)
}

const BASH: &str = r#"
# Completes what follows an equals sign, parts of dialects, and servers.
_%FUNCTION%_values() {
    # bash takes "=" for a word of its own: the line tells what was typed.
    local typed="${COMP_LINE:0:COMP_POINT}" before option value word words=() is_value="" place=0
    typed="${typed##* }"
    read -ra before <<< "${COMP_LINE:0:COMP_POINT-${#typed}}"
    if [[ "${typed}" == --*=* ]]; then
        option="${typed%%=*}" value="${typed#*=}"
    else
        option="${before[${#before[@]} - 1]}" value="${typed}"
    fi
    for word in "${before[@]}"; do
        if [[ -n "${is_value}" ]]; then
            is_value=""
        elif [[ " %VALUED% " == *" ${word} "* ]]; then
            is_value=1
        elif [[ "${word}" != -* ]]; then
            place=$((place + 1))
        fi
    done
    case "${option}" in
%ROWS%        --dialect)
            before=""
            if [[ "${value}" == *,* ]]; then before="${value%,*},"; fi
            for word in %DIALECT%; do words+=("${before}${word}"); done
            compopt -o nospace
            ;;
        *)
            if [[ -z "%SERVERS%" || "${place}" -ne 1 || "${typed}" == -* ]]; then return 1; fi
            if [[ -n "${is_value}" ]]; then return 1; fi
            mapfile -t words < <("$1" --generate servers 2> /dev/null)
            words=("${words[@]%%$'\t'*}")
            # A name may hold a space.
            if [[ "${#words[@]}" -gt 0 ]]; then
                printf -v words "%q\n" "${words[@]}"
                mapfile -t words <<< "${words%$'\n'}"
            fi
            ;;
    esac
    COMPREPLY=()
    for word in "${words[@]}"; do
        # What stands before the last "=" is there already.
        if [[ "${word}" == "${value}"* ]]; then
            COMPREPLY+=("${word#"${value%"${value##*=}"}"}")
        fi
    done
    [[ "${#COMPREPLY[@]}" -gt 0 ]]
}

_%FUNCTION%_complete() {
    _%FUNCTION%_values "$@" || _%FUNCTION% "$@"
}

complete -F _%FUNCTION%_complete -o bashdefault -o default %NAME%
"#;

const ZSH: &str = r#"
_%NAME%_dialect() {
    local -a parts
    parts=(%DIALECT%)
    compset -P '*,'
    compadd -S '' -a parts
}

_%NAME%_servers() {
    local -a servers
    servers=("${(@f)$(_call_program servers %NAME% --generate servers 2> /dev/null)}")
    servers=("${(@)servers//:/\\:}")
    servers=("${(@)servers//$'\t'/:}")
    _describe server servers
}
"#;

const FISH: &str = r"
function __%FUNCTION%_dialect
    set -l typed (commandline -ct | string replace -r '^--dialect=' '')
    set -l before (string match -r '^.*,' -- $typed)
    for part in %DIALECT%
        echo $before$part
    end
end
complete -c %NAME% -l dialect -x -a '(__%FUNCTION%_dialect)'
# What is not an option is a server or a text, and an option that takes a file says so itself.
complete -c %NAME% -f
";

const FISH_SERVERS: &str = r#"
function __%FUNCTION%_servers
    set -l words (commandline -opc)
    if command -q $words[1]; and test (count (string match -v -- "-*" $words)) -le 1
        $words[1] --generate servers 2> /dev/null
    end
end
complete -c %NAME% -a '(__%FUNCTION%_servers)'
"#;
