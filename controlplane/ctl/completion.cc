// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/ctl/command_line.h"

#include <initializer_list>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/algorithm/string.hpp>

namespace ikelb::ctl {
namespace {

bool takes_value(const CLI::Option& option) {
    return option.get_items_expected_max() != 0;
}

/// How a shell is told what completes a value, which the option's type name says; see
/// command_line.h. `words`: with {} for them, separated by blanks.
struct Ways {
    std::string file;
    std::string backend;
    std::string words;
    std::string nothing;

    std::string of(const CLI::Option& option) const {
        const std::string type = option.get_type_name();
        if (!takes_value(option)) return nothing;
        if (type == "FILE" || type == "PATH") return file;
        if (type == "BACKEND") return backend;
        if (type.find('|') == std::string::npos) return nothing;
        return boost::replace_all_copy(words, "{}", boost::replace_all_copy(type, "|", " "));
    }
};

std::vector<const CLI::Option*> switches(const CLI::App& app) {
    return app.get_options([](const CLI::Option* option) { return option->nonpositional(); });
}

std::vector<const CLI::Option*> positionals(const CLI::App& app) {
    return app.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

std::vector<const CLI::App*> subcommands(const CLI::App& app) {
    return app.get_subcommands([](const CLI::App*) { return true; });
}

/// {"-h", "--help"}.
std::vector<std::string> spellings(const CLI::Option& option) {
    std::vector<std::string> all;
    for (const std::string& name : option.get_snames()) all.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) all.push_back("--" + name);
    return all;
}

std::string all_spellings(const CLI::App& app) {
    std::vector<std::string> all;
    for (const CLI::Option* option : switches(app))
        for (std::string& one : spellings(*option)) all.push_back(std::move(one));
    return boost::join(all, " ");
}

std::string filled(std::string text,
                   std::initializer_list<std::pair<std::string_view, std::string>> fields) {
    for (const auto& [mark, value] : fields) boost::replace_all(text, mark, value);
    return text;
}

// ---------------------------------------------------------------------------------------- bash

Ways bash_ways() {
    return {.file = "file", .backend = "backend", .words = "words {}", .nothing = "nothing"};
}

/// case labels for the options that take a value: 'drain --mode') expects='words keep refuse' ;;
std::string bash_value_cases(const CLI::App& app, const std::string& command) {
    std::string text;
    for (const CLI::Option* option : switches(app)) {
        if (!takes_value(*option)) continue;
        const std::string label = command.empty() ? "*' {}'" : "'" + command + " {}'";
        text += fmt::format("            {}) expects='{}' ;;\n",
                            fmt::format(fmt::runtime(label), boost::join(spellings(*option), " ")),
                            bash_ways().of(*option));
    }
    return text;
}

std::string bash_script(const CLI::App& app) {
    const std::string name = app.get_name();
    std::string names;
    std::string values;
    std::string options;
    std::string arguments;
    for (const CLI::App* sub : subcommands(app)) {
        names += (names.empty() ? "" : " ") + sub->get_name();
        values += bash_value_cases(*sub, sub->get_name());
        options += fmt::format("            {}) expects='words {} {}' ;;\n", sub->get_name(),
                               all_spellings(*sub), all_spellings(app));
        int position = 0;
        for (const CLI::Option* option : positionals(*sub))
            arguments += fmt::format("            {}:{}) expects='{}' ;;\n", sub->get_name(),
                                     position++, bash_ways().of(*option));
    }
    values += bash_value_cases(app, "");

    std::string text =
        R"sh(# bash completion for @NAME@; to use it: source <(@NAME@ completion bash)
_@NAME@() {
    local current=${COMP_WORDS[COMP_CWORD]} command= expects= word position=0 i
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ -n $expects ]]; then
            expects=
            continue
        fi
        case "$command $word" in
@VALUES@            *' -'*) ;;
            ' '*) command=$word ;;
            *) position=$((position + 1)) ;;
        esac
    done
    if [[ -z $expects && $current == -* ]]; then
        case $command in
@OPTIONS@            '') expects='words @GLOBALS@' ;;
        esac
    elif [[ -z $expects ]]; then
        case $command:$position in
            :0) expects='words @COMMANDS@' ;;
@ARGUMENTS@        esac
    fi
    COMPREPLY=()
    case $expects in
        file)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            ;;
        backend)
            mapfile -t COMPREPLY < <(
                compgen -W "$("${COMP_WORDS[0]}" backends --names 2>/dev/null)" -- "$current")
            ;;
        'words '*)
            mapfile -t COMPREPLY < <(compgen -W "${expects#words }" -- "$current")
            ;;
    esac
}
complete -F _@NAME@ @NAME@
)sh";
    return filled(text, {{"@VALUES@", values},
                         {"@OPTIONS@", options},
                         {"@GLOBALS@", all_spellings(app)},
                         {"@COMMANDS@", names},
                         {"@ARGUMENTS@", arguments},
                         {"@NAME@", name}});
}

// ----------------------------------------------------------------------------------------- zsh

/// For the inside of a single-quoted _arguments specification.
std::string zsh_escape(std::string text) {
    boost::replace_all(text, "'", "'\\''");
    for (const char* special : {"[", "]", ":"})
        boost::replace_all(text, special, std::string{"\\"} + special);
    return text;
}

Ways zsh_ways(const std::string& program) {
    return {
        .file = "_files", .backend = "_" + program + "_backends", .words = "({})", .nothing = " "};
}

std::string zsh_switches(const CLI::App& app, const std::string& program) {
    std::string text;
    for (const CLI::Option* option : switches(app))
        for (const std::string& one : spellings(*option)) {
            text += fmt::format(" \\\n        '{}[{}]", one, zsh_escape(option->get_description()));
            if (takes_value(*option))
                text += fmt::format(":value:{}", zsh_ways(program).of(*option));
            text += '\'';
        }
    return text;
}

std::string zsh_script(const CLI::App& app) {
    const std::string name = app.get_name();
    std::string commands;
    std::string cases;
    for (const CLI::App* sub : subcommands(app)) {
        commands +=
            fmt::format("        '{}:{}'\n", sub->get_name(), zsh_escape(sub->get_description()));
        cases += fmt::format("    {})\n        _arguments{}{}", sub->get_name(),
                             zsh_switches(*sub, name), zsh_switches(app, name));
        int position = 1;
        for (const CLI::Option* option : positionals(*sub))
            cases += fmt::format(" \\\n        '{}:{}:{}'", position++,
                                 zsh_escape(option->get_description()), zsh_ways(name).of(*option));
        cases += " ;;\n";
    }
    // The help flag of a subcommand and of the program are spelt the same; _arguments takes both.
    std::string text = R"sh(#compdef @NAME@
# zsh completion for @NAME@; to use it: @NAME@ completion zsh > "${fpath[1]}/_@NAME@"
_@NAME@_backends() {
    compadd -- ${(f)"$(_call_program backends @NAME@ backends --names 2>/dev/null)"}
}

_@NAME@_commands() {
    local -a commands=(
@COMMANDS@    )
    _describe command commands
}

_@NAME@() {
    local line state
    _arguments -C@GLOBALS@ \
        '1:command:_@NAME@_commands' \
        '*::argument:->argument'
    [[ $state == argument ]] || return
    case $line[1] in
@CASES@    esac
}

if [[ ${funcstack[1]} == _@NAME@ ]]; then
    _@NAME@ "$@"
else
    compdef _@NAME@ @NAME@
fi
)sh";
    return filled(text, {{"@COMMANDS@", commands},
                         {"@GLOBALS@", zsh_switches(app, name)},
                         {"@CASES@", cases},
                         {"@NAME@", name}});
}

// ---------------------------------------------------------------------------------------- fish

std::string fish_quote(const std::string& text) {
    return "'" + boost::replace_all_copy(boost::replace_all_copy(text, "\\", "\\\\"), "'", "\\'") +
           "'";
}

std::string fish_action(const CLI::Option& option, const std::string& program) {
    return Ways{.file = " -F",
                .backend = " -a '(" + program + " backends --names 2>/dev/null)'",
                .words = " -a '{}'",
                .nothing = ""}
        .of(option);
}

std::string fish_switches(const CLI::App& app, const std::string& program,
                          const std::string& condition) {
    std::string text;
    for (const CLI::Option* option : switches(app)) {
        text += "complete -c " + program + condition;
        for (const std::string& one : option->get_snames()) text += " -s " + one;
        for (const std::string& one : option->get_lnames()) text += " -l " + one;
        const std::string action = fish_action(*option, program);
        // -r alone would offer files beside the words.
        if (takes_value(*option)) text += (action == " -F" ? " -r" : " -x") + action;
        text += " -d " + fish_quote(option->get_description()) + "\n";
    }
    return text;
}

std::string fish_script(const CLI::App& app) {
    const std::string name = app.get_name();
    std::string text = fmt::format(
        "# fish completion for {0}; to use it: {0} completion fish | source\ncomplete -c {0} -f\n",
        name);
    text += fish_switches(app, name, "");
    for (const CLI::App* sub : subcommands(app)) {
        text += fmt::format("complete -c {} -n __fish_use_subcommand -a {} -d {}\n", name,
                            sub->get_name(), fish_quote(sub->get_description()));
        const std::string inside =
            fmt::format(" -n '__fish_seen_subcommand_from {}'", sub->get_name());
        text += fish_switches(*sub, name, inside);
        for (const CLI::Option* option : positionals(*sub))
            text += "complete -c " + name + inside + fish_action(*option, name) + "\n";
    }
    return text;
}

}  // namespace

std::optional<std::string> completion_script(const CLI::App& app, std::string_view shell) {
    if (shell == "bash") return bash_script(app);
    if (shell == "zsh") return zsh_script(app);
    if (shell == "fish") return fish_script(app);
    return std::nullopt;
}

}  // namespace ikelb::ctl
