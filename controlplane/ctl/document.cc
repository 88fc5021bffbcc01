// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <fmt/format.h>

#include "controlplane/api/commands.h"
#include "controlplane/ctl/command_line.h"

namespace ikelb::ctl {
namespace {

/// Cuts CLI11's empty lines at both ends and its blanks at line ends.
std::string code_block(std::string text) {
    for (std::size_t at = 0; (at = text.find(" \n", at)) != std::string::npos;)
        at = text.erase(at, 1).find_last_not_of(' ', at) + 1;
    text.erase(0, text.find_first_not_of('\n'));
    text.erase(text.find_last_not_of('\n') + 1);
    return "```\n" + text + "\n```\n";
}

std::string command_list() {
    std::string text;
    for (const api::Command& one : api::commands()) {
        text +=
            fmt::format("### {} {}\n\n{}.\n\n", api::to_string(one.method), one.path, one.summary);
        if (const std::string parameters = one.parameters(); !parameters.empty())
            text += fmt::format("- parameters: `{}`\n", parameters);
        if (!one.body.empty()) text += fmt::format("- body: `{}`\n", one.body);
        text += fmt::format("- answer: `{}`\n\n", one.answer);
    }
    return text;
}

}  // namespace

std::string ikelbctl_document() {
    Invocation defaults;
    const auto app = make_command_line(defaults);
    std::string text =
        "# ikelbctl and the admin API\n\n"
        "This page is generated from the program itself; a test compares the two.\n\n"
        "## ikelbctl\n\n" +
        code_block(app->help());
    for (const CLI::App* sub : app->get_subcommands([](const CLI::App*) { return true; }))
        text += fmt::format("\n### ikelbctl {}\n\n{}", sub->get_name(),
                            code_block(sub->help("ikelbctl")));
    text +=
        "\n## Admin API\n\n"
        "HTTP/1.1 with JSON over the UNIX socket `admin.socket` (mode 0660: who may open it may "
        "command).\nAn error is `{\"error\": \"...\"}` with a status of 400 and more. Try it:\n\n"
        "```\ncurl --unix-socket /run/ikelb/admin.sock http://ikelbd/v1/backends\n```\n\n"
        "What the commands above say of their columns holds for these fields as well.\n\n";
    text += command_list();
    text.pop_back();
    return text;
}

}  // namespace ikelb::ctl
