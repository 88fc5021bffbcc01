// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/daemon/back_off.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

namespace ikelb::daemon {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

TEST(StartRecord, IsReadAsWritten) {
    const StartRecord record{.starts = 7, .last = 86'400s};
    EXPECT_EQ(StartRecord::parse(record.to_string()), record);
}

TEST(StartRecord, AnythingElseIsNoRecord) {
    for (const char* const text : {"", "7", "7 ", "7 5", "7 5x\n", "-1 5\n", "x\n", "7\n5\n"})
        EXPECT_EQ(StartRecord::parse(text), StartRecord{}) << text;
}

TEST(BackOff, StartsInARowCountAndALongRunEndsTheRow) {
    StartRecord record = with_start({}, 100s);
    EXPECT_EQ(record, (StartRecord{.starts = 1, .last = 100s}));
    record = with_start(record, 101s);
    EXPECT_EQ(record.starts, 2u);
    EXPECT_EQ(with_start(record, 101s + 119s).starts, 3u);
    EXPECT_EQ(with_start(record, 101s + 120s).starts, 1u) << "it ran";
    EXPECT_EQ(with_start(record, 5s).starts, 1u) << "of another boot";
}

TEST(BackOff, PausesGrowToALimit) {
    std::vector<long> pauses;
    for (unsigned starts = 1; starts <= 10; ++starts)
        pauses.push_back(pause_before({.starts = starts}).count());
    EXPECT_EQ(pauses, (std::vector<long>{0, 0, 1, 2, 4, 8, 16, 30, 30, 30}));
    EXPECT_EQ(pause_before({.starts = 4'000'000'000}), 30s);
}

class BackOffFile : public testing::Test {
protected:
    BackOffFile() {
        std::string name = (fs::temp_directory_path() / "ikelb-starts-XXXXXX").string();
        folder = ::mkdtemp(name.data());
        write("a");
        std::this_thread::sleep_for(20ms);  // the file system's clock has moved
    }
    ~BackOffFile() override { fs::remove_all(folder); }

    void write(const char* text) const { std::ofstream{configuration()} << text; }
    fs::path configuration() const { return folder / "ikelb.yaml"; }
    std::string record() const {
        std::ifstream in{folder / "starts"};
        return {std::istreambuf_iterator<char>{in}, {}};
    }
    /// How long the next start waits.
    std::chrono::duration<double> wait(BackOff::Wait expected = BackOff::Wait::over) {
        const auto begun = Clock::now();
        EXPECT_EQ(back_off().wait(configuration()), expected);
        return Clock::now() - begun;
    }
    BackOff back_off() const { return BackOff{folder / "starts"}; }
    void fail_often() {
        for (unsigned i = 0; i < 2; ++i) EXPECT_LT(wait(), 500ms);
        EXPECT_GE(wait(), 1s);
    }

    fs::path folder;
};

TEST_F(BackOffFile, TheThirdStartWaitsAndAChangedConfigurationDoesNot) {
    fail_often();
    EXPECT_EQ(StartRecord::parse(record()).starts, 3u);
    std::this_thread::sleep_for(20ms);
    write("b");
    EXPECT_LT(wait(), 500ms);
    EXPECT_GE(wait(), 4s) << "the row goes on";
}

TEST_F(BackOffFile, AChangeMeanwhileEndsTheWait) {
    fail_often();
    std::thread editor{[this] {
        std::this_thread::sleep_for(300ms);
        write("b");
    }};
    EXPECT_LT(wait(), 1500ms);
    editor.join();
}

TEST_F(BackOffFile, ASignalEndsItAndWhatIsForgottenIsNoRow) {
    fail_often();
    const pthread_t self = ::pthread_self();
    std::thread stopper{[self] {
        std::this_thread::sleep_for(300ms);
        ::pthread_kill(self, SIGTERM);
    }};
    EXPECT_LT(wait(BackOff::Wait::ended), 1500ms);
    stopper.join();
    back_off().forget();
    EXPECT_EQ(record(), "");
    EXPECT_LT(wait(), 500ms);
}

TEST_F(BackOffFile, WithoutAPlaceToRememberNothingWaits) {
    for (unsigned i = 0; i < 5; ++i)
        EXPECT_EQ(BackOff{folder / "no" / "starts"}.wait(configuration()), BackOff::Wait::over);
}

}  // namespace
}  // namespace ikelb::daemon
