// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/daemon/start_config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace ikelb::daemon {
namespace {

namespace fs = std::filesystem;

constexpr const char* good_text = R"(
ports: [{name: wan, device: "net_null0"}]
interfaces: [{name: ext, port: wan, addresses: [198.51.100.1/24], side: both}]
pools: [{name: farm, backends: [{name: one, address: 198.51.100.11}]}]
services: [{name: vpn, vip: 203.0.113.10, interface: ext, pool: farm}]
)";

class StartConfigTest : public testing::Test {
protected:
    StartConfigTest() {
        std::string name = (fs::temp_directory_path() / "ikelb-start-XXXXXX").string();
        folder = ::mkdtemp(name.data());
        file = folder / "ikelb.yaml";
    }
    ~StartConfigTest() override { fs::remove_all(folder); }

    void write(const std::string& text) const { std::ofstream{file} << text; }
    std::string text() const {
        std::ifstream in{file};
        return {std::istreambuf_iterator<char>{in}, {}};
    }
    /// As a daemon does that is ready.
    void keep(const std::string& good) const { state::LastGood{folder, file}.save(good); }
    boost::system::result<StartConfig, NoConfig> choose() const {
        return choose_configuration(file, state::LastGood{folder, file});
    }

    fs::path folder;
    fs::path file;
};

TEST_F(StartConfigTest, AGoodFileIsTakenWhateverIsKept) {
    write(good_text);
    keep("ports: 3\n");
    const auto chosen = choose();
    ASSERT_TRUE(chosen.has_value());
    EXPECT_FALSE(chosen->fallback);
    EXPECT_EQ(chosen->loaded.text, good_text);
}

TEST_F(StartConfigTest, ABrokenFileGivesWayToTheLastGoodAndStaysAsItIs) {
    const std::string broken = std::string{good_text} + "workerz: {count: 1}\n";
    write(broken);
    keep(good_text);
    const auto chosen = choose();
    ASSERT_TRUE(chosen.has_value());
    EXPECT_EQ(chosen->loaded.text, good_text);
    ASSERT_TRUE(chosen->fallback);
    EXPECT_EQ(chosen->fallback->file, folder / "last-good.yaml");
    EXPECT_EQ(text(), broken);
    const auto lines = describe(*chosen->fallback, file);
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_NE(lines[0].find("ikelb.yaml:6: error: workerz"), std::string::npos) << lines[0];
    EXPECT_NE(lines[0].find("workers"), std::string::npos) << "what to type: " << lines[0];
    EXPECT_NE(lines[1].find("last-good.yaml"), std::string::npos) << lines[1];
    EXPECT_NE(lines[1].find("--check"), std::string::npos) << lines[1];
}

TEST_F(StartConfigTest, AMissingFileIsABrokenOne) {
    keep(good_text);
    const auto chosen = choose();
    ASSERT_TRUE(chosen.has_value());
    EXPECT_TRUE(chosen->fallback);
}

TEST_F(StartConfigTest, WithoutALastGoodTheFaultsOfTheFileAreTheAnswer) {
    write("ports: 3\n");
    const auto chosen = choose();
    ASSERT_FALSE(chosen.has_value());
    EXPECT_NE(chosen.error().why.to_string().find("ikelb.yaml:1: error: ports"), std::string::npos);
    EXPECT_NE(chosen.error().last_good.find("there is no last good configuration"),
              std::string::npos);
}

TEST_F(StartConfigTest, ALastGoodThatIsNoneAnyMoreHidesNothing) {
    write("ports: 3\n");
    keep("pools: 3\n");
    const auto chosen = choose();
    ASSERT_FALSE(chosen.has_value());
    EXPECT_NE(chosen.error().why.to_string().find("ikelb.yaml:1: error: ports"), std::string::npos);
    EXPECT_NE(chosen.error().last_good.find("last-good.yaml:1: error: pools"), std::string::npos);
}

}  // namespace
}  // namespace ikelb::daemon
