// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/ctl/command_line.h"

#include <vector>

namespace ikelb::ctl {
namespace {

constexpr const char* exit_statuses =
    "Exit status: 0 done; 1 the daemon refused, or a check found errors; 2 wrong usage;\n"
    "3 the daemon can't be reached.";

/// What there is to know of a command's columns.
struct Note {
    const char* command;
    const char* text;
};
constexpr Note notes[] = {
    {"status",
     "USED is counted by walks over the tables, each some seconds long and more with large\n"
     "limits. CAPACITY is in slots: a third more than `limits` in the configuration says, so\n"
     "that each record finds one, and a share for what no server has confirmed yet."},
    {"backends",
     "FLOWS and SAS are counted by walks over the tables, each some seconds long and more with\n"
     "large limits. A tunnel counts until its server has been silent for timeouts.flow, or for\n"
     "timeouts.delete_hint if its last word was a delete."},
    {"sessions",
     "AGE is exact to about two minutes; from 46 hours on it says that it is more. A rekey of an\n"
     "IKE SA makes a new one. One that both ends have deleted is listed for timeouts.delete_hint\n"
     "at most, as closing."},
    {"drain",
     "The server is empty once its SAS in ikelbctl backends are 0 and ikelbctl sessions has none.\n"
     "With refuse it comes to that as its clients leave or log in anew; with keep its own come\n"
     "back, and it is empty only when they all have left."},
    {"diff",
     "A tunnel ends if its server is no longer reached where it has it: the backend, the service\n"
     "or the address is gone. Counted as SAS in ikelbctl backends. A reload refuses changes that\n"
     "need a restart."},
    {"explain", "AGE is as exact as in ikelbctl sessions."},
};

void add_daemon_commands(CLI::App& app) {
    for (const DaemonCommand& command : daemon_commands)
        app.add_subcommand(command.name, std::string{api::route(command.route).summary});
}

CLI::Option* add_choice(CLI::App& app, const std::string& name, std::string& value,
                        const std::string& help, const std::vector<std::string>& choices) {
    // CLI11 would print the choices a second time.
    return app.add_option(name, value, help)
        ->type_name(CLI::detail::join(choices, "|"))
        ->check(CLI::IsMember(choices).description(""));
}

CLI::Option* add_limit(CLI::App& app, std::size_t& value, const std::string& what) {
    return app.add_option("--limit", value, "list at most so many " + what)
        ->type_name("N")
        ->check(CLI::Range(1, 100000).description(""))
        ->capture_default_str();
}

void add_sessions(CLI::App& sessions, Invocation& invocation) {
    sessions.add_option("--client", invocation.client, "only those of this client or network")
        ->type_name("ADDRESS[/LENGTH]");
    sessions.add_option("--spi", invocation.spi,
                        "only with this IKE SPI, of either side, or of those who use this ESP SPI; "
                        "in hexadecimal")
        ->type_name("SPI");
    sessions.add_option("--backend", invocation.backend, "only those on this backend")
        ->type_name("BACKEND");
    add_limit(sessions, invocation.limit, "IKE SAs");
}

void add_explain(CLI::App& explain, Invocation& invocation) {
    explain
        .add_option("--client", invocation.client,
                    "the client's address and port; ports 500 and 4500 if left out")
        ->type_name("ADDRESS[:PORT]")
        ->required();
    explain.add_option("--vip", invocation.vip, "the address it connects to; all if left out")
        ->type_name("ADDRESS");
    explain
        .add_option("--spi", invocation.spi,
                    "the SPIs of its IKE SA in hexadecimal; without the second, its first request")
        ->type_name("SPIi[:SPIr]");
    explain.add_option("--esp", invocation.esp, "the ESP SPI it sends with, in hexadecimal")
        ->type_name("SPI");
}

}  // namespace

std::unique_ptr<CLI::App> make_command_line(Invocation& invocation) {
    auto app = std::make_unique<CLI::App>("Watches and operates a running ikelbd.", "ikelbctl");
    app->require_subcommand(1);
    app->fallthrough();  // ikelbctl status --json is as good as ikelbctl --json status
    app->set_help_flag("-h,--help", "print this help and exit");
    app->set_version_flag("--version", "ikelbctl " IKELB_VERSION,
                          "print ikelbctl's version and exit");
    app->add_option("--socket", invocation.socket, "the daemon's admin socket")
        ->type_name("PATH")
        ->capture_default_str();
    app->add_flag("--json", invocation.json, "print the daemon's answer as it is");
    app->footer(exit_statuses);
    add_daemon_commands(*app);
    for (const Note& note : notes)
        app->get_subcommand(note.command)->footer(std::string{note.text} + "\n\n" + exit_statuses);

    app->get_subcommand("backends")
        ->add_flag("--names", invocation.names, "print the names only, one a line");
    CLI::App* const flows = app->get_subcommand("flows");
    flows->add_option("--client", invocation.client, "only flows of this client")
        ->type_name("ADDRESS");
    add_limit(*flows, invocation.limit, "flows");
    add_sessions(*app->get_subcommand("sessions"), invocation);
    add_explain(*app->get_subcommand("explain"), invocation);
    for (const char* name : {"drain", "enable", "disable"})
        app->get_subcommand(name)
            ->add_option("backend", invocation.backend, "a backend's name, see ikelbctl backends")
            ->type_name("BACKEND")
            ->required();
    add_choice(*app->get_subcommand("drain"), "--mode", invocation.mode,
               "whether returning clients may still come here (keep) or go elsewhere (refuse)",
               {"keep", "refuse"})
        ->capture_default_str();

    app->get_subcommand("diff")
        ->add_option("file", invocation.file, "a configuration file; the daemon's own if left out")
        ->type_name("FILE");

    CLI::App* const check = app->add_subcommand(
        "check", "check a configuration file; needs no running daemon and changes nothing");
    check->add_option("file", invocation.file, "the configuration file")
        ->type_name("FILE")
        ->required();
    CLI::App* const completion = app->add_subcommand(
        "completion",
        "print a completion script, for instance: source <(ikelbctl completion bash)");
    add_choice(*completion, "shell", invocation.shell, "the shell to complete in",
               {"bash", "zsh", "fish"})
        ->required();
    return app;
}

}  // namespace ikelb::ctl
