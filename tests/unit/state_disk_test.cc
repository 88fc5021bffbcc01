// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/state/disk.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <fstream>

#include "tests/unit/state_testlib.h"

namespace ikelb::state {
namespace {

namespace fs = std::filesystem;

class StateDisk : public testing::Test {
protected:
    StateDisk() {
        std::string name = (fs::temp_directory_path() / "ikelb-state-XXXXXX").string();
        folder = ::mkdtemp(name.data());
        file = folder / "lib" / "ikelb" / "state";
    }
    ~StateDisk() override { fs::remove_all(folder); }

    Result<void> write(const State& state) {
        return write_state_file(file, state.facts,
                                [&](Encoder& encoder) { add_all(state, encoder); });
    }
    static unsigned mode_of(const fs::path& path) {
        struct ::stat facts {};
        EXPECT_EQ(::stat(path.c_str(), &facts), 0) << path;
        return facts.st_mode & 07777u;
    }
    std::vector<std::uint8_t> read() { return read_state_file(file)->value(); }
    /// The next save cannot make its file: a folder stands there.
    void block() { fs::create_directory(unfinished_state_file(file)); }

    fs::path folder;
    fs::path file;
};

TEST_F(StateDisk, WritesForTheOwnerOnlyAndMakesTheFolder) {
    const State state = testlib::RandomState{3}.make(40'000);
    ASSERT_TRUE(write(state).has_value());
    EXPECT_EQ(read(), encode(state));
    EXPECT_EQ(mode_of(file), 0600u);
    EXPECT_EQ(mode_of(file.parent_path()), 0700u);
    EXPECT_FALSE(fs::exists(unfinished_state_file(file)));
}

TEST_F(StateDisk, ReplacesTheOldOneWholeAlsoOverARemainder) {
    ASSERT_TRUE(write(testlib::RandomState{3}.make(1000)).has_value());
    std::ofstream{unfinished_state_file(file)} << std::string(1 << 20, 'x');
    fs::permissions(unfinished_state_file(file), fs::perms::all);
    const State state = testlib::small_state();
    ASSERT_TRUE(write(state).has_value());
    EXPECT_EQ(read(), encode(state));
    EXPECT_EQ(mode_of(file), 0600u);
}

TEST_F(StateDisk, AFailureSaysWhyAndLeavesTheOldOne) {
    const State state = testlib::small_state();
    ASSERT_TRUE(write(state).has_value());
    block();
    const auto failed = write(testlib::RandomState{3}.make(10));
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error().message,
              "cannot write " + file.string() + ".new: Is a directory");
    EXPECT_EQ(read(), encode(state));

    file = "/dev/null/state";
    EXPECT_FALSE(write(state).has_value());
}

TEST_F(StateDisk, AFullDiskLeavesTheOldOneAndNoRemainder) {
    const State state = testlib::small_state();
    ASSERT_TRUE(write(state).has_value());
    // What a write beyond RLIMIT_FSIZE fails with takes the way of ENOSPC.
    ::rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
    const ::rlimit small{.rlim_cur = 4096, .rlim_max = limit.rlim_max};
    const auto before = std::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto failed = write(testlib::RandomState{3}.make(40'000));
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, before);
    ASSERT_FALSE(failed.has_value());
    EXPECT_NE(failed.error().message.find("File too large"), std::string::npos)
        << failed.error().message;
    EXPECT_EQ(read(), encode(state));
    EXPECT_FALSE(fs::exists(unfinished_state_file(file)));
}

TEST_F(StateDisk, ReadsNothingWhereThereIsNothing) {
    EXPECT_FALSE(read_state_file(file)->has_value());
    EXPECT_FALSE(read_state_file(folder / "x" / "y")->has_value());
    EXPECT_FALSE(read_state_file(folder).has_value()) << "a folder is no file";
    const fs::path pipe = folder / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_FALSE(read_state_file(pipe).has_value());
}

TEST_F(StateDisk, TheFileIsWhereTheConfigurationOrSystemdSays) {
    const config::State by_default;
    EXPECT_EQ(file_of(by_default, nullptr), "/var/lib/ikelb/state");
    EXPECT_EQ(file_of(by_default, ""), "/var/lib/ikelb/state");
    EXPECT_EQ(file_of(by_default, "here"), "/var/lib/ikelb/state");
    EXPECT_EQ(file_of(by_default, "/var/lib/a"), "/var/lib/a/state");
    EXPECT_EQ(file_of(by_default, "/var/lib/a:/var/lib/b"), "/var/lib/a/state");
    const config::State chosen{.file = "/srv/tunnels"};
    EXPECT_EQ(file_of(chosen, "/var/lib/a"), "/srv/tunnels");
    EXPECT_FALSE(file_of({.is_off = true}, "/var/lib/a"));
}

}  // namespace
}  // namespace ikelb::state
