// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/ctl/document.h"

#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "controlplane/api/routes.h"
#include "controlplane/ctl/command_line.h"

namespace ikelb::ctl {
namespace {

TEST(IkelbctlDocument, IsTheOneInTheRepository) {
    std::ifstream file{IKELB_SOURCE_ROOT "/docs/ikelbctl.md"};
    const std::string committed{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_EQ(ikelbctl_document(), committed)
        << "run ikelbctl-document > docs/ikelbctl.md in the build folder's controlplane/ctl";
}

TEST(IkelbctlDocument, HasEverySubcommandAndEveryRoute) {
    const std::string text = ikelbctl_document();
    Invocation defaults;
    const auto app = make_command_line(defaults);
    for (const CLI::App* sub : app->get_subcommands([](const CLI::App*) { return true; }))
        EXPECT_NE(text.find("\n### ikelbctl " + sub->get_name() + "\n"), std::string::npos);
    for (const api::Route& one : api::routes())
        EXPECT_NE(text.find("\n### " + std::string{api::to_string(one.method)} + " " +
                            std::string{one.path} + "\n"),
                  std::string::npos);
    EXPECT_EQ(text.find(" \n"), std::string::npos) << "blanks at a line's end";
}

TEST(CommandLine, EveryRouteButCheckHasASubcommand) {
    for (const api::Route& one : api::routes()) {
        int commands = 0;
        for (const DaemonCommand& command : daemon_commands) commands += command.route == one.id;
        EXPECT_EQ(commands, one.id == api::RouteId::check ? 0 : 1) << one.path;
    }
}

}  // namespace
}  // namespace ikelb::ctl
