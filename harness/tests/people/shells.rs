//! The completions, in the shells that they are for. A shell that is not installed is reported and
//! skipped.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use minitalk_harness::{Programs, Running, Server};

use super::folder;

/// What `script` prints in `shell`, with the completions of the two programs in `$1` and `$2`;
/// `None` if there is no such shell.
fn run(shell: &str, options: &[&str], script: &str) -> Option<String> {
    let found = Command::new(shell).arg("--version").stdout(Stdio::null()).status();
    if found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        eprintln!("skipped: {shell} is not installed");
        return None;
    }
    let folder = folder(&format!("completions-{shell}"));
    let paths = [Programs::build().client(), Programs::build().server()].map(|program| {
        let path = completions(program, shell, &folder);
        path.display().to_string()
    });
    let mut command = Command::new(shell);
    // In a folder with known files, in case files are offered.
    command.current_dir(folder).args(options).args(["-c", script]).args(extra(shell)).args(paths);
    let ended = Running::spawn(&mut command).finish();
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{shell}: {ended:?}");
    Some(ended.text())
}

/// `sh -c` takes the name of the script first, fish does not.
fn extra(shell: &str) -> &'static [&'static str] {
    if shell == "fish" { &[] } else { &["script"] }
}

fn completions(mut program: Command, shell: &str, folder: &std::path::Path) -> PathBuf {
    let made = Running::spawn(program.args(["--generate", shell])).finish();
    assert_eq!(made.code(), 0, "{made:?}");
    let path = folder.join(program.get_program().to_string_lossy().replace('/', "_"));
    fs::write(&path, made.stdout).expect("a file can be written");
    path
}

#[test]
fn bash_completes_options_and_values() {
    // Does what readline does: sets the words and the index of the one to complete, and calls a
    // function.
    let script = r#"
        set -e
        source "$1"; source "$2"
        compopt() { :; }
        complete -p minitalk-client minitalk-server
        try() {
            COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
            "_minitalk__${1#minitalk-}_complete" "$1" "${@: -1}" "${@: -2:1}" || :
            echo "${COMPREPLY[*]}"
        }
        try minitalk-client --pro
        try minitalk-client --protocol c
        try minitalk-server --generate z
        try minitalk-server --name ''
        try minitalk-client --protocol=c
        try minitalk-client --dialect one=usr1,order=l
    "#;
    let Some(shown) = run("bash", &["--norc"], script) else { return };
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].ends_with(" -F _minitalk__client_complete minitalk-client"), "{shown}");
    assert!(lines[1].ends_with(" -F _minitalk__server_complete minitalk-server"), "{shown}");
    // bash itself inserts what it gets after the last equals sign.
    assert_eq!(lines[2..], ["--protocol --progress", "classic", "zsh", "", "classic", "lsb"]);
}

#[test]
fn zsh_knows_both_programs() {
    // Completing something in zsh takes a terminal and someone who types.
    let script = r#"
        autoload -U compinit && compinit -u -D
        source "$1" && source "$2"
        print $_comps[minitalk-client] $_comps[minitalk-server]
    "#;
    let Some(shown) = run("zsh", &["-f"], script) else { return };
    assert_eq!(shown, "_minitalk-client _minitalk-server\n");
}

#[test]
fn fish_completes_options_and_values_and_offers_files_only_for_files() {
    let script = r#"
        source $argv[1]; source $argv[2]
        for line in "minitalk-client --pro" "minitalk-client --protocol " "minitalk-client " \
            "minitalk-client --timeout " "minitalk-server --name "
            complete -C $line | string split -f 1 \t | string join " "
            echo .
        end
        complete -C "minitalk-server --output "; or true
        complete -C "minitalk-client --dialect=one=usr1,order=l"
    "#;
    let Some(shown) = run("fish", &["--no-config"], script) else { return };
    let lines: Vec<&str> = shown.lines().collect();
    let expected = ["--progress --protocol", ".", "classic framed", ".", ".", ".", "."];
    assert_eq!(lines[..7], expected, "{shown}");
    assert_eq!(lines.len(), 7 + 2 + 1, "two files and a dialect: {shown}");
    assert_eq!(lines[9], "--dialect=one=usr1,order=lsb");
}

#[test]
fn bash_and_fish_complete_the_names_of_servers() {
    let runtime = folder("completed-names");
    let mut command = Programs::build().server();
    let named = command.args(["--name", "Büro 2"]).env("XDG_RUNTIME_DIR", &runtime);
    let _server = Server::start_command(named);
    let client = Programs::build().client();
    let path = std::path::Path::new(client.get_program());
    let bin = path.parent().expect("it is in a folder").display();
    let runtime = runtime.display();
    let bash = format!(
        r#"
        export XDG_RUNTIME_DIR={runtime} PATH={bin}:$PATH
        source "$1"; compopt() {{ :; }}
        COMP_LINE="minitalk-client B" COMP_POINT=17 COMP_WORDS=(minitalk-client B) COMP_CWORD=1
        _minitalk__client_complete minitalk-client B minitalk-client
        echo "${{COMPREPLY[*]}}"
        "#
    );
    if let Some(shown) = run("bash", &["--norc"], &bash) {
        assert_eq!(shown, "Büro\\ 2\n");
    }
    let fish = format!(
        r#"
        set -x XDG_RUNTIME_DIR {runtime}; set -x PATH {bin} $PATH
        source $argv[1]
        complete -C "minitalk-client B"
        complete -C "minitalk-client 4242 B"
        "#
    );
    if let Some(shown) = run("fish", &["--no-config"], &fish) {
        assert!(shown.starts_with("Büro 2\tserver, PID ") && shown.lines().count() == 1, "{shown}");
    }
}
