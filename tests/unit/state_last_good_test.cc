// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/state/last_good.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>

#include "controlplane/state/disk.h"

namespace ikelb::state {
namespace {

namespace fs = std::filesystem;

class LastGoodTest : public testing::Test {
protected:
    LastGoodTest() {
        std::string name = (fs::temp_directory_path() / "ikelb-good-XXXXXX").string();
        folder = ::mkdtemp(name.data());
    }
    ~LastGoodTest() override { fs::remove_all(folder); }

    std::unique_ptr<LastGood> open(const fs::path& configuration = "/etc/ikelb/ikelb.yaml") {
        return std::make_unique<LastGood>(folder / "lib", configuration);
    }
    /// On the disk when it returns.
    void save(const std::string& text) { open()->save(text); }
    std::string read(const fs::path& configuration = "/etc/ikelb/ikelb.yaml") {
        const auto good = open(configuration)->read();
        return good ? good->text : "nothing";
    }

    fs::path folder;
};

TEST_F(LastGoodTest, KeepsTheLastTextForItsOwnerAlone) {
    EXPECT_EQ(read(), "nothing");
    save("a: 1\n");
    save("a: 2\nb: 3\n");
    EXPECT_EQ(read(), "a: 2\nb: 3\n");
    struct ::stat facts {};
    ASSERT_EQ(::stat((folder / "lib/last-good.yaml").c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 07777u, 0600u);
}

TEST_F(LastGoodTest, EndsALastLineThatWasNotEnded) {
    save("a: 1");
    EXPECT_EQ(read(), "a: 1\n");
}

TEST_F(LastGoodTest, OfSavesAtOnceTheLastOneStays) {
    {
        const auto good = open();
        for (int i = 0; i < 100; ++i) good->save("a: " + std::to_string(i) + "\n");
    }
    EXPECT_EQ(read(), "a: 99\n");
}

TEST_F(LastGoodTest, IsNotThatOfAnotherConfigurationFile) {
    save("a: 1\n");
    EXPECT_EQ(read("/tmp/other.yaml"), "nothing");
    EXPECT_EQ(read("/etc/ikelb/../ikelb/ikelb.yaml"), "a: 1\n");
}

TEST_F(LastGoodTest, OneThatWasCutOffIsNone) {
    save("a: 1\nb: 2\n");
    const fs::path file = folder / "lib/last-good.yaml";
    for (auto size = fs::file_size(file); size-- > 0;) {
        fs::resize_file(file, size);
        EXPECT_EQ(read(), "nothing") << size;
    }
}

TEST_F(LastGoodTest, AFailedSaveIsToldAndLeavesTheOldOne) {
    save("a: 1\n");
    const auto good = open();
    fs::create_directory(unfinished_state_file(folder / "lib/last-good.yaml"));
    good->save("a: 2\n");
    for (int i = 0; i < 1000 && good->error().empty(); ++i) ::usleep(10'000);
    EXPECT_NE(good->error().find("last-good.yaml"), std::string::npos) << good->error();
    EXPECT_EQ(read(), "a: 1\n");
}

TEST_F(LastGoodTest, ForgetsItsOwnAndNoOther) {
    save("a: 1\n");
    EXPECT_TRUE(open("/tmp/other.yaml")->forget().has_value());
    EXPECT_EQ(read(), "a: 1\n");
    EXPECT_TRUE(open()->forget().has_value());
    EXPECT_EQ(read(), "nothing");
}

}  // namespace
}  // namespace ikelb::state
