// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/ctl/run.h"

#include <exception>
#include <filesystem>
#include <ostream>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "controlplane/ctl/admin_client.h"
#include "controlplane/ctl/check_file.h"
#include "controlplane/ctl/command_line.h"
#include "controlplane/ctl/completion.h"
#include "controlplane/ctl/render.h"

namespace ikelb::ctl {
namespace {

using nlohmann::json;

/// A reload builds tables of any size and asks the kernel for each address and route.
constexpr std::chrono::seconds patience{30};

struct Terminal {
    std::ostream& out;
    std::ostream& err;
    std::size_t width;
};

ExitStatus complain(const Terminal& terminal, ExitStatus status, std::string_view message) {
    terminal.err << "ikelbctl: " << message << "\n";
    return status;
}

std::string parameter(std::string_view name, const std::string& value) {
    return value.empty() ? std::string{} : fmt::format("&{}={}", name, api::percent_encode(value));
}

/// ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT, as parameters.
std::string client_and_port(const std::string& client) {
    if (client.starts_with('[')) {
        const std::size_t end = client.find(']');
        const bool has_port = end != std::string::npos && client.compare(end, 2, "]:") == 0;
        return parameter("client", client.substr(1, end - 1)) +
               (has_port ? "&port=" + api::percent_encode(client.substr(end + 2)) : "");
    }
    const std::size_t colon = client.find(':');
    if (colon == std::string::npos || client.find(':', colon + 1) != std::string::npos)
        return parameter("client", client);
    return parameter("client", client.substr(0, colon)) +
           "&port=" + api::percent_encode(client.substr(colon + 1));
}

std::string query_of(api::RouteId id, const Invocation& invocation) {
    switch (id) {
        case api::RouteId::flows:
            return fmt::format("limit={}", invocation.limit) +
                   parameter("client", invocation.client);
        case api::RouteId::sessions:
            return parameter("client", invocation.client) + parameter("spi", invocation.spi) +
                   parameter("backend", invocation.backend);
        case api::RouteId::explain:
            return client_and_port(invocation.client) + parameter("vip", invocation.vip) +
                   parameter("spi", invocation.spi) + parameter("esp", invocation.esp);
        case api::RouteId::diff:
            return invocation.file.empty()
                       ? std::string{}
                       : parameter("file", std::filesystem::absolute(invocation.file).string());
        default: return {};
    }
}

std::string target_of(api::RouteId id, const Invocation& invocation) {
    std::string query = query_of(id, invocation);
    if (query.starts_with('&')) query.erase(0, 1);
    return api::path_of(id, invocation.backend) + (query.empty() ? "" : "?" + query);
}

std::string body_of(api::RouteId id, const Invocation& invocation) {
    if (id != api::RouteId::drain) return {};
    return json{{"mode", invocation.mode}}.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string names_of(const json& answer) {
    std::string names;
    for (const json& backend : answer.value("backends", json::array()))
        names += backend.value("name", "") + "\n";
    return names;
}

boost::system::result<AdminAnswer, ClientError> ask(api::RouteId id, const Invocation& invocation,
                                                    const std::string& target) {
    return ask_daemon(invocation.socket, api::route(id).method, target, body_of(id, invocation),
                      patience);
}

/// Asks for one slice after the other until there are enough rows or no more.
boost::system::result<AdminAnswer, ClientError> ask_for_sessions(const Invocation& invocation) {
    json sessions = json::array();
    std::uint64_t from = 0;
    const std::string target = target_of(api::RouteId::sessions, invocation);
    const std::string joint = target.find('?') == std::string::npos ? "?" : "&";
    // One more than is shown tells that there are more.
    while (sessions.size() <= invocation.limit) {
        auto answer = ask(api::RouteId::sessions, invocation,
                          fmt::format("{}{}from={}&limit={}", target, joint, from,
                                      invocation.limit + 1 - sessions.size()));
        if (!answer || answer->status != 200) return answer;
        const json slice = json::parse(answer->body, nullptr, false);
        const auto rows = slice.is_object() ? slice.find("sessions") : slice.end();
        if (rows == slice.end() || !rows->is_array()) return answer;
        sessions.insert(sessions.end(), rows->begin(), rows->end());
        const auto next = slice.find("next");
        if (next == slice.end() || !next->is_number_unsigned() || *next <= from) break;
        from = next->get<std::uint64_t>();
    }
    const bool is_cut = sessions.size() > invocation.limit;
    if (is_cut)
        sessions.erase(sessions.begin() + static_cast<std::ptrdiff_t>(invocation.limit),
                       sessions.end());
    const json whole{{"sessions", std::move(sessions)}, {"truncated", is_cut}};
    return AdminAnswer{
        .status = 200,
        .body = whole.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"};
}

ExitStatus run_daemon_command(api::RouteId id, const Invocation& invocation,
                              const Terminal& terminal) {
    // First, so that it is there when the daemon isn't.
    if (id == api::RouteId::version && !invocation.json)
        terminal.out << "ikelbctl: " IKELB_VERSION "\n" << std::flush;
    const auto answer = id == api::RouteId::sessions
                            ? ask_for_sessions(invocation)
                            : ask(id, invocation, target_of(id, invocation));
    if (!answer) return complain(terminal, ExitStatus::unreachable, answer.error().message);

    const json body = json::parse(answer->body, nullptr, false);
    if (!body.is_object())
        return complain(terminal, ExitStatus::unreachable,
                        fmt::format("what answers at {} is not ikelbd", invocation.socket));
    const bool ok = answer->status >= 200 && answer->status < 300;
    if (invocation.json) terminal.out << answer->body;
    if (!ok) {
        const auto message = body.find("error");
        return complain(terminal, ExitStatus::refused,
                        message != body.end() && message->is_string()
                            ? message->get<std::string>()
                            : fmt::format("the daemon answered with status {}", answer->status));
    }
    if (invocation.json) return ExitStatus::done;
    if (invocation.names)
        terminal.out << names_of(body);
    else if (id == api::RouteId::version)
        terminal.out << "ikelbd: " << body.value("version", "unknown") << "\n";
    else
        terminal.out << render(id, body, terminal.width);
    return ExitStatus::done;
}

ExitStatus run_check(const Invocation& invocation, const Terminal& terminal) {
    const CheckReport report = check_file(invocation.file);
    if (invocation.json)
        terminal.out << report.json.dump(-1, ' ', false, json::error_handler_t::replace) << "\n";
    else
        terminal.err << report.text;
    if (!report.usable) return ExitStatus::refused;
    if (!invocation.json) terminal.out << invocation.file << ": ok\n" << report.wall << "\n";
    return ExitStatus::done;
}

ExitStatus run_parsed(const CLI::App& app, const Invocation& invocation, const Terminal& terminal) {
    const std::string name = app.get_subcommands().front()->get_name();
    if (name == "check") return run_check(invocation, terminal);
    if (name == "completion") {
        terminal.out << completion_script(app, invocation.shell).value_or("");
        return ExitStatus::done;
    }
    for (const DaemonCommand& command : daemon_commands)
        if (name == command.name) return run_daemon_command(command.route, invocation, terminal);
    return complain(terminal, ExitStatus::usage, "unknown command " + name);
}

}  // namespace

ExitStatus run_ikelbctl(int argc, const char* const* argv, std::ostream& out, std::ostream& err,
                        std::size_t width) noexcept {
    const Terminal terminal{out, err, width};
    try {
        Invocation invocation;
        const auto app = make_command_line(invocation);
        try {
            app->parse(argc, argv);
        } catch (const CLI::ParseError& stop) {  // --help and --version come this way, too
            // CLI11 says only that a command is required, also when one was typed that isn't.
            if (app->get_subcommands().empty() && !app->remaining().empty())
                return complain(terminal, ExitStatus::usage,
                                fmt::format("\"{}\" is no command; ikelbctl --help lists them",
                                            app->remaining().front()));
            return app->exit(stop, out, err) == 0 ? ExitStatus::done : ExitStatus::usage;
        }
        return run_parsed(*app, invocation, terminal);
    } catch (const std::exception& failure) {
        return complain(terminal, ExitStatus::refused, failure.what());
    }
}

}  // namespace ikelb::ctl
