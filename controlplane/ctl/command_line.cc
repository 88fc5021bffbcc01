// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/ctl/command_line.h"

#include <boost/algorithm/string.hpp>
#include <vector>

#include "controlplane/api/commands.h"

namespace ikelb::ctl {
namespace {

constexpr const char* exit_statuses =
    "Exit status: 0 done; 1 the daemon refused, or a check found errors; 2 wrong usage;\n"
    "3 the daemon can't be reached.";

constexpr api::Argument key{.name = "key",
                            .place = api::Place::positional,
                            .form = "KEY",
                            .help =
                                "instead of a client, a key of the configuration: tells all "
                                "about it, without a daemon"};

constexpr api::Argument shell{.name = "shell",
                              .kind = api::Kind::choice,
                              .place = api::Place::positional,
                              .form = "bash|zsh|fish",
                              .help = "the shell to complete in",
                              .is_required = true};

void add_argument(CLI::App& app, const api::Argument& argument, std::uint64_t most,
                  Invocation& invocation) {
    const std::string name{argument.name};
    std::string& value = invocation.values.try_emplace(name, argument.preset).first->second;
    CLI::Option* const option =
        app.add_option((argument.place == api::Place::option ? "--" : "") + name, value,
                       std::string{argument.help})
            ->type_name(std::string{argument.form})
            ->required(argument.is_required);
    // CLI11 would print the checked words a second time.
    if (argument.kind == api::Kind::choice) {
        std::vector<std::string> words;
        boost::split(words, argument.form, boost::is_any_of("|"));
        option->check(CLI::IsMember(words).description(""));
    } else if (argument.kind == api::Kind::number) {
        option->check(CLI::Range(1, static_cast<int>(most)).description(""));
    }
    if (!argument.preset.empty()) option->capture_default_str();
}

void add_command(CLI::App& app, const api::Command& command, Invocation& invocation) {
    CLI::App* const sub =
        app.add_subcommand(std::string{command.name},
                           std::string{command.alone.empty() ? command.summary : command.alone});
    if (!command.note.empty()) sub->footer(std::string{command.note} + "\n\n" + exit_statuses);
    // Ask a command with slices for one row more than is shown: the row tells that there are more.
    const std::uint64_t spare = command.find("from") == nullptr ? 0 : 1;
    for (const api::Argument& argument : command.list())
        if (argument.place != api::Place::api_only)
            add_argument(*sub, argument, argument.most - spare, invocation);
}

}  // namespace

std::unique_ptr<CLI::App> make_command_line(Invocation& invocation) {
    auto app = std::make_unique<CLI::App>("Watches and operates a running ikelbd.", "ikelbctl");
    app->require_subcommand(1);
    app->fallthrough();  // ikelbctl status --json works like ikelbctl --json status
    app->set_help_flag("-h,--help", "print this help and exit");
    app->set_version_flag("--version", "ikelbctl " IKELB_VERSION,
                          "print ikelbctl's version and exit");
    app->add_option("--socket", invocation.socket, "the daemon's admin socket")
        ->type_name("PATH")
        ->capture_default_str();
    app->add_flag("--json", invocation.json, "print the daemon's answer as it is");
    app->footer(exit_statuses);
    for (const api::Command& command : api::commands()) add_command(*app, command, invocation);
    app->get_subcommand("backends")
        ->add_flag("--names", invocation.names, "print the names only, one a line");
    CLI::App* const explain = app->get_subcommand("explain");
    add_argument(*explain, key, key.most, invocation);
    explain->get_option("--client")->required(false)->excludes("key");
    CLI::App* const completion = app->add_subcommand(
        "completion",
        "print a completion script, for instance: source <(ikelbctl completion bash)");
    add_argument(*completion, shell, shell.most, invocation);
    return app;
}

}  // namespace ikelb::ctl
