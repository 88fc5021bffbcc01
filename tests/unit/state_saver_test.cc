// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/state/saver.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "controlplane/state/disk.h"
#include "tests/unit/state_testlib.h"

namespace ikelb::state {
namespace {

namespace fs = std::filesystem;

class StateSaverTest : public testing::Test {
protected:
    StateSaverTest() {
        std::string name = (fs::temp_directory_path() / "ikelb-saver-XXXXXX").string();
        folder = ::mkdtemp(name.data());
        file = folder / "state";
        view.facts = testlib::small_state().facts;
        view.now = 3'000'000;
        view.backends = {{.place = 0, .generation = 1}, {.place = 1, .generation = 1}};
        view.frontends = {0};
        view.services = {0};
        view.gateways.assign(256, SavedFlow::no_gateway);
    }
    ~StateSaverTest() override { fs::remove_all(folder); }

    std::vector<std::uint8_t> read() { return read_state_file(file)->value(); }
    /// The next save cannot make its file: a folder stands there.
    void block() { fs::create_directory(unfinished_state_file(file)); }
    void unblock() { fs::remove(unfinished_state_file(file)); }
    void add_ike_sa(std::uint64_t number) {
        directory.ike_sas.write({number, number},
                                {.backend = {.index = 1, .generation = 1},
                                 .state = sessions::SaState::established,
                                 .last_seen = view.now},
                                view.timeouts, view.now, sessions::Evict::oldest_by_half);
    }

    fs::path folder;
    fs::path file;
    View view;
    sessions::SessionTables directory{
        {.flows = 1024, .persistences = 1024, .ike_sas = 65536, .half_open = 1024, .fragments = 64},
        {.k0 = 1, .k1 = 2}};
};

TEST_F(StateSaverTest, SavesOnAThreadOfItsOwn) {
    for (std::uint64_t i = 1; i <= 20'000; ++i) add_ike_sa(i);
    Saver saver{file};
    EXPECT_FALSE(saver.log().last_success);
    ASSERT_TRUE(saver.start(directory, view));
    saver.wait();
    EXPECT_EQ(decode(read())->ike_sas.size(), 20'000u);
    EXPECT_TRUE(saver.log().last_success);
    EXPECT_EQ(saver.log().failures, 0u);
    EXPECT_EQ(saver.log().error, "");
    EXPECT_TRUE(saver.start(directory, view)) << "the last one has ended";
}

TEST_F(StateSaverTest, CountsFailuresAndRecovers) {
    Saver saver{file};
    saver.save_now(view.facts);
    const auto good = saver.log().last_success;
    ASSERT_TRUE(good);
    block();
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(saver.start(directory, view));
        saver.wait();
    }
    EXPECT_EQ(saver.log().failures, 3u);
    EXPECT_NE(saver.log().error, "");
    EXPECT_EQ(saver.log().last_success, good);
    unblock();
    saver.save_now(directory, view);
    EXPECT_EQ(saver.log().failures, 3u);
    EXPECT_EQ(saver.log().error, "");
    EXPECT_GE(saver.log().last_success, good);
}

TEST_F(StateSaverTest, WhatIsSavedBesideAWriterIsWhole) {
    std::atomic<std::uint64_t> written{0};
    const std::jthread writer{[&](const std::stop_token& stop) {
        for (std::uint64_t i = 1; !stop.stop_requested(); ++i) {
            add_ike_sa(1 + i % 60'000);
            written = i;
        }
    }};
    Saver saver{file};
    for (int i = 0; i < 20; ++i) {
        while (written < 1000) std::this_thread::yield();
        saver.save_now(directory, view);
        const auto state = decode(read());
        ASSERT_TRUE(state.has_value()) << state.error().message;
        for (const SavedIkeSa& ike_sa : state->ike_sas)
            ASSERT_EQ(ike_sa.initiator_spi, ike_sa.responder_spi);
        EXPECT_GT(state->ike_sas.size(), 0u);
    }
}

}  // namespace
}  // namespace ikelb::state
