// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/ctl/completion.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace ikelb::ctl {
namespace {

/// What completes a value, read off the option's type name; see command_line.h.
enum class ValueKind { none, file, backend, words };

struct Value {
    ValueKind kind = ValueKind::none;
    std::string words;  ///< separated by blanks
};

Value value_of(const CLI::Option& option) {
    std::string type = option.get_type_name();
    if (option.get_items_expected_max() == 0) return {};
    if (type == "FILE" || type == "PATH") return {ValueKind::file, {}};
    if (type == "BACKEND") return {ValueKind::backend, {}};
    if (type.find('|') == std::string::npos) return {};
    std::ranges::replace(type, '|', ' ');
    return {ValueKind::words, type};
}

bool takes_value(const CLI::Option& option) {
    return option.get_items_expected_max() != 0;
}

std::vector<const CLI::Option*> switches(const CLI::App& app) {
    return app.get_options([](const CLI::Option* option) { return option->nonpositional(); });
}

std::vector<const CLI::Option*> positionals(const CLI::App& app) {
    return app.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

std::vector<const CLI::App*> subcommands(const CLI::App& app) {
    return app.get_subcommands([](const CLI::App*) { return true; });
}

/// "-h --help".
std::string spellings(const CLI::Option& option) {
    std::string text;
    for (const std::string& name : option.get_snames()) text += " -" + name;
    for (const std::string& name : option.get_lnames()) text += " --" + name;
    return text.empty() ? text : text.substr(1);
}

std::string all_spellings(const CLI::App& app) {
    std::string text;
    for (const CLI::Option* option : switches(app))
        text += (text.empty() ? "" : " ") + spellings(*option);
    return text;
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
    return text;
}

// ---------------------------------------------------------------------------------------- bash

std::string bash_expectation(const Value& value) {
    switch (value.kind) {
        case ValueKind::file: return "file";
        case ValueKind::backend: return "backend";
        case ValueKind::words: return "words " + value.words;
        case ValueKind::none: break;
    }
    return "nothing";
}

/// case labels for the options that take a value: 'drain --mode') expects='words keep refuse' ;;
std::string bash_value_cases(const CLI::App& app, const std::string& command) {
    std::string text;
    for (const CLI::Option* option : switches(app)) {
        if (!takes_value(*option)) continue;
        const std::string label = command.empty() ? "*' {}'" : "'" + command + " {}'";
        text += fmt::format("            {}) expects='{}' ;;\n",
                            fmt::format(fmt::runtime(label), spellings(*option)),
                            bash_expectation(value_of(*option)));
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
                                     position++, bash_expectation(value_of(*option)));
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
    text = replace_all(text, "@VALUES@", values);
    text = replace_all(text, "@OPTIONS@", options);
    text = replace_all(text, "@GLOBALS@", all_spellings(app));
    text = replace_all(text, "@COMMANDS@", names);
    text = replace_all(text, "@ARGUMENTS@", arguments);
    return replace_all(text, "@NAME@", name);
}

// ----------------------------------------------------------------------------------------- zsh

/// For the inside of a single-quoted _arguments specification.
std::string zsh_escape(std::string text) {
    text = replace_all(text, "'", "'\\''");
    for (const char* special : {"[", "]", ":"})
        text = replace_all(text, special, std::string{"\\"} + special);
    return text;
}

std::string zsh_action(const Value& value, const std::string& program) {
    switch (value.kind) {
        case ValueKind::file: return "_files";
        case ValueKind::backend: return "_" + program + "_backends";
        case ValueKind::words: return "(" + value.words + ")";
        case ValueKind::none: break;
    }
    return " ";
}

std::string zsh_switches(const CLI::App& app, const std::string& program) {
    std::string text;
    for (const CLI::Option* option : switches(app)) {
        std::vector<std::string> names;
        for (const std::string& one : option->get_snames()) names.push_back("-" + one);
        for (const std::string& one : option->get_lnames()) names.push_back("--" + one);
        for (const std::string& one : names) {
            text += fmt::format(" \\\n        '{}[{}]", one, zsh_escape(option->get_description()));
            if (takes_value(*option))
                text += fmt::format(":value:{}", zsh_action(value_of(*option), program));
            text += '\'';
        }
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
                                 zsh_escape(option->get_description()),
                                 zsh_action(value_of(*option), name));
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
    text = replace_all(text, "@COMMANDS@", commands);
    text = replace_all(text, "@GLOBALS@", zsh_switches(app, name));
    text = replace_all(text, "@CASES@", cases);
    return replace_all(text, "@NAME@", name);
}

// ---------------------------------------------------------------------------------------- fish

std::string fish_quote(const std::string& text) {
    return "'" + replace_all(replace_all(text, "\\", "\\\\"), "'", "\\'") + "'";
}

std::string fish_action(const Value& value, const std::string& program) {
    switch (value.kind) {
        case ValueKind::file: return " -F";
        case ValueKind::backend: return " -a '(" + program + " backends --names 2>/dev/null)'";
        case ValueKind::words: return " -a '" + value.words + "'";
        case ValueKind::none: break;
    }
    return "";
}

std::string fish_switches(const CLI::App& app, const std::string& program,
                          const std::string& condition) {
    std::string text;
    for (const CLI::Option* option : switches(app)) {
        text += "complete -c " + program + condition;
        for (const std::string& one : option->get_snames()) text += " -s " + one;
        for (const std::string& one : option->get_lnames()) text += " -l " + one;
        const Value value = value_of(*option);
        // -r alone would offer files beside the words.
        if (takes_value(*option))
            text += (value.kind == ValueKind::file ? " -r" : " -x") + fish_action(value, program);
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
            text += "complete -c " + name + inside + fish_action(value_of(*option), name) + "\n";
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
