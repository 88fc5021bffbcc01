// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/ctl/command_line.h"

#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "controlplane/api/commands.h"

namespace ikelb::ctl {
namespace {

TEST(IkelbctlDocument, IsTheOneInTheRepository) {
    std::ifstream file{IKELB_SOURCE_ROOT "/docs/ikelbctl.md"};
    const std::string committed{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_EQ(ikelbctl_document(), committed)
        << "run ikelbctl-document > docs/ikelbctl.md in the build folder's controlplane/ctl";
}

TEST(IkelbctlDocument, HasEverySubcommandAndEveryPath) {
    const std::string text = ikelbctl_document();
    Invocation defaults;
    const auto app = make_command_line(defaults);
    for (const CLI::App* sub : app->get_subcommands([](const CLI::App*) { return true; }))
        EXPECT_NE(text.find("\n### ikelbctl " + sub->get_name() + "\n"), std::string::npos);
    for (const api::Command& one : api::commands())
        EXPECT_NE(text.find("\n### " + std::string{api::to_string(one.method)} + " " +
                            std::string{one.path} + "\n"),
                  std::string::npos);
    EXPECT_EQ(text.find(" \n"), std::string::npos) << "blanks at a line's end";
}

TEST(CommandLine, EveryCommandIsASubcommand) {
    Invocation defaults;
    const auto app = make_command_line(defaults);
    for (const api::Command& one : api::commands())
        EXPECT_NO_THROW(app->get_subcommand(std::string{one.name})) << one.name;
}

}  // namespace
}  // namespace ikelb::ctl
