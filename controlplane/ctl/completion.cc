// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/ctl/completion.h"

#include <boost/algorithm/string.hpp>
#include <utility>

#include "config/schema.h"
#include "controlplane/ctl/command_line.h"

namespace ikelb::ctl {
namespace {

/// Words that may stand at one place, each with its description.
using Candidates = std::vector<std::pair<std::string, std::string>>;

bool takes_value(const CLI::Option& option) {
    return option.get_items_expected_max() != 0;
}

std::vector<const CLI::Option*> options_of(const CLI::App& app, bool are_positional) {
    return app.get_options([are_positional](const CLI::Option* option) {
        return option->get_positional() == are_positional;
    });
}

std::vector<const CLI::App*> subcommands_of(const CLI::App& app) {
    return app.get_subcommands([](const CLI::App*) { return true; });
}

const CLI::Option* find_switch(const CLI::App& app, const std::string& word) {
    for (const CLI::Option* option : options_of(app, false))
        if (option->check_name(word)) return option;
    return nullptr;
}

Candidates switches_of(const CLI::App& app) {
    Candidates found;
    for (const CLI::Option* option : options_of(app, false))
        for (const std::string& name : option->get_lnames())
            found.emplace_back("--" + name, option->get_description());
    return found;
}

Candidates values_of(const CLI::Option& option, const BackendNames& backends) {
    const std::string type = option.get_type_name();
    Candidates found;
    if (type == "FILE" || type == "PATH") {
        found.emplace_back(":files", "");
    } else if (type == "BACKEND") {
        for (std::string& name : backends()) found.emplace_back(std::move(name), "");
    } else if (type == "KEY") {
        for (const config::Key& key : config::all_keys())
            found.emplace_back(key.path, config::describe_form(key));
    } else if (type.find('|') != std::string::npos) {
        std::vector<std::string> words;
        boost::split(words, type, boost::is_any_of("|"));
        for (std::string& word : words) found.emplace_back(std::move(word), "");
    }
    return found;
}

/// The words that may stand where the last one is being typed.
Candidates candidates(const CLI::App& app, const std::vector<std::string>& words,
                      const BackendNames& backends) {
    const CLI::App* command = &app;
    const CLI::Option* awaits = nullptr;
    std::size_t position = 0;
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
        if (std::exchange(awaits, nullptr) != nullptr) continue;
        if (words[i].starts_with('-')) {
            const CLI::Option* option = find_switch(*command, words[i]);
            if (option == nullptr) option = find_switch(app, words[i]);
            if (option != nullptr && takes_value(*option)) awaits = option;
        } else if (command != &app) {
            ++position;
        } else {
            for (const CLI::App* sub : subcommands_of(app))
                if (sub->get_name() == words[i]) command = sub;
        }
    }
    if (awaits != nullptr) return values_of(*awaits, backends);
    if (!words.empty() && words.back().starts_with('-')) {
        Candidates found = switches_of(*command);
        if (command != &app)
            for (auto& one : switches_of(app))
                if (one.first != "--help") found.push_back(std::move(one));
        return found;
    }
    if (command == &app) {
        Candidates found;
        for (const CLI::App* sub : subcommands_of(app))
            found.emplace_back(sub->get_name(), sub->get_description());
        return found;
    }
    const auto positionals = options_of(*command, true);
    return position < positionals.size() ? values_of(*positionals[position], backends)
                                         : Candidates{};
}

// Each asks ikelbctl itself for the words: see complete().

constexpr std::string_view bash_script =
    R"sh(# bash completion for ikelbctl; to use it: source <(ikelbctl completion bash)
_ikelbctl() {
    local words=("${COMP_WORDS[@]:1:COMP_CWORD}") IFS=$'\n'
    mapfile -t COMPREPLY < <("${COMP_WORDS[0]}" complete "${words[@]}" 2>/dev/null | cut -f1)
    if [[ ${COMPREPLY[0]} == :files ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
    fi
}
complete -F _ikelbctl ikelbctl
)sh";

constexpr std::string_view zsh_script =
    R"sh(#compdef ikelbctl
# zsh completion for ikelbctl; to use it: ikelbctl completion zsh > "${fpath[1]}/_ikelbctl"
_ikelbctl() {
    local -a lines
    lines=(${(f)"$("${words[1]}" complete "${(@)words[2,CURRENT]}" 2>/dev/null)"})
    if [[ ${lines[1]} == :files ]]; then
        _files
        return
    fi
    lines=("${(@)lines//:/\\:}")
    lines=("${(@)lines/$'\t'/:}")
    _describe ikelbctl lines
}

if [[ ${funcstack[1]} == _ikelbctl ]]; then
    _ikelbctl "$@"
else
    compdef _ikelbctl ikelbctl
fi
)sh";

constexpr std::string_view fish_script =
    R"sh(# fish completion for ikelbctl; to use it: ikelbctl completion fish | source
function __ikelbctl
    set -l words (commandline -opc)[2..-1] (commandline -ct)
    set -l found (ikelbctl complete $words 2>/dev/null)
    if test "$found[1]" = :files
        __fish_complete_path (commandline -ct)
    else
        printf '%s\n' $found
    end
end
complete -c ikelbctl -f -a '(__ikelbctl)'
)sh";

}  // namespace

std::string complete(const CLI::App& app, const std::vector<std::string>& words,
                     const BackendNames& backends) {
    std::string text;
    const std::string typed = words.empty() ? std::string{} : words.back();
    for (const auto& [word, description] : candidates(app, words, backends))
        if (word == ":files" || word.starts_with(typed))
            text.append(word).append(description.empty() ? "" : "\t" + description).append("\n");
    return text;
}

std::string_view completion_script(std::string_view shell) {
    if (shell == "zsh") return zsh_script;
    return shell == "fish" ? fish_script : bash_script;
}

}  // namespace ikelb::ctl
